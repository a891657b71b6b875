# quickstart.bats - scripts/quickstart ends with a served page and its URL, and leaves no server behind

load helper

# nobody answers there any more
gone() {
	! curl -s -m 2 -o page "$1"
}

@test "without a terminal: a page comes through, and the server is gone" {
	export IPFRS_PATH=$BATS_TEST_TMPDIR/quick
	try 0 sh "$ROOT/scripts/quickstart" < /dev/null
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} == http://127.0.0.1:*/ipfs/${lines[0]}/ ]]
	ipfrs-cat "/ipfs/${lines[0]}/README.md" | cmp - "$ROOT/README.md"
	gone "${lines[1]}"
}

@test "on a terminal: it serves until Enter" {
	export IPFRS_PATH=$BATS_TEST_TMPDIR/quick
	python3 -c 'import pty; pty.openpty()' 2> /dev/null || skip 'there are no terminals here'
	python3 - "$ROOT/scripts/quickstart" > said <<-'END'
	import os, pty, subprocess, sys, urllib.request
	us, it = pty.openpty()
	p = subprocess.Popen(["sh", sys.argv[1]], stdin=it, stdout=subprocess.PIPE, text=True)
	os.close(it)
	p.stdout.readline()
	url = p.stdout.readline().strip()
	assert b"README.md" in urllib.request.urlopen(url, timeout=20).read()
	os.write(us, b"\n")
	assert p.wait(60) == 0
	print(url)
	END
	gone "$(cat said)"
}
