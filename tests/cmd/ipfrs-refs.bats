load ../helper

FILES=bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy
ASCII=bafkreifkam6ns4aoolg3wedr4uzrs3kvq66p4pecirz6y2vlrngla62mxm
HELLO=bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4
MULTI=bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa
GAP=QmYhmPjhFjYFyaoiuNzYv8WGavpSRDwdHWe5B4M5du5Rtk

fixture() {
	"$ROOT/tests/car-put" "$ROOT/tests/golden/unixfs/$1.car"
}

@test "links, in block order" {
	fixture dir-with-files
	try 0 ipfrs-refs $FILES
	prints "$ASCII"$'\n'"$ASCII"$'\n'"$HELLO"$'\n'"$MULTI"
	try 0 ipfrs-refs -u $FILES
	prints "$ASCII"$'\n'"$HELLO"$'\n'"$MULTI"
	try 0 ipfrs-refs $HELLO
	prints ''
	silent
}

@test "everything below, to a depth" {
	fixture dir-with-files
	try 0 ipfrs-refs -r $FILES
	[ "${#lines[@]}" -eq 9 ]
	[ "${lines[3]}" = $MULTI ]
	try 0 ipfrs-refs -r -u $FILES
	[ "${#lines[@]}" -eq 8 ]
	try 0 ipfrs-refs -r -d 1 $FILES
	[ "${#lines[@]}" -eq 4 ]
	try 0 ipfrs-refs -r -d 0 $FILES
	prints ''
}

@test "edges, formats, JSON" {
	fixture dir-with-files
	try 0 ipfrs-refs -e $FILES
	[ "${lines[2]}" = "$FILES -> $HELLO" ]
	try 0 ipfrs-refs -f '<linkname>\t<dst>\n<src>' $FILES
	[ "${lines[4]}" = $'hello.txt\t'$HELLO ]
	[ "${lines[5]}" = $FILES ]
	try 2 ipfrs-refs -e -f x $FILES
	try 0 ipfrs-refs -j $FILES
	[ "${lines[2]}" = "{\"src\":\"$FILES\",\"dst\":\"$HELLO\",\"name\":\"hello.txt\"}" ]
	ipfrs-refs -0 -f '<linkname>' $FILES | tr '\0' ' ' > out
	[ "$(cat out)" = 'ascii-copy.txt ascii.txt hello.txt multiblock.txt ' ]
}

@test "every block of the store" {
	fixture dir-with-files
	try 0 ipfrs-refs -a
	[ "${#lines[@]}" -eq 9 ]
	grep -qx $HELLO <<< "$output"
	# codecs are not known there: the directory is shown as raw
	grep -qx bafkreihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy <<< "$output"
	try 2 ipfrs-refs -a $FILES
	# and every one is a block
	ipfrs-refs -a | ipfrs-block stat > sizes
	[ "$(wc -l < sizes)" -eq 9 ]
}

@test "what is printed is there" {
	fixture file-3k-and-3-blocks-missing-block
	try 1 ipfrs-refs $GAP
	[ "${#lines[@]}" -eq 1 ]
	says QmSNLTo6Wv9dfroVaw7MFYjLqf9ho7PKrgsjdzYDtv8h1W
}

@test "two links to the same block, thirty levels deep, are no trouble with -u" {
	c=$(printf '\x0a\x02\x08\x01' | ipfrs-block put -c v0 -)
	python3 - <<'PY' > blocks
import hashlib
c = bytes.fromhex('1220') + hashlib.sha256(b'\x0a\x02\x08\x01').digest()
for i in range(30):
    l = lambda n: b'\x12\x29\x0a\x22' + c + b'\x12\x01' + n + b'\x18\x00'
    b = l(b'l') + l(b'r') + b'\x0a\x02\x08\x01'
    open('%02d' % i, 'wb').write(b)
    print('%02d' % i)
    c = bytes.fromhex('1220') + hashlib.sha256(b).digest()
PY
	root=$(ipfrs-block put -c v0 < blocks | tail -n 1)
	try 0 ipfrs-refs -r -u $root
	[ "${#lines[@]}" -eq 30 ]
	run bash -c "ipfrs-refs -r $root | head -n 1000 | wc -l"
	[ "$output" -eq 1000 ]
}

@test "links of git objects" {
	b=$(printf 'blob 3\0hi\n' | ipfrs-block put -c git-raw -t sha1 -)
	[ "$b" = baf4bcfcfxgb34nvxhqdyrxe4xs3wzo4a7r53avy ]
	t=$(printf 'tree 29\000100644 a\0\x45\xb9\x83\xbe\x36\xb7\x3c\x07\x88\xdc\x9c\xbc\xb7\x6c\xbb\x80\xfc\x7b\xb0\x57' |
		ipfrs-block put -c git-raw -t sha1 -)
	try 0 ipfrs-refs -r "$t"
	prints "$b"
}

@test "links of a codec that is not built in" {
	c=$(printf 'blob 0\0' | ipfrs-block put -c dag-jose -)
	try 2 ipfrs-refs -r $c
	says 'not built in'
}
