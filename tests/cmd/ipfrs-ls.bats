load ../helper

FILES=bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy
UTF8=bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i
HAMT=bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i
LINK=QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt

fixture() {
	"$ROOT/tests/car-put" "$ROOT/tests/golden/unixfs/$1.car"
}

# a directory of one entry: name as printf escapes, and the CID bytes of its target
dir_of() {
	python3 - "$1" <<'PY' | ipfrs-block put -c dag-pb -
import sys
name = sys.argv[1].encode().decode('unicode_escape').encode('latin1')
def v(n):
    o = b''
    while n >= 128:
        o += bytes([n & 127 | 128]); n >>= 7
    return o + bytes([n])
def f(n, b): return v(n << 3 | 2) + v(len(b)) + b
cid = b'\x01\x55\x00\x01x'
sys.stdout.buffer.write(f(2, f(1, cid) + f(2, name) + b'\x18\x01') + b'\x0a\x02\x08\x01')
PY
}

@test "CID, size, name" {
	fixture dir-with-files
	try 0 ipfrs-ls $FILES
	prints 'bafkreifkam6ns4aoolg3wedr4uzrs3kvq66p4pecirz6y2vlrngla62mxm	31	ascii-copy.txt
bafkreifkam6ns4aoolg3wedr4uzrs3kvq66p4pecirz6y2vlrngla62mxm	31	ascii.txt
bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4	12	hello.txt
bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa	1026	multiblock.txt'
	silent
}

@test "names alone, CIDs and names, types" {
	fixture symlink
	try 0 ipfrs-ls -1 $LINK
	prints $'bar\nfoo'
	try 0 ipfrs-ls -c $LINK/
	prints $'QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5\tbar\nQme2y5HA5kvo2jAx13UsnV5bQJVijiAJCPvaW3JGQWhvJZ\tfoo'
	try 0 ipfrs-ls -1 -t $LINK
	prints $'symlink\tbar\nfile\tfoo'
	try 0 ipfrs-ls -t $LINK
	prints $'QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5\t3\tsymlink\tbar\nQme2y5HA5kvo2jAx13UsnV5bQJVijiAJCPvaW3JGQWhvJZ\t8\tfile\tfoo'
}

@test "everything below" {
	fixture path-gateway-tar
	try 0 ipfrs-ls -r -1 $UTF8
	prints $'api/\napi/file.txt\nipfs/\nipfs/file.txt\nipns/\nipns/file.txt\ną/\ną/ę/\ną/ę/file-źł.txt'
	try 0 ipfrs-ls -r -1 -p $UTF8/ą
	prints "$UTF8/ą/ę/"$'\n'"$UTF8/ą/ę/file-źł.txt"
	# what -p prints are paths
	try 0 bash -c "ipfrs-ls -r -1 -p $UTF8/ą | grep -v '/\$' | ipfrs-cat"
	prints 'I am a txt file on path with utf8'
}

@test "a HAMT of a thousand" {
	fixture single-layer-hamt-with-multi-block-files
	ipfrs-ls -1 $HAMT > names
	[ "$(wc -l < names)" -eq 1000 ]
	[ "$(head -n 1 names)" = 470.txt ]
	for i in $(seq 1000); do echo "$i.txt"; done | sort > want
	sort names | cmp - want
}

@test "several operands show whose entry it is" {
	fixture dir-with-files
	fixture symlink
	try 0 ipfrs-ls -1 $LINK $FILES
	prints "$LINK/bar"$'\n'"$LINK/foo"$'\n'"$FILES/ascii-copy.txt"$'\n'"$FILES/ascii.txt"$'\n'"$FILES/hello.txt"$'\n'"$FILES/multiblock.txt"
	try 0 bash -c "echo $LINK | ipfrs-ls -1"
	prints "$LINK/bar"$'\n'"$LINK/foo"
}

@test "a file is an entry of its own" {
	fixture dir-with-files
	try 0 ipfrs-ls $FILES/hello.txt
	prints $'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4\t12\thello.txt'
	try 0 ipfrs-ls -p -1 $FILES/hello.txt
	prints $FILES/hello.txt
	try 0 ipfrs-ls -1 bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4
	prints bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4
}

@test "JSON" {
	fixture symlink
	try 0 ipfrs-ls -j $LINK
	prints '{"name":"bar","cid":"QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5","cumulative":9,"type":"symlink","size":3,"target":"foo"}
{"name":"foo","cid":"Qme2y5HA5kvo2jAx13UsnV5bQJVijiAJCPvaW3JGQWhvJZ","cumulative":16,"type":"file","size":8}'
	ipfrs-ls -j $LINK | python3 -c 'import json,sys; [json.loads(l) for l in sys.stdin]'
}

@test "hostile names do not reach the terminal" {
	d=$(dir_of 'a\x1b[31m\n\\b\t\x7f\xff')
	try 0 ipfrs-ls -1 $d
	prints 'a\x1b[31m\n\\b\t\x7f\xff'
	ipfrs-ls -0 -1 $d | cmp - <(printf 'a\x1b[31m\n\\b\t\x7f\xff\0')
	d=$(dir_of 'zero\xe2\x80\x8bwidth\xe2\x80\xaeright-to-left \xc3\xa9')
	try 0 ipfrs-ls -1 $d
	prints 'zero\u200bwidth\u202eright-to-left é'
	d=$(dir_of '')
	try 0 ipfrs-ls -1 $d
	prints ''
	d=$(dir_of '../x')
	try 0 ipfrs-ls $d
	prints $'bafkqaaly\t1\t../x'
}

@test "an entry that is not here" {
	fixture dir-with-files
	ipfrs-block rm bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa
	try 1 ipfrs-ls $FILES
	[ "${lines[3]}" = $'bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa\t?\tmultiblock.txt' ]
	says 'ipfrs-ls: multiblock.txt: '
	try 0 ipfrs-ls -1 $FILES
	[ "${#lines[@]}" -eq 4 ]
}

@test "what is no directory" {
	d=$(printf '\x0a\x00' | ipfrs-block put -c dag-pb -)
	try 4 ipfrs-ls $d
	says "ipfrs-ls: $d: proto: "
	d=$(printf '\x0a\x0d\x08\x05\x12\x02\x00\x01\x28\x22\x30\x80\x10\x20\x00' | ipfrs-block put -c dag-pb -)
	try 4 ipfrs-ls $d
	says 'hamt width (2048) exceed maximum allowed (1024)'
	try 1 ipfrs-ls $FILES
}
