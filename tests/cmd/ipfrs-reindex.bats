# ipfrs-reindex.bats

load ../helper

@test "everything is found again from the segments alone" {
	mkdir tree
	for i in $(seq 50); do bytes 3000 "$i" > "tree/$i"; done
	root=$(ipfrs-add -Q -r tree)
	block=$(echo single | ipfrs-block put -)
	ipfrs-pin ls | sort > pins
	[ -s pins ]
	before=$(ipfrs-refs -a | sort)
	rm -r "$IPFRS_PATH/index"
	try 0 ipfrs-reindex
	[ -z "$output" ]
	says " 0 damaged records"
	[ "$(ipfrs-refs -a | sort)" = "$before" ]
	ipfrs-pin ls | sort | cmp - pins
	try 0 ipfrs-get -o back "$root"
	diff -r tree back
	try 0 ipfrs-block get "$block"
	try 0 ipfrs-fsck
}

@test "an index that is there is made anew, twice if asked" {
	cid=$(echo hello | ipfrs-add -Q -)
	try 0 ipfrs-reindex -q
	silent
	try 0 ipfrs-reindex -q
	try 0 ipfrs-cat "$cid"
	prints hello
}

@test "an empty store" {
	try 0 ipfrs-reindex
	try 0 ipfrs-fsck
}

@test "damaged records are passed over and told" {
	keep=$(echo this one stays | ipfrs-block put -)
	lost=$(echo this one is hit | ipfrs-block put -)
	also=$(echo this one stays, too | ipfrs-block put -)
	python3 - "$IPFRS_PATH"/seg/*.seg <<-'END'
	import sys
	data = bytearray(open(sys.argv[1], "rb").read())
	data[data.find(b"this one is hit")] ^= 1
	open(sys.argv[1], "wb").write(data)
	END
	try 1 ipfrs-reindex
	[[ $output == fault* ]]
	says " 1 damaged record"
	try 0 ipfrs-block get "$keep" "$also"
	try 1 ipfrs-block get "$lost"
}

@test "no store is 1, an operand a mistake" {
	try 1 ipfrs-reindex -S none
	says ipfrs-init
	try 2 ipfrs-reindex x
}

@test "while a program writes it is 3, and nothing is changed" {
	cid=$(echo hello | ipfrs-add -Q -)
	mkfifo feed
	ipfrs-add -Q - < feed > out &
	pid=$!
	exec 7> feed
	bytes 1000000 >&7
	for i in $(seq 100); do
		rc=0
		ipfrs-reindex 2> err || rc=$?
		[ $rc -eq 0 ] || break
		sleep 0.05		# the other had not opened the store yet
	done
	exec 7>&-
	wait "$pid"		# not the clock of bats, which is a child too
	[ $rc -eq 3 ]
	grep -q '^ipfrs-reindex: ' err
	try 0 ipfrs-cat "$cid"
	try 0 ipfrs-cat "$(cat out)"
	try 0 ipfrs-fsck
}
