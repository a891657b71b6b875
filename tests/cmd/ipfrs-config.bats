# ipfrs-config.bats

load ../helper

@test "get prints defaults and what is set" {
	try 0 ipfrs-config get store.max store.segment
	prints "0
256MiB"
	ipfrs-config set store.max 5GB
	try 0 ipfrs-config get store.max
	prints 5GB
}

@test "get takes keys from standard input" {
	printf 'store.max\nstore.segment\n' | ipfrs-config get > out
	[ "$(cat out)" = "0
256MiB" ]
	printf 'store.max\0store.segment\0' | ipfrs-config get -0 | tr '\0' '|' > out
	[ "$(cat out)" = "0|256MiB|" ]
}

@test "unset goes back to the default" {
	ipfrs-config set store.max 5GB
	try 0 ipfrs-config unset store.max
	try 0 ipfrs-config get store.max
	prints 0
	try 0 ipfrs-config list -s
	[[ $output != *store.max* ]]
}

@test "unknown keys and bad values are refused and change nothing" {
	cp "$IPFRS_PATH/config" before
	try 2 ipfrs-config get no.such
	says no.such
	try 2 ipfrs-config set no.such 1
	says no.such
	try 2 ipfrs-config unset no.such
	try 2 ipfrs-config set store.max plenty
	says store.max
	try 2 ipfrs-config set import.layout sideways
	try 2 ipfrs-config set import.hash sha2-nonsense
	try 2 ipfrs-config set store.max "1
import.layout = trickle"
	cmp "$IPFRS_PATH/config" before
}

@test "with a bad key among good ones get goes on" {
	try 2 ipfrs-config get no.such store.max
	prints 0
}

@test "operands are counted" {
	try 2 ipfrs-config
	says get
	try 2 ipfrs-config set store.max
	try 2 ipfrs-config set store.max 1 2
	try 2 ipfrs-config unset
	try 2 ipfrs-config list x
	try 2 ipfrs-config edit x
	try 2 ipfrs-config profile a b
	try 2 ipfrs-config nonsense
}

@test "list shows every key with what it means" {
	ipfrs-config set store.max 5GB
	try 0 ipfrs-config list
	silent
	[ "$(awk -F '\t' 'NF != 4' <<< "$output")" = "" ]
	[[ $output == *"store.max	5GB	set	"* ]]
	[[ $output == *"store.segment	256MiB	default	"* ]]
	try 0 ipfrs-config list -s
	[ "$output" = "$(ipfrs-config list | awk -F '\t' '$3 == "set"')" ]
}

@test "every key is in a manual, with its default, and no others" {
	local one=$ROOT/man/ipfrs-config.1 five=$ROOT/man/ipfrs-store.5 key value line want

	ipfrs-config list | cut -f 1,2 > list
	while IFS=$'\t' read -r key value; do
		grep -q "^\.It Li $key$" "$five" || grep -q "^\.It Va $key\( \|$\)" "$one" || { echo "$key is in no manual"; return 1; }
	done < list
	# the default stands behind the name
	while IFS=$'\t' read -r key value; do
		line=$(grep "^\.It Va $key\( \|$\)" "$one") || continue
		case $value in
		'') want=".It Va $key" ;;
		*' '*) want=".It Va $key Pq Li \"$value\"" ;;
		*) want=".It Va $key Pq Li $value" ;;
		esac
		[ "$line" = "$want" ] || { echo "is: $line"; echo "not: $want"; return 1; }
	done < list
	sed -n 's/^\.It Va \([a-z]*\.[a-z-]*\).*/\1/p' "$one" | while read -r key; do
		cut -f 1 list | grep -qx "$key" || { echo "there is no $key"; exit 1; }
	done
}

@test "list -j prints JSON" {
	ipfrs-config set store.max 5GB
	ipfrs-config list -j | python3 -c '
import json, sys
rows = {r["key"]: r for r in map(json.loads, sys.stdin)}
assert rows["store.max"]["value"] == "5GB" and rows["store.max"]["set"] is True
assert rows["store.segment"]["set"] is False and rows["store.segment"]["help"]
'
}

