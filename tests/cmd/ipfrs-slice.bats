load ../helper

make() {
	python3 "$ROOT/tests/cmd/tensors.py" "$@"
}

# w is 1 to 24 as [2,3,4], b three bytes, s a scalar
setup() {
	fresh
	make safetensors a.safetensors w:F32:2,3,4:1 b:U8:3:7 s:F64::5
}

floats() {
	od -An -v -t f4 | tr -s ' \n' ' '
}

slice() {
	try 0 ipfrs-slice -f json a.safetensors w "$1"
	prints "$2"
	silent
}

@test "the grammar of slices" {
	slice '' '[[[1,2,3,4],[5,6,7,8],[9,10,11,12]],[[13,14,15,16],[17,18,19,20],[21,22,23,24]]]'
	slice 1,2,3 24
	slice -1,-1,-1 24
	slice 0,1 '[5,6,7,8]'
	slice 0:1,1:2 '[[[5,6,7,8]]]'
	slice :,:,0 '[[1,5,9],[13,17,21]]'
	slice ...,0 '[[1,5,9],[13,17,21]]'
	slice '0, *, 2' '[3,7,11]'
	slice '[0,...]' '[[1,2,3,4],[5,6,7,8],[9,10,11,12]]'
	slice 1,0,::2 '[13,15]'
	slice 1,::-1,0 '[21,17,13]'
	slice 1,0,1+2 '[14,15]'
	slice 0:0 '[]'
	slice 0,0,-2: '[3,4]'
}

@test "slices that are none" {
	for s in 2 -3 0,3 0,0,4 0,0,0,0 0:3 '0,0,2:5' x 3: '...,...' '::0' '0,0,3+2' 99999999999999999999 ']['; do
		try 2 ipfrs-slice -f json a.safetensors w "$s"
		prints ''
		[ "$(wc -l <<< "$stderr")" -eq 1 ]
		says 'ipfrs-slice: a.safetensors: '
	done
	try 2 ipfrs-slice a.safetensors s 0
}

@test "raw is the elements, as they lie in the file" {
	[ "$(ipfrs-slice a.safetensors w 1,1 | floats)" = ' 17 18 19 20 ' ]
	ipfrs-slice a.safetensors w | cmp - <(tail -c $((96 + 3 + 8)) a.safetensors | head -c 96)
	ipfrs-slice a.safetensors b > b
	printf '\7\10\11' | cmp - b
	[ "$(ipfrs-slice -s 4 -l 8 a.safetensors w 0,0 | floats)" = ' 2 3 ' ]
	[ "$(ipfrs-slice -s 1000 a.safetensors w | wc -c)" -eq 0 ]
}

@test "the same out of the store, by CID and by path" {
	mkdir d
	cp a.safetensors d
	root=$(ipfrs-add -r -q d)
	cid=$(ipfrs-add -q a.safetensors)
	for p in "$cid" "/ipfs/$cid" "ipfs://$cid" "$root/a.safetensors"; do
		try 0 ipfrs-slice -f json "$p" w 1,:,1
		prints '[14,18,22]'
		silent
	done
	# a file called like that is not meant
	echo > "$cid"
	try 0 ipfrs-slice -f json "$cid" w 1,:,1
	try 4 ipfrs-slice -f json "./$cid" w 1,:,1
	try 1 ipfrs-slice "$root/b.safetensors" w
	says "no link named"
}

@test "files need no store" {
	export IPFRS_PATH=$PWD/none
	try 0 ipfrs-slice -f json a.safetensors b
	prints '[7,8,9]'
	[ ! -e none ]
	try 1 ipfrs-slice bafkqaaa b
	says 'no store'
}

@test "a name may be left out where there is one" {
	make safetensors one.safetensors w:I32:4:1
	make npy one.npy '<f4' 2,2
	try 0 ipfrs-slice -f json one.safetensors
	prints '[1,2,3,4]'
	try 0 ipfrs-slice -f json one.safetensors 1:3
	prints '[2,3]'
	try 0 ipfrs-slice -f json one.safetensors w
	prints '[1,2,3,4]'
	try 0 ipfrs-slice -f json one.safetensors w -1
	prints 4
	try 0 ipfrs-slice -f json one.npy 1
	prints '[2,3]'
	try 2 ipfrs-slice -f json a.safetensors
	says '3 tensors'
	make safetensors none.safetensors
	try 2 ipfrs-slice -f json none.safetensors
	says '0 tensors'
}

