# ipfrs-gc.bats

load ../helper

TAB=$'\t'

@test "garbage goes, what is pinned stays" {
	bytes 700000 1 > kept
	bytes 500000 2 > loose
	kept=$(ipfrs-add -Q kept)
	loose=$(ipfrs-add -PQ loose)
	try 0 ipfrs-gc -n
	[ "${lines[0]}" = "blocks${TAB}3" ]
	[ "${lines[2]}" = "kept${TAB}4" ]
	ipfrs-cat "$loose" | cmp - loose
	try 0 ipfrs-gc
	[ "${lines[0]}" = "blocks${TAB}3" ]
	silent
	ipfrs-cat "$kept" | cmp - kept
	try 1 ipfrs-cat "$loose"
	try 0 ipfrs-gc
	[ "${lines[0]}" = "blocks${TAB}0" ]
	ipfrs-pin rm "$kept"
	try 0 ipfrs-gc -q
	prints ''
	try 1 ipfrs-cat "$kept"
	try 0 ipfrs-fsck
}

@test "the space is given back" {
	bytes 20000000 1 > big
	bytes 100000 2 > small
	big=$(ipfrs-add -PQ big)
	small=$(ipfrs-add -Q small)
	before=$(du -s "$IPFRS_PATH" | cut -f1)
	try 0 ipfrs-gc
	after=$(du -s "$IPFRS_PATH" | cut -f1)
	[ $((before - after)) -gt 19000 ]
	[ "${lines[3]}" = "freed${TAB}${lines[3]#*$TAB}" ]
	[ "${lines[3]#*$TAB}" -gt 19000000 ]
	ipfrs-cat "$small" | cmp - small
}

@test "lists and JSON" {
	x=$(echo loose | ipfrs-block put -)
	try 0 ipfrs-gc -n -j
	[[ $output == '{"blocks":1,"bytes":6,"kept":0,"disk":'*',"dry_run":true}' ]]
	try 0 ipfrs-gc -n -c -j
	prints "{\"cid\":\"$x\",\"size\":6}"
	try 0 ipfrs-gc -c
	prints "$x"
	try 0 ipfrs-gc -c
	prints ''
	try 0 ipfrs-gc -j
	[[ $output == '{"blocks":0,"bytes":0,"kept":0,"freed":0,"disk":'*',"dry_run":false}' ]]
}

@test "keep so many bytes: loose blocks first, then the oldest additions" {
	ipfrs-config set store.segment 1MiB
	for i in 1 2 3 4; do
		bytes 1500000 $i > f$i
		cid[i]=$(ipfrs-add -PQ f$i)
	done
	ipfrs-add -PQ f1 > /dev/null			# the newest now
	bytes 300000 9 > pinned
	pinned=$(ipfrs-add -Q pinned)
	bytes 1000000 8 | ipfrs-block put - > /dev/null 	# remembered, too
	try 0 ipfrs-gc -k 1TB
	[ "${lines[0]}" = "blocks${TAB}0" ]
	try 0 ipfrs-gc -k 6MB
	disk=$(du -s --block-size=1 "$IPFRS_PATH" | cut -f1)
	[ "$disk" -le 6000000 ]
	try 1 ipfrs-cat "${cid[2]}"
	ipfrs-cat "${cid[4]}" | cmp - f4
	ipfrs-cat "${cid[1]}" | cmp - f1
	try 1 ipfrs-gc -k 1k
	says 'what is left is pinned or in use'
	try 1 ipfrs-cat "${cid[1]}"
	ipfrs-cat "$pinned" | cmp - pinned
	try 0 ipfrs-fsck
}

@test "what was unpinned counts as just added" {
	ipfrs-config set store.segment 1MiB
	bytes 1500000 1 > was
	bytes 1500000 2 > old
	was=$(ipfrs-add -Q was)
	old=$(ipfrs-add -PQ old)
	ipfrs-pin rm "$was" > /dev/null
	try 0 ipfrs-gc -k 2500000
	try 1 ipfrs-cat "$old"
	ipfrs-cat "$was" | cmp - was
}

@test "a quota is kept when things are added" {
	ipfrs-config set store.max 4MiB
	ipfrs-config set store.segment 1MiB
	bytes 500000 99 > pinned
	pinned=$(ipfrs-add -Q pinned)
	for i in 1 2 3 4 5 6 7 8; do
		bytes 900000 $i > f
		ipfrs-add -PQ f > last
		disk=$(du -s --block-size=1 "$IPFRS_PATH" | cut -f1)
		[ "$disk" -le 4194304 ]
		ipfrs-cat "$(cat last)" | cmp - f
	done
	ipfrs-cat "$pinned" | cmp - pinned
	bytes 5000000 50 > toobig
	try 4 ipfrs-add -Q toobig
	says store.max
	prints ''
	try 0 ipfrs-fsck
}

@test "what ipfrs-add -c remembers goes with the file and with the block" {
	mkdir d
	for i in 1 2 3; do
		bytes 1000 $i > d/$i
	done
	bytes 1000 4 > alone
	touch -d '2020-01-01' d/* alone
	sleep 2.1
	ipfrs-add -c -Q -r d > /dev/null
	alone=$(ipfrs-add -c -Q alone)
	try 0 ipfrs-gc -v -q
	silent
	rm d/2
	ipfrs-pin rm "$alone" > /dev/null
	try 0 ipfrs-gc -n -v
	silent
	try 0 ipfrs-gc -v
	says '2 files forgotten that ipfrs-add -c remembered'
	try 0 ipfrs-gc -v
	silent
	try 0 ipfrs-add -v -c -Q -r d
	says '2 files, 2 of them as they were'
}

@test "below a pin that is not whole nothing is deleted" {
	mkdir d
	bytes 600000 > d/f
	root=$(ipfrs-add -rQ d)
	mid=$(ipfrs-resolve "$root/f")
	leaf=$(ipfrs-refs "$mid" | head -n 1)
	x=$(echo loose | ipfrs-block put -)
	ipfrs-block rm -f "$mid" > /dev/null
	try 4 ipfrs-gc
	says "pin $root is not whole"
	ipfrs-block has "$leaf"
	ipfrs-block has "$x"
	ipfrs-add -rPQ d > /dev/null
	try 0 ipfrs-gc
	try 1 ipfrs-block has "$x"
	ipfrs-cat "$root/f" | cmp - d/f
}

@test "one collection at a time" {
	python3 - "$IPFRS_PATH/board/gc" <<-'END' &
	import fcntl, os, struct, sys, time
	fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o644)
	# struct flock: an open file description lock on the first byte
	fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 1, 0))
	open("locked", "w").close()
	time.sleep(30)
	END
	pid=$!
	for i in $(seq 100); do [ -e locked ] && break; sleep 0.1; done
	try 3 ipfrs-gc
	says 'another collection runs'
	kill $pid
	wait $pid || true
	try 0 ipfrs-gc
	try 2 ipfrs-gc operand
}
