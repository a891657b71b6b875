load ../helper

@test "an untouched store has an empty tree, and reading makes nothing" {
	try 0 ipfrs-files ls
	prints ""
	try 0 ipfrs-files stat /
	[ "${lines[1]}" = "cid	QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn" ]
	[ ! -e "$IPFRS_PATH/names/mfs" ]
	try 0 ipfrs-files flush
	prints QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn
}

@test "the files of Kubo's own tests get the same names" {
	printf 'ipfs rocks\n' | ipfrs-files write -e /a
	printf 'is super cool\n' | ipfrs-files write -o 5 /a
	try 0 ipfrs-files flush /a
	prints QmQdQt9qooenjeaNhiKHF3hBvmNteB4MQBtgu3jxgf9c7i
	printf 'ipfs rocks\n' | ipfrs-files write -e -O raw-leaves=yes /raw
	printf 'is super cool\n' | ipfrs-files write -o 5 -O raw-leaves=yes /raw
	try 0 ipfrs-files flush /raw
	prints bafybeibkrazpbejqh3qun7xfnsl7yofl74o4jwhxebpmtrcpavebokuqtm
	printf 'ipfs rocks\n' | ipfrs-files write -e -O hash=blake2b-256 /b2
	printf 'is super cool\n' | ipfrs-files write -o 5 /b2
	try 0 ipfrs-files flush /b2
	prints bafykbzaceca45w2i3o3q3ctqsezdv5koakz7sxsw37ygqjg4w54m2bshzevxy
	printf 'some content\n' | ipfrs-files write -e /f
	printf 'fish\n' | ipfrs-files write -t /f
	try 0 ipfrs-files flush /f
	prints QmPVnT9gocPbqzN4G6SMp8vAPyzcjDbUJrNdKgzQquuDg4
	printf 'some content\n' | ipfrs-files write -e -1 /f1
	printf 'fish\n' | ipfrs-files write -t /f1
	try 0 ipfrs-files flush /f1
	prints bafybeigwhb3q36yrm37jv5fo2ap6r6eyohckqrxmlejrenex4xlnuxiy3e
}

@test "a directory of Kubo's own tests" {
	foo=$(printf 'foo\n' | ipfrs-add -q -P -)
	ipfrs-files mkdir /cats
	ipfrs-files cp "/ipfs/$foo" /cats/file1
	printf 'ipfs rocks\n' | ipfrs-files write -e /cats/ipfs
	printf 'is super cool\n' | ipfrs-files write -o 5 /cats/ipfs
	ipfrs-files mkdir -p /cats/this/is/a
	printf 'testing\n' | ipfrs-files write -e /cats/walrus
	try 0 ipfrs-files flush /cats
	prints Qma88m8ErTGkZHbBWGqy1C7VmEmX8wwNDWNpGyCaNmEgwC
	try 0 ipfrs-files flush
	prints QmcwKfTMCT7AaeiD92hWjnZn9b6eh9NxnhfSzN5x2vnDpt
	try 0 ipfrs-files ls /cats
	prints $'file1\nipfs\nthis\nwalrus'
	try 0 ipfrs-files ls -l /cats
	[ "${lines[0]}" = "file1	$foo	4" ]
	[[ ${lines[2]} == this/$'\t'Qm*$'\t0' ]]
	try 0 ipfrs-files ls -j -l /cats
	[[ ${lines[3]} == '{"name":"walrus","cid":"Qm'*'","type":"file","size":8}' ]]
	ipfrs-files ls -0 /cats | tr '\0' '+' > out
	[ "$(cat out)" = "file1+ipfs+this+walrus+" ]
}

@test "reading a part; what is not there" {
	printf 'hello world\n' | ipfrs-files write -e /f
	try 0 ipfrs-files read -o 6 -n 3 /f
	prints wor
	try 4 ipfrs-files read -o 13 /f
	says "ipfrs-files: /f: offset was past end of file (13 > 12)"
	try 0 ipfrs-files read -o 12 /f
	prints ""
	try 4 ipfrs-files read /
	says "/ was not a file"
	try 1 ipfrs-files read /g
	says "/g: file does not exist"
	try 4 ipfrs-files read /f/g
	says "cannot access f/g: Not a directory"
	try 2 ipfrs-files read f
	says "paths must start with a leading slash"
	try 2 ipfrs-files ls ""
	says "paths must not be empty"
	try 1 ipfrs-files write /g < /dev/null
	says "file does not exist"
	try 1 ipfrs-files write -e /no/g < /dev/null
	says "file does not exist"
	try 0 ipfrs-files ls /
	prints f
}

