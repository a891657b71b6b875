load ../helper

FILES=bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy

fixture() {
	"$ROOT/tests/car-put" "$ROOT/tests/golden/unixfs/$1.car"
}

@test "a file, a directory, a raw block" {
	fixture dir-with-files
	try 0 ipfrs-stat $FILES/multiblock.txt
	prints "path	$FILES/multiblock.txt
cid	bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa
type	file
size	1026
cumulative	1271
links	5
block	245"
	silent
	try 0 ipfrs-stat $FILES
	prints "path	$FILES
cid	$FILES
type	directory
size	0
cumulative	1572
links	4
block	227"
	try 0 ipfrs-stat $FILES/hello.txt
	[ "${lines[2]}" = $'type\tfile' ]
	[ "${lines[3]}" = $'size\t12' ]
}

@test "blocks below, each once" {
	fixture dir-with-files
	try 0 ipfrs-stat -b $FILES
	[ "${lines[7]}" = $'blocks\t9' ]
	[ "${lines[8]}" = $'bytes\t1541' ]
}

@test "a HAMT, a symlink, mode and mtime" {
	fixture single-layer-hamt-with-multi-block-files
	fixture symlink
	try 0 ipfrs-stat bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i
	[[ $output == *$'type\tdirectory'* ]]
	[[ $output == *$'layout\thamt'* ]]
	[[ $output == *$'block\t12046'* ]]
	try 0 ipfrs-stat QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5
	[[ $output == *$'type\tsymlink\nsize\t3'* ]]
	# empty file, mode 0764, mtime 1603539720 and 54321 ns
	c=$(printf '\x0a\x14\x08\x02\x18\x00\x38\xf4\x03\x42\x0b\x08\x88\xa6\xd0\xfc\x05\x15\x31\xd4\x00\x00' |
		ipfrs-block put -c v0 -)
	[ $c = QmUkxrtBA8tPjwCYz1HrsoRfDz6NgKut3asVeHVQNH4C8L ]
	try 0 ipfrs-stat $c
	[[ $output == *$'mode\t0764\nmtime\t2020-10-24T11:42:00.000054321Z'* ]]
	# the year 2^55 is not in the calendar
	c=$(printf '\x0a\x10\x08\x02\x18\x00\x42\x0a\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40' |
		ipfrs-block put -c v0 -)
	try 0 ipfrs-stat $c
	[[ $output == *$'mtime\t@4611686018427387904.000000000'* ]]
}

@test "JSON" {
	fixture dir-with-files
	try 0 ipfrs-stat -j -b $FILES/hello.txt
	prints "{\"path\":\"$FILES/hello.txt\",\"cid\":\"bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4\",\"type\":\"file\",\"size\":12,\"cumulative\":12,\"links\":0,\"block\":12,\"blocks\":1,\"bytes\":12}"
}

@test "a block that is no file" {
	c=$(printf '\x0a\x00' | ipfrs-block put -c dag-pb -)
	try 0 ipfrs-stat $c
	prints "path	$c
cid	$c
type	block
block	2"
}

@test "the store" {
	try 0 ipfrs-stat -a
	[ "${lines[1]}" = $'blocks\t0' ]
	echo x > x
	ipfrs-block put -p x
	try 0 ipfrs-stat -a
	[ "${lines[1]}" = $'blocks\t1' ]
	[ "${lines[2]}" = $'bytes\t2' ]
	[[ $output == *$'pins\t1'* ]]
	try 0 ipfrs-stat -a -j
	[[ $output == '{"path":"'*'"blocks":1,'*'"pins":1}' ]]
	try 2 ipfrs-stat -a operand
}

@test "several, and one that is not there" {
	fixture dir-with-files
	try 1 ipfrs-stat $FILES/hello.txt $FILES/nope $FILES/ascii.txt
	[ "$(grep -c '^cid' <<< "$output")" -eq 2 ]
	says 'no link named "nope"'
}
