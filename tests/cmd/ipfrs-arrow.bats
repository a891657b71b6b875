load ../helper

make() {
	python3 "$ROOT/tests/cmd/tensors.py" "$@"
}

# what an Arrow stream says of itself: the messages, and the rows of each batch
shape() {
	python3 "$ROOT/tests/cmd/arrowshape.py"
}

@test "a table of CSV: names and types of its columns" {
	printf 'id,name,ok,day,when\n1,x,true,2024-01-01,2024-01-01 10:00\n2.5,"a,b",,,\n' > t.csv
	try 0 ipfrs-arrow -n t.csv
	prints $'id\tfloat64\nname\tutf8\nok\tbool\nday\tdate32\nwhen\ttimestamp[us]'
	silent
	try 0 ipfrs-arrow -j t.csv day id
	prints '{"name":"day","type":"date32","nullable":true}
{"name":"id","type":"float64","nullable":true}'
	try 0 ipfrs-arrow -n -c 'name:large_utf8,...' t.csv
	prints $'id\tfloat64\nname\tlarge_utf8\nok\tbool\nday\tdate32\nwhen\ttimestamp[us]'
	try 0 ipfrs-arrow -n -H t.csv
	prints $'f0\tutf8\nf1\tutf8\nf2\tutf8\nf3\tutf8\nf4\tutf8'
}

@test "a table as a stream, from a file, the store, a pipe: the same" {
	printf 'id,name\n1,x\n2,"y\nz"\n' > t.csv
	ipfrs-arrow t.csv > file
	ipfrs-arrow -o out t.csv
	cmp file out
	ipfrs-arrow -f csv - < t.csv | cmp file
	cat t.csv | ipfrs-arrow -f csv - | cmp file
	cat t.csv | ipfrs-arrow -f csv -c id:int64,name:utf8 - | cmp file
	ipfrs-arrow -f csv "$(ipfrs-add -q t.csv)" | cmp file
	cid=$(ipfrs-add -q -r . | tail -n 1)
	ipfrs-arrow "$cid/t.csv" | cmp file
	ipfrs-arrow "/ipfs/$cid/t.csv" | cmp file
	try 0 shape < file
	prints "schema
batch 2"
}

@test "nothing is needed of a store for files outside" {
	printf 'a\n1\n' > t.csv
	IPFRS_PATH=/nonexistent ipfrs-arrow t.csv > out
	IPFRS_PATH=/nonexistent try 1 ipfrs-arrow -f csv QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn
}

@test "a file that happens to be called like a CID" {
	name=QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn
	printf 'a\n1\n' > $name
	try 0 ipfrs-arrow -f csv -n ./$name
	prints $'a\tint64'
}

@test "JSON lines" {
	printf '{"a":1,"b":[1,2],"c":{"x":null}}\n{"a":"x","d":true}\n' > t.jsonl
	try 0 ipfrs-arrow -n t.jsonl
	prints $'a\tutf8\nb\tlist<int64>\nc\tjson\nd\tbool'
	try 0 ipfrs-arrow -n -c 'b:list<float32>,a' t.jsonl
	prints $'b\tlist<float32>\na\tutf8'
	ipfrs-arrow -b 1 t.jsonl > out
	try 0 shape < out
	prints "schema
batch 1
batch 1"
	printf '{"a":1}\n{"a":2,}\n' > bad.ndjson
	try 4 ipfrs-arrow -o never bad.ndjson
	says "bad.ndjson: line 2: byte 15: "
	[ ! -e never ]
}

@test "separators, nulls, no header" {
	printf 'a;b\n1,5;NA\n2,5;3\n' > t.csv
	try 0 ipfrs-arrow -n t.csv
	prints $'a\tutf8\nb\tutf8'
	try 0 ipfrs-arrow -n -N NA t.csv
	prints $'a\tutf8\nb\tint64'
	printf 'a;b\n1;2\n' > t.csv
	try 0 ipfrs-arrow -n -d , t.csv
	prints $'a;b\tutf8'
	printf '1\t2\n3\t4\n' > t.tsv
	try 0 ipfrs-arrow -n -H -c 'x:int8,y' t.tsv
	prints $'x\tint8\ny\tint64'
	printf 'a:b\n1:2\n' > t.txt
	try 0 ipfrs-arrow -n -d : -f csv - < t.txt
	prints $'a\tint64\nb\tint64'
}

@test "what does not fit is said with its line and column, and no file appears" {
	printf 'a,b\n1,2\n3,400\n' > t.csv
	try 4 ipfrs-arrow -o out -c a:int8,b:int8 t.csv
	says 'ipfrs-arrow: t.csv: line 3, column "b": "400" does not fit int8'
	[ ! -e out ]
	[ -z "$(ls out.tmp* 2> /dev/null)" ]
	printf 'a,b\n1,2\n3\n' > t.csv
	try 4 ipfrs-arrow t.csv
	prints ''
	says 't.csv: line 3: 1 fields, where the first record has 2'
	printf 'a\n\377\n' > t.csv
	try 4 ipfrs-arrow t.csv
	says 'line 2: text that is not UTF-8'
}

