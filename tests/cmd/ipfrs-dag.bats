load ../helper

# Kubo 0.43 gave these CIDs and texts
NODE='{"a":[1,2.5,{"/":{"bytes":"AQI"}}],"link":{"/":"bafkqaaa"},"z":null}'
NONE=bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku

node() {
	printf '%s' "$NODE"
}

# dag.put TEXT [options] - the CID of one node
put() {
	local text=$1

	shift
	printf '%s' "$text" | ipfrs-dag put "$@" -
}

@test "get and put: what went in comes out, byte for byte" {
	cid=$(put "$NODE")
	ipfrs-dag get "$cid" | cmp - <(node)
	for codec in dag-json dag-cbor; do
		cid=$(put "$NODE" -c $codec)
		ipfrs-dag get "$cid" | cmp - <(node)
		ipfrs-dag get -c $codec "$cid" | cmp - <(ipfrs-block get "$cid")
	done
	# not in canonical form: another order, white space
	try 0 put ' {"z":null, "link":{"/":"bafkqaaa"}, "a":[1,2.5,{"/":{"bytes":"AQI"}}]} ' -c dag-json
	prints "$cid" || [ "$output" = "$(put "$NODE" -c dag-json)" ]
	[ "$output" = "$(put "$NODE" -c dag-json)" ]
}

@test "get: paths into nodes and across links" {
	inner=$(put '{"x":["y",{"k":true}]}')
	outer=$(put "{\"list\":[0,{\"/\":\"$inner\"}]}" -c dag-json)
	[ "$(ipfrs-dag get "$outer/list/1/x/0")" = '"y"' ]
	[ "$(ipfrs-dag get "/ipfs/$outer/list/1/x/1/k")" = true ]
	[ "$(ipfrs-dag get "$outer/list/1")" = '{"x":["y",{"k":true}]}' ]
	printf '%s\n' "$outer/list/0" "$outer/list/1/x" | ipfrs-dag get -L > got
	printf '%s\n' 0 '["y",{"k":true}]' | cmp - got
	ipfrs-dag get -L -0 "$outer/list/0" | cmp - <(printf '0\0')
	try 1 ipfrs-dag get "$outer/list/2"
	try 1 ipfrs-dag get "$outer/none" "$outer/list/0"
	prints 0
	says 'key not found: "none"'
	try 1 ipfrs-dag get $NONE
	try 2 ipfrs-dag get nonsense
}

@test "get: files and directories as dag-pb nodes" {
	mkdir d && printf 'hello world' > d/hello.txt
	cid=$(ipfrs-add -r -Q -1 d)
	try 0 ipfrs-dag get "$cid"
	prints '{"Data":{"/":{"bytes":"CAE"}},"Links":[{"Hash":{"/":"bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"},"Name":"hello.txt","Tsize":11}]}'
	ipfrs-dag get -c raw "$cid/hello.txt" | cmp - d/hello.txt
	[ "$(ipfrs-dag get "$cid/hello.txt")" = '{"/":{"bytes":"aGVsbG8gd29ybGQ"}}' ]
	[ "$(ipfrs-dag get "/ipld/$cid/Links/0/Name")" = '"hello.txt"' ]
	ipfrs-dag get -c dag-pb "$cid" | cmp - <(ipfrs-block get "$cid")
	[ "$(ipfrs-dag get "$cid" | ipfrs-dag put -c dag-pb -)" = "$cid" ]
	# cbor does not sort: Links, then Data
	ipfrs-dag get -c cbor "$(mkdir e && ipfrs-add -r -Q e)" | cmp - <(printf '\xa2eLinks\x80dDataB\x08\x01')
	# a codec that cannot hold it
	try 4 ipfrs-dag get -c raw "$cid"
	try 4 ipfrs-dag get -c json "$cid"
	try 2 ipfrs-dag get -c nonsense "$cid"
}

