# ipfrs-init.bats

load ../helper

@test "makes a store where -S, the environment or the operand says" {
	try 0 ipfrs-init -q -S one
	[ -z "$output" ] && silent
	IPFRS_PATH=two try 0 ipfrs-init -q
	try 0 ipfrs-init -q three
	unset IPFRS_PATH
	try 0 ipfrs-init -q
	for s in one two three "$HOME/.ipfrs"; do
		[ -f "$s/version" ] && [ -d "$s/seg" ]
		try 0 ipfrs-config get -S "$s" store.max
	done
}

@test "says where, without -q, on standard error" {
	try 0 ipfrs-init new
	[ -z "$output" ]
	says "made the store 'new'"
}

@test "a store is never overwritten" {
	ipfrs-config set store.max 77MB
	try 1 ipfrs-init
	says "ipfrs-init: "
	try 0 ipfrs-config get store.max
	prints 77MB
}

@test "a folder that is not empty is left alone" {
	mkdir full
	echo mine > full/file
	run --separate-stderr ipfrs-init full
	[ "$status" -ne 0 ]
	says full
	[ "$(ls full)" = file ]
	mkdir empty
	try 0 ipfrs-init -q empty
}

@test "-p begins with a profile" {
	try 0 ipfrs-init -q -p unixfs-v1-2025 modern
	try 0 ipfrs-config get -S modern import.cid-version import.raw-leaves import.chunker
	prints "1
yes
size-1048576"
	try 0 ipfrs-config list -S modern -s
	[ "${#lines[@]}" -ge 3 ]
}

@test "every profile makes a store" {
	for p in $(ipfrs-config profile); do
		try 0 ipfrs-init -q -p "$p" "s-$p"
		try 0 ipfrs-config list -S "s-$p"
	done
}

@test "an unknown profile is a mistake and makes nothing" {
	try 2 ipfrs-init -p nonsense new
	says nonsense
	[ ! -e new ]
}

@test "no permission is trouble, and says where" {
	mkdir locked
	chmod 555 locked
	run --separate-stderr as_user ipfrs-init locked/store
	[ "$status" -eq 4 ]
	says locked/store
	says ermission
}

@test "the first configuration tells what it is" {
	head -n 1 "$IPFRS_PATH/config" | grep -q '^#'
}
