# ipfrs-fsck.bats

load ../helper

# flip FILE TEXT - change one bit of the first occurrence of TEXT in FILE
flip() {
	python3 - "$1" "$2" <<-'END'
	import sys
	name, text = sys.argv[1], sys.argv[2].encode()
	data = bytearray(open(name, "rb").read())
	at = data.find(text)
	assert at >= 0, "text is not in the file"
	data[at] ^= 1
	open(name, "wb").write(data)
	END
}

seg() { ls "$IPFRS_PATH"/seg/*.seg | head -n 1; }

# good - the store has no fault
good() {
	try 0 ipfrs-fsck
	[ -z "$output" ]
	says " 0 faults"
}

@test "an empty store, and one with blocks and pins, is good" {
	good
	mkdir tree
	bytes 300000 > tree/big
	echo small > tree/small
	ipfrs-add -Q -r tree
	good
	try 0 ipfrs-fsck -r
	[ -z "$output" ]
}

@test "no store is 1, and says what to do" {
	try 1 ipfrs-fsck -S none
	says ipfrs-init
}

@test "operands are a mistake" {
	try 2 ipfrs-fsck x
}

@test "a changed bit of a block is found and told by CID, and repair says what is lost" {
	keep=$(echo this one stays | ipfrs-block put -p -)
	lost=$(echo this one is hit | ipfrs-block put -)
	flip "$(seg)" "this one is hit"
	try 1 ipfrs-fsck
	[[ $output == fault* ]]
	[[ $output == *"$lost"* ]]
	[[ $output != *"$keep"* ]]
	try 4 ipfrs-block get "$lost"
	run --separate-stderr ipfrs-fsck -r
	[[ $output == *"$lost"* ]]
	good
	try 1 ipfrs-block get "$lost"
	try 0 ipfrs-block get "$keep"
	prints "this one stays"
	# and adding it again brings it back
	[ "$(echo this one is hit | ipfrs-block put -)" = "$lost" ]
	try 0 ipfrs-block get "$lost"
}

@test "what a pin has lost stays a fault until it is added again" {
	mkdir tree
	echo this one is hit > tree/a
	echo this one stays > tree/b
	root=$(ipfrs-add -Q -r tree)
	flip "$(seg)" "this one is hit"
	try 1 ipfrs-fsck -r
	[[ $output == *"pin '$root'"* ]]
	try 1 ipfrs-fsck
	[[ $output == *"pin '$root'"* ]]
	[ "$(ipfrs-add -Q -r tree)" = "$root" ]
	good
	try 0 ipfrs-cat "$root/a"
	prints "this one is hit"
}

@test "the index may vanish" {
	cid=$(echo hello | ipfrs-add -Q -)
	rm -r "$IPFRS_PATH/index"
	try 0 ipfrs-fsck -r
	good
	try 0 ipfrs-cat "$cid"
	prints hello
	[[ $(ipfrs-pin ls) == *"$cid"* ]]
}

@test "the index may be garbage" {
	cid=$(echo hello | ipfrs-add -Q -)
	for f in "$IPFRS_PATH"/index/*; do bytes 65536 > "$f"; done
	run --separate-stderr ipfrs-fsck
	[ "$status" -ne 0 ]
	try 0 ipfrs-fsck -r
	[[ $output == fixed* ]]
	good
	try 0 ipfrs-cat "$cid"
	prints hello
}

@test "an index cut short is mended" {
	for i in 1 2 3 4 5 6 7 8 9; do echo "block $i" | ipfrs-block put -; done > cids
	f=$(ls "$IPFRS_PATH"/index/data.mdb)
	truncate -s 12288 "$f"
	try 0 ipfrs-fsck -r
	good
	xargs ipfrs-block get < cids | cmp - <(for i in 1 2 3 4 5 6 7 8 9; do echo "block $i"; done)
}

@test "settings that cannot be read are set aside" {
	cid=$(echo hello | ipfrs-add -Q -)
	echo 'nonsense here' > "$IPFRS_PATH/config"
	run --separate-stderr ipfrs-fsck
	[ "$status" -ne 0 ]
	try 0 ipfrs-fsck -r
	[[ $output == *config* ]]
	good
	try 0 ipfrs-cat "$cid"
	grep -q nonsense "$IPFRS_PATH"/config.*
}

@test "the version file may vanish or be empty" {
	cid=$(echo hello | ipfrs-add -Q -)
	rm "$IPFRS_PATH/version"
	try 0 ipfrs-fsck -r
	good
	: > "$IPFRS_PATH/version"
	try 0 ipfrs-fsck -r
	good
	try 0 ipfrs-cat "$cid"
}

@test "a segment cut short loses what was behind the cut, and says so" {
	first=$(echo the first | ipfrs-block put -)
	last=$(bytes 5000 | ipfrs-block put -)
	size=$(stat -c %s "$(seg)")
	truncate -s $((size - 1000)) "$(seg)"
	try 1 ipfrs-fsck
	[[ $output == *"$last"* ]]
	run --separate-stderr ipfrs-fsck -r
	[[ $output == *"$last"* ]]
	good
	try 0 ipfrs-block get "$first"
	try 1 ipfrs-block get "$last"
}

@test "a torn line at the end of the pin journal is cut off" {
	cid=$(echo hello | ipfrs-add -Q -)
	printf '99\t+\tr\tQmTorn' >> "$IPFRS_PATH/pins/journal"
	try 0 ipfrs-fsck -r
	good
	[[ $(ipfrs-pin ls) == *"$cid"* ]]
	other=$(echo other | ipfrs-add -Q -)
	[[ $(ipfrs-pin ls) == *"$other"* ]]
}

@test "the board and the folder for temporary files may vanish" {
	cid=$(echo hello | ipfrs-add -Q -)
	rm -rf "$IPFRS_PATH/board" "$IPFRS_PATH/tmp"
	try 0 ipfrs-fsck -r
	good
	echo more | ipfrs-add -Q -
	try 0 ipfrs-cat "$cid"
}

@test "-0 ends records with NUL" {
	lost=$(echo this one is hit | ipfrs-block put -)
	flip "$(seg)" "this one is hit"
	ipfrs-fsck -q -0 > out || [ $? -eq 1 ]
	[ "$(tr -cd '\n' < out | wc -c)" -eq 0 ]
	[ "$(tr -cd '\0' < out | wc -c)" -ge 1 ]
}

@test "checking needs no permission to write" {
	echo hello | ipfrs-add -Q -
	chmod -R a-w "$IPFRS_PATH"
	run --separate-stderr as_user ipfrs-fsck
	[ "$status" -eq 0 ]
	chmod -R u+w "$IPFRS_PATH"
}