@test "put: what is refused names the rule and the place" {
	try 4 put '{"a":1,"a":2}'
	says 'ipfrs-dag: standard input: dag-json, offset'
	prints ''
	try 4 put '{"a":1'
	try 4 put '{"a":1} 2'
	try 4 put '{"/":"bafkqaaa"}' -c json
	try 4 put '{"a":1}' -c raw
	try 2 put '1' -c nonsense
	try 2 put '1' -i nonsense
	try 2 put '1' -c libp2p-key
	says 'no encoder registered for multicodec code 114 (0x72)'
	try 4 put '1' -t murmur3-x64-64
	try 2 put '1' -t nonsense
	try 2 put '1' -n -p
	try 1 ipfrs-dag put none
	says 'ipfrs-dag: none: opening'
}

@test "put: many nodes in lines, and the bad ones among them" {
	printf '{"n":1}\n\n{"n":\n {"n":2}\r\n3' > in
	try 4 ipfrs-dag put -L in
	[ "${#lines[@]}" = 3 ]
	says 'ipfrs-dag: in: line 3: dag-json, offset 5'
	[ "${lines[0]}" = "$(put '{"n":1}')" ]
	[ "${lines[1]}" = "$(put '{"n":2}')" ]
	[ "${lines[2]}" = "$(put 3)" ]
	printf '1\0\n2\n' | ipfrs-dag put -L -0 - > got
	printf '%s\0' "$(put 1)" "$(put 2)" | cmp - got
	# lines longer than what is read at once
	python3 -c 'for i in range(300): print("[%d,\"%s\"]" % (i, "x" * (i * 400)))' > big
	ipfrs-dag put -L -j big | tail -n 1 > last
	[ "$(cat last)" = "{\"cid\":\"$(tail -n 1 big | ipfrs-dag put -)\"}" ]
	[ "$(ipfrs-dag put -L -n big | ipfrs-block has | wc -l)" = 300 ]
	# more than one batch
	[ "$(seq 17000 | ipfrs-dag put -L - | sort -u | ipfrs-block has | wc -l)" = 17000 ]
}

@test "put: an answer for each line, while the writer waits for it" {
	mkfifo to from
	ipfrs-dag put -L - < to > from &
	putter=$!
	exec 8> to 9< from
	for i in 1 2 3; do
		echo "$i" >&8
		read -r -t 20 cid <&9
		ipfrs-block has "$cid"
	done
	exec 8>&- 9<&-
	wait "$putter"		# and not for what watches over this test
}

@test "put: pins only when asked, and only names with -n" {
	cid=$(put "$NODE")
	try 1 ipfrs-pin ls "$cid"
	put '{"pinned":1}' -p
	cid=$(put '{"pinned":1}' -n)
	try 0 ipfrs-pin ls -q "$cid"
	prints "$cid"
	# what is below is not here
	try 1 put "{\"/\":\"$NONE\"}" -p
	cid=$(IPFRS_PATH=/nonexistent put '"other"' -n)
	try 1 ipfrs-block has "$cid"
	ipfrs-gc -q
	try 1 ipfrs-block has "$(put "$NODE" -n)"
	ipfrs-block has "$(put '{"pinned":1}' -n)"
}

@test "put: big blocks only when asked for" {
	python3 -c 'print("\"" + "x" * 2097152 + "\"")' > big
	try 4 ipfrs-dag put big
	says 'over 2MiB'
	try 4 ipfrs-dag put -n big
	try 0 ipfrs-dag put -b big
	ipfrs-dag get -L "$output" | cmp - big
}

@test "put: git objects, as git names them" {
	printf 'blob 6\0hello\n' > blob
	python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress(open("blob", "rb").read()))' > loose
	try 0 ipfrs-dag put -i git-raw -c git-raw blob loose
	[ "${lines[0]}" = "${lines[1]}" ]
	ipfrs-block get "${lines[0]}" | cmp - blob
	[ "$(ipfrs-cid format -b base16 -f %D "${lines[0]}")" = ce013625030ba8dba906f756967f9e9ca394464a ]
	[ "$(ipfrs-dag put -i 0x300078 -c git-raw loose)" = "${lines[0]}" ]
	head -c 10 loose > cut
	try 4 ipfrs-dag put -i git-raw -c git-raw cut
	says 'git-raw: zlib, offset 10: the stream is cut short'
	(cat loose; echo) > more
	try 4 ipfrs-dag put -i git-raw -c git-raw more
	says 'bytes behind the end of the stream'
	printf 'bolb 6\0hello\n' > bad
	try 4 ipfrs-dag put -i git-raw -c git-raw bad
}

