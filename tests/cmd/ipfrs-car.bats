load ../helper

CARS=$ROOT/tests/golden/car
HELLO=bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e

setup() {
	fresh
	export THERE=$BATS_TEST_TMPDIR/there
	ipfrs-init -q -S "$THERE"
}

# tree - a directory of some files, one of many blocks; its CID in $cid
tree() {
	mkdir -p site/sub
	bytes 700000 > site/big
	echo hello > site/sub/hello
	echo hello > site/again
	: > site/empty
	cid=$(ipfrs-add -Q -r site)
}

# car PYTHON... - the helpers of archives made by hand: varint(n), header(*cids), raw(bytes), section(cid, bytes)
car() {
	python3 -c 'import hashlib, sys
def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128]); n >>= 7
    return out + bytes([n])
def header(*cids):
    assert len(cids) < 24
    b = b"\xa2\x65roots" + bytes([0x80 + len(cids)])
    for c in cids:
        b += b"\xd8\x2a\x58" + bytes([len(c) + 1]) + b"\0" + c
    b += b"\x67version\x01"
    return varint(len(b)) + b
def raw(b, codec=0x55):
    return b"\x01" + varint(codec) + b"\x12\x20" + hashlib.sha256(b).digest()
def section(c, b):
    return varint(len(c) + len(b)) + c + b
out = sys.stdout.buffer.write
exec(sys.argv[1])' "$1"
}

blocks() {
	ipfrs-refs -a "$@" | sort
}

# ---- export ----

@test "export: a whole DAG, parents first, each block once; import gives it back" {
	tree
	ipfrs-car export "$cid" > a.car
	try 0 ipfrs-car ls a.car
	[ "$(ipfrs-car ls a.car | cut -f1)" = "$(echo "$cid"; ipfrs-refs -r -u "$cid")" ]
	try 0 ipfrs-car ls -R a.car
	prints "$cid"
	try 0 ipfrs-car import -S "$THERE" -p a.car
	prints "$cid"
	silent
	ipfrs-get -S "$THERE" -o copy "$cid"
	diff -r site copy
	[ "$(ipfrs-pin -S "$THERE" ls -q)" = "$cid" ]
	try 0 ipfrs-fsck -S "$THERE"
}

@test "export: a pipe, as in the manual" {
	tree
	export cid
	try 0 bash -o pipefail -c 'ipfrs-car export $cid | sh -c "ipfrs-car import -S \$THERE -p -"'
	prints "$cid"
	ipfrs-get -S "$THERE" -o copy "$cid"
	diff -r site copy
}

@test "export: into a file with an index, and without" {
	tree
	ipfrs-car export "$cid" > a.car
	try 0 ipfrs-car export -o b.car "$cid"
	prints ''
	cmp <(head -c 11 b.car) <(printf '\nrcversion\2' | sed 's/rc/\xa1g/')
	try 0 ipfrs-car verify -j b.car
	[[ $output == *'"version":2'*'"indexed":true'* ]]
	try 0 ipfrs-car export -1 -o c.car "$cid"
	cmp a.car c.car
	ipfrs-car export -o - "$cid" | cmp - a.car
	try 0 ipfrs-car export -o /dev/null "$cid"
	[ -c /dev/null ]
}

