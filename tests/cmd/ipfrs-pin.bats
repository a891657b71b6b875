# ipfrs-pin.bats

load ../helper

HELLO=QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN		# "hello\n"
SITE=QmXEvVfZ7h4mzSQbynZDQBUH34mxZzQBp9zfKYXX6tw5MG		# that as index.html
NONE=bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku
TAB=$'\t'

site() {
	mkdir site
	echo hello > site/index.html
	[ "$(ipfrs-add -rPQ site)" = $SITE ]
}

@test "add, ls, rm" {
	site
	try 0 ipfrs-pin ls
	prints ''
	try 0 ipfrs-pin add $SITE
	prints $SITE
	silent
	try 0 ipfrs-pin ls
	prints "$SITE${TAB}recursive"
	try 0 ipfrs-pin ls -q
	prints $SITE
	try 0 ipfrs-pin add $SITE			# again is no mistake
	prints $SITE
	try 0 ipfrs-pin rm $SITE
	prints $SITE
	try 0 ipfrs-pin ls
	prints ''
	try 1 ipfrs-pin rm $SITE
	says 'not pinned or pinned indirectly'
}

@test "the messages of Kubo" {
	site
	ipfrs-pin add $SITE
	try 1 ipfrs-pin add -d $SITE
	says "$SITE already pinned recursively"
	try 1 ipfrs-pin rm -d $SITE
	says "$SITE is pinned recursively"
	try 1 ipfrs-pin rm $HELLO
	says 'not pinned or pinned indirectly'
	try 1 ipfrs-pin ls $NONE
	says "path '$NONE' is not pinned"
	try 2 ipfrs-pin ls -t x
	says "invalid type 'x', must be one of {direct, indirect, recursive, all}"
	try 1 ipfrs-pin update $HELLO $SITE
	says "'from' cid was not recursively pinned already"
	ipfrs-pin add $HELLO
	try 1 ipfrs-pin update $HELLO $SITE
	says "'to' cid was already recursively pinned"
	try 2 ipfrs-pin add -N "$(printf '%256s' x)" $HELLO
	says 'pin name is 256 bytes (max 255 bytes)'
}

@test "names: given, kept, changed, searched for" {
	site
	try 0 ipfrs-pin add -N 'my site' $SITE
	ipfrs-pin add $HELLO
	try 0 ipfrs-pin ls $SITE
	prints "$SITE${TAB}recursive${TAB}my site"
	ipfrs-pin add $SITE
	try 0 ipfrs-pin ls -N y -q
	prints $SITE
	try 0 ipfrs-pin ls -N Y
	prints ''
	ipfrs-pin add -N $'two\nlines\tand a tab' $SITE
	try 0 ipfrs-pin ls $SITE
	prints "$SITE${TAB}recursive${TAB}two\\nlines\\tand a tab"
	try 0 ipfrs-pin ls -j $SITE
	prints "{\"cid\":\"$SITE\",\"type\":\"recursive\",\"name\":\"two\\nlines\\tand a tab\"}"
	[ "$(ipfrs-pin ls -0 $SITE | tr '\n\0' '|\n')" = "$SITE${TAB}recursive${TAB}two|lines${TAB}and a tab" ]
	try 2 ipfrs-pin add -N $'\xff' $SITE
}

