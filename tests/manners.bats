# manners.bats - every program of cmd/COMMANDS behaves as all programs do

load helper

setup_file() {
	cut -f1 "$ROOT/cmd/COMMANDS" > "$BATS_FILE_TMPDIR/names"
	while read -r name; do
		"$BIN/$name" --opts > "$BATS_FILE_TMPDIR/$name.opts" < /dev/null
	done < "$BATS_FILE_TMPDIR/names"
}

setup() {
	unset COLUMNS IPFRS_LOG
	export LC_ALL=C.UTF-8 ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99
	export IPFRS_PATH=$BATS_TEST_TMPDIR/none HOME=$BATS_TEST_TMPDIR
	cd "$BATS_TEST_TMPDIR" || return
}

# visit FUNCTION - call it with the name of each program; it prints what is wrong
visit() {
	local name wrong bad=0

	while read -r name; do
		wrong=$("$1" "$name" 2>&1 < /dev/null) || true
		[ -z "$wrong" ] || { printf '%s: %s\n' "$name" "$wrong"; bad=1; }
	done < "$BATS_FILE_TMPDIR/names"
	return $bad
}

# status COMMAND ... - its exit status, with its output in ./out and ./err
status() {
	local rc=0

	"$@" > out 2> err || rc=$?
	echo $rc
}

own() { sed -n 's/^opt\t\(.\).*/\1/p' "$BATS_FILE_TMPDIR/$1.opts"; }
common() { sed -n 's/^common\t\(.\).*/\1/p' "$BATS_FILE_TMPDIR/$1.opts"; }
field() { sed -n "s/^$2\t//p" "$BATS_FILE_TMPDIR/$1.opts"; }
section() { awk -v s=".Sh $2" '/^\.Sh / { on = $0 == s; next } on' "$ROOT/man/$1.1"; }

@test "the list of programs has three fields a line and known groups" {
	run awk -F '\t' 'NF != 3 || $1 !~ /^ipfrs(-[a-z0-9]+)?$/ || $2 !~ /^(help|store|files|blocks|pins|names|network)$/ || !$3 {
		print FNR ": " $0 }' "$ROOT/cmd/COMMANDS"
	[ -z "$output" ]
	[ -z "$(cut -f1 "$ROOT/cmd/COMMANDS" | sort | uniq -d)" ]
}

stem() {
	for f in "cmd/$1.c" "man/$1.1" "tests/cmd/$1.bats"; do
		[ -s "$ROOT/$f" ] || echo "no $f"
	done
	head -n 1 "$ROOT/cmd/$1.c" | grep -q "^/\* $1 - .* \*/$" || echo "the first line of cmd/$1.c is no '/* $1 - what it does */'"
	grep -q '^@test' "$ROOT/tests/cmd/$1.bats" || echo "no test in tests/cmd/$1.bats"
}
@test "one stem, four places" { visit stem; }

summary() {
	local want

	want=$(awk -F '\t' -v n="$1" '$1 == n { print $3 }' "$ROOT/cmd/COMMANDS")
	[ "$(field "$1" name)" = "$1" ] || echo "calls itself $(field "$1" name)"
	[ "$(field "$1" summary)" = "$want" ] || echo "says '$(field "$1" summary)', cmd/COMMANDS '$want'"
	[ "$(sed -n 's/^\.Nd //p' "$ROOT/man/$1.1")" = "$want" ] || echo "the manual says otherwise than '$want'"
}
@test "program, list and manual have one summary" { visit summary; }

dash_h() {
	local letter

	[ "$(status "$BIN/$1" -h)" = 0 ] || echo "-h exits with $(status "$BIN/$1" -h)"
	[ ! -s err ] || echo "-h talks: $(cat err)"
	for letter in $(own "$1") $(common "$1"); do
		grep -q "^  -$letter " out || echo "-h does not tell of -$letter"
	done
	awk 'length($0) > 80' out | grep . && echo "-h is wider than 80 columns"
	COLUMNS=50 "$BIN/$1" -h | awk 'length($0) > 50' | grep -v ' *[^ ]*$' && echo "-h does not fold at 50 columns"
	own "$1" | sort | uniq -d | grep . && echo "an option is in the table twice"
	own "$1" | grep '[hqvVS]' && echo "takes a letter that all programs use"
	return 0
}
@test "-h lists every option and folds" { visit dash_h; }