@test "export: roots, paths, names on standard input" {
	tree
	one=$(ipfrs-resolve -q "$cid/sub" 2> /dev/null || ipfrs-resolve "$cid/sub")
	one=${one##*/}
	ipfrs-car export "$cid/sub" "$cid" "$cid/sub" > a.car
	try 0 ipfrs-car ls -R a.car
	prints "$one"$'\n'"$cid"
	[ "$(ipfrs-car ls a.car | sort | uniq -d -w 40 | wc -l)" = 0 ]
	[ "$(ipfrs-car ls a.car | cut -f1 | sort)" = "$( (echo "$cid"; ipfrs-refs -r -u "$cid") | sort)" ]
	printf '%s\n' "$cid/sub" "$cid" "$cid/sub" | ipfrs-car export | cmp - a.car
	printf '%s\0' "$cid/sub" "$cid" "$cid/sub" | ipfrs-car export -0 | cmp - a.car
	try 1 ipfrs-car export -o x.car "$cid/none"
	says "no link named \"none\""
	[ ! -e x.car ]
}

@test "export: levels, duplicates" {
	tree
	[ "$(ipfrs-car export -d 0 "$cid" | ipfrs-car ls - | cut -f1)" = "$cid" ]
	n=$(ipfrs-ls "$cid" | wc -l)
	[ "$(ipfrs-car export -D -d 1 "$cid" | ipfrs-car ls - | wc -l)" = $((n + 1)) ]
	ipfrs-car export -D "$cid" | ipfrs-car ls - | cut -f1 > dups
	cmp dups <(echo "$cid"; ipfrs-refs -r "$cid")
}

@test "export: a block that is not there" {
	tree
	leaf=$(ipfrs-refs -r -u "$cid/big" | tail -n 1)
	ipfrs-block rm -f "$leaf"
	ipfrs-car export "$cid" > a.car || rc=$?
	[ "$rc" = 1 ]
	try 1 ipfrs-car export -o b.car "$cid"
	says "$leaf"
	[ ! -e b.car ]
	# what came before it is an archive
	ipfrs-car verify -m a.car
	try 1 ipfrs-car verify a.car
	try 0 bash -c "ipfrs-car export -m $cid > c.car"
	says '1 blocks are not here'
	try 1 ipfrs-car verify c.car
	prints "c.car"$'\tmissing\t'"$leaf"
	try 0 ipfrs-car verify -m c.car
	try 1 ipfrs-car export -o b.car "$HELLO"
}

@test "export: the blocks that lead to a path, and those of a range of bytes" {
	tree
	ipfrs-car export -P "$cid/sub/hello" > a.car
	[ "$(ipfrs-car ls -R a.car)" = "$cid" ]
	[ "$(ipfrs-car ls a.car | wc -l)" = 3 ]
	ipfrs-car get -o - a.car /sub/hello | cmp - site/sub/hello
	# three leaves of 256 KiB; bytes of the second only
	ipfrs-car export -s 300000 -l 1000 "$cid/big" > b.car
	[ "$(ipfrs-car ls b.car | wc -l)" = 2 ]
	try 0 ipfrs-car import -S "$THERE" -q b.car
	ipfrs-cat -S "$THERE" -s 300000 -l 1000 "$(ipfrs-car ls -R b.car)" | cmp - <(tail -c +300001 site/big | head -c 1000)
	ipfrs-car export -P -s 262143 -l 2 "$cid/big" > c.car
	[ "$(ipfrs-car ls c.car | wc -l)" = 4 ]
	try 4 ipfrs-car export -l 10 -o d.car "$cid"
	says 'is a directory'
	try 2 ipfrs-car export -l 10 -d 1 -o d.car "$cid/big"
}

@test "export: what a selector visits" {
	tree
	all='{"R":{"l":{"none":{}},":>":{"a":{">":{"@":{}}}}}}'
	ipfrs-car export "$cid" > want.car
	ipfrs-car export -x "$all" "$cid" | cmp - want.car
	echo "$all" > all.json
	ipfrs-car export -x all.json "$cid" | cmp - want.car
	ipfrs-car export -x - "$cid" < all.json | cmp - want.car
	[ "$(ipfrs-car export -x '{".":{}}' "$cid" | ipfrs-car ls - | cut -f1)" = "$cid" ]
	# a path through directories, then a range of the file
	s='{"~":{"as":"unixfs",">":{"f":{"f>":{"big":{"~":{"as":"unixfs",">":{".":{"subset":{"[":300000,"]":301000}}}}}}}}}}'
	ipfrs-car export -x "$s" "$cid" > part.car
	[ "$(ipfrs-car ls part.car | wc -l)" = 3 ]
	ipfrs-car export -P -s 300000 -l 1000 "$cid/big" | cmp - part.car
	try 2 ipfrs-car export -x '{"?":{}}' -o x.car "$cid"
	says 'selector'
	try 2 ipfrs-car export -x "$all" -d 1 -o x.car "$cid"
	try 1 ipfrs-car export -x none -o x.car "$cid"
	[ ! -e x.car ]
}

@test "export: a full disk, a closed pipe" {
	tree
	try 4 bash -c "ipfrs-car export $cid > /dev/full"
	says 'No space left'
	try 141 bash -c "ipfrs-car export $cid | true; exit \${PIPESTATUS[0]}"
	silent
}

# ---- import ----

@test "import: statistics, and what is here is passed over" {
	tree
	ipfrs-car export "$cid" > a.car
	n=$(ipfrs-car ls a.car | wc -l)
	try 0 ipfrs-car import -S "$THERE" -v a.car
	says "imported $n blocks ("
	says "$n of them new"
	try 0 ipfrs-car import -S "$THERE" -j a.car
	[ "${lines[0]}" = "{\"root\":\"$cid\",\"pinned\":false}" ]
	[[ ${lines[1]} == "{\"files\":1,\"blocks\":$n,\"bytes\":"*",\"new_blocks\":0,\"new_bytes\":0}" ]]
	try 0 ipfrs-car import -S "$THERE" -jp a.car a.car
	[ "${lines[0]}" = "{\"root\":\"$cid\",\"pinned\":true}" ]
	[ "${#lines[@]}" = 2 ]
	try 0 ipfrs-car import -S "$THERE" -q a.car
	prints ''
}

@test "import: gzip, zstd, version 2, standard input, many at once" {
	tree
	ipfrs-car export "$cid/sub" > a.car
	ipfrs-car export -o b.car "$cid/big"
	gzip -k a.car
	zstd -q b.car
	try 0 bash -c "ipfrs-car import -S $THERE -p -N two a.car.gz - < b.car.zst"
	[ "${#lines[@]}" = 2 ]
	[ "$(ipfrs-pin -S "$THERE" ls -N two | wc -l)" = 2 ]
	ipfrs-cat -S "$THERE" "${lines[1]}" | cmp - site/big
	printf '%s\n' a.car b.car > names
	try 0 bash -c "ipfrs-car import -S $THERE < names"
	[ "${#lines[@]}" = 2 ]
}

# every file is refused, leaves the store as it was, and pins nothing
refused() {
	local f=$1 was

	was=$(blocks -S "$THERE")
	try "${2-4}" ipfrs-car import -S "$THERE" -p "$f"
	prints ''
	[ -n "$stderr" ]
	[ "$(blocks -S "$THERE")" = "$was" ]
	[ -z "$(ipfrs-pin -S "$THERE" ls)" ]
}

@test "import: a wrong hash in the middle leaves nothing, or with -k what came before it" {
	car 'a, b = b"first", b"second"; out(header(raw(a)) + section(raw(a), a) + section(raw(b), b"secund"))' > bad.car
	refused bad.car
	says "'bad.car', offset 101: "
	try 4 ipfrs-car import -S "$THERE" -kp bad.car
	[ "$(blocks -S "$THERE" | wc -l)" = 1 ]
	[ -z "$(ipfrs-pin -S "$THERE" ls)" ]
	try 0 ipfrs-fsck -S "$THERE"
}

@test "import: a fault in the second archive takes back the first; what was here stays" {
	tree
	ipfrs-add -S "$THERE" -Q site/sub/hello
	was=$(blocks -S "$THERE")
	ipfrs-car export "$cid" > a.car
	head -c 300000 a.car > cut.car
	try 4 ipfrs-car import -S "$THERE" -p a.car cut.car
	says "'cut.car'"
	[ "$(blocks -S "$THERE")" = "$was" ]
	[ "$(ipfrs-pin -S "$THERE" ls | wc -l)" = 1 ]
	try 4 ipfrs-car import -S "$THERE" -k cut.car
	[ "$(blocks -S "$THERE" | wc -l)" -gt 2 ]
	try 0 ipfrs-car import -S "$THERE" -vp a.car
	says ' of them new'
	ipfrs-get -S "$THERE" -o copy "$cid"
	diff -r site copy
	try 0 ipfrs-fsck -S "$THERE"
}

@test "import: lies about lengths, huge varints, bad CIDs, forbidden identity" {
	b='b = b"block"; c = raw(b); h = header(c)'
	car "$b; out(h + section(c, b)[:-1])" > cut.car
	car "$b; out(h + varint(41 + 100) + c + b)" > long.car
	car "$b; out(h + varint(36 - 1) + c[:-1])" > short.car
	car "$b; out(h + b'\\x80' * 9 + b'\\x01' + c + b)" > 2-63.car
	car "$b; out(h + b'\\xff' * 8 + b'\\x7f' + c + b)" > huge.car
	car "$b; out(h + b'\\xa9\\x00' + c + b)" > padded.car
	car "$b; out(h + section(b'\\x02' + c[1:], b))" > version.car
	car "$b; i = b'\\x01\\x55\\x00' + varint(129) + bytes(129); out(h + section(c, b) + section(i, bytes(129)))" > identity.car
	car "$b; i = b'\\x01\\x55\\x00\\x03abc'; out(h + section(i, b'abd'))" > liar.car
	car "$b; m = b'\\x01\\x55\\x22\\x08' + bytes(8); out(h + section(m, b))" > murmur.car
	car "$b; out(header(c[:-1]) + section(c, b))" > badroot.car
	car "$b; out(b'\\x00' + section(c, b))" > nohead.car
	car "$b; out(h + section(c, b) + bytes(100))" > zeros.car
	: > empty.car
	for f in *.car; do
		refused "$f"
	done
	try 0 ipfrs-fsck -S "$THERE"
}

@test "import: a block that is not what its codec says, or of an unknown codec" {
	car 'a = b"\x0a\xffnonsense"; c = raw(a, 0x70); out(header(c) + section(c, a))' > pb.car
	car 'a = b"x"; c = raw(a, 0x300001); out(header(c) + section(c, a))' > unknown.car
	refused pb.car
	refused unknown.car 2
}

@test "import: blocks over 2 MiB only when asked for" {
	car 'a = bytes(2097153); c = raw(a); out(header(c) + section(c, a))' > big.car
	refused big.car
	says 'over 2 MiB'
	try 0 ipfrs-car import -S "$THERE" -b big.car
}

@test "import: a root that is not whole is not pinned" {
	tree
	ipfrs-car export -d 1 "$cid" > part.car
	ipfrs-car export "$cid/sub" > sub.car
	refused part.car
	says "root $cid cannot be pinned"
	refused part.car
	# nor is one that is, beside it
	try 4 ipfrs-car import -S "$THERE" -p sub.car part.car
	[ -z "$(ipfrs-pin -S "$THERE" ls)" ]
	# without pins a part is as good as any
	try 0 ipfrs-car import -S "$THERE" part.car
	try 4 ipfrs-car import -S "$THERE" -p part.car
	# with the rest in the store it is whole
	ipfrs-car export "$cid" | ipfrs-car import -S "$THERE" -q -
	try 0 ipfrs-car import -S "$THERE" -p part.car
	prints "$cid"
}

@test "import: no such file, a folder, no store" {
	try 1 ipfrs-car import none.car
	says "opening 'none.car'"
	mkdir folder
	try 4 ipfrs-car import folder
	try 1 ipfrs-car -S nowhere import -
}

@test "import: from a slow pipe, taken back at the fault" {
	b='b = b"block"; c = raw(b)'
	mkfifo pipe
	# a slow archive: one block, then a fault when we say so
	ipfrs-car import -S "$THERE" pipe 2> err &
	pid=$!
	exec 9> pipe
	car "$b; out(header(c) + section(c, b))" >&9
	printf '\377' >&9
	exec 9>&-
	rc=0
	wait $pid || rc=$?
	[ $rc = 4 ]
	[ -z "$(blocks -S "$THERE")" ]
}

@test "import: a signal leaves a store that is whole, and the next one goes on" {
	tree
	ipfrs-car export "$cid" > a.car
	mkfifo pipe
	ipfrs-car import -S "$THERE" pipe &
	pid=$!
	exec 9> pipe
	head -c 400000 a.car >&9
	kill -INT $pid
	kill -TERM $pid
	rc=0
	wait $pid || rc=$?
	exec 9>&-
	[ $rc -gt 128 ]
	try 0 ipfrs-fsck -S "$THERE"
	try 0 ipfrs-car import -S "$THERE" -p a.car
	ipfrs-get -S "$THERE" -o copy "$cid"
	diff -r site copy
}

# ---- archives of others ----

@test "archives of go-car, of the specification, and made for their faults" {
	while IFS=$'\t' read -r f want; do
		case $f in '#'*) continue ;; esac
		rm -rf "$THERE"
		ipfrs-init -q -S "$THERE"
		case $want in
		ok* | payload*) try 0 ipfrs-car import -S "$THERE" "$CARS/derived/$f" ;;
		*) refused "$CARS/derived/$f" ;;
		esac
		ipfrs-fsck -S "$THERE" -q
	done < "$CARS/derived/expected.tsv"
}