@test "columns of tensors" {
	make safetensors t.safetensors id:I64:100 emb:F32:100,3 flag:BOOL:100 w:F16:2,2 s:U8:
	try 0 ipfrs-arrow -n t.safetensors id emb flag
	prints $'id\tint64\nemb\tfixed_shape_tensor<float32>[3]\nflag\tbool'
	try 0 ipfrs-arrow -n t.safetensors w
	prints $'w\tfloat16'
	try 0 ipfrs-arrow -n -r t.safetensors w
	prints $'w\tfixed_shape_tensor<float16>[2]'
	try 0 ipfrs-arrow -j -t F64 t.safetensors w
	prints '{"name":"w","type":"float64","nullable":false}'
	ipfrs-arrow t.safetensors id emb > all
	try 0 shape < all
	prints "schema
batch 100"
	ipfrs-arrow -b 30 t.safetensors id emb flag > parts
	try 0 shape < parts
	prints "schema
batch 32
batch 32
batch 32
batch 4"
	ipfrs-arrow -x 10:20 t.safetensors id emb > some
	try 0 shape < some
	prints "schema
batch 10"
	ipfrs-arrow t.safetensors w | cmp - <(ipfrs-slice -f arrow t.safetensors w)
	ipfrs-arrow -r t.safetensors emb | cmp - <(ipfrs-slice -f arrow-rows t.safetensors emb)
	ipfrs-arrow -x 1,: t.safetensors w | cmp - <(ipfrs-slice -f arrow t.safetensors w 1,:)
	ipfrs-arrow "$(ipfrs-add -q t.safetensors)" id emb | cmp all
	ipfrs-arrow - id emb < t.safetensors | cmp all
}

@test "tensors that make no table" {
	make safetensors t.safetensors id:I64:100 w:F16:2,2
	try 2 ipfrs-arrow -o out t.safetensors
	says "tensor 'w': 2 rows, where the first has 100"
	[ ! -e out ]
	try 1 ipfrs-arrow t.safetensors id nosuch
	try 2 ipfrs-arrow -x 0:101 t.safetensors id
	try 2 ipfrs-arrow -t F7 t.safetensors id
	make bad x.safetensors InvalidOffset
	try 4 ipfrs-arrow x.safetensors
	says "x.safetensors: InvalidOffset"
}

@test "options that do not go together" {
	printf 'a\n1\n' > t.csv
	try 2 ipfrs-arrow -r t.csv
	says "-r is for tensors"
	try 2 ipfrs-arrow -H -f tensors t.csv
	try 2 ipfrs-arrow -f jsonl -d , t.csv
	try 2 ipfrs-arrow -c a:int8 t.csv a
	try 2 ipfrs-arrow -c a:int7 t.csv
	says "'int7' is no type of a column"
	try 2 ipfrs-arrow -f xml t.csv
	try 2 ipfrs-arrow -d ,, t.csv
	try 2 ipfrs-arrow -d '"' t.csv
	try 2 ipfrs-arrow -c z:int8 t.csv
	says 'there is no column "z"'
	try 2 ipfrs-arrow
	try 1 ipfrs-arrow none.csv
	try 4 ipfrs-arrow -f csv .
	cp t.csv t.txt
	try 4 ipfrs-arrow t.txt
	says "(if it is a table, say so: -f csv or -f jsonl)"
}

@test "a full disk" {
	[ -w /dev/full ] || skip "needs /dev/full"
	bytes 100000 | od -An -v -t u1 | tr -s ' ' , | sed 's/^,//' | head -n 6000 > t.csv
	try 4 bash -c 'ipfrs-arrow -H t.csv > /dev/full'
	make safetensors t.safetensors id:I64:100
	try 4 bash -c 'ipfrs-arrow t.safetensors > /dev/full'
}

@test "memory does not grow with the table" {
	python3 -c 'for i in range(300000): print("%d,%f,word %d,%s" % (i, i / 7, i, "x" * 90))' > big.csv
	bounded 100000 ipfrs-arrow -H -o out big.csv
	[ "$(stat -c %s out)" -gt 30000000 ]
	python3 -c 'for i in range(100000): print("{\"a\":%d,\"b\":[%d,2],\"c\":\"%s\"}" % (i, i, "y" * 200))' > big.jsonl
	bounded 100000 ipfrs-arrow -o out big.jsonl
	[ "$(stat -c %s out)" -gt 20000000 ]
}

@test "a tensor of 10 GB costs what its slice does" {
	make sparse big.safetensors w 262144 10240
	bounded 80000 ipfrs-arrow -r -v -x 100000:100010 -o out big.safetensors 2> said
	[ "$(stat -c %s out)" -lt 420000 ]
	read -r _ n _ < said
	[ "$n" -lt 460000 ]
}

@test "-v says what was read" {
	make safetensors t.safetensors id:I64:100
	try 0 ipfrs-arrow -v -o out t.safetensors
	says "bytes read, for 800 bytes"
}