dash_V() {
	[ "$(status "$BIN/$1" -V)" = 0 ] || echo "-V failed"
	[ "$(cat out)" = "$1 $(cat "$ROOT/VERSION")" ] || echo "-V says $(cat out)"
}
@test "-V names program and version" { visit dash_V; }

mistakes() {
	local o

	for o in '-~' --nonsense; do
		[ "$(status "$BIN/$1" $o)" = 2 ] || echo "$o is not exit 2"
		[ ! -s out ] || echo "$o writes to standard output"
		grep -q "^$1: .*-h" err || echo "$o: no hint at -h: $(cat err)"
	done
	for o in $(sed -n 's/^\(opt\|common\)\t\(.\)\t..*\t.*/\2/p' "$BATS_FILE_TMPDIR/$1.opts"); do
		[ "$(status "$BIN/$1" "-$o")" = 2 ] || echo "-$o without its argument is not exit 2"
	done
}
@test "mistakes in options are exit 2 with a hint" { visit mistakes; }

verbs() {
	[ -n "$(field "$1" verb)" ] || return 0
	[ "$(status "$BIN/$1")" = 2 ] || echo "no verb is not exit 2"
	[ "$(status "$BIN/$1" nonsense)" = 2 ] || echo "an unknown verb is not exit 2"
	for v in $(field "$1" verb | cut -f1); do
		grep -q -w -- "$v" err || echo "does not offer $v: $(cat err)"
		section "$1" SYNOPSIS | grep -q -w -- "$v" || echo "the synopsis lacks the verb $v"
	done
}
@test "programs with verbs say which" { visit verbs; }

# a table with fields 2 to 5 is what cmd_pick is given
verb_options() {
	local v letters text letter

	field "$1" verb | awk -F '\t' 'NF > 1' | while IFS=$'\t' read -r v letters; do
		letters=$(field "$1" verb | awk -F '\t' -v v="$v" '$1 == v { print $2 }')
		text=$(field "$1" verb | awk -F '\t' -v v="$v" '$1 == v { print $4 }')
		[ "$(status "$BIN/$1" "$v" -h)" = 0 ] || echo "$v -h failed"
		grep -q "^usage: $1 $v " out || echo "$v -h: no usage: $(head -n 1 out)"
		tr '\n' ' ' < out | tr -s ' ' | grep -qF -- "$text" || echo "$v -h does not say '$text'"
		awk 'length($0) > 80' out | grep . && echo "$v -h is wider than 80 columns"
		for letter in $(grep -o . <<< "$letters"); do
			own "$1" | grep -q -x -- "$letter" || echo "$v takes -$letter, the table has none"
			grep -q "^  -$letter " out || echo "$v -h does not tell of -$letter"
		done
		for letter in $(own "$1"); do
			[[ $letters != *$letter* ]] || continue
			! grep -q "^  -$letter " out || echo "$v -h tells of -$letter"
			[ "$(status "$BIN/$1" "$v" "-$letter" 0)" = 2 ] || echo "$v -$letter is not exit 2"
			grep -q "^$1: .*$v.* no option .*-$letter.*$1 $v -h" err ||
				echo "$v -$letter: $(cat err)"
		done
	done
	for letter in $(own "$1"); do
		[ -z "$(field "$1" verb | cut -s -f2)" ] || field "$1" verb | cut -f2 | grep -q -F -- "$letter" ||
			echo "no verb takes -$letter"
	done
}
@test "verbs refuse the options of others" { visit verb_options; }

