load ../helper

# dir NAME=CID ... - the block of a directory with these entries, in this order, put into the store; NAME is
# a Python string body ("..", "a/b", "\0"); prints the CID
dir() {
	local args=() a

	for a in "$@"; do
		args+=("${a%=*}" "$(ipfrs-cid format -C 1 -b base16 "${a##*=}")")
	done
	python3 -c 'import sys
def vi(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])
def field(k, b): return bytes([k]) + vi(len(b)) + b
out = b""
for i in range(1, len(sys.argv), 2):
    name = sys.argv[i].encode().decode("unicode_escape").encode("latin-1")
    out += field(0x12, field(0x0a, bytes.fromhex(sys.argv[i + 1][1:])) + field(0x12, name) + b"\x18\x00")
sys.stdout.buffer.write(out + field(0x0a, b"\x08\x01"))' "${args[@]}" > block
	ipfrs-block put -c dag-pb block | cut -f1
}

tree() {
	mkdir -p t/sub/deep t/empty
	echo hello > t/a
	: > t/none
	bytes 700000 > t/sub/big
	ln -s a t/link
	ln -s nowhere t/sub/deep/dangling
	echo 'ü' > 't/ü ñ'
}

@test "a directory, a file, a symlink, where one stands and elsewhere" {
	tree
	c=$(ipfrs-add -Q -r t)
	try 0 ipfrs-get "$c"
	prints ''
	silent
	diff -r --no-dereference t "$c"
	try 0 ipfrs-get "$c/a" "/ipfs/$c/sub/big" "ipfs://$c/link"
	cmp a t/a
	cmp big t/sub/big
	[ "$(readlink link)" = a ]
	try 0 ipfrs-get -o out "$c"
	diff -r --no-dereference t out
	try 0 ipfrs-get -o copy "$c/a"
	cmp copy t/a
	mkdir into
	try 0 ipfrs-get -o into "$c/a"		# as cp does
	cmp into/a t/a
	try 0 ipfrs-get -o into "$c/sub" "$c/link" "$c/a"
	diff -r --no-dereference t/sub into/sub
	[ "$(readlink into/link)" = a ]
	printf '%s\n' "$c/a" "$c/none" > names
	rm -rf into && mkdir into
	try 0 ipfrs-get -o into < names
	cmp into/none t/none
	[ "$(ipfrs-get -o - "$c/a")" = hello ]
	[ "$(ipfrs-add -Q -r "$c")" = "$c" ]
	try 1 ipfrs-get "$c/nope"
	try 1 ipfrs-get -o no/such/folder/x "$c/a"
	try 2 ipfrs-get nonsense
	try 1 ipfrs-get bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku
}

@test "every layout and kind of leaf comes back" {
	bytes 1500000 > f
	for o in '' -1 '-O layout=trickle' '-O chunker=rabin' '-O raw-leaves=yes' '-O chunker=size-1000' \
		 '-O inline=128,chunker=size-100' '-M 600'; do
		c=$(ipfrs-add -Q $o f)
		ipfrs-get -o out "$c"
		cmp f out
	done
	mkdir d
	(cd d && seq 3000 | split -l 1 -a 4 - x)
	c=$(ipfrs-add -Q -r -O hamt-threshold=1000 d)
	ipfrs-get -o back "$c"
	diff -r d back
}

@test "modes and times are set where they are stored" {
	tree
	chmod 640 t/a
	chmod 750 t/sub
	chmod 555 t/sub/deep
	touch -h -d @1500000000.123456789 t/a t/link
	touch -d @1400000000 t/sub/big
	touch -d @1300000000 t/sub t/empty
	c=$(ipfrs-add -Q -r -p mode,mtime t)
	ipfrs-get -o out "$c"
	stats() { (cd "$1" && find . -printf '%p %m %T@\n' | sort); }
	diff <(stats t) <(stats out)
	# again, into folders one may not write to
	rm -f out/sub/big
	ipfrs-get -o out "$c"
	diff <(stats t) <(stats out)
	# a mode that was changed is set again, without writing the file anew
	chmod 600 out/a
	inode=$(stat -c %i out/a)
	ipfrs-get -o out "$c"
	diff <(stats t) <(stats out)
	[ "$(stat -c %i out/a)" = "$inode" ]
	chmod -R u+w t out
	# nobody becomes someone else by a download
	chmod 4755 t/a
	c=$(ipfrs-add -Q -p mode t/a)
	ipfrs-get -o suid "$c"
	[ "$(stat -c %a suid)" = 755 ]
}

@test "what is there is left, what differs is replaced, others stay" {
	tree
	c=$(ipfrs-add -Q -r t)
	ipfrs-get -o out "$c"
	before=$(stat -c '%i %y' out/a out/sub/big out/link)
	printf 'jello\n' > out/jello
	try 0 ipfrs-get -v -o out "$c"
	says 'out/a (was there)'
	says 'out/link (was there)'
	[ "$(stat -c '%i %y' out/a out/sub/big out/link)" = "$before" ]
	# of the same length, but other bytes; shorter; a link that points elsewhere
	printf 'jello\n' > out/a
	head -c 1000 t/sub/big > out/sub/big
	ln -sfn elsewhere out/link
	rm 'out/ü ñ'
	try 0 ipfrs-get -v -o out "$c"
	says 'out/none (was there)'
	[[ $stderr != *'out/a (was there)'* ]]
	rm out/jello
	diff -r --no-dereference t out
	[ -z "$(find out -name '*.tmp.*' -o -name '.ipfrs*')" ]
}

@test "an interrupted get goes on" {
	mkdir t
	for i in 1 2 3 4 5 6; do
		bytes 30000000 $i > t/$i
	done
	c=$(ipfrs-add -Q -r t)
	for i in 1 2 3 4 5; do
		timeout -s TERM 0.1$i ipfrs-get -o out "$c" || true
	done
	[ -z "$(find out -name '*.tmp.*')" ]	# tidied up
	for f in out/*; do
		[ -e "$f" ] || continue
		cmp "$f" "t/${f##*/}"		# whole or not there
	done
	try 0 ipfrs-get -o out "$c"
	diff -r t out
}