@test "padded archives, and headers in another order, only when asked for" {
	for f in v1-null-padding v1-header-unsorted; do
		f=$CARS/derived/$f.car
		for verb in import ls verify 'index -o x.car' 'split -l 1M -o x' join; do
			try 4 ipfrs-car $verb "$f"
			try 0 bash -c "ipfrs-car $verb -z $f > out"
		done
	done
	ipfrs-car get -zB "$CARS/derived/v1-header-unsorted.car" > block
	[ -s block ]
}

# ---- ls, verify ----

@test "ls: the offset and length of each block" {
	car 'a, b = b"first", b"second"; out(header(raw(a)) + section(raw(a), a) + section(raw(b), b))' > a.car
	try 0 ipfrs-car ls a.car
	[ "${#lines[@]}" = 2 ]
	IFS=$'\t' read -r c off len <<< "${lines[1]}"
	[ "$(tail -c +$((off + 1)) a.car | head -c "$len")" = second ]
	try 0 ipfrs-car ls -j a.car
	[ "${lines[1]}" = "{\"cid\":\"$c\",\"offset\":$off,\"length\":6,\"section_offset\":$((off - 37)),\"section_length\":43}" ]
	try 0 ipfrs-car ls -jR a.car
	[[ $output == '{"root":"bafkr'* ]]
	head -c 120 a.car > cut.car
	try 4 ipfrs-car ls cut.car
	says "'cut.car'"
}

