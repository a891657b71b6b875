# helper.bash - what every bats file begins with:  load ../helper
#
# Each test starts in an empty folder of its own with a fresh store ($IPFRS_PATH) and the built programs
# first in PATH.  A file that needs more writes its own setup() and calls `fresh` first.

bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BIN=${BIN:-$ROOT/bin}
export ROOT BIN

# fresh [ipfrs-init options] - scratch folder, store, environment
fresh() {
	unset IPFRS_LOG COLUMNS
	export HOME=$BATS_TEST_TMPDIR/home IPFRS_PATH=$BATS_TEST_TMPDIR/store
	export PATH=$BIN:$PATH LC_ALL=C.UTF-8 TZ=UTC
	# a complaint of a sanitizer must not look like an answer of the program
	export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1
	umask 022
	mkdir "$HOME" "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	ipfrs-init -q "$@"
}

setup() {
	fresh
}

# try STATUS COMMAND ... - run it and insist on the exit status; leaves $output (standard output),
# $stderr and $lines
try() {
	local want=$1

	shift
	run --separate-stderr -"$want" "$@"
}

# prints TEXT - the last `try` wrote exactly this to standard output (the last newline aside)
prints() {
	[ "$output" = "$1" ] || {
		printf 'printed:\n%s\nnot:\n%s\n' "$output" "$1"
		return 1
	}
}

# says TEXT - the last `try` has this somewhere in what it wrote to standard error
says() {
	[[ $stderr == *"$1"* ]] || {
		printf 'said: %s\nnot: %s\n' "$stderr" "$1"
		return 1
	}
}

# silent - the last `try` wrote nothing to standard error
silent() {
	[ -z "$stderr" ] || {
		printf 'said: %s\n' "$stderr"
		return 1
	}
}

# bytes N [SEED] - N bytes that do not compress, the same every time
bytes() {
	python3 -c 'import random, sys
n, seed = int(sys.argv[1]), sys.argv[2]
r = random.Random(seed)
while n > 0:
    k = min(n, 1 << 20)
    sys.stdout.buffer.write(r.getrandbits(8 * k).to_bytes(k, "little"))
    n -= k' "$1" "${2:-1}"
}

# as_user COMMAND ... - without root's power over permissions: as nobody, with copies of the programs that
# nobody can reach first in PATH (skips the test where that cannot be had)
as_user() {
	local dir=$BATS_TEST_TMPDIR

	if [ "$(id -u)" -ne 0 ]; then
		"$@"
		return
	fi
	command -v setpriv > /dev/null || skip "needs setpriv"
	[ -d "$dir/nobody" ] || { mkdir "$dir/nobody" && cp "$BIN"/ipfrs* "$dir/nobody"; } || return
	while [ "$dir" != / ] && [ "$dir" != /tmp ]; do
		chmod a+x "$dir"
		dir=$(dirname "$dir")
	done
	PATH=$BATS_TEST_TMPDIR/nobody:$PATH setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# bounded KIB COMMAND ... - with so much address space (sanitizers need it all: without a bound then)
bounded() {
	local kib=$1

	shift
	if grep -q __asan_init "$BIN/ipfrs-add"; then
		"$@"
	else
		(ulimit -v "$kib" && "$@")
	fi
}