@test "entry names that lead elsewhere are refused" {
	echo evil > evil
	f=$(ipfrs-add -Q evil)
	echo good > good
	g=$(ipfrs-add -Q good)
	mkdir jail
	cd jail
	abs=$(cd .. && pwd)/abs
	for name in .. . ../x "$abs" a/b '' 'n\0ul' ../../store/config; do
		c=$(dir "$name=$f" "good=$g")
		try 4 ipfrs-get -o out "$c"
		says 'an entry of this name is refused'
		[ "$(ls -A out)" = good ]
		try 4 ipfrs-get -t tar -o out.tar "$c"
		says 'an entry of this name is refused'
		rm -rf out out.tar block
		c=$(dir "$name=$(dir "x=$f")" "good=$g")
		try 4 ipfrs-get -o out "$c"
		[ "$(ls -A out)" = good ]
		rm -rf out block
	done
	cd ..
	[ "$(ls jail)" = '' ]
	[ ! -e x ] && [ ! -e "$abs" ]
}

@test "no symlink is followed, new or old" {
	mkdir outside
	echo precious > outside/file
	echo evil > evil
	f=$(ipfrs-add -Q evil)
	ln -s "$PWD/outside" l
	l=$(ipfrs-add -Q l)
	ln -s "$PWD/outside/file" lf
	lf=$(ipfrs-add -Q lf)
	sub=$(dir "file=$f" "new=$f")
	# a symlink and then a folder or file of the same name
	try 1 ipfrs-get -o a "$(dir "x=$l" "x=$sub")"
	says 'a/x: is there already and is not a folder'
	[ "$(readlink a/x)" = "$PWD/outside" ]
	try 0 ipfrs-get -o b "$(dir "x=$lf" "x=$f")"
	[ ! -L b/x ]
	[ "$(cat b/x)" = evil ]
	# symlinks that were there
	mkdir c
	ln -s "$PWD/outside" c/x
	ln -s "$PWD/outside/file" c/y
	try 1 ipfrs-get -o c "$(dir "x=$sub" "y=$f")"
	[ "$(cat c/y)" = evil ]
	[ ! -L c/y ]
	[ "$(ls outside)" = file ]
	[ "$(cat outside/file)" = precious ]
	# but the target itself is the user's
	ln -s outside target
	try 0 ipfrs-get -o target "$(dir "new=$f")"
	[ "$(cat outside/new)" = evil ]
	# a folder in the place of a file
	mkdir -p d/file
	try 1 ipfrs-get -o d "$sub" || try 4 ipfrs-get -o d "$sub"
	[ -d d/file ]
	[ "$(cat d/new)" = evil ]
}

