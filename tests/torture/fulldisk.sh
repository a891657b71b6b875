#!/bin/sh
# fulldisk.sh - a store on a small filesystem that fills up.
# A loop-mounted ext4 of 24 MiB where the machine allows it, else a tmpfs, else skipped by name.
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/ipfrs-full.XXXXXX") || exit 4
mounted=
finish() {
	[ -z "$mounted" ] || umount "$dir/disk" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
mkdir "$dir/disk"
if truncate -s 24M "$dir/img" && mkfs.ext4 -q -m 0 "$dir/img" 2>/dev/null &&
   mount -o loop "$dir/img" "$dir/disk" 2>/dev/null; then
	mounted=ext4
elif mount -t tmpfs -o size=24m tmpfs "$dir/disk" 2>/dev/null; then
	mounted=tmpfs
else
	echo "ok - full disk # SKIP may not mount here"
	exit 0
fi
IPFRS_PATH=$dir/disk/store
PATH=$BIN:$PATH
export IPFRS_PATH PATH
bad=0
no() { bad=1; echo "# $*"; }

ipfrs-init || no "init failed"
head -c 2000000 /dev/urandom > "$dir/keep"
keep=$(ipfrs-add -Q "$dir/keep") || no "first add failed"
full=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	head -c 3000000 /dev/urandom > "$dir/f$i"
	cid=$(ipfrs-add -Q "$dir/f$i" 2>"$dir/err")
	rc=$?
	if [ $rc -eq 0 ]; then
		echo "$cid $i" >> "$dir/acked"
	else
		full=1
		[ $rc -eq 4 ] || no "a full disk gave exit $rc"
		grep -qi 'space' "$dir/err" || no "a full disk said: $(cat "$dir/err")"
		[ -z "$cid" ] || no "a failed add printed $cid"
	fi
done
[ $full = 1 ] || no "the disk never filled"
ipfrs-fsck > "$dir/fsck" 2>&1 || no "fsck: $(cat "$dir/fsck")"
ipfrs-cat "$keep" | cmp - "$dir/keep" || no "the first file is not whole"
while read -r cid i; do
	ipfrs-cat "$cid" | cmp - "$dir/f$i" || no "file $i is not whole"
done < "$dir/acked"
# on a full disk one can still unpin and collect, and then add again
first=$(head -n 1 "$dir/acked" | cut -d' ' -f1)
second=$(sed -n 2p "$dir/acked" | cut -d' ' -f1)
ipfrs-pin rm "$first" >/dev/null || no "cannot unpin on a full disk"
[ -z "$second" ] || ipfrs-pin rm "$second" >/dev/null || no "cannot unpin on a full disk"
ipfrs-gc >/dev/null || no "cannot collect on a full disk"
head -c 1500000 /dev/urandom > "$dir/after"
ipfrs-add -Q "$dir/after" >/dev/null || no "cannot add after collecting"
ipfrs-fsck > "$dir/fsck" 2>&1 || no "fsck at the end: $(cat "$dir/fsck")"
[ $bad = 0 ] && echo "ok - full disk ($mounted)" || echo "not ok - full disk ($mounted)"
exit $bad