@test "kinds of pins" {
	site
	ipfrs-pin add $SITE
	x=$(echo direct | ipfrs-block put -)
	try 0 ipfrs-pin add -d $x
	prints "$x"
	try 0 ipfrs-pin ls -t direct
	prints "$x${TAB}direct"
	try 0 ipfrs-pin ls -t recursive
	prints "$SITE${TAB}recursive"
	try 0 ipfrs-pin ls -t indirect
	prints "$HELLO${TAB}indirect"
	try 0 ipfrs-pin ls -t all -q
	[ "$(sort <<< "$output")" = "$(printf '%s\n' $SITE "$x" $HELLO | sort)" ]
	try 0 ipfrs-pin ls -q
	[ ${#lines[@]} -eq 2 ]
	try 0 ipfrs-pin ls /ipfs/$SITE/index.html
	prints "$HELLO${TAB}indirect through $SITE"
	try 0 ipfrs-pin ls -j $HELLO
	prints "{\"cid\":\"$HELLO\",\"type\":\"indirect\",\"through\":\"$SITE\"}"
	try 1 ipfrs-pin ls -t direct $HELLO
	try 0 ipfrs-pin add "$x"				# takes the place of the direct one
	try 0 ipfrs-pin ls "$x"
	prints "$x${TAB}recursive"
}

@test "paths and lists on standard input" {
	site
	try 0 ipfrs-pin add /ipfs/$SITE/index.html
	prints $HELLO
	try 1 ipfrs-pin add /ipfs/$SITE/nothing
	for i in 1 2 3 4 5; do echo $i | ipfrs-block put -; done > cids
	try 1 bash -c "{ cat cids; echo $NONE; } | ipfrs-pin add -N many"
	prints "$(cat cids)"
	says "$NONE"
	try 0 ipfrs-pin ls -q -N many
	[ "$(sort <<< "$output")" = "$(sort cids)" ]
	try 0 bash -c "tr '\n' '\0' < cids | ipfrs-pin rm -0 | tr '\0' '\n'"
	prints "$(cat cids)"
	try 2 bash -c "ipfrs-pin add 'not/a/path:'"
	try 2 ipfrs-pin
	try 2 ipfrs-pin nonsense
}

@test "an acknowledgement does not wait for the next name" {
	x=$(echo one | ipfrs-block put -)
	mkfifo in out
	ipfrs-pin add < in > out &
	pid=$!
	exec 5> in 6< out
	echo "$x" >&5
	read -r -t 10 answer <&6
	[ "$answer" = "$x" ]
	exec 5>&- 6<&-
	wait "$pid"		# not the clock of bats, which is a child too
}

@test "more than a batch at once" {
	python3 - <<-'END' > cids
	import base64, hashlib, os, subprocess
	os.mkdir("d")
	for i in range(1500):
	    open("d/%d" % i, "w").write("block %d" % i)
	END
	ls d | sed 's,^,d/,' | ipfrs-block put > cids
	try 0 bash -c 'ipfrs-pin add -q < cids'
	prints ''
	[ "$(ipfrs-pin ls -q | sort)" = "$(sort cids)" ]
	ipfrs-pin rm -q < cids
	[ -z "$(ipfrs-pin ls -q)" ]
	try 0 ipfrs-fsck
}

@test "update moves the pin and its name" {
	site
	ipfrs-pin add -N site $SITE
	echo news > site/news.html
	new=$(ipfrs-add -rPQ site)
	try 0 ipfrs-pin update $SITE "$new"
	prints "$new"
	try 0 ipfrs-pin ls
	prints "$new${TAB}recursive${TAB}site"
	try 0 ipfrs-pin update -k "$new" $SITE
	try 0 ipfrs-pin ls -N site -q
	[ ${#lines[@]} -eq 2 ]
	try 1 ipfrs-pin update $SITE $NONE
	try 2 ipfrs-pin update $SITE
}

@test "incomplete is not pinned, and a lost block is told by verify" {
	site
	ipfrs-pin add $SITE
	try 0 ipfrs-pin verify
	prints ''
	try 0 ipfrs-pin verify -v
	prints "$SITE${TAB}ok"
	try 0 ipfrs-pin verify -v -j
	prints "{\"cid\":\"$SITE\",\"ok\":true}"
	ipfrs-block rm -f $HELLO
	try 1 ipfrs-pin verify
	[[ $output == "$SITE${TAB}broken${TAB}$HELLO${TAB}"* ]]
	try 1 ipfrs-pin verify -j
	[[ $output == "{\"cid\":\"$SITE\",\"ok\":false,\"block\":\"$HELLO\",\"error\":"* ]]
	try 1 ipfrs-pin verify -q
	prints ''
	ipfrs-pin rm $SITE
	try 1 ipfrs-pin add $SITE
	says $HELLO
	try 0 ipfrs-pin add -d $SITE
}

@test "no store, and no permission to write" {
	try 1 ipfrs-pin ls -S none
	says ipfrs-init
	site
	ipfrs-pin add $SITE > /dev/null
	chmod -R a+rX,a-w "$IPFRS_PATH"
	chmod a+rx "$BATS_TEST_TMPDIR"
	as_user ipfrs-pin ls -q > out
	[ "$(cat out)" = $SITE ]
	run -4 as_user ipfrs-pin rm $SITE
	chmod -R u+w "$IPFRS_PATH"
}

@test "a pinned block is not removed under another of its CIDs" {
	x=$(echo pinned | ipfrs-block put -)
	y=$(echo loose | ipfrs-block put -)
	other=$(ipfrs-cid format -c dag-pb "$x")
	[ "$other" != "$x" ]
	ipfrs-pin add "$x"
	try 1 ipfrs-block rm "$other"
	says "pinned via $x"
	try 1 ipfrs-block rm "$other" "$y"
	says "pinned: indirect"
	prints "$y"
	ipfrs-block has "$x"
}