@test "verify: order does not matter, missing blocks are told once" {
	tree
	ipfrs-car export "$cid" > a.car
	# last block first
	python3 - a.car back.car <<-'PY'
		import sys
		b = open(sys.argv[1], 'rb').read()
		def varint(i):
		    v = s = 0
		    while True:
		        v |= (b[i] & 127) << s; s += 7; i += 1
		        if b[i - 1] < 128: return v, i
		n, i = varint(0)
		head, i = b[:i + n], i + n
		secs = []
		while i < len(b):
		    n, j = varint(i)
		    secs.append(b[i:j + n]); i = j + n
		open(sys.argv[2], 'wb').write(head + b''.join(reversed(secs)))
	PY
	try 0 ipfrs-car verify a.car back.car
	prints $'a.car\tok\nback.car\tok'
	ipfrs-car verify - < back.car
	leaf=$(ipfrs-refs -r -u "$cid/big" | tail -n 1)
	ipfrs-block rm -f "$leaf"
	ipfrs-car export -m "$cid" "$cid/big" > c.car
	try 1 ipfrs-car verify c.car
	prints $'c.car\tmissing\t'"$leaf"
	try 1 ipfrs-car verify -q c.car
	prints ''
	try 1 ipfrs-car verify -j c.car
	[ "${lines[0]}" = "{\"file\":\"c.car\",\"missing\":\"$leaf\"}" ]
	[[ ${lines[1]} == '{"file":"c.car","ok":false,"version":1,"packed":false,"indexed":false,"roots":2,'* ]]
}

