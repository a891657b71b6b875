load ../helper

HELLO=bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e
NONE=bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku

hello() {
	printf 'hello world'
}

@test "put, get, has, stat, rm" {
	try 0 bash -c "printf 'hello world' | ipfrs-block put -"
	prints $HELLO
	silent
	ipfrs-block get $HELLO | cmp - <(hello)
	try 0 ipfrs-block has $HELLO
	prints $HELLO
	try 0 ipfrs-block stat $HELLO
	prints $HELLO$'\t11'
	try 0 ipfrs-block rm $HELLO
	prints $HELLO
	try 1 ipfrs-block has $HELLO
	prints ''
	silent
	try 1 ipfrs-block get $HELLO
	try 1 ipfrs-block stat $HELLO
	try 1 ipfrs-block rm $HELLO
	says "ipld: could not find $HELLO"
	try 0 ipfrs-block rm -f $HELLO
}

@test "codecs, hashes, versions, as Kubo names them" {
	hello > f
	try 0 ipfrs-block put -c dag-pb f
	prints bafybeifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e
	try 0 ipfrs-block put -c v0 f
	prints QmaozNR7DZHQK1ZcU9p7QdrshMvXqWK6gpu5rmrkPdT3L4
	try 0 ipfrs-block put -c dag-cbor f
	prints bafyreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e
	try 0 ipfrs-block put -t sha2-512 f
	prints bafkrgqbqt3gerhas23vuzrapkdeqf4vu2dwxp3srdj6hvg6nhsug2tgyn6mj3u23yx7utftq3i2ckw2fwdh5qmhid5qf3t35yvkc5e5ottlw6
	try 0 ipfrs-block put -t identity f
	prints bafkqac3imvwgy3zao5xxe3de
	try 0 ipfrs-block get bafkqac3imvwgy3zao5xxe3de
	prints 'hello world'
	try 2 ipfrs-block put -c nonsense f
	try 2 ipfrs-block put -t nonsense f
	says 'unrecognized hash function: "nonsense"'
	try 2 ipfrs-block put -c v0 -t sha2-512 f
	# one block under many names, except those of other hashes
	ipfrs-block has bafybeifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e $HELLO
}

@test "hashes that blocks may not have" {
	hello > f
	try 4 ipfrs-block put -t murmur3-x64-64 f
	says 'potentially insecure hash functions not allowed'
	try 4 ipfrs-block put -l 10 f
	says 'digest too small: sha2-256 digest got 10 bytes, minimum 20'
	try 0 ipfrs-block put -l 20 f
	bytes 129 > g
	try 4 ipfrs-block put -t identity g
}

@test "big blocks only when asked for" {
	bytes 2097152 > max
	bytes 2097153 > over
	try 0 ipfrs-block put max
	try 4 ipfrs-block put over
	says 'over 2MiB'
	prints ''
	try 0 ipfrs-block put -b over
	ipfrs-block get $output | cmp - over
	try 0 ipfrs-block put -t sha2-256 -b - < /dev/null
	prints $NONE
}

@test "lists on standard input" {
	for i in 1 2 3; do echo $i > f$i; done
	try 0 bash -c "printf '%s\n' f1 f2 f3 | ipfrs-block put"
	[ "${#lines[@]}" -eq 3 ]
	printf '%s\n' "$output" > cids
	ipfrs-block get < cids | cmp - <(cat f1 f2 f3)
	try 0 ipfrs-block stat < cids
	[ "${#lines[@]}" -eq 3 ]
	printf '%s\n' $NONE >> cids
	try 1 ipfrs-block has < cids
	[ "${#lines[@]}" -eq 3 ]
	try 1 ipfrs-block rm < cids
	[ "${#lines[@]}" -eq 3 ]
	try 1 ipfrs-block has < cids
	prints ''
	ipfrs-block put -0 f1 f2 | tr '\0' '\n' | cmp - <(head -n 2 cids)
}

@test "pinned blocks are not removed" {
	hello > f
	ipfrs-block put -p f
	try 1 ipfrs-block rm $HELLO
	says "ipfrs-block: $HELLO: pinned: recursive"
	ipfrs-block has $HELLO
	# a block below a pinned directory
	d=$(python3 - <<PY | ipfrs-block put -p -c dag-pb -
import base64, sys
c = base64.b32decode('$HELLO'[1:].upper() + '======')
sys.stdout.buffer.write(b'\x12\x2b\x0a\x24' + c + b'\x12\x01f\x18\x0b' + b'\x0a\x02\x08\x01')
PY
	)
	ipfrs-pin rm $HELLO
	try 1 ipfrs-block rm $HELLO
	says "pinned via $d"
	try 1 ipfrs-block rm $HELLO $d
	says "$HELLO: pinned: indirect"
	says "$d: pinned: recursive"
	try 0 ipfrs-block rm -f $HELLO
	prints $HELLO
	try 1 ipfrs-block has $HELLO
}

@test "a path leads to a block" {
	"$ROOT/tests/car-put" "$ROOT/tests/golden/unixfs/dir-with-files.car"
	try 0 ipfrs-block get bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy/hello.txt
	prints 'hello world'
	try 0 ipfrs-block stat bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy
	prints $'bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy\t227'
}

@test "verbs" {
	try 2 ipfrs-block
	try 2 ipfrs-block frobnicate
	says "unknown verb 'frobnicate'"
	try 1 ipfrs-block put none
	says 'none'
	try 2 ipfrs-block get nonsense
}
