load ../helper

make() {
	python3 "$ROOT/tests/cmd/tensors.py" "$@"
}

setup() {
	fresh
	make safetensors a.safetensors layer.0.w:F32:2,3,4:1 layer.0.b:U8:3:7 layer.1.w:BF16:4:-2 s:F64::5 z:I64:0,7
}

@test "names, types, shapes and bytes, by name" {
	try 0 ipfrs-tensor a.safetensors
	prints $'layer.0.b\tU8\t[3]\t3\nlayer.0.w\tF32\t[2,3,4]\t96\nlayer.1.w\tBF16\t[4]\t8\ns\tF64\t[]\t8\nz\tI64\t[0,7]\t0'
	silent
	try 0 ipfrs-tensor "$(ipfrs-add -q a.safetensors)"
	[ "${#lines[@]}" -eq 5 ]
	cat a.safetensors | ipfrs-tensor - | cmp - <(ipfrs-tensor a.safetensors)
	ipfrs-tensor -0 a.safetensors | tr '\0' '\n' | cmp - <(ipfrs-tensor a.safetensors)
}

@test "only those that are named, or like a pattern" {
	try 0 ipfrs-tensor a.safetensors s layer.0.b
	prints $'s\tF64\t[]\t8\nlayer.0.b\tU8\t[3]\t3'
	try 0 ipfrs-tensor a.safetensors 'layer.*.w'
	prints $'layer.0.w\tF32\t[2,3,4]\t96\nlayer.1.w\tBF16\t[4]\t8'
	try 0 ipfrs-tensor a.safetensors '[sz]'
	[ "${#lines[@]}" -eq 2 ]
	try 1 ipfrs-tensor a.safetensors s nothing 'x*'
	prints $'s\tF64\t[]\t8'
	says nothing
	says "'x*'"
	[ "$(wc -l <<< "$stderr")" -eq 2 ]
	# a name that looks like a pattern is first of all a name
	make safetensors odd.safetensors 'a*:U8:1' ab:U8:2
	try 0 ipfrs-tensor odd.safetensors 'a*'
	prints $'a*\tU8\t[1]\t1'
}

@test "JSON lines" {
	try 0 ipfrs-tensor -j a.safetensors s z
	prints '{"name":"s","dtype":"F64","shape":[],"bytes":8,"offset":'$(($(stat -c %s a.safetensors) - 8))'}
{"name":"z","dtype":"I64","shape":[0,7],"bytes":0,"offset":'"$(stat -c %s a.safetensors)"'}'
	ipfrs-tensor -j -v a.safetensors | python3 -c '
import json, sys
t = {x["name"]: x for x in map(json.loads, sys.stdin)}
assert t["layer.0.w"]["min"] == 1 and t["layer.0.w"]["max"] == 24 and t["layer.0.w"]["mean"] == 12.5
assert sum(t["layer.0.w"]["histogram"]) == 24 and len(t["layer.0.w"]["histogram"]) == 32
assert t["layer.1.w"]["zeros"] == 1 and t["layer.1.w"]["min"] == -2
assert t["z"]["min"] is None and t["z"]["std"] is None and t["z"]["zeros"] == 0'
	make npy f.npy '>f8' 2,3 fortran
	try 0 ipfrs-tensor -j f.npy
	prints '{"name":"","dtype":"F64","shape":[2,3],"bytes":48,"offset":128,"layout":"columnmajor","endian":"big"}'
}