@test "a long file goes in and out whole" {
	bytes 5000000 > big
	ipfrs-files write -e /new big
	ipfrs-files read /new | cmp - big
	ipfrs-files write -o 100 /new big
	(head -c 100 big; cat big) > want
	ipfrs-files read /new | cmp - want
	ipfrs-files write -t /new big
	ipfrs-files read /new | cmp - big
	ipfrs-files write -e -n 3000000 /some < big
	head -c 3000000 big | cmp - <(ipfrs-files read /some)
	try 0 ipfrs-fsck
}

@test "cp, mv, rm and what they refuse" {
	cid=$(printf 'x\n' | ipfrs-add -q -P -)
	ipfrs-files mkdir /d
	try 0 ipfrs-files cp "/ipfs/$cid" /d/
	try 0 ipfrs-files ls /d
	prints "$cid"
	try 1 ipfrs-files cp "/ipfs/$cid" /d/
	says "cp: cannot put node in path /d/$cid: directory already has entry by that name"
	try 0 ipfrs-files cp -f "/ipfs/$cid" /d/
	try 4 ipfrs-files cp -f "/ipfs/$cid" /d
	says "cp: cannot unlink existing file: not a file: /d"
	try 1 ipfrs-files cp /none /e
	says "cp: cannot get node from path /none: file does not exist"
	cbor=$(echo '{"a":1}' | ipfrs-dag put -)
	try 4 ipfrs-files cp "/ipfs/$cbor" /e
	says "cp: source must be a valid UnixFS (dag-pb or raw codec)"
	try 0 ipfrs-files mv "/d/$cid" /f
	try 4 ipfrs-files mv /d /d
	says "cannot move '/d' into itself"
	try 4 ipfrs-files mv /d /d/e
	try 0 ipfrs-files mv /f /d
	try 0 ipfrs-files mv /d/f /d/f
	try 0 ipfrs-files ls /d
	prints f
	try 2 ipfrs-files rm /d /none /
	says "/d: path is a directory, use -r to remove directories"
	says "/none: file does not exist"
	says "/: cannot delete root"
	try 0 ipfrs-files rm -f /none /d
	try 0 ipfrs-files ls
	prints ""
	try 1 ipfrs-files mkdir /
	says "cannot create directory '/': Already exists"
	try 0 ipfrs-files mkdir -p /
	ipfrs-files mkdir /d
	try 1 ipfrs-files mkdir /d
	says "file already exists"
	try 0 ipfrs-files mkdir -p /d
	try 1 ipfrs-files mkdir /x/y
}

@test "modes, times, and other names" {
	printf 'x' | ipfrs-files write -e /f
	ipfrs-files mkdir /d
	ipfrs-files chmod 0640 /f /d
	ipfrs-files touch -T 1630937926.5 /f
	try 0 ipfrs-files stat /f
	[[ $output == *$'mode\t0640\nmtime\t2021-09-06T14:18:46.500000000Z' ]]
	ipfrs-files touch /d
	try 0 ipfrs-files stat -j /d
	[[ $output == *"\"mode\":\"0640\",\"mtime\":\"$(date -u +%Y)-"* ]]
	try 2 ipfrs-files chmod 9 /f
	says 'strconv.ParseInt: parsing "9": invalid syntax'
	ipfrs-files chcid -1 /d
	try 0 ipfrs-files flush /d
	[[ $output == bafy* ]]
	try 2 ipfrs-files chcid -1 /
	says "cannot change CID format of the MFS root"
	try 2 ipfrs-files chcid -1 /f
	says "can only update directories"
	try 2 ipfrs-files mkdir -O hash=none /x
	try 2 ipfrs-files mkdir -O color=red /x
}

@test "what a name stands for can be copied" {
	cid=$(printf 'x\n' | ipfrs-add -q -)
	ipfrs-key gen k > key
	ipfrs-name publish -k k "/ipfs/$cid"
	try 0 ipfrs-files cp "/ipns/$(cat key)" /f
	try 0 ipfrs-files read /f
	prints x
	try 0 ipfrs-files stat "/ipns/$(cat key)"
}