@test "put: a zlib bomb ends at a limit" {
	python3 -c 'import sys, zlib
c = zlib.compressobj(9)
sys.stdout.buffer.write(c.compress(b"blob 209715200\0"))
for i in range(200): sys.stdout.buffer.write(c.compress(bytes(1 << 20)))
sys.stdout.buffer.write(c.flush())' > bomb
	try 4 ipfrs-dag put -i git-raw -c git-raw bomb
	says 'zlib: over'
}

@test "resolve: the block, and what is left of the path, in the base of the path" {
	inner=$(put '{"x":["y"]}')
	outer=$(put "{\"l\":{\"/\":\"$inner\"}}")
	try 0 ipfrs-dag resolve "$outer/l" "$outer/l/x/0" "/ipld/$outer"
	prints "$inner"$'\n'"$inner/x/0"$'\n'"$outer"
	other=$(ipfrs-cid format -b base58btc "$outer")
	try 0 ipfrs-dag resolve "$other/l/x"
	prints "$(ipfrs-cid format -b base58btc "$inner")/x"
	try 0 ipfrs-dag resolve -j "$outer/l/x/0"
	prints "{\"cid\":\"$inner\",\"rest\":\"x/0\"}"
	try 1 ipfrs-dag resolve "$outer/l/none"
	# the last link is not followed
	away=$(put "{\"a\":{\"/\":\"$NONE\"}}")
	try 0 ipfrs-dag resolve "$away/a"
	prints $NONE
}

