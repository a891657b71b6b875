# ipfrs-add -T: files cut where tensors begin
load ../helper

# ---- tensors ----

# model NAME [KEY=VALUE ...] - a safetensors file of some MB; note=N: a header longer by that; change=I: tensor I is another one;
# row=R: so is row R of the embedding; first=1: a tensor more in front
model() {
	python3 - "$@" <<- 'END'
		import json, random, struct, sys
		o = dict(a.split("=") for a in sys.argv[2:])
		r = random.Random(5)
		shapes = [(1500, 1000), (64,), (700, 700), (700,), (1,), (1,), (1,), (2, 300, 500), (3000,), (300000,)]
		data = []
		for s in shapes:
		    n = 2
		    for d in s:
		        n *= d
		    data.append(bytearray(r.randbytes(n)))
		if "change" in o:
		    i = int(o["change"])
		    data[i] = bytearray(r.randbytes(len(data[i])))
		if "row" in o:
		    at = int(o["row"]) * 2000
		    data[0][at:at + 2000] = bytes(2000)
		if "first" in o:
		    shapes.insert(0, (50001,))
		    data.insert(0, bytearray(r.randbytes(100002)))
		head, at = {"__metadata__": {"note": "x" * int(o.get("note", 0))}}, 0
		for i, d in enumerate(data):
		    head["layer.%d" % (i - len(data))] = {"dtype": "BF16", "shape": shapes[i], "data_offsets": [at, at + len(d)]}
		    at += len(d)
		text = json.dumps(head).encode()
		with open(sys.argv[1], "wb") as f:
		    f.write(struct.pack("<Q", len(text)) + text + b"".join(data))
	END
}

# new FILE [OPTION ...] - how many blocks and bytes of it are not in the store yet; it is added with -T and these
new() {
	local f=$1
	shift
	ipfrs-add -T -j -v "$@" "$f" 2> talk | python3 -c 'import json, sys
e = [json.loads(l) for l in sys.stdin][-1]
assert e["blocks"] >= e["shared_blocks"] and e["bytes"] >= e["shared_bytes"] and e["bytes"] > e["size"], e
print(e["blocks"] - e["shared_blocks"], e["bytes"] - e["shared_bytes"])'
}

@test "-T: a variant shares all that is the same" {
	model base.st
	model longer.st note=1000
	model changed.st note=77 change=2
	model row.st note=5000 row=700
	model first.st first=1
	for f in base longer changed row first; do ipfrs-add -n -Q $f.st; done > names
	[ "$(sort -u names | wc -l)" -eq 5 ]
	read -r blocks bytes <<< "$(new base.st)"
	# the header, 12 of 131 rows each, 1, 4 of 187 rows, 1 of short ones, 3, 1, 3, and the node over them
	[ "$blocks" -eq 27 ] && [ "$bytes" -gt 5000000 ]
	# a longer header: it, and the node
	read -r blocks bytes <<< "$(new longer.st)"
	[ "$blocks" -eq 2 ] && [ "$bytes" -lt 8000 ]
	# and one tensor of 980000 bytes, in rows of 1400: 187 a block
	read -r blocks bytes <<< "$(new changed.st)"
	[ "$blocks" -eq 6 ] && [ "$bytes" -lt 988000 ]
	# and one block of 131 rows
	read -r blocks bytes <<< "$(new row.st)"
	[ "$blocks" -eq 3 ] && [ "$bytes" -lt $((131 * 2000 + 12000)) ]
	# and a tensor more
	read -r blocks bytes <<< "$(new first.st)"
	[ "$blocks" -eq 3 ] && [ "$bytes" -lt 108000 ]
	for f in base longer changed row first; do
		ipfrs-cat "$(ipfrs-add -T -Q $f.st)" | cmp - $f.st
	done
	# without it hardly anything is shared
	ipfrs-add -q base.st
	ipfrs-add -j -v longer.st 2> talk | grep '"shared_blocks":0,"shared_bytes":0'
	ipfrs-fsck
}