@test "gc keeps the tree, and nothing else" {
	bytes 300000 | ipfrs-files write -e /keep
	ipfrs-files flush > root
	bytes 300000 2 | ipfrs-files write -e /drop
	ipfrs-files rm /drop
	try 0 ipfrs-gc -q
	try 0 ipfrs-files flush
	prints "$(cat root)"
	bytes 300000 | cmp - <(ipfrs-files read /keep)
	[ "$(ipfrs-stat -a | sed -n 's/^blocks\t//p')" -le 5 ]
}

@test "a store that is too full takes no more, and lets go" {
	ipfrs-config set store.max 4MB
	bytes 1000000 1 | ipfrs-files write -e /keep
	for i in 2 3 4 5 6; do		# what was removed makes room
		bytes 1000000 $i | ipfrs-files write -e /f
		ipfrs-files rm /f
	done
	bytes 1000000 7 | ipfrs-files write -e /a
	bytes 1000000 8 | ipfrs-files write -e /b
	ipfrs-config set store.max 3MB
	bytes 1000000 9 > more
	try 4 ipfrs-files write -e /c more
	says "the store is full"
	try 0 ipfrs-files ls
	prints $'a\nb\nkeep'
	try 0 ipfrs-files rm /a
	ipfrs-files rm /b
	try 0 ipfrs-files write -e /c more
	bytes 1000000 1 | cmp - <(ipfrs-files read /keep)
	cmp more <(ipfrs-files read /c)
}

@test "without waiting for the disk, and then with" {
	for i in 1 2 3 4 5; do
		echo $i | ipfrs-files write -u -e /f$i
	done
	try 0 ipfrs-files flush /f3
	try 0 ipfrs-files read /f5
	prints 5
	try 0 ipfrs-fsck
}

@test "a root that got lost" {
	ipfrs-files mkdir /one
	good=$(ipfrs-files flush)
	ipfrs-files mkdir /two
	try 2 ipfrs-files chroot
	says "say -f"
	try 0 ipfrs-files chroot -f "/ipfs/$good"
	try 0 ipfrs-files ls
	prints one
	ipfrs-block rm "$good"
	try 1 ipfrs-files ls
	try 1 ipfrs-fsck
	[[ $output$stderr == *"names/mfs: the root of the files, $good"* ]]
	try 0 ipfrs-files chroot -f
	prints "$good"
	try 0 ipfrs-files ls
	prints ""
}

@test "a root the index knows" {
	printf x | ipfrs-files write -e /f
	printf y | ipfrs-files write -e /g
	printf '\377\377\377' | dd of="$IPFRS_PATH/names/mfs" bs=1 seek=10 conv=notrunc status=none
	printf '\377\377\377' | dd of="$IPFRS_PATH/names/mfs" bs=1 seek=4106 conv=notrunc status=none
	try 0 ipfrs-files ls
	prints $'f\ng'
	try 1 ipfrs-fsck
	prints $'fault\tnames/mfs: both slots are damaged'
	try 0 ipfrs-fsck -r
	try 0 ipfrs-fsck
	try 0 ipfrs-gc
	try 0 ipfrs-files read /g
	prints y
	rm -r "$IPFRS_PATH/index"	# and the file says so, too
	try 0 ipfrs-reindex
	try 0 ipfrs-files ls
	prints $'f\ng'
}

@test "a root nobody knows any more" {
	printf x | ipfrs-files write -e /f
	printf y | ipfrs-files write -u -e /g	# one that is in the file alone
	dd if=/dev/zero of="$IPFRS_PATH/names/mfs" bs=1 seek=20 count=4 conv=notrunc status=none
	try 0 ipfrs-files ls	# one slot is enough
	try 0 ipfrs-fsck
	printf '\377\377\377' | dd of="$IPFRS_PATH/names/mfs" bs=1 seek=10 conv=notrunc status=none
	printf '\377\377\377' | dd of="$IPFRS_PATH/names/mfs" bs=1 seek=4106 conv=notrunc status=none
	try 4 ipfrs-files ls
	says "run 'ipfrs-fsck -r'"
	try 4 ipfrs-files mkdir /d
	try 4 ipfrs-gc		# all of it would look like garbage
	try 1 ipfrs-fsck
	prints $'fault\tnames/mfs: both slots are damaged, the root of the files is lost'
	try 0 ipfrs-fsck -r
	try 0 ipfrs-fsck
	try 0 ipfrs-files ls
	prints ""
	try 0 ipfrs-files mkdir /d
}