tree() {
	mkdir -p t/sub/deep
	printf 'same' > t/a
	printf 'same' > t/sub/b
	printf 'other' > t/sub/deep/c
	root=$(ipfrs-add -r -Q -1 t)
	sub=$(ipfrs-resolve "$root/sub") && sub=${sub##*/}
}

@test "stat: the table and the figures of Kubo" {
	tree
	try 0 ipfrs-dag stat "$root" "$root/sub"
	printf '\n%-59s\t%-15s\tSize\n%s\t%-15d\t%d\n%s\t%-15d\t%d\n\nSummary\nTotal Size: %d (%s)\n' \
		CID Blocks "$root" 5 252 "$sub" 4 155 252 "252 B" > want
	printf 'Unique Blocks: 5\nShared Size: 155 (155 B)\nRatio: 1.615079\n\n\n' >> want
	ipfrs-dag stat "$root" "$root/sub" | cmp - want
	try 0 ipfrs-dag stat -j "$root" "$root/sub"
	prints '{"UniqueBlocks":5,"TotalSize":252,"SharedSize":155,"Ratio":1.6150794,"DagStats":[{"Cid":"'"$root"'","Size":252,"NumBlocks":5},{"Cid":"'"$sub"'","Size":155,"NumBlocks":4}]}'
	try 0 bash -c "echo $root | ipfrs-dag stat -j"
	prints '{"UniqueBlocks":5,"TotalSize":252,"Ratio":1,"DagStats":[{"Cid":"'"$root"'","Size":252,"NumBlocks":5}]}'
	bytes 1500000 > big
	ipfrs-dag stat "$(ipfrs-add -Q -1 big)" | grep -q '^Total Size: 15003.. (1.5 MB)$'
	ipfrs-dag stat "$(ipfrs-block put - < /dev/null)" | grep -qx 'Ratio: NaN'
	try 2 ipfrs-dag stat "$(put '{"a":1}')/a"
	says 'cannot return size for anything other than a DAG with a root CID'
	ipfrs-block rm -f "$(ipfrs-resolve "$root/sub/deep/c")"
	try 1 ipfrs-dag stat "$root" "$sub"
	prints ''
}

@test "links" {
	tree
	try 0 ipfrs-dag links "$root"
	[ "${lines[0]}" = "$(ipfrs-resolve "$root/a")"$'\ta\t4' ]
	[[ ${lines[1]} == "$sub"$'\tsub\t'* ]]
	cid=$(put "{\"x\":[0,{\"/\":\"$sub\"},{\"y\":{\"/\":\"bafkqaaa\"}}],\"z\":{\"/\":\"bafkqaaa\"}}")
	try 0 ipfrs-dag links "$cid"
	prints "bafkqaaa"$'\tz\t-\n'"$sub"$'\tx/1\t-\nbafkqaaa\tx/2/y\t-' ||
		prints "$sub"$'\tx/1\t-\nbafkqaaa\tx/2/y\t-\nbafkqaaa\tz\t-'
	try 0 ipfrs-dag links "$cid/x/2"
	prints $'bafkqaaa\ty\t-'
	try 0 ipfrs-dag links -j "$cid/x/2" "$root/sub"
	[ "${lines[0]}" = '{"cid":"bafkqaaa","name":"y"}' ]
	[[ ${lines[1]} == *'"name":"b","size":4}' ]]
	try 0 ipfrs-dag links "$root/a"
	prints ''
}

@test "walk: orders, depth, codecs" {
	tree
	a=$(ipfrs-resolve "$root/a") deep=$(ipfrs-resolve "$root/sub/deep")
	c=$(ipfrs-resolve "$root/sub/deep/c")
	try 0 ipfrs-dag walk "$root"
	prints "$root"$'\n'"$a"$'\n'"$sub"$'\n'"$deep"$'\n'"$c"
	try 0 ipfrs-dag walk -O post "$root"
	prints "$a"$'\n'"$c"$'\n'"$deep"$'\n'"$sub"$'\n'"$root"
	try 0 ipfrs-dag walk -O wide "$root"
	prints "$root"$'\n'"$a"$'\n'"$sub"$'\n'"$deep"$'\n'"$c"
	for o in pre post wide; do
		ipfrs-dag walk -O $o "$root" | sort | cmp - <( (echo "$root"; ipfrs-refs -r -u "$root") | sort)
		[ "$(ipfrs-dag walk -D -O $o "$root" | wc -l)" = 6 ]
		[ "$(ipfrs-dag walk -d 0 -O $o "$root")" = "$root" ]
		[ "$(ipfrs-dag walk -d 1 -O $o "$root" | wc -l)" = 3 ]
		[ "$(ipfrs-dag walk -c raw -O $o "$root" | sort)" = "$(printf '%s\n' "$a" "$c" | sort)" ]
		[ "$(ipfrs-dag walk -c raw -c dag-pb -O $o "$root" | wc -l)" = 5 ]
		ipfrs-dag walk -j -O $o "$root" | grep -qxF \
			"{\"cid\":\"$deep\",\"codec\":\"dag-pb\",\"depth\":2,\"parent\":\"$sub\",\"name\":\"deep\"}"
		[ "$(ipfrs-dag walk -0 -O $o "$root" | tr -cd '\0' | wc -c)" = 5 ]
	done
	try 2 ipfrs-dag walk -O sideways "$root"
	says "it is one of: pre post wide"
}

@test "walk: a block met at the limit and again above it, in each order" {
	# root -> x -> y -> z, and root -> y: with two levels z is reached by the short way only
	z=$(put '"z"')
	y=$(put "[{\"/\":\"$z\"}]")
	x=$(put "[{\"/\":\"$y\"}]")
	r=$(put "[{\"/\":\"$x\"},{\"/\":\"$y\"}]")
	for o in pre post wide; do
		ipfrs-dag walk -d 2 -O $o "$r" | sort | cmp - <(printf '%s\n' "$r" "$x" "$y" "$z" | sort)
		ipfrs-dag walk -j -d 2 -O $o "$r" | grep -qF "\"parent\":\"$y\""
	done
	[ "$(ipfrs-dag walk -O post "$r")" = "$(printf '%s\n' "$z" "$y" "$x" "$r")" ]
}

@test "walk: what is missing" {
	tree
	c=$(ipfrs-resolve "$root/sub/deep/c")
	try 0 ipfrs-dag walk -m "$root"
	prints ''
	ipfrs-block rm -f "$c" "$(ipfrs-resolve "$root/a")"
	for o in pre post wide; do
		try 1 ipfrs-dag walk -m -O $o "$root"
		[ "${#lines[@]}" = 2 ]
		[[ $output == *"$c"* ]]
		silent
		try 1 ipfrs-dag walk -m -c dag-pb -O $o "$root"
		prints ''
		try 1 ipfrs-dag walk -O $o "$root"
		says 'is not'
	done
}

@test "walk: selectors" {
	tree
	cid=$(put "{\"team\":[{\"name\":\"Ada\"},{\"name\":\"Eve\"}],\"dir\":{\"/\":\"$root\"}}")
	all='{"R":{"l":{"none":{}},":>":{"a":{">":{"@":{}}}}}}'
	try 0 ipfrs-dag walk -x "$all" "$cid"
	[ "$(printf '%s\n' "${lines[@]}" | sort)" = "$(ipfrs-dag walk "$cid" | sort)" ]
	printf '%s' "$all" > sel
	try 0 ipfrs-dag walk -x sel -c raw "$cid"
	[ "${#lines[@]}" = 2 ]
	try 0 bash -c "ipfrs-dag walk -x - -c raw $cid < sel"
	[ "${#lines[@]}" = 2 ]
	names='{"f":{"f>":{"team":{"a":{">":{"f":{"f>":{"name":{".":{"label":"n"}}}}}}}}}}'
	try 0 ipfrs-dag walk -M -x "$names" "$cid"
	prints "$cid"$'\tteam/0/name\n'"$cid"$'\tteam/1/name'
	try 0 ipfrs-dag walk -M -j -x "$names" "$cid/team/../"
	[ "${lines[1]}" = '{"cid":"'"$cid"'","codec":"dag-cbor","path":"team/1/name","match":true,"kind":"string","label":"n"}' ]
	try 0 ipfrs-dag walk -j -x "$names" "$cid"
	[ "${#lines[@]}" = 6 ]
	[[ ${lines[0]} == *'"path":"","match":false,"kind":"map"}' ]]
	try 2 ipfrs-dag walk -x '{"x":{}}' "$cid"
	try 2 ipfrs-dag walk -x none "$cid"
	try 2 ipfrs-dag walk -M "$cid"
	try 2 ipfrs-dag walk -x "$all" -d 1 "$cid"
}

@test "diff: directories" {
	mkdir -p a/same a/sub/deep a/gone
	echo x > a/same/x
	echo 1 > a/sub/deep/changed
	echo 2 > a/gone/file
	echo 3 > a/kind
	cp -r a b
	echo 9 > b/sub/deep/changed
	rm -r b/gone
	mkdir -p b/new/er
	echo 4 > b/new/er/file
	rm b/kind
	mkdir b/kind
	A=$(ipfrs-add -r -Q a)
	B=$(ipfrs-add -r -Q b)
	try 1 ipfrs-dag diff "$A" "$B"
	silent
	[ "$(printf '%s\n' "${lines[@]}" | cut -f 1,2)" = $'-\tgone\n~\tkind\n+\tnew\n~\tsub/deep/changed' ] ||
		[ "$(printf '%s\n' "${lines[@]}" | cut -f 1,2)" = $'-\tgone\n+\tnew\n~\tkind\n~\tsub/deep/changed' ]
	printf '%s\n' "${lines[@]}" | grep -qxF "+"$'\tnew\t'"$(ipfrs-resolve "$B/new" | sed 's,.*/,,')"
	try 1 ipfrs-dag diff -r "$A" "$B"
	[ "$(printf '%s\n' "${lines[@]}" | cut -f 1,2 | sort)" = "$(printf '%s\n' -$'\tgone' -$'\tgone/file' \
		+$'\tnew' +$'\tnew/er' +$'\tnew/er/file' ~$'\tkind' ~$'\tsub/deep/changed' | sort)" ]
	try 1 ipfrs-dag diff -j "$A/sub" "$B/sub"
	prints '{"change":"changed","path":"deep/changed","from":{"/":"'"$(ipfrs-resolve "$A/sub/deep/changed")"'"},"to":{"/":"'"$(ipfrs-resolve "$B/sub/deep/changed")"'"}}'
	try 1 ipfrs-dag diff -q "$A" "$B"
	prints ''
	try 0 ipfrs-dag diff "$A" "$A"
	prints ''
	try 0 ipfrs-dag diff "$A/same" "$B/same"
	try 2 ipfrs-dag diff "$A"
	try 1 ipfrs-dag diff "$A" "$B/none"
	says 'no link named'
}

@test "diff: sharded directories, of one fanout, of two, and of none" {
	mkdir a
	for i in $(seq 400); do echo "$i" > "a/f$i"; done
	cp -r a b
	rm b/f7 b/f8
	echo x > b/f9
	echo x > b/f401
	want=$(printf '%s\n' -$'\tf7' -$'\tf8' ~$'\tf9' +$'\tf401' | sort)
	for x in 0,8 100,8 100,256; do
		for y in 0,8 100,8 100,256; do
			A=$(ipfrs-add -r -Q -O "hamt-threshold=${x%,*}" -O "hamt-fanout=${x#*,}" a)
			B=$(ipfrs-add -r -Q -O "hamt-threshold=${y%,*}" -O "hamt-fanout=${y#*,}" b)
			try 1 ipfrs-dag diff "$A" "$B"
			[ "$(printf '%s\n' "${lines[@]}" | cut -f 1,2 | sort)" = "$want" ]
			# the same files in another shape: the directory is another, and nothing in it
			A=$(ipfrs-add -r -Q -O "hamt-threshold=${x%,*}" -O "hamt-fanout=${x#*,}" b)
			if [ "$A" != "$B" ]; then
				try 1 ipfrs-dag diff "$A" "$B"
				prints "~"$'\t.\t'"$A"$'\t'"$B"
			fi
		done
	done
}

@test "diff: metadata of directories" {
	mkdir -p a/d
	echo x > a/d/x
	A=$(ipfrs-add -r -Q a)
	chmod 700 a/d
	B=$(ipfrs-add -r -Q -p mode a)
	try 1 ipfrs-dag diff "$A" "$B"
	[[ $output == *"~"$'\td\t'* ]]
}

@test "diff: values, by key and by index, across links and codecs" {
	one=$(put '{"deep":[1,2,3]}')
	two=$(put '{"deep":[1,5]}' -c dag-json)
	A=$(put "{\"a\":1,\"b\":{\"/\":\"$one\"},\"c\":[\"x\"],\"gone\":true,\"k\":{}}")
	B=$(put "{\"a\":1.5,\"b\":{\"/\":\"$two\"},\"c\":[\"x\"],\"k\":[],\"new\":{\"/\":\"bafkqaaa\"}}")
	try 1 ipfrs-dag diff "$A" "$B"
	printf '%s\n' "${lines[@]}" | sort > got
	printf '%s\n' $'~\ta\t1\t1.5' $'~\tb/deep/1\t2\t5' $'-\tb/deep/2\t3' $'-\tgone\ttrue' $'~\tk\t{}\t[]' \
		$'+\tnew\tbafkqaaa' | sort | cmp - got
	try 1 ipfrs-dag diff -j "$A" "$B"
	[[ $output == *'{"change":"changed","path":"a","from":1,"to":1.5}'* ]]
	[[ $output == *'{"change":"added","path":"new","to":{"/":"bafkqaaa"}}'* ]]
	# one value in two codecs
	A=$(put "$NODE")
	B=$(put "$NODE" -c dag-json)
	try 1 ipfrs-dag diff "$A" "$B"
	prints "~"$'\t.\t'"$A"$'\t'"$B"
}

@test "diff: a block that is not there" {
	mkdir -p a/d b/d
	echo 1 > a/d/x
	echo 2 > b/d/x
	A=$(ipfrs-add -r -Q -1 a)
	B=$(ipfrs-add -r -Q -1 b)
	ipfrs-block rm -f "$(ipfrs-resolve "$B/d")"
	try 1 ipfrs-dag diff "$A" "$B"
	says 'ipfrs-dag: '
	prints ''
	try 1 ipfrs-dag diff -m "$A" "$B"
	silent
	[[ $output == "~"$'\td\t'* ]]
}

@test "diff: deep and wide trees in little memory" {
	python3 - <<'PY' > nodes
import base64, hashlib, json
def cid(node):
    b = json.dumps(node, separators=(',', ':'), sort_keys=True).encode()
    c = b'\1\xa9\2\x12\x20' + hashlib.sha256(b).digest()
    return b.decode(), 'b' + base64.b32encode(c).decode().lower().rstrip('=')
for leaf in 1, 2:
    node = leaf
    for i in range(900):
        text, name = cid(node)
        print(text)
        node = {"next": {"/": name}, "pad": "x" * 20000}
    print(cid(node)[0])
    ends = []
PY
	ipfrs-dag put -L -c dag-json nodes > cids
	A=$(sed -n 901p cids) B=$(sed -n 1802p cids)
	run -1 bounded 120000 ipfrs-dag diff "$A" "$B"
	[[ $output == *"/next"$'\t1\t2' ]]
	[ "${#lines[@]}" = 1 ]
	for o in pre post wide; do
		[ "$(bounded 120000 ipfrs-dag walk -O $o "$A" | wc -l)" = 901 ]
	done
}

@test "mirror only what is missing, by pipes of walk, block and refs" {
	tree
	there=$BATS_TEST_TMPDIR/there
	ipfrs-init -q -S "$there"
	ipfrs-add -q -S "$there" -1 t/a > /dev/null
	ipfrs-dag walk -O post "$root" > all
	ipfrs-block has -S "$there" < all > have || [ $? = 1 ]
	grep -vxFf have all > missing
	[ "$(wc -l < missing)" = 4 ]
	while read -r cid; do
		ipfrs-block get "$cid" | ipfrs-block put -q -S "$there" - > /dev/null
		# at no time is there a block without what it links to
		ipfrs-refs -S "$there" -r "$cid" > /dev/null
	done < missing
	try 0 ipfrs-dag walk -m -S "$there" "$root"
	prints ''
	ipfrs-get -S "$there" -o copy "$root"
	diff -r t copy
}

@test "verbs" {
	try 2 ipfrs-dag
	try 2 ipfrs-dag frobnicate
	says "unknown verb 'frobnicate'"
	try 2 ipfrs-dag get -p x
	try 0 ipfrs-dag -h
	for v in get put resolve stat walk diff links; do
		[[ $output == *" $v"* ]]
	done
}

@test "paths that begin with a name, two of them as well" {
	mkdir site && echo one > site/a
	old=$(ipfrs-add -r -q site | tail -n 1)
	echo two > site/b
	new=$(ipfrs-add -r -q site | tail -n 1)
	a=$(ipfrs-key gen a | cut -f 1) b=$(ipfrs-key gen b | cut -f 1)
	ipfrs-name publish -q -k a "/ipfs/$old"
	ipfrs-name publish -q -k b "/ipfs/$new"
	try 0 ipfrs-dag get "/ipns/$b" "ipns://$a"
	[ "$output" = "$(ipfrs-dag get "$new" "$old")" ]
	want=$(ipfrs-dag diff "$old" "$new" || true)
	[ -n "$want" ]
	try 1 ipfrs-dag diff "/ipns/$a" "/ipns/$b"
	prints "$want"
	try 0 ipfrs-dag diff "/ipns/$a" "$old"
	try 0 ipfrs-dag walk "/ipns/$b/a"
	try 1 ipfrs-dag diff "/ipns/$a" "/ipns/k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"
	says 'no record of the name'
}
