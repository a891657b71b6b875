#!/bin/sh
# many.sh [SECONDS] - eight processes at one store: adding, pinning, unpinning, collecting, reading.
# No exit status but 0, the documented "later" (3), and "no" (1) where a collection may have won; at the
# end every acknowledged pin is there and every block below it readable, and ipfrs-fsck is content.
set -u
seconds=${1:-120}
dir=$(mktemp -d "${TMPDIR:-/tmp}/ipfrs-many.XXXXXX") || exit 4
trap 'rm -rf "$dir"' EXIT
IPFRS_PATH=$dir/store
PATH=$BIN:$PATH
export IPFRS_PATH PATH dir
ipfrs-init -q || { echo "not ok - many processes: init failed"; exit 1; }
ipfrs-config set store.segment 8MiB	# so that segments come and go
mkdir "$dir/src" "$dir/acked" "$dir/log"
end=$(($(date +%s) + seconds))
export end

# tree WHO I - a small tree, half of it the same for everybody
tree() {
	rm -rf "$dir/src/$1"
	mkdir -p "$dir/src/$1/sub"
	head -c $((($2 * 7919) % 300000)) /dev/urandom > "$dir/src/$1/own"
	k=0
	while [ $k -lt 12 ]; do
		echo "shared $((($2 + k) % 40))" > "$dir/src/$1/sub/f$k"
		k=$((k + 1))
	done
	cp "$dir/common" "$dir/src/$1/common"
}

# told WHO STATUS ALLOWED WHAT - complain about a status that is not allowed
told() {
	case " $3 " in
	*" $2 "*) [ "$2" -eq 0 ] || echo "$2 $4" >> "$dir/log/later.$1" ;;
	*) echo "$4: status $2: $(tail -n 3 "$dir/log/err.$1")" >> "$dir/log/bad.$1" ;;
	esac
}

more() { [ "$(date +%s)" -lt "$end" ]; }

# adds trees, keeps most of them pinned, and what it says is what must hold in the end
adder() {
	i=0
	while more; do
		i=$((i + 1))
		tree "$1" $i
		cid=$(ipfrs-add -rQ "$dir/src/$1" 2>"$dir/log/err.$1")
		rc=$?
		told "$1" $rc "0 3" add
		[ $rc -eq 0 ] || continue
		if [ $((i % 3)) -eq 0 ]; then
			ipfrs-pin rm "$cid" > /dev/null 2>"$dir/log/err.$1"
			rc=$?
			told "$1" $rc "0 3" "pin rm"
			[ $rc -eq 0 ] || echo "$cid" >> "$dir/acked/$1"
		else
			echo "$cid" >> "$dir/acked/$1"
		fi
	done
}

# adds without pinning and pins later, which a collection may have made impossible
pinner() {
	i=0
	while more; do
		i=$((i + 1))
		tree "$1" $i
		cid=$(ipfrs-add -rPQ "$dir/src/$1" 2>"$dir/log/err.$1")
		rc=$?
		told "$1" $rc "0 3" "add -P"
		[ $rc -eq 0 ] || continue
		ipfrs-pin add -N "late $i" "$cid" > /dev/null 2>"$dir/log/err.$1"
		rc=$?
		told "$1" $rc "0 1 3" "pin add"
		[ $rc -eq 0 ] || continue
		echo "$cid" >> "$dir/acked/$1"
		x=$(echo "loose $1 $i" | ipfrs-block put - 2>"$dir/log/err.$1")
		told "$1" $? "0 3" "block put"
		ipfrs-pin add -d "$x" > /dev/null 2>"$dir/log/err.$1"
		rc=$?
		told "$1" $rc "0 1 3" "pin add -d"
		if [ $rc -eq 0 ]; then
			ipfrs-block rm "$x" > /dev/null 2>"$dir/log/err.$1"
			told "$1" $? 1 "block rm of a pinned block"
			ipfrs-pin rm "$x" > /dev/null 2>"$dir/log/err.$1"
			told "$1" $? "0 3" "pin rm -d"
		fi
	done
}

# moves one pin along from version to version
updater() {
	i=0
	tree "$1" 0
	old=$(ipfrs-add -rQ "$dir/src/$1") || return
	echo "$old" > "$dir/acked/$1"
	while more; do
		i=$((i + 1))
		echo "version $i" > "$dir/src/$1/sub/version"
		new=$(ipfrs-add -rPQ "$dir/src/$1" 2>"$dir/log/err.$1")
		rc=$?
		told "$1" $rc "0 3" "add -P"
		[ $rc -eq 0 ] || continue
		ipfrs-pin update "$old" "$new" > /dev/null 2>"$dir/log/err.$1"
		rc=$?
		told "$1" $rc "0 1 3" "pin update"
		[ $rc -eq 0 ] || continue
		old=$new
		echo "$old" > "$dir/acked/$1"
	done
}

collector() {
	while more; do
		ipfrs-gc -q $2 2>"$dir/log/err.$1"
		told "$1" $? "$3" "gc $2"
		echo >> "$dir/log/gcs"
	done
}

reader() {
	while more; do
		for cid in $(tail -qn 3 "$dir"/acked/[0-9]* 2>/dev/null); do
			case $cid in "$(cat "$dir/acked/5" 2>/dev/null)") continue ;; esac
			ipfrs-get -t tar -o - "$cid" 2>"$dir/log/err.$1" > "$dir/tar"
			rc=$?
			# the version of the updater may have gone meanwhile
			[ $rc -eq 0 ] || grep -qx "$cid" "$dir"/acked/[1-4] 2>/dev/null || continue
			told "$1" $rc "0 3" "get $cid"
		done
		ipfrs-pin ls > /dev/null 2>"$dir/log/err.$1"
		told "$1" $? "0 3" "pin ls"
		ipfrs-stat > /dev/null 2>"$dir/log/err.$1" < /dev/null
		told "$1" $? "0 3" stat
		ipfrs-fsck -q > "$dir/log/err.$1" 2>&1
		told "$1" $? "0 3" fsck
	done
}

head -c 2000000 /dev/urandom > "$dir/common"
adder 1 & adder 2 & pinner 3 & pinner 4 & updater 5 &
collector 6 "" "0 3" & collector 7 "-k 40MB" "0 1 3" & reader 8 &
wait

bad=0
no() { bad=1; echo "# $*"; }
for f in "$dir"/log/bad.*; do
	[ ! -e "$f" ] || no "$(head -n 5 "$f")"
done
n=0
ipfrs-pin ls -q > "$dir/pins"
for cid in $(cat "$dir"/acked/*); do
	n=$((n + 1))
	grep -qx "$cid" "$dir/pins" || no "not pinned any more: $cid"
	ipfrs-get -t tar -o - "$cid" > /dev/null 2>"$dir/err" || no "not readable: $cid: $(cat "$dir/err")"
done
[ $n -gt 10 ] || no "only $n pins were made"
ipfrs-fsck -q || no "ipfrs-fsck finds faults"
ipfrs-gc -q || no "the last collection failed"
ipfrs-pin verify || no "broken pins"
ipfrs-fsck -q || no "ipfrs-fsck finds faults after the last collection"
later=$(cat "$dir"/log/later.* 2>/dev/null | wc -l)
echo "# $n pins kept, $(wc -l < "$dir/log/gcs") collections, $later times later or too late"
[ $bad -eq 0 ] && echo "ok - many processes for $seconds s" || echo "not ok - many processes"
exit $bad
