# ipfrs.bats - the dispatcher

load ../helper

@test "without operands the commands are listed by group" {
	try 0 ipfrs
	silent
	[ "${lines[0]}" = "store:" ]
	[[ $output == *"  init       make an empty store"* ]]
	while IFS=$'\t' read -r name group summary; do
		[ "$name" = ipfrs ] || [[ $output == *"  ${name#ipfrs-} "*"$summary"* ]] || { echo "$name"; return 1; }
	done < "$ROOT/cmd/COMMANDS"
}

@test "a command is the program of that name" {
	try 0 ipfrs config get store.max
	prints 0
	try 0 ipfrs ipfrs-config get store.max
	prints 0
	try 2 ipfrs config get no.such.key
	says "ipfrs-config: "
}

@test "operands and options reach it unchanged" {
	ln -s "$BIN/ipfrs" ipfrs
	mkdir fake
	cat > fake/ipfrs-config <<-'END'
	#!/bin/sh
	printf '<%s>' "$@"
	END
	chmod +x fake/ipfrs-config
	cp "$BIN/ipfrs" fake/ipfrs
	try 0 fake/ipfrs config '' 'a b' -x -- "$(printf 'n\nl')"
	prints "<><a b><-x><--><n
l>"
	try 0 fake/ipfrs -q -vv config get
	prints "<-q><-vv><get>"
}

@test "the folder of the program comes before PATH" {
	mkdir other
	printf '#!/bin/sh\necho other\n' > other/ipfrs-config
	chmod +x other/ipfrs-config
	PATH=$PWD/other:$PATH try 0 "$BIN/ipfrs" config get store.max
	prints 0
	cp "$BIN/ipfrs" alone
	PATH=$PWD/other:$PATH try 0 ./alone config get store.max
	prints other
}

@test "-S before the command names the store of the command" {
	ipfrs-init -q there
	try 0 ipfrs -S there config set store.max 1GB
	try 0 ipfrs-config get -S there store.max
	prints 1GB
	try 0 ipfrs-config get store.max
	prints 0
}

@test "unknown commands are a mistake" {
	try 2 ipfrs nonsense
	says "unknown command 'nonsense'"
	[ -z "$output" ]
	try 2 ipfrs help nonsense
	try 2 ipfrs help cat too-many
	try 2 ipfrs version 2
	try 2 ipfrs ''
	try 2 ipfrs ../../../bin/ls
}

@test "help opens the manual of a command" {
	printf '#!/bin/sh\necho "man $*"\n' > man
	chmod +x man
	PATH=$PWD:$PATH try 0 ipfrs help config
	[[ $output == "man "*ipfrs-config* ]]
	PATH=$PWD:$PATH try 0 ipfrs help
	[[ $output == "man "*ipfrs* ]]
	PATH=$PWD:$PATH try 0 ipfrs help ipfrs
	[[ $output == "man "*ipfrs.1 ]] || [[ $output == "man ipfrs" ]]
}

@test "version" {
	try 0 ipfrs version
	prints "ipfrs $(cat "$ROOT/VERSION")"
}

@test "the exit status of the command is that of ipfrs" {
	try 1 ipfrs -S none config get store.max
	try 2 ipfrs config
}