full_disk() {
	local rc=0

	"$BIN/$1" -h > /dev/full 2> err || rc=$?
	[ $rc = 4 ] || echo "a full disk under standard output is exit $rc"
	grep -q "^$1: .*No space left" err || echo "does not say that the disk is full: $(cat err)"
	rc=0
	"$BIN/$1" -h >&- 2> err || rc=$?
	[ $rc = 4 ] || echo "a closed standard output is exit $rc"
}
@test "standard output that cannot be written is exit 4" { visit full_disk; }

pipe() {
	local rcs

	{ sleep 0.05; "$BIN/$1" -h; } 2> err | true
	rcs=${PIPESTATUS[0]}
	case $rcs in 141 | 0) ;; *) echo "a closed pipe is exit $rcs" ;; esac
	# also where the parent had ignored SIGPIPE
	(trap '' PIPE; { sleep 0.05; "$BIN/$1" -h; } 2>> err | true)
	[ ! -s err ] || echo "a closed pipe makes it talk: $(cat err)"
}
@test "a closed pipe is quiet" { visit pipe; }

sections() {
	local want="NAME SYNOPSIS DESCRIPTION ENVIRONMENT EXIT_STATUS EXAMPLES SEE_ALSO STANDARDS" have

	have=$(sed -n 's/^\.Sh //p' "$ROOT/man/$1.1" | tr ' ' '_')
	[ "$(for s in $have; do for w in $want; do [ "$s" != "$w" ] || echo "$s"; done; done | tr '\n' ' ')" = "$want " ] ||
		echo "sections are" $have
	section "$1" EXAMPLES | grep -q '^\$ ' || echo "no example"
}
@test "manuals have the sections of the house, in order" { visit sections; }

manual_options() {
	local letter arg page=$ROOT/man/$1.1 synopsis listed

	synopsis=$(section "$1" SYNOPSIS | sed 's/^\.//' | tr ' ' '\n' |
		awk '$0 == "Fl" || was && $0 == "|" { fl = 1; was = 0; next } fl { print; was = 1; fl = 0; next } { was = 0 }' |
		grep -o '[A-Za-z0-9]')
	listed=$(sed -n 's/^\.It //p' "$page" | tr ' ' '\n' | awk 'fl && /^.$/ { print } { fl = $0 == "Fl" }')
	for letter in $(own "$1"); do
		grep -q -x -- "$letter" <<< "$synopsis" || echo "the synopsis lacks -$letter"
		grep -q -x -- "$letter" <<< "$listed" || echo "the manual lacks '.It Fl $letter'"
		arg=$(sed -n "s/^opt\t$letter\t\([^\t]*\)\t.*/\1/p" "$BATS_FILE_TMPDIR/$1.opts")
		[ -z "$arg" ] || grep -q "^\.It .*Fl $letter Ar $arg" "$page" ||
			echo "the manual lacks '.It Fl $letter Ar $arg'"
	done
	for letter in $synopsis $listed; do
		{ own "$1"; common "$1"; } | grep -q -x -- "$letter" || echo "the manual has -$letter, the program has not"
	done
}
@test "manuals and option tables agree" { visit manual_options; }

completes() {
	local letter d=$ROOT/COMPLETIONS

	for letter in $(own "$1") $(common "$1"); do
		grep -q -- "-$letter[ ']" "$d/bash/$1" || echo "bash lacks -$letter"
		grep -q -- "'\**-$letter\[" "$d/zsh/_$1" || echo "zsh lacks -$letter"
		grep -q -- " -s $letter " "$d/fish/$1.fish" || echo "fish lacks -$letter"
	done
	bash -n "$d/bash/$1"
	! command -v zsh > /dev/null || zsh -n "$d/zsh/_$1"
	! command -v fish > /dev/null || fish -n "$d/fish/$1.fish"
}
@test "completions agree and parse" { visit completes; }