@test "verify: a hash, an index that lies" {
	tree
	ipfrs-car export -o a.car "$cid"
	ipfrs-car verify a.car
	printf X | dd of=a.car bs=1 seek=200000 conv=notrunc status=none
	try 4 ipfrs-car verify a.car
	says "'a.car'"
	try 4 ipfrs-car verify "$CARS/derived/v2-index-offset-mismatch.car"
}

# ---- index, get ----

@test "index: in its place, to another file, and taken off again" {
	tree
	ipfrs-car export "$cid" > a.car
	ipfrs-car export -o want.car "$cid"
	cp a.car b.car
	chmod 600 b.car
	ln -s b.car l.car
	try 0 ipfrs-car index l.car
	cmp b.car want.car
	[ -L l.car ]
	[ "$(stat -c %a b.car)" = 600 ]
	try 0 ipfrs-car index -1 b.car
	cmp b.car a.car
	gzip -k a.car
	try 0 ipfrs-car index -o c.car a.car.gz
	cmp c.car want.car
	try 2 ipfrs-car index - < a.car
	try 0 ipfrs-car index -o d.car - < a.car
	cmp d.car want.car
	head -c 100000 a.car > cut.car
	cp cut.car was.car
	try 4 ipfrs-car index cut.car
	cmp cut.car was.car
	[ -z "$(find . -name '*.tmp*')" ]
}