@test "statistics" {
	try 0 ipfrs-tensor -v a.safetensors layer.0.b z
	prints $'layer.0.b\tU8\t[3]\t3\t7\t9\t8\t0.816496580927726\t0\t0\t0\t1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1
z	I64	[0,7]	0	-	-	-	-	0	0	0	0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0'
	python3 -c '
import json, struct
n = [float("nan"), float("inf"), -float("inf"), -0.0, 0.0, 3.0, -1.0, float("nan")]
for name, code, data in ("f", "F32", struct.pack("<8f", *n)), ("d", "F64", struct.pack("<8d", *n)), ("h", "F16", struct.pack("<8e", *n)):
    h = json.dumps({"w": {"dtype": code, "shape": [8], "data_offsets": [0, len(data)]}}).encode()
    open(name, "wb").write(struct.pack("<Q", len(h)) + h + data)
h = json.dumps({"c": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}).encode()
open("c", "wb").write(struct.pack("<Q", len(h)) + h + bytes(8))'
	for f in f d h; do
		ipfrs-tensor -v $f | cut -f 5-11 > out
		[ "$(cat out)" = $'-1\t3\t0.5\t1.5\t2\t2\t2' ]
	done
	try 0 ipfrs-tensor -v c
	prints $'c\tC64\t[1]\t8\t-\t-\t-\t-\t-\t-\t-\t-'
	[ "$(ipfrs-tensor -jv c)" = "$(ipfrs-tensor -j c)" ]
}

@test "a table for people" {
	try 0 ipfrs-tensor -t a.safetensors
	prints $'NAME       TYPE  SHAPE    SIZE
layer.0.b  U8    [3]       3 B
layer.0.w  F32   [2,3,4]  96 B
layer.1.w  BF16  [4]       8 B
s          F64   []        8 B
z          I64   [0,7]     0 B
safetensors: 5 tensors, 32 elements, 115 B'
	try 0 ipfrs-tensor -t -v a.safetensors layer.0.b
	[[ ${lines[0]} == 'NAME       TYPE  SHAPE  SIZE  '*'HISTOGRAM' ]]
	[[ ${lines[1]} == *'█               █              █' ]]
	try 1 ipfrs-tensor -t a.safetensors none s
	[ "$(wc -l <<< "$stderr")" -eq 1 ]
	try 2 ipfrs-tensor -t -j a.safetensors
	try 2 ipfrs-tensor -t -m a.safetensors
}

@test "what else the header says" {
	make sharded m w:F32:2,3:1 b:U8:3:7
	try 0 ipfrs-tensor -m m/model-00001-of-00002.safetensors
	prints $'format\tpt'
	try 0 ipfrs-tensor -m -j m/model-00001-of-00002.safetensors
	prints '{"key":"format","value":"pt"}'
	try 0 ipfrs-tensor -m a.safetensors
	prints ''
	try 2 ipfrs-tensor -m a.safetensors s
}

@test "a sharded model" {
	make sharded m w:F32:2,3:1 b:U8:3:7
	for p in m m/model.safetensors.index.json "$(ipfrs-add -r -q m)"; do
		try 0 ipfrs-tensor "$p"
		prints $'b\tU8\t[3]\t3\nw\tF32\t[2,3]\t24'
	done
	ipfrs-tensor -j m | python3 -c '
import json, sys
t = [json.loads(x) for x in sys.stdin]
assert [x["file"] for x in t] == ["model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"], t'
	try 0 ipfrs-tensor -v m b
	[[ $output == $'b\tU8\t[3]\t3\t7\t9\t8\t'* ]]
}

@test "names that would spoil the lines" {
	make safetensors odd.safetensors $'a\tb\nc\\:U8:1'
	try 0 ipfrs-tensor odd.safetensors
	prints $'a\\tb\\nc\\\\\tU8\t[1]\t1'
	[ "$(ipfrs-tensor -0 odd.safetensors | tr '\0' '!')" = $'a\tb\nc\\\tU8\t[1]\t1!' ]
	try 0 ipfrs-tensor -j odd.safetensors
	[[ $output == '{"name":"a\tb\nc\\",'* ]]
	try 0 ipfrs-tensor -t odd.safetensors
	[ "${#lines[@]}" -eq 3 ]
}