@test "comments and order survive set and unset" {
	cat > "$IPFRS_PATH/config" <<-'END'
	# mine
	store.max = 1GB

	# layout
	import.layout = trickle
	END
	ipfrs-config set store.max 2GB
	ipfrs-config set gc.compact 60
	ipfrs-config unset import.layout
	try 0 cat "$IPFRS_PATH/config"
	[ "${lines[0]}" = "# mine" ]
	[ "${lines[1]}" = "store.max = 2GB" ]
	[[ $output == *"# layout"* ]]
	[[ $output != *trickle* ]]
	[[ $output == *"gc.compact = 60"* ]]
}

@test "profiles are listed, applied, and unknown ones refused" {
	try 0 ipfrs-config profile
	[[ $output == *unixfs-v0-2015* ]]
	[[ $output == *unixfs-v1-2025* ]]
	try 0 ipfrs-config profile unixfs-v1-2025
	try 0 ipfrs-config get import.cid-version
	prints 1
	try 2 ipfrs-config profile nonsense
}

@test "edit saves a good text" {
	printf '#!/bin/sh\necho "store.max = 3GB" >> "$1"\n' > editor
	chmod +x editor
	EDITOR=$PWD/editor try 0 ipfrs-config edit
	try 0 ipfrs-config get store.max
	prints 3GB
}

@test "edit: VISUAL beats EDITOR, may hold options, and files may be replaced" {
	printf '#!/bin/sh\n[ "$1" = -x ] || exit 1\necho "store.max = 4GB" > "$2.new"\nmv "$2.new" "$2"\n' > 'my editor'
	chmod +x 'my editor'
	VISUAL="'$PWD/my editor' -x" EDITOR=false try 0 ipfrs-config edit
	try 0 ipfrs-config get store.max
	prints 4GB
}

@test "edit: a mistake is not saved, and the text is kept" {
	cp "$IPFRS_PATH/config" before
	printf '#!/bin/sh\necho "store.max = plenty" >> "$1"\n' > editor
	chmod +x editor
	TMPDIR=$PWD EDITOR=$PWD/editor try 4 ipfrs-config edit
	says store.max
	says "your text is in"
	cmp "$IPFRS_PATH/config" before
	grep -q plenty ipfrs-config.*
}

@test "edit: an editor that fails, or changes nothing, changes nothing" {
	cp "$IPFRS_PATH/config" before
	printf '#!/bin/sh\necho "store.max = 3GB" >> "$1"\nexit 3\n' > editor
	chmod +x editor
	TMPDIR=$PWD EDITOR=$PWD/editor try 4 ipfrs-config edit
	TMPDIR=$PWD EDITOR=true try 0 ipfrs-config edit
	cmp "$IPFRS_PATH/config" before
	! ls ipfrs-config.* 2> /dev/null
}

@test "edit: a change made meanwhile is not overwritten" {
	printf '#!/bin/sh\necho "store.max = 3GB" >> "$1"\nipfrs-config set store.max 9GB\n' > editor
	chmod +x editor
	TMPDIR=$PWD EDITOR=$PWD/editor try 3 ipfrs-config edit
	try 0 ipfrs-config get store.max
	prints 9GB
}

@test "a damaged file is told by line, and edit can mend it" {
	printf '# one\nstore.max = 1GB\nnonsense here\n' > "$IPFRS_PATH/config"
	try 4 ipfrs-config get store.max
	says 3
	printf '#!/bin/sh\necho "store.max = 2GB" > "$1"\n' > editor
	chmod +x editor
	EDITOR=$PWD/editor try 0 ipfrs-config edit
	try 0 ipfrs-config get store.max
	prints 2GB
}

@test "no store is 1" {
	try 1 ipfrs-config list -S none
	says ipfrs-init
}

@test "options stand before or behind the verb" {
	ipfrs-init -q other
	try 0 ipfrs-config set -S other store.max 1GB
	try 0 ipfrs-config -S other get store.max
	prints 1GB
	try 0 ipfrs-config -S other -- get store.max
	prints 1GB
}