@test "a tensor that is not there" {
	try 1 ipfrs-slice -f json a.safetensors x
	prints ''
	says x
	try 1 ipfrs-slice -f json nowhere x
	says nowhere
}

@test "forms" {
	ipfrs-slice -f npy a.safetensors w 0 > w.npy
	printf '\x93NUMPY\1\0' | cmp - <(head -c 8 w.npy)
	grep -q "'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)" w.npy
	try 0 ipfrs-slice -f json w.npy ::2,1:3
	prints '[[2,3],[10,11]]'
	ipfrs-slice -f safetensors a.safetensors w :,0 > w.safetensors
	try 0 ipfrs-tensor w.safetensors
	prints $'w\tF32\t[2,4]\t32'
	try 0 ipfrs-slice -f json w.safetensors w 1
	prints '[13,14,15,16]'
	for f in arrow arrow-rows; do
		ipfrs-slice -f $f a.safetensors w > w.arrow
		printf '\377\377\377\377' | cmp - <(head -c 4 w.arrow)
		printf '\377\377\377\377\0\0\0\0' | cmp - <(tail -c 8 w.arrow)
	done
	try 2 ipfrs-slice -f nonsense a.safetensors w
	says arrow-rows
	try 2 ipfrs-slice -t nonsense a.safetensors w
	try 2 ipfrs-slice -f json -s 3 a.safetensors w
}

@test "parts of an answer make the whole" {
	for f in raw npy safetensors arrow arrow-rows; do
		ipfrs-slice -f $f a.safetensors w 1,:,1: > whole
		n=$(stat -c %s whole)
		for at in 0 1 7 63 64 65 $((n - 1)) "$n" $((n + 5)); do
			ipfrs-slice -f $f -s $at -l 33 a.safetensors w 1,:,1: | cmp - <(tail -c +$((at + 1)) whole | head -c 33)
		done
	done
}

@test "elements are converted" {
	make safetensors h.safetensors h:BF16:3:1 i:I16:2:-2 f:F16:2:5
	try 0 ipfrs-slice -f json h.safetensors h
	prints '[1,2,3]'
	[ "$(ipfrs-slice -t F32 h.safetensors h | floats)" = ' 1 2 3 ' ]
	[ "$(ipfrs-slice -t f64 h.safetensors i | od -An -v -t f8 | tr -s ' ')" = ' -2 -1' ]
	ipfrs-slice -t F32 -f npy h.safetensors f > f.npy
	grep -q "'<f4'" f.npy
	try 2 ipfrs-slice -t I64 h.safetensors h
	prints ''
}

@test "order of axes and of bytes is ours, whatever the file has" {
	make npy f.npy '<i4' 2,3 fortran
	make npy b.npy '>f8' 2,3
	try 0 ipfrs-slice -f json f.npy
	prints '[[0,1,2],[3,4,5]]'
	try 0 ipfrs-slice -f json f.npy :,1
	prints '[1,4]'
	try 0 ipfrs-slice -f json b.npy 1
	prints '[3,4,5]'
	[ "$(ipfrs-slice b.npy 1,::-1 | od -An -v -t f8 | tr -s ' \n' ' ')" = ' 5 4 3 ' ]
}

@test "a sharded model, by folder and by index" {
	make sharded m w:F32:2,3:1 b:U8:3:7
	root=$(ipfrs-add -r -q m)
	for p in m m/model.safetensors.index.json "$root" "$root/model.safetensors.index.json"; do
		try 0 ipfrs-slice -f json "$p" b 1
		prints 8
		try 0 ipfrs-slice -f json "$p" w :,1
		prints '[2,5]'
	done
	rm m/model-00002-of-00002.safetensors
	try 0 ipfrs-slice -f json m w 1
	prints '[4,5,6]'
	try 1 ipfrs-slice -f json m b
	says model-00002-of-00002.safetensors
}

