# clone.bats - on filesystems that share extents (btrfs, XFS) the store shares them with the files it
# was given and with those it gives, and stays right when the files change later.
load helper

# mounted TYPE COMMAND ... - run with the working folder on a fresh filesystem of that type
on() {
	local type=$1 img=$BATS_TEST_TMPDIR/img dir=$BATS_TEST_TMPDIR/disk

	command -v "mkfs.$type" > /dev/null || skip "no mkfs.$type"
	truncate -s 400M "$img"
	case $type in
	xfs) mkfs.xfs -q -m reflink=1 "$img" ;;
	*)   mkfs.btrfs -q "$img" > /dev/null ;;
	esac || skip "mkfs.$type failed"
	mkdir "$dir"
	mount -o loop "$img" "$dir" 2> /dev/null || skip "may not mount here"
	cd "$dir"
	export IPFRS_PATH=$dir/store
	ipfrs-init -q
}

teardown() {
	cd /
	if mountpoint -q "$BATS_TEST_TMPDIR/disk"; then umount "$BATS_TEST_TMPDIR/disk"; fi
}

# KiB in use on this filesystem
used() {
	sync -f .
	df --output=used . | tail -n 1
}

shares() {
	head -c 33554432 /dev/urandom > source
	cp source /var/tmp/clone.$$
	before=$(used)
	cid=$(ipfrs-add -Q "$@" source)
	after=$(used)
	echo "# used $before before, $after after adding 32 MiB" >&3
	# a copy would take 32768 KiB more; metadata, pads and the index take a few hundred
	[ $((after - before)) -lt 8192 ]
	ipfrs-fsck
	# the source changes: the store does not
	dd if=/dev/zero of=source bs=1M seek=3 count=2 conv=notrunc status=none
	ipfrs-cat "$cid" | cmp - /var/tmp/clone.$$
	before=$(used)
	ipfrs-get -o copy "$cid"
	after=$(used)
	cmp copy /var/tmp/clone.$$
	echo "# used $before before, $after after getting 32 MiB" >&3
	[ $((after - before)) -lt 8192 ]
	# the copy changes: the store does not
	dd if=/dev/zero of=copy bs=1M count=1 conv=notrunc status=none
	ipfrs-cat "$cid" | cmp - /var/tmp/clone.$$
	rm -f /var/tmp/clone.$$ source copy
	ipfrs-fsck
	ipfrs-reindex
	ipfrs-cat "$cid" | sha256sum > again
	ipfrs-fsck
}

@test "btrfs: adding and getting share extents, dag-pb leaves" {
	on btrfs
	shares
}

@test "btrfs: adding and getting share extents, raw leaves" {
	on btrfs
	shares -O cid-version=1
}

@test "XFS: adding and getting share extents, dag-pb leaves" {
	on xfs
	shares
}

@test "XFS: adding and getting share extents, 1 MiB raw leaves" {
	on xfs
	shares -O profile=unixfs-v1-2025
}