@test "what is broken is told, and the rest written" {
	tree
	c=$(ipfrs-add -Q -r -P t)
	big=$(ipfrs-add -n -Q t/sub/big)
	ipfrs-block rm "$(ipfrs-refs "$big" | tail -n 1 | cut -f1)"
	try 1 ipfrs-get -o out "$c"
	says 'ipfrs-get: out/sub/big: '
	[ ! -e out/sub/big ]
	cmp t/a out/a
	[ -z "$(find out -name '*.tmp.*')" ]
	ipfrs-block rm "$big"
	rm -rf out
	try 1 ipfrs-get -o out "$c"
	says 'ipfrs-get: out/sub/big: '
	cmp t/a out/a
	# not UnixFS at all
	printf '\x0a\x03\x01\x02\x03' > bad
	b=$(ipfrs-block put -c dag-pb bad | cut -f1)
	try 4 ipfrs-get -o bad.out "$b"
	try 4 ipfrs-get -o out2 "$(dir "bad=$b" "a=$(ipfrs-add -Q t/a)")"
	cmp t/a out2/a
}

@test "names of every length" {
	long=$(printf 'x%.0s' {1..255})
	mkdir d
	echo a > "d/$long"
	ipfrs-get -o out "$(ipfrs-add -Q -r d)"
	diff -r d out
	f=$(ipfrs-add -Q "d/$long")
	try 4 ipfrs-get -o out "$(dir "${long}x=$f" "ok=$f")"
	says 'more than 255 bytes'
	[ -e out/ok ]
}

@test "archives" {
	tree
	chmod 640 t/a
	touch -d @1500000000 t/a
	c=$(ipfrs-add -Q -r -p mode,mtime t)
	for f in tar tar.gz tar.zst tar.xz tar.bz2 cpio zip 7z; do
		ipfrs-get -t $f "$c" > a
		ipfrs-get -t $f -o b "$c"
		cmp a b
		TZ=Asia/Tokyo ipfrs-get -t $f "$c" | cmp - a
		rm -rf x && mkdir x
		case $f in
		tar*) tar xf a -C x ;;
		cpio) (cd x && cpio -idm --quiet < ../a) ;;
		zip) command -v unzip > /dev/null || continue; (cd x && unzip -q ../a) ;;
		7z) command -v 7z > /dev/null || continue; (cd x && 7z x ../a > /dev/null) ;;
		esac
		diff -r --no-dereference t "x/$c"
		[ "$(stat -c %Y "x/$c/a")" = 1500000000 ]
	done
	ipfrs-get -t tar "$c/sub" | tar tf - | sort > names
	diff names - <<- 'END'
		sub/
		sub/big
		sub/deep/
		sub/deep/dangling
	END
	[ "$(ipfrs-get -t tar "$c/a" | tar xOf - a)" = hello ]
	try 2 ipfrs-get -t rar "$c"
	try 2 ipfrs-get -t tar "$c" "$c"
	try 2 ipfrs-get -t tar
}

@test "an archive that cannot be finished is no archive" {
	tree
	c=$(ipfrs-add -Q -r -P t)
	ipfrs-block rm "$(ipfrs-refs "$(ipfrs-add -n -Q t/sub/big)" | tail -n 1 | cut -f1)"
	try 1 ipfrs-get -t tar -o x.tar "$c"
	[ ! -e x.tar ]
	[ -z "$(ls -A | grep tmp)" ]
	run -1 --separate-stderr bash -c "ipfrs-get -t tar $c | tar tf - > /dev/null 2>&1; exit \${PIPESTATUS[0]}"
}

@test "a huge directory in little memory" {
	mkdir many
	(cd many && seq -f 'file number %06.0f' 30000 | xargs -d '\n' touch)
	c=$(ipfrs-add -Q -r many)
	bounded 400000 ipfrs-get -o out "$c"
	diff -r many out
	rm -rf many out
}

@test "a full disk stops it" {
	[ "$(id -u)" -eq 0 ] || skip "needs to mount"
	bytes 3000000 > big
	c=$(ipfrs-add -Q big)
	mkdir small
	mount -t tmpfs -o size=1m none small 2> /dev/null || skip "cannot mount"
	run --separate-stderr -4 ipfrs-get -o small/x "$c"
	left=$(ls -A small)
	said=$stderr
	umount small
	[ -z "$left" ]
	[[ $said == *'No space left'* ]]
}