@test "get: files, directories and blocks, with an index and without, from no store" {
	tree
	ipfrs-car export "$cid" > a.car
	ipfrs-car export -o b.car "$cid"
	export IPFRS_PATH=$BATS_TEST_TMPDIR/none
	for f in a.car b.car; do
		try 0 ipfrs-car get -o copy "$f"
		diff -r site copy
		rm -r copy
		ipfrs-car get -o - "$f" "/sub/hello" | cmp - site/sub/hello
		ipfrs-car get -o - "$f" "$cid/big" | cmp - site/big
		ipfrs-car get -B "$f" "$cid/sub/hello" | tail -c +7 | head -c 5 | cmp - <(printf hello)
		try 1 ipfrs-car get "$f" /none
		says 'no link named "none"'
		try 0 ipfrs-car get "$f"
		diff -r site "$cid"
		rm -r "$cid"
		mkdir into
		try 0 ipfrs-car get -o into "$f" /big /sub
		cmp into/big site/big
		diff -r into/sub site/sub
		rm -r into
	done
	# several roots, each under its own name
	ipfrs-car join "$CARS/derived/v1-two-roots.car" > c.car
	mkdir into
	try 0 ipfrs-car get -o into c.car
	[ "$(cd into && echo *)" = "$(ipfrs-car ls -R c.car | sort | tr '\n' ' ' | sed 's/ $//')" ]
}

# ---- split, join ----

@test "split: pieces that are archives; join: the whole again" {
	tree
	ipfrs-car export "$cid" > a.car
	try 0 ipfrs-car split -l 300kB a.car
	[ "${lines[0]}" = a-0001.car ]
	[ "${#lines[@]}" -ge 3 ]
	for f in "${lines[@]}"; do
		[ "$(stat -c %s "$f")" -le 300000 ]
		[ "$(ipfrs-car ls -R "$f")" = "$cid" ]
		ipfrs-car verify -mq "$f"
	done
	ipfrs-car join a-*.car | cmp - a.car
	printf '%s\n' a-*.car | ipfrs-car join -o b.car
	ipfrs-car index -1 b.car
	cmp b.car a.car
	# twice the same is the same, unless duplicates are wanted
	ipfrs-car join a.car a.car | cmp - a.car
	[ "$(ipfrs-car join -D a.car a.car | ipfrs-car ls - | wc -l)" = $(($(ipfrs-car ls a.car | wc -l) * 2)) ]
	ipfrs-car join - a-0002.car < a.car | cmp - a.car
	try 0 bash -c 'ipfrs-car import -S $THERE -p a-*.car'
	prints "$cid"
}

@test "split: a block that does not fit leaves no pieces" {
	tree
	ipfrs-car export "$cid" > a.car
	try 4 ipfrs-car split -l 200kB -o p a.car
	says 'more than the 200000 allowed'
	[ -z "$(ls p-* 2> /dev/null)" ]
	try 2 ipfrs-car split a.car
	try 2 ipfrs-car split -l 1M - < a.car
	car 'out(header())' > none.car
	try 0 ipfrs-car split -l 1M none.car
	prints none-0001.car
	cmp none-0001.car none.car
}

@test "verbs and mistakes" {
	try 2 ipfrs-car
	try 2 ipfrs-car frobnicate
	try 2 ipfrs-car export nonsense
	try 2 ipfrs-car get
	try 2 ipfrs-car export -d x
}

@test "export of what a name stands for" {
	mkdir site && echo one > site/a && echo two > site/b
	c=$(ipfrs-add -r -q site | tail -n 1)
	try 1 ipfrs-car export -o x.car "/ipns/k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"
	says 'no record of the name'
	[ ! -e x.car ]
	name=$(ipfrs-key gen site | cut -f 1)
	ipfrs-name publish -q -k site "/ipfs/$c"
	ipfrs-car export "$c" "$c/b" > want.car
	ipfrs-car export "/ipns/$name" "ipns://$name/b" | cmp - want.car
	printf '%s\n' "$c" "/ipns/$name/b" | ipfrs-car export | cmp - want.car
}