@test "-T: what is shared is told, of each file and in all" {
	model base.st
	model changed.st note=77 change=2
	mkdir d
	mv base.st d/a.safetensors
	try 0 ipfrs-add -Q -T -v -r d
	says 'd/a.safetensors: shared 0 B of'
	says 'in all: shared 0 B of'
	mv changed.st d/b.safetensors
	try 0 ipfrs-add -n -Q -T -v -r d
	says 'd/a.safetensors: shared 4.95 MiB of 4.95 MiB, 27 of 27 blocks'
	says 'd/b.safetensors: shared 4.01 MiB of 4.95 MiB, 21 of 27 blocks'
	try 0 ipfrs-add -Q -T -r d
	silent
	# twice: without -T, too
	try 0 ipfrs-add -Q -v -v d/a.safetensors
	says 'd/a.safetensors: shared 0 B of'
	try 0 ipfrs-add -Q -v d/a.safetensors
	says 'in all: shared 4.9'
	! grep 'a.safetensors: shared' <<< "$stderr"
	# without a store nothing is known
	IPFRS_PATH=$PWD/nowhere try 0 ipfrs-add -n -Q -T -v d/a.safetensors
	! grep shared <<< "$stderr"
}

@test "-T: what has no tensors, or is malformed, is added as any file" {
	echo '{"a": 1}' > a.json
	bytes 600000 > b
	: > empty
	printf abc > short
	model base.st
	head -c 1000000 base.st > cut.st
	{ cat base.st; echo; } > longer.st
	{ printf '\20\0\0\0\0\0\0\0{"w":{"dtype":1}'; bytes 300000; } > wrong.st
	for f in a.json b empty short cut.st longer.st wrong.st; do
		[ "$(ipfrs-add -n -Q -T $f)" = "$(ipfrs-add -n -Q $f)" ]
		[ "$(ipfrs-add -n -Q -T - < $f)" = "$(ipfrs-add -n -Q $f)" ]
		try 0 ipfrs-add -T -v -Q $f
		says "ipfrs-add: $f: added as any file: "
		try 0 ipfrs-add -T -Q $f
		silent
	done
	try 0 ipfrs-add -T -v -Q cut.st
	says 'MetadataIncompleteBuffer'
	try 0 ipfrs-add -T -v -Q wrong.st
	says 'InvalidHeaderDeserialization'
	# the files of a sharded model stand for themselves
	echo '{"metadata": {}, "weight_map": {"layer.-1": "base.st"}}' > model.safetensors.index.json
	[ "$(ipfrs-add -n -Q -T model.safetensors.index.json)" = "$(ipfrs-add -n -Q model.safetensors.index.json)" ]
}

@test "-T: the same from a pipe and out of an archive" {
	mkdir d
	model d/base.st note=70000
	echo x > d/x
	cid=$(ipfrs-add -Q -T d/base.st)
	[ "$cid" != "$(ipfrs-add -Q d/base.st)" ]
	[ "$(ipfrs-add -n -Q -T - < d/base.st)" = "$cid" ]
	[ "$(cat d/base.st | ipfrs-add -n -Q -T -)" = "$cid" ]
	# not from its beginning: what is left is no file of tensors
	rest=$( (dd bs=1 count=1 status=none > /dev/null; ipfrs-add -n -Q -T -) < d/base.st)
	[ "$rest" = "$(tail -c +2 d/base.st | ipfrs-add -n -Q -)" ]
	want=$(ipfrs-add -n -Q -T -r d)
	[ "$(tar c -C d . | ipfrs-add -n -Q -T -a -)" = "$want" ]
	[ "$(tar cz -C d . | ipfrs-add -n -Q -T -a -)" = "$want" ]
	(cd d && python3 -m zipfile -c ../d.zip base.st x)
	[ "$(ipfrs-add -n -Q -T -a d.zip)" = "$want" ]
	[ "$(ipfrs-add -n -Q -a d.zip)" != "$want" ]
	ipfrs-get -o out "$(tar c -C d . | ipfrs-add -Q -T -a -)"
	diff -r d out
	# what a pipe cannot say
	printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (1000, 500), }" > a.npy
	bytes 500000 >> a.npy
	[ "$(ipfrs-add -n -Q -T a.npy)" != "$(ipfrs-add -n -Q a.npy)" ]
	[ "$(cat a.npy | ipfrs-add -n -Q -T -)" = "$(ipfrs-add -n -Q a.npy)" ]
}

