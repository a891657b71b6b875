load ../helper

FILES=bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy
GAP=QmYhmPjhFjYFyaoiuNzYv8WGavpSRDwdHWe5B4M5du5Rtk

fixture() {
	"$ROOT/tests/car-put" "$ROOT/tests/golden/unixfs/$1.car"
}

@test "a file, a path, several, in order" {
	fixture dir-with-files
	try 0 ipfrs-cat $FILES/hello.txt
	prints 'hello world'
	silent
	try 0 ipfrs-cat /ipfs/$FILES/hello.txt ipfs://$FILES/ascii.txt
	prints $'hello world\nhello application/vnd.ipld.car'
}

@test "names from standard input, by line and by NUL" {
	fixture dir-with-files
	printf '%s\n' $FILES/hello.txt $FILES/ascii.txt > names
	try 0 ipfrs-cat < names
	prints $'hello world\nhello application/vnd.ipld.car'
	tr '\n' '\0' < names > names0
	try 0 ipfrs-cat -0 < names0
	prints $'hello world\nhello application/vnd.ipld.car'
}

@test "ranges" {
	fixture dir-with-files
	try 0 ipfrs-cat -s 6 -l 11 $FILES/ascii.txt
	prints application
	try 0 ipfrs-cat -s 1KiB $FILES/multiblock.txt
	[ ${#output} -ge 1 ]
	ipfrs-cat $FILES/multiblock.txt > whole
	[ "$(wc -c < whole)" -eq 1026 ]
	for s in 0 1 255 256 257 1025 1026 5000; do
		ipfrs-cat -s $s -l 300 $FILES/multiblock.txt | cmp - <(tail -c +$((s + 1)) whole | head -c 300)
	done
	try 0 ipfrs-cat -s 5000 $FILES/multiblock.txt
	prints ''
	silent
	try 0 ipfrs-cat -l 0 $FILES/multiblock.txt
	prints ''
	try 2 ipfrs-cat -s -1 $FILES/multiblock.txt
	try 2 ipfrs-cat -l x $FILES/multiblock.txt
}

@test "a missing block spoils only its range" {
	fixture file-3k-and-3-blocks-missing-block
	[ "$(ipfrs-cat -l 1024 $GAP | wc -c)" -eq 1024 ]
	[ "$(ipfrs-cat -s 2048 $GAP | wc -c)" -eq 1024 ]
	try 1 ipfrs-cat -s 1024 -l 1 $GAP
	prints ''
	says QmSNLTo6Wv9dfroVaw7MFYjLqf9ho7PKrgsjdzYDtv8h1W
	run -1 --separate-stderr bash -c "ipfrs-cat $GAP | wc -c; exit \${PIPESTATUS[0]}"
	[ "$output" -eq 1024 ]
}

@test "what is no file" {
	fixture dir-with-files
	fixture symlink
	try 4 ipfrs-cat $FILES
	says "ipfrs-cat: $FILES: this dag node is a directory"
	try 1 ipfrs-cat $FILES/nope
	says "no link named \"nope\" under $FILES"
	try 2 ipfrs-cat nonsense
	says 'invalid path "nonsense"'
	try 1 ipfrs-cat /ipns/example.com
	try 0 ipfrs-cat QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt/bar
	prints foo
	try 1 ipfrs-cat bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku
	# an identity CID needs no store entry
	try 0 ipfrs-cat bafkqaedknncdsodknncdsnzvnbvuioak
	prints jkD98jkD975hkD8
}

@test "one failure does not stop the others, the largest status stays" {
	fixture dir-with-files
	try 4 ipfrs-cat $FILES/nope $FILES $FILES/hello.txt
	prints 'hello world'
	try 1 ipfrs-cat $FILES/hello.txt $FILES/nope
	prints 'hello world'
}

@test "big leaves through pipes and into files" {
	for i in 1 2 3; do
		bytes 300000 $i > $i
	done
	c1=$(ipfrs-block put 1) c2=$(ipfrs-block put 2) c3=$(ipfrs-block put 3)
	cat 1 2 3 > whole
	ipfrs-cat $c1 $c2 $c3 | cmp - whole
	ipfrs-cat $c1 $c2 $c3 > out
	cmp out whole
	ipfrs-cat $c1 >> out
	cat 1 >> whole
	cmp out whole
	ipfrs-cat -s 1000 -l 100000 $c2 | cmp - <(tail -c +1001 2 | head -c 100000)
}

@test "a full disk is trouble, a closed pipe is quiet" {
	bytes 300000 > f
	c=$(ipfrs-block put f)
	[ -c /dev/full ] || skip "no /dev/full"
	run --separate-stderr -4 bash -c "ipfrs-cat $c > /dev/full"
	says 'ipfrs-cat: '
	run --separate-stderr -141 bash -c "ipfrs-cat $c | true; exit \${PIPESTATUS[0]}"
	silent
}

@test "no store" {
	try 1 ipfrs-cat -S "$PWD/none" $FILES
	says ipfrs-init
}