@test "several slices, one after the other" {
	printf 'w\t0,0\nb\ns\t\nw\t1,:,3\n' > list
	try 0 ipfrs-slice -i -f json a.safetensors < list
	prints $'[1,2,3,4]\n[7,8,9]\n5\n[16,20,24]'
	silent
	tr '\n' '\0' < list > list0
	ipfrs-slice -i -0 -f json a.safetensors < list0 | tr '\0' '\n' > out
	diff out <(ipfrs-slice -i -f json a.safetensors < list)
	[ "$(printf 'w\t0,0,0\nw\t1,2,3\n' | ipfrs-slice -i a.safetensors | floats)" = ' 1 24 ' ]
	printf 'w\t0\nb\n' | ipfrs-slice -i -f npy a.safetensors |
		cmp - <(ipfrs-slice -f npy a.safetensors w 0; ipfrs-slice -f npy a.safetensors b)
	try 0 ipfrs-slice -i a.safetensors < /dev/null
	prints ''
}

@test "several slices as one safetensors file" {
	printf 'b\nw\t0,0\nw\t1\trest\n' | ipfrs-slice -i -o parts.safetensors a.safetensors
	try 0 ipfrs-tensor -j parts.safetensors
	# large elements first, then by name, as safetensors' own writer
	prints '{"name":"b","dtype":"U8","shape":[3],"bytes":3,"offset":'"$((8 + $(od -An -t u8 -N 8 parts.safetensors) + 64))"'}
{"name":"rest","dtype":"F32","shape":[3,4],"bytes":48,"offset":'"$((8 + $(od -An -t u8 -N 8 parts.safetensors)))"'}
{"name":"w","dtype":"F32","shape":[4],"bytes":16,"offset":'"$((8 + $(od -An -t u8 -N 8 parts.safetensors) + 48))"'}'
	try 0 ipfrs-slice -f json parts.safetensors rest 2
	prints '[21,22,23,24]'
	printf 'b\nw\t0,0\nw\t1\trest\n' | ipfrs-slice -i -f safetensors -s 5 -l 100 a.safetensors |
		cmp - <(tail -c +6 parts.safetensors | head -c 100)
	for n in 0 1 200 $(($(stat -c %s parts.safetensors) - 1)) 100000; do
		printf 'b\nw\t0,0\nw\t1\trest\n' | ipfrs-slice -i -f safetensors -s "$n" a.safetensors |
			cmp - <(tail -c +$((n + 1)) parts.safetensors)
	done
	try 2 ipfrs-slice -i -f safetensors a.safetensors < <(printf 'w\t0\nb\nw\t1\n')
	prints ''
	says "two slices are called 'w'"
	try 2 ipfrs-slice -i -f safetensors a.safetensors < /dev/null
	try 2 ipfrs-slice -i -f safetensors a.safetensors < <(printf 'w\t0\ta\tb\n')
	try 2 ipfrs-slice -i a.safetensors < <(printf 'w\t0\ta\n')
}

@test "one wrong line does not spoil the others" {
	try 2 ipfrs-slice -i -f json a.safetensors < <(printf 'w\t9\nnone\nb\n')
	prints '[7,8,9]'
	[ "$(wc -l <<< "$stderr")" -eq 2 ]
	try 1 ipfrs-slice -i -f json -o out.json a.safetensors < <(printf 'none\nb\n')
	[ ! -e out.json ]
	try 1 ipfrs-slice -i -f safetensors a.safetensors < <(printf 'none\nb\n')
	prints ''
	try 2 ipfrs-slice -i - < a.safetensors
}

@test "who asks line by line is answered line by line" {
	coproc ipfrs-slice -i -f json a.safetensors
	pid=$COPROC_PID				# the variable goes when the process does
	for i in 0 1 2; do
		printf 'b\t%d\n' $i >&"${COPROC[1]}"
		read -r -t 20 got <&"${COPROC[0]}"
		[ "$got" = $((7 + i)) ]
	done
	eval "exec ${COPROC[1]}>&-"
	wait "$pid"
}

@test "standard input, a file and a pipe" {
	try 0 ipfrs-slice -f json - b < a.safetensors
	prints '[7,8,9]'
	cat a.safetensors | ipfrs-slice -f json - w 1,1 > out
	[ "$(cat out)" = '[17,18,19,20]' ]
	try 4 ipfrs-slice -f json - b < /dev/null
}