@test "bash completes options, verbs and commands" {
	run bash -c '
		source "$1/bash/ipfrs"; source "$1/bash/ipfrs-config"
		COMP_WORDS=(ipfrs-config -) COMP_CWORD=1; _ipfrs_config; echo "${COMPREPLY[*]}"
		COMP_WORDS=(ipfrs-config pro) COMP_CWORD=1; _ipfrs_config; echo "${COMPREPLY[*]}"
		COMP_WORDS=(ipfrs-config set -) COMP_CWORD=2; _ipfrs_config; echo "${COMPREPLY[*]}"
		COMP_WORDS=(ipfrs conf) COMP_CWORD=1; _ipfrs; echo "${COMPREPLY[*]}"
		COMP_WORDS=(ipfrs config uns) COMP_CWORD=2; _ipfrs; echo "${COMPREPLY[*]}"
		COMP_WORDS=(ipfrs -S dir config uns) COMP_CWORD=4; _ipfrs; echo "${COMPREPLY[*]}"
		' bash "$ROOT/COMPLETIONS"
	[ "${lines[0]}" = "-0 -j -s -h -q -v -V -S --help" ]
	[ "${lines[1]}" = profile ]
	[ "${lines[2]}" = "-h -q -v -V -S --help" ]
	[ "${lines[3]}" = config ]
	[ "${lines[4]}" = unset ]
	[ "${lines[5]}" = unset ]
}

opens_manual() {
	printf '#!/bin/sh\necho "man $*"\n' > man
	chmod +x man
	PATH=$PWD:$PATH "$BIN/$1" --help > out 2> err || echo "--help failed"
	grep -q "^man .*$1" out || echo "--help does not open the manual: $(head -n 2 out)"
	printf '#!/bin/sh\nexit 16\n' > man
	PATH=$PWD:$PATH "$BIN/$1" --help > out 2> err || echo "--help failed without a manual"
	grep -q "^usage: $1 " out || echo "--help without a manual does not fall back on -h"
}
@test "--help opens the manual, or else helps itself" { visit opens_manual; }

ends_at_operands() {
	# an operand ends the options, whatever the C library thinks; a verb does not
	[ -z "$(field "$1" verb)" ] || return 0
	[ "$1" != ipfrs ] || return 0
	"$BIN/$1" operand -V > out 2> err
	! grep -q "^$1 $(cat "$ROOT/VERSION")" out || echo "takes options behind operands"
}
@test "operands end the options" { visit ends_at_operands; }

loads() {
	ldd "$BIN/$1" | sed -n 's/^[ \t]*\([^ ]*\).*/\1/p' | grep -v -E \
		'^(linux-vdso|/lib.*/ld-linux|libc|libm|liblmdb|libzstd|libnettle|libb2|libgomp|libpthread)[.-]'
}
@test "programs that touch no archive load no archive library" {
	! nm -D "$BIN/ipfrs" | grep -q __asan || skip "sanitizers load what they like"
	for name in ipfrs-cat ipfrs-block ipfrs-cid ipfrs-pin ipfrs-stat ipfrs-ls ipfrs-tensor ipfrs-slice; do
		[ -x "$BIN/$name" ]
		run loads $name
		[ -z "$output" ] || { echo "$name loads $output"; return 1; }
	done
}

@test "install puts everything in place, uninstall leaves nothing" {
	[ "$BIN" = "$ROOT/bin" ] || skip "of the plain build only"
	(cd "$ROOT" && DESTDIR=$BATS_TEST_TMPDIR/to PREFIX=/usr scripts/install)
	while read -r name; do
		[ -x "to/usr/bin/$name" ]
		[ -r "to/usr/share/man/man1/$name.1" ]
		[ -r "to/usr/share/bash-completion/completions/$name" ]
		[ -r "to/usr/share/zsh/site-functions/_$name" ]
		[ -r "to/usr/share/fish/vendor_completions.d/$name.fish" ]
	done < "$BATS_FILE_TMPDIR/names"
	[ -r to/usr/share/doc/ipfrs/README.md ]
	"to/usr/bin/ipfrs" cid -V
	(cd "$ROOT" && DESTDIR=$BATS_TEST_TMPDIR/to PREFIX=/usr scripts/install -u)
	[ -z "$(find to -type f)" ]
}