@test "-T: chunks of any fixed size, and of no other" {
	model base.st
	for s in 5000 65536 1048576; do
		cid=$(ipfrs-add -1 -Q -T -O chunker=size-$s base.st)
		ipfrs-cat "$cid" | cmp - base.st
		ipfrs-refs -r "$cid" | grep ^bafk | while read -r c; do ipfrs-block stat "$c"; done > leaves
		awk -v s=$s '$2 > s || $2 == 0 { print; exit 1 }' leaves
		[ "$(awk '{ s += $2 } END { print s }' leaves)" -eq "$(wc -c < base.st)" ]
		cid=$(ipfrs-add -Q -T -O layout=trickle,chunker=size-$s base.st)
		ipfrs-cat "$cid" | cmp - base.st
	done
	for s in rabin buzhash rabin-1000; do
		try 2 ipfrs-add -T -O chunker=$s base.st
		says "chunker \"$s\" has no fixed size"
		try 2 ipfrs-add -n -T -O chunker=$s base.st
		ipfrs-add -Q -O chunker=$s base.st
	done
	try 2 ipfrs-add -O tensor-align=perhaps base.st
	says 'tensor-align is yes or no, not "perhaps"'
}

@test "import.tensor-align is as -T" {
	model base.st
	plain=$(ipfrs-add -Q base.st)
	aligned=$(ipfrs-add -Q -T base.st)
	[ "$(ipfrs-add -Q -O tensor-align=yes base.st)" = "$aligned" ]
	ipfrs-config set import.tensor-align yes
	[ "$(ipfrs-add -Q base.st)" = "$aligned" ]
	[ "$(ipfrs-add -n -Q base.st)" = "$aligned" ]
	[ "$(ipfrs-add -Q -O tensor-align=no base.st)" = "$plain" ]
	[ "$(ipfrs-add -Q -O tensor-align=no -T base.st)" = "$aligned" ]
	ipfrs-config set import.chunker buzhash
	try 2 ipfrs-add -Q base.st
	try 0 ipfrs-add -Q -O tensor-align=no base.st
	try 2 ipfrs-config set import.tensor-align 2
}

@test "-T and -c: what was remembered without it is not taken for it" {
	model base.st
	touch -d '2020-01-01' base.st
	sleep 2.1
	plain=$(ipfrs-add -Q -c base.st)
	aligned=$(ipfrs-add -Q -c -T base.st)
	[ "$plain" != "$aligned" ]
	try 0 ipfrs-add -Q -v -c -T base.st
	prints "$aligned"
	says '1 files, 1 of them as they were; 0 B read'
	try 0 ipfrs-add -Q -v -c base.st
	prints "$plain"
	says '1 files, 1 of them as they were; 0 B read'
}

@test "-T: .npz, member by member" {
	python3 - <<- 'END'
		import io, random, struct, zipfile
		r = random.Random(3)
		def npy(shape, data):
		    h = repr({"descr": "|u1", "fortran_order": False, "shape": shape}).encode()
		    h += b" " * (63 - (10 + len(h)) % 64) + b"\n"
		    return b"\x93NUMPY\1\0" + struct.pack("<H", len(h)) + h + data
		a, b, c = (r.randbytes(400000) for i in range(3))
		def make(name, members):
		    with zipfile.ZipFile(name, "w") as z:
		        for n, d in members:
		            z.writestr(zipfile.ZipInfo(n + ".npy"), npy((400, 1000), d))
		make("one.npz", [("a", a), ("b", b)])
		make("two.npz", [("long.name", c), ("a", a), ("other", b)])
	END
	read -r blocks bytes <<< "$(new one.npz)"
	[ "$bytes" -gt 800000 ]
	read -r blocks bytes <<< "$(new two.npz)"
	[ "$bytes" -lt 410000 ]
	ipfrs-cat "$(ipfrs-add -Q -T two.npz)" | cmp - two.npz
}