@test "what the name of the file says" {
	ipfrs-slice -o w.npy a.safetensors w
	cmp w.npy <(ipfrs-slice -f npy a.safetensors w)
	ipfrs-slice -o w.json a.safetensors b
	[ "$(cat w.json)" = '[7,8,9]' ]
	ipfrs-slice -o w.arrows a.safetensors w
	cmp w.arrows <(ipfrs-slice -f arrow a.safetensors w)
	ipfrs-slice -o w.bin a.safetensors w
	cmp w.bin <(ipfrs-slice a.safetensors w)
	ipfrs-slice -f raw -o w.npy a.safetensors w
	cmp w.npy w.bin
	ipfrs-slice -o - a.safetensors w | cmp - w.bin
}

@test "a file appears whole or not at all" {
	echo old > out
	try 2 ipfrs-slice -o out a.safetensors w 9
	[ "$(cat out)" = old ]
	try 1 ipfrs-slice -o nowhere/out a.safetensors w
	[ "$(ls)" = $'a.safetensors\nout' ]
	bytes 4000000 > data
	{ python3 -c 'import struct, sys
h = b"{\"w\":{\"dtype\":\"U8\",\"shape\":[4000000],\"data_offsets\":[0,4000000]}}  "
sys.stdout.buffer.write(struct.pack("<Q", len(h)) + h)'; cat data; } > big.safetensors
	run -4 --separate-stderr bash -c 'ipfrs-slice big.safetensors w > /dev/full'
	says 'No space left'
	[ "$(wc -l <<< "$stderr")" -eq 1 ]
	run -4 --separate-stderr bash -c 'ulimit -f 1000; trap "" XFSZ; ipfrs-slice -o out big.safetensors w'
	[ "$(cat out)" = old ]
	[ "$(ls)" = $'a.safetensors\nbig.safetensors\ndata\nout' ]
}

@test "a signal leaves nothing behind" {
	mkfifo list
	echo old > out
	ipfrs-slice -i -o out a.safetensors < list &
	pid=$!
	exec 9> list
	printf 'w\n' >&9
	for _ in $(seq 100); do
		[ "$(ls | grep -c '^out')" = 1 ] || break
		sleep 0.05
	done
	[ "$(ls | grep -c '^out')" = 2 ]
	kill -TERM $pid
	rc=0
	wait $pid || rc=$?
	exec 9>&-
	[ $rc = 143 ]
	[ "$(cat out)" = old ]
	[ "$(ls | grep -c '^out')" = 1 ]
}

@test "files that are no good are one error each" {
	for kind in HeaderTooSmall HeaderTooLarge InvalidHeaderLength InvalidHeader InvalidHeaderDeserialization InvalidOffset \
		ValidationOverflow MisalignedSlice TensorInvalidInfo MetadataIncompleteBuffer DuplicateKey; do
		make bad x.safetensors $kind
		echo old > out
		try 4 ipfrs-slice -o out x.safetensors w
		says $kind
		[ "$(wc -l <<< "$stderr")" -eq 1 ]
		[ "$(cat out)" = old ]
	done
	mkdir empty
	try 4 ipfrs-slice empty w
	try 4 ipfrs-slice "$ROOT/Makefile" w
}

@test "a hole of ten gigabytes: what is read, and how much memory" {
	make sparse big.safetensors w 1250000 2048
	[ "$(stat -c %s big.safetensors)" -gt 10000000000 ]
	bounded 65536 ipfrs-slice -v -o part big.safetensors w 409600:422100 2> said
	[ "$(stat -c %s part)" = $((12500 * 8192)) ]
	[ "$(head -c 4 part | floats)" = ' 100 ' ]
	read -r _ read _ _ _ want _ < said
	[ "$want" = $((12500 * 8192)) ]
	[ "$read" -le $((want + want / 10)) ]
	# columns: no more than there is in the pages they are in
	bounded 65536 ipfrs-slice -v big.safetensors w ::4096,0 > part 2> said
	[ "$(stat -c %s part)" = $((306 * 4)) ]
	[ "$(tail -c 4 part | floats)" = ' 305 ' ]
	read -r _ read _ < said
	[ "$read" -lt 2000000 ]
	# and in memory that does not grow with the answer
	[ "$(bounded 65536 ipfrs-slice -f json big.safetensors w 0:2000,:500 | wc -c)" -gt 2000000 ]
	[ "$(bounded 65536 ipfrs-slice -f npy big.safetensors w :100000:7,::3 | wc -c)" -gt 39000000 ]
}

@test "what is read out of the store" {
	bytes 8000000 > data
	{ python3 -c 'import struct, sys
h = b"{\"w\":{\"dtype\":\"U8\",\"shape\":[1000,8000],\"data_offsets\":[0,8000000]}}"
h += b" " * (-len(h) % 8)
sys.stdout.buffer.write(struct.pack("<Q", len(h)) + h)'; cat data; } > big.safetensors
	cid=$(ipfrs-add -q big.safetensors)
	ipfrs-slice -v "$cid" w 500:510 2> said > part
	cmp part <(tail -c +$((500 * 8000 + 1)) data | head -c 80000)
	read -r _ blocks _ _ read _ _ _ want _ < said
	[ "$want" = 80000 ]
	[ "$read" -le 88000 ]
	[ "$blocks" -le 4 ]
	for s in 3::7,5:900:3 ::-1,0 -1,::-1 :,7999 999; do
		ipfrs-slice "$cid" w $s | cmp - <(ipfrs-slice big.safetensors w $s)
	done
}

@test "the table of a long header is kept beside the store, and is nothing to rely on" {
	python3 -c '
import json, struct
h = json.dumps({"layer.%d" % i: {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i in range(20000)}).encode()
open("many", "wb").write(struct.pack("<Q", len(h)) + h + bytes(i % 251 for i in range(20000)))'
	cid=$(ipfrs-add -q many)
	read_for() {
		ipfrs-slice -v -f json "$cid" layer.1234 0 > out 2> said
		[ "$(cat out)" = $((1234 % 251)) ] || return
		read -r _ _ _ _ read _ < said
	}
	read_for
	[ "$read" -gt 1000000 ]
	[ -s "$IPFRS_PATH/cache/$cid" ]
	read_for
	[ "$read" -lt 100000 ]
	# what is damaged is not believed
	printf x | dd of="$IPFRS_PATH/cache/$cid" bs=1 seek=500000 conv=notrunc status=none
	head -c 100 many > "$IPFRS_PATH/cache/x"
	read_for
	: > "$IPFRS_PATH/cache/$cid"
	read_for
	[ "$read" -gt 1000000 ]
	# a collection empties it, one that is only shown does not
	ipfrs-pin add "$cid" > /dev/null
	ipfrs-gc -q -n
	[ -s "$IPFRS_PATH/cache/$cid" ]
	ipfrs-gc -q
	[ ! -e "$IPFRS_PATH/cache" ]
	try 0 ipfrs-fsck
	read_for
	[ -s "$IPFRS_PATH/cache/$cid" ]
	# where nothing can be kept, all goes on
	rm -r "$IPFRS_PATH/cache"
	echo > "$IPFRS_PATH/cache"
	read_for
	[ "$read" -gt 1000000 ]
	rm "$IPFRS_PATH/cache"
	chmod a-w "$IPFRS_PATH"
	chmod -R a+rX "$BATS_TEST_TMPDIR"
	export cid
	[ "$(as_user env IPFRS_PATH="$IPFRS_PATH" ipfrs-slice -f json "$cid" layer.1234 0)" = $((1234 % 251)) ]
	chmod u+w "$IPFRS_PATH"
}

@test "a pipe or device is written to, and not replaced" {
	mkfifo pipe
	cat pipe > got & reader=$!
	try 0 ipfrs-slice -o pipe a.safetensors w
	wait "$reader"
	[ -p pipe ]
	ipfrs-slice a.safetensors w > want
	cmp got want
	ln -s pipe link
	cat pipe > got & reader=$!
	try 0 ipfrs-slice -o link a.safetensors w
	wait "$reader"
	[ -L link ]
	cmp got want
}

@test "a limit of the size of files is as a full disk" {
	make safetensors long.safetensors w:F64:100,100:1
	try 4 bash -c 'ulimit -f 8; ipfrs-slice -o out long.safetensors w'
	says "writing 'out': File too large"
	[ ! -e out ]
	[ -z "$(find . -name 'out.tmp*')" ]
}