@test "paths from standard input" {
	make npy f.npy '<f4' 2
	printf '%s\n' a.safetensors nowhere f.npy > list
	run --separate-stderr -1 bash -c 'ipfrs-tensor < list'
	[ "${lines[0]}" = $'a.safetensors\tlayer.0.b\tU8\t[3]\t3' ]
	[ "${lines[5]}" = $'f.npy\t\tF32\t[2]\t8' ]
	says nowhere
	run --separate-stderr -1 bash -c 'ipfrs-tensor -j < list'
	[[ ${lines[5]} == '{"path":"f.npy","name":"","dtype":"F32",'* ]]
	tr '\n' '\0' < list > list0
	run --separate-stderr -1 bash -c 'ipfrs-tensor -0 < list0 | tr "\0" "\n"; exit ${PIPESTATUS[0]}'
	[ "${lines[5]}" = $'f.npy\t\tF32\t[2]\t8' ]
	run --separate-stderr -1 bash -c 'ipfrs-tensor -t < list'
	[ "${lines[0]}" = a.safetensors: ]
}

@test "files that are no good are one error each, and nothing is printed" {
	for kind in HeaderTooSmall HeaderTooLarge InvalidHeaderLength InvalidHeader InvalidHeaderDeserialization InvalidOffset \
		ValidationOverflow MisalignedSlice TensorInvalidInfo MetadataIncompleteBuffer DuplicateKey; do
		make bad x.safetensors $kind
		for p in x.safetensors "$(ipfrs-add -q x.safetensors)"; do
			try 4 ipfrs-tensor "$p"
			prints ''
			says "ipfrs-tensor: $p: "
			says $kind
			[ "$(wc -l <<< "$stderr")" -eq 1 ]
		done
	done
	try 1 ipfrs-tensor nowhere
	try 4 ipfrs-tensor /dev/null
	try 4 ipfrs-tensor .
	try 1 ipfrs-tensor /ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy
}

@test "a full disk" {
	run -4 --separate-stderr bash -c 'ipfrs-tensor a.safetensors > /dev/full'
	says 'No space left'
}

@test "only the header is read, in bounded memory" {
	make sparse big.safetensors w 1250000 2048
	try 0 bounded 65536 ipfrs-tensor big.safetensors
	prints $'w\tF32\t[1250000,2048]\t10240000000'
	# many tensors
	python3 -c '
import json, struct
h = json.dumps({"model.layers.%d.weight" % i: {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i in range(200000)}).encode()
open("many", "wb").write(struct.pack("<Q", len(h)) + h + bytes(200000))'
	[ "$(bounded 65536 ipfrs-tensor many | wc -l)" -eq 200000 ]
	[ "$(bounded 65536 ipfrs-tensor "$(ipfrs-add -q many)" | md5sum)" = "$(ipfrs-tensor many | md5sum)" ]
	try 0 bounded 65536 ipfrs-tensor "$(ipfrs-add -q many)" model.layers.77777.weight
	prints $'model.layers.77777.weight\tU8\t[1]\t1'
}

@test "statistics in bounded memory, the same however many threads" {
	bytes 8000000 > data
	{ python3 -c 'import struct, sys
h = b"{\"w\":{\"dtype\":\"F32\",\"shape\":[1000,2000],\"data_offsets\":[0,8000000]}}"
h += b" " * (-len(h) % 8)
sys.stdout.buffer.write(struct.pack("<Q", len(h)) + h)'; cat data; } > big.safetensors
	ipfrs-tensor -v big.safetensors > all
	bounded 65536 taskset -c "$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')" ipfrs-tensor -v big.safetensors | cmp - all
	bounded 65536 ipfrs-tensor -v "$(ipfrs-add -q big.safetensors)" | cmp - all
}

# the names of files are those of whoever made the model
@test "names in messages give a terminal no orders" {
	mkdir model
	printf '{"weight_map":{"w\\u001b[31m":"\\u001b]0;x\\u0007\\u009b2J"}}' > model/model.safetensors.index.json
	try 1 ipfrs-tensor model
	says "'model/?]0;x???2J': No such file"
	try 1 ipfrs-tensor "$(ipfrs-add -r -Q model)"
	says 'no link named "?]0;x???2J"'
	try 1 ipfrs-tensor $'n\033o'
	says "ipfrs-tensor: n?o: 'n?o': No such file"
}
