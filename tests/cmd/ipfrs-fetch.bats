# Driven against tests/net/gateway.py, one server on loopback that is many gateways, most of them bad.

load ../helper

setup() {
	fresh
	server=
	unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
	mkdir state tree tree/sub
	bytes 700000 1 > tree/f1
	bytes 300000 2 > tree/f2
	printf 'hello one\n' > tree/sub/h1
	printf 'hello two\n' > tree/sub/h2
	ipfrs-init -q -S "$PWD/far"
	ROOT_CID=$(IPFRS_PATH=$PWD/far ipfrs-add -r -q tree | tail -n 1)
	IPFRS_PATH=$PWD/far ipfrs-car export "$ROOT_CID" > far.car
	gateway far.car
}

teardown() {
	exec 9>&- || true		# the gateway ends when its standard input does
	[ -z "$server" ] || kill "$server" 2> /dev/null || true
}

# gateway CAR - start it; $U is its URL
gateway() {
	local i

	mkfifo hold
	python3 "$ROOT/tests/net/gateway.py" "$1" state < hold > /dev/null 2>&1 3>&- 8>&- &
	exec 9> hold
	for i in $(seq 200); do
		[ ! -s state/port ] || [ ! -s state/dnsport ] || break
		sleep 0.05
	done
	U=http://127.0.0.1:$(cat state/port)
	: > state/log
}

# of MODE ... - fetch the tree from gateways of these kinds, patience short; options in $OPT
of() {
	local mode args=()

	for mode in "$@"; do
		args+=(-g "$U/$mode")
	done
	ipfrs-fetch -T backoff=0.02 -T stall=2 -T connect=5 $OPT "${args[@]}" "$ROOT_CID" 9>&-
}

asked() { grep -c -- "$1" state/log || true; }

# whole - every block is here and right
whole() {
	[ -z "$(ipfrs-fetch -n "$ROOT_CID")" ]
	rm -rf back
	ipfrs-get -o back "$ROOT_CID"
	diff -r tree back
}

# empty - a new store
empty() {
	export IPFRS_PATH=$PWD/store$((++stores))
	ipfrs-init -q
	: > state/log
}

@test "a DAG as one archive, as single blocks, from two gateways" {
	try 0 of good
	prints "$ROOT_CID"
	silent
	whole
	[ "$(asked format=car)" -eq 1 ]
	[ "$(asked format=raw)" -eq 0 ]
	empty
	OPT='-t raw' try 0 of good
	whole
	[ "$(asked format=car)" -eq 0 ]
	[ "$(asked format=raw)" -eq 11 ]
	empty
	OPT='-t raw' try 0 of good moved
	whole
	[ "$(asked 'GET /good.*format=raw')" -ge 11 ]		# moved leads there
	[ "$(asked 'GET /moved')" -ge 2 ]
	empty
	OPT='-t car' try 0 of good moved
	whole
}

@test "what is here is not asked for" {
	OPT='-d 1' try 0 of good
	[ "$(asked format=raw)" -eq 4 ]
	: > state/log
	try 0 of good
	whole
	[ "$(asked "$ROOT_CID")" -eq 0 ]
	[ "$(asked GET)" -eq 7 ]
	: > state/log
	try 0 of good
	prints "$ROOT_CID"
	[ ! -s state/log ]
}

@test "nothing is asked with -n, and it tells what is missing" {
	try 1 ipfrs-fetch -n "$ROOT_CID"
	prints "$ROOT_CID"
	try 1 ipfrs-fetch -n -j "$ROOT_CID"
	prints "{\"missing\":\"$ROOT_CID\"}"
	OPT='-d 1' try 0 of good
	: > state/log
	try 1 ipfrs-fetch -n "$ROOT_CID"
	[ "${#lines[@]}" -eq 7 ]
	try 0 ipfrs-fetch -n -d 1 "$ROOT_CID"
	try 1 ipfrs-fetch -n -d 2 "$ROOT_CID"
	[ ! -s state/log ]
}

@test "levels, paths, ranges" {
	OPT='-d 0 -p' try 0 of good
	[ "$(ipfrs-pin ls)" = "$ROOT_CID"$'\tdirect' ]
	[ "$(asked GET)" -eq 1 ]
	empty
	try 0 ipfrs-fetch -g "$U/good" "$ROOT_CID/sub/h1"
	prints "$(IPFRS_PATH=far ipfrs-resolve "$ROOT_CID/sub/h1")"
	try 0 ipfrs-cat "$ROOT_CID/sub/h1"
	prints 'hello one'
	try 1 ipfrs-cat "$ROOT_CID/sub/h2"
	[ "$(asked dag-scope=block)" -eq 1 ]
	try 1 ipfrs-fetch -g "$U/good" "$ROOT_CID/nope"
	says 'no link named "nope"'
	empty
	try 0 ipfrs-fetch -t raw -g "$U/good" -s 262144 -l 10 "$ROOT_CID/f1"
	try 0 ipfrs-cat -s 262144 -l 10 "$ROOT_CID/f1"
	try 1 ipfrs-cat -l 1 "$ROOT_CID/f1"
	[ "$(asked GET)" -eq 3 ]
	empty
	try 0 ipfrs-fetch -g "$U/good" -s 262144 -l 10 "$ROOT_CID/f1"
	[ "$(asked 'dag-scope=entity.*entity-bytes=262144:262153')" -eq 1 ]
	try 4 ipfrs-fetch -g "$U/good" -l 10 "$ROOT_CID/sub"
}

@test "pins with a name, JSON lines, names from standard input" {
	OPT='-N site -j' try 0 of good
	[[ $output == *'"blocks":11,'*'"new_blocks":11,'*'"pinned":true}' ]]
	[ "$(ipfrs-pin ls)" = "$ROOT_CID"$'\trecursive\tsite' ]
	empty
	printf '%s\0' "$ROOT_CID/sub/h1" "ipfs://$ROOT_CID/sub/h2" > names
	ipfrs-fetch -0 -g "$U/good" < names > out
	[ "$(tr '\0' '\n' < out | wc -l)" -eq 2 ]
	[ -z "$(ipfrs-pin ls)" ]
	try 0 ipfrs-cat "$ROOT_CID/sub/h2"
}

@test "no gateway is asked that nobody named" {
	try 2 ipfrs-fetch "$ROOT_CID"
	says 'no gateway to ask; name one with -g, or set fetch.gateways'
	ipfrs-config set fetch.gateways "$U/gone $U/good"
	try 0 ipfrs-fetch "$ROOT_CID"
	whole
	try 2 ipfrs-fetch -g ftp://127.0.0.1/ "$ROOT_CID"
	try 2 ipfrs-fetch -g 127.0.0.1 "$ROOT_CID"
	try 2 ipfrs-fetch -g "$U/?a=b" "$ROOT_CID"
	try 2 ipfrs-fetch -g "$U" -t tar "$ROOT_CID"
	try 2 ipfrs-fetch -g "$U" -T speed=1 "$ROOT_CID"
	try 2 ipfrs-fetch -g "$U" -p -d 1 "$ROOT_CID"
	try 2 ipfrs-fetch -g "$U" nonsense
}

@test "wrong bytes are not believed" {
	OPT='-t raw' try 4 of wrong
	says 'sent other bytes'
	try 1 ipfrs-fetch -n "$ROOT_CID"
	prints "$ROOT_CID"
	empty
	OPT='-t raw' try 0 of wrong good
	whole
	[ "$(asked 'GET /wrong')" -le 16 ]
	empty
	OPT='-t raw -P 1' try 0 of wrong good
	[ "$(asked 'GET /wrong')" -eq 1 ]			# asked again only when others fail
	empty
	try 4 of html
	empty
	OPT='-t raw' try 4 of short
	says 'sent other bytes'
	ipfrs-fsck > /dev/null
}

@test "a wrong archive: what is right in it is kept, the rest is asked for again" {
	for mode in wrong cut short; do
		empty
		OPT='-t car' try 0 of $mode good
		whole
	done
	empty
	try 4 of wrong
	try 1 ipfrs-fetch -n "$ROOT_CID"
	[ "${#lines[@]}" -eq 1 ]
	ipfrs-fsck > /dev/null
}

@test "an archive without an end ends, and so do blocks nobody asked for" {
	try 0 of endless
	whole
	empty
	try 0 of unasked
	whole
	[ "$(ipfrs-refs -a | wc -l)" -eq 11 ]
	[ "$(asked format=car)" -eq 1 ]
}

@test "a gateway without archives" {
	try 0 of raw
	whole
	[ "$(asked format=car)" -eq 1 ]
}

@test "bodies that are cut, too long, or too large" {
	OPT='-t raw -R 2' try 4 of cut
	says 'the answer was cut short'
	OPT='-t raw' try 4 of endless
	says 'more than 2097152 bytes'
	OPT='-t raw' try 4 of big
	says 'more than 2097152 bytes'
	try 4 of big
	OPT='-m 100KiB' try 4 of good
	says 'more than 102400 bytes'
	empty
	OPT='-M 500000' try 4 of good
	says 'more than the 500000 bytes that are allowed'
	try 0 of good
	whole
}

@test "memory is bounded, whatever comes" {
	for mode in endless big unasked good; do
		empty
		try_any bounded 400000 ipfrs-fetch -g "$U/$mode" "$ROOT_CID"
		[[ $stderr != *'out of memory'* ]]
	done
}

# try_any COMMAND ... - whatever its status, but no crash
try_any() {
	run --separate-stderr "$@"
	[ "$status" -le 4 ]
}

@test "a gateway that drips, or is silent, is left" {
	OPT='-t raw -R 1 -T stall=1' try 3 of drip
	says 'too slow'
	OPT='-R 1 -T stall=1' try 3 of silent
	says 'no answer in time'
	OPT='-T stall=1' try 0 of silent good
	whole
	empty
	OPT='-R 1 -T total=0.5' try 3 of drip
}

@test "redirects: some, but not around in a circle, and not to files" {
	try 0 of moved
	whole
	empty
	OPT='-t raw' try 4 of loop
	says 'more than 5 redirects'
	[ "$(asked GET)" -eq 6 ]
	OPT='-t raw' try 4 of away
	says 'not to be followed'
}

@test "not found, busy, down" {
	try 1 of gone
	says 'not there (404)'
	OPT='-t raw' try 0 of busy
	whole
	empty
	OPT='-t raw -R 2' try 4 of down
	[ "$(asked GET)" -eq 2 ]
	OPT='-t raw' try 0 of flaky
	whole
	empty
	OPT='-t raw' try 3 of overrun
	says 'asks for patience'
	[ "$(asked GET)" -eq 1 ]
	try 0 of down gone overrun good
	whole
	empty
	try 4 ipfrs-fetch -R 1 -g http://127.0.0.1:1 "$ROOT_CID"
}

@test "through a proxy, by option and by environment" {
	# any server that answers is a proxy to someone who asks it for whole URLs
	try 0 ipfrs-fetch -x "$U" -g http://gateway.invalid/good "$ROOT_CID"
	[ "$(asked 'GET http://gateway.invalid/good/ipfs/')" -eq 1 ]
	whole
	empty
	http_proxy=$U try 0 ipfrs-fetch -g http://gateway.invalid/good "$ROOT_CID"
	[ "$(asked 'GET http://gateway.invalid/good/ipfs/')" -eq 1 ]
	empty
	http_proxy=http://127.0.0.1:1 try 0 ipfrs-fetch -x '' -g "$U/good" "$ROOT_CID"
}

# again CAR - another gateway in the place of the first
again() {
	exec 9>&-
	rm -f hold state/port state/dnsport
	gateway "$1"
}

@test "over TLS only from whom we trust, and not away from it" {
	command -v certtool > /dev/null || skip "needs certtool"
	printf 'cn = localhost\nip_address = 127.0.0.1\nexpiration_days = 2\ntls_www_server\nsigning_key\nca\n' > template
	certtool --generate-privkey --ecc --outfile key.pem 2> /dev/null
	certtool --generate-self-signed --load-privkey key.pem --template template --outfile cert.pem 2> /dev/null
	cat cert.pem key.pem > state/tls.pem
	again far.car
	S=https://127.0.0.1:$(cat state/tlsport)
	try 4 ipfrs-fetch -R 1 -g "$S/good" "$ROOT_CID"
	says certificate
	[ ! -s state/log ]
	try 0 ipfrs-fetch -k cert.pem -g "$S/moved" "$ROOT_CID"
	whole
	empty
	try 4 ipfrs-fetch -R 1 -k cert.pem -g "$S/plain" "$ROOT_CID"
	says 'not to be followed'
	[ "$(asked 'GET /good')" -eq 0 ]
	try 0 ipfrs-fetch -g "$U/plain" "$ROOT_CID"		# who had none to begin with
}

@test "from ipfrs-serve" {
	[ -x "$BIN/ipfrs-serve" ] || skip "there is no ipfrs-serve"
	IPFRS_PATH=$PWD/far ipfrs-serve -u -a 127.0.0.1:0 > url 2> /dev/null 9>&- &
	server=$!
	for i in $(seq 200); do
		[ ! -s url ] || break
		sleep 0.05
	done
	for form in auto raw car; do
		empty
		try 0 ipfrs-fetch -R 1 -t $form -g "$(head -n 1 url)" "$ROOT_CID"
		whole
	done
	empty
	try 0 ipfrs-fetch -R 1 -g "$(head -n 1 url)" -s 262144 -l 10 "$ROOT_CID/f1"
	try 1 ipfrs-cat -l 1 "$ROOT_CID/f1"
	try 1 ipfrs-fetch -R 1 -g "$(head -n 1 url)" bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am
}

record() {
	[ -f key ] || head -c 32 /dev/zero > key
	(cd state && python3 "$ROOT/tests/net/gateway.py" record ../key "$@")
}

@test "names of keys, verified" {
	name=$(record "/ipfs/$ROOT_CID" 3600)
	try 0 ipfrs-fetch -g "$U/good" "/ipns/$name/sub/h1"
	prints "$(IPFRS_PATH=far ipfrs-resolve "$ROOT_CID/sub/h1")"
	try 0 ipfrs-fetch -g "$U/good" "ipns://$name"
	prints "$ROOT_CID"
	empty
	try 4 ipfrs-fetch -g "$U/forged" "/ipns/$name"
	says signature
	try 0 ipfrs-fetch -g "$U/forged" -g "$U/good" "/ipns/$name"
	empty
	record "/ipfs/$ROOT_CID" -60
	try 3 ipfrs-fetch -g "$U/good" "/ipns/$name"
	says expired
	try 1 ipfrs-fetch -g "$U/gone" "/ipns/$name"
	# another's record
	cp "state/records/$name" "state/records/k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe"
	try 4 ipfrs-fetch -g "$U/good" /ipns/k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe
}

@test "a record with a higher sequence that is here already is not undone" {
	name=$(record "/ipfs/$ROOT_CID" 7200)
	try 0 ipfrs-fetch -g "$U/good" "/ipns/$name"
	record /ipfs/bafkqaaa 3600
	try 0 ipfrs-fetch -g "$U/good" "/ipns/$name"
	prints "$ROOT_CID"
}

@test "domains, by the DNS, or by the gateway when that is believed" {
	dns=127.0.0.1:$(cat state/dnsport)
	printf '_dnslink.example.com\tv=spf1 -all\n_dnslink.example.com\tdnslink=/ipfs/%s/sub\n' "$ROOT_CID" > state/txt
	printf '_dnslink.two.example\tdnslink=/ipfs/bafkqaaa\n_dnslink.two.example\tdnslink=/ipfs/%s\n' "$ROOT_CID" >> state/txt
	printf '_dnslink.chain.example\tdnslink=/ipns/example.com\n' >> state/txt
	try 0 ipfrs-fetch -r "$dns" -g "$U/good" /ipns/example.com/h1
	prints "$(IPFRS_PATH=far ipfrs-resolve "$ROOT_CID/sub/h1")"
	try 0 ipfrs-fetch -r "$dns" -g "$U/good" /ipns/chain.example/h1
	try 4 ipfrs-fetch -r "$dns" -g "$U/good" /ipns/two.example
	says 'more than one DNSLink'
	try 1 ipfrs-fetch -r "$dns" -g "$U/good" /ipns/none.example
	says DNSLink
	[ "$(asked /ipns/)" -eq 0 ]
	echo "$ROOT_CID" > state/dnslink
	try 0 ipfrs-fetch -D -g "$U/good" /ipns/none.example
	prints "$ROOT_CID"
	[ "$(asked 'HEAD /good/ipns/none.example/')" -eq 1 ]
}

@test "an interrupted fetch goes on where it stopped" {
	OPT='-t raw -P 1' of good > /dev/null &
	pid=$!
	for i in $(seq 100); do
		[ "$(asked GET)" -lt 3 ] || break
		sleep 0.02
	done
	kill -INT $pid 2> /dev/null || true
	wait $pid || true
	try 0 of good
	whole
}

@test "cat, get and ls with -g fetch what is not here and keep it" {
	ipfrs-cat -g "$U/good" "$ROOT_CID/f1" | cmp - tree/f1
	: > state/log
	ipfrs-cat "$ROOT_CID/f1" | cmp - tree/f1
	try 0 ipfrs-ls -1 -g "$U/good" "$ROOT_CID/sub"
	prints $'h1\nh2'
	ipfrs-get -g "$U/good" -o back "$ROOT_CID"
	diff -r tree back
	try 0 ipfrs-fetch -n "$ROOT_CID"
	: > state/log
	ipfrs-get -g "$U/good" -t tar "$ROOT_CID" | tar tf - > /dev/null
	[ ! -s state/log ]
	try 1 ipfrs-cat -g "$U/gone" bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am
	says '404'
	try 2 ipfrs-cat -g nonsense "$ROOT_CID/f1"
	ipfrs-config set fetch.gateways "$U/good"
	empty
	ipfrs-config set fetch.gateways "$U/good"
	name=$(record "/ipfs/$ROOT_CID" 3600)
	try 0 ipfrs-cat -g - "/ipns/$name/sub/h1" "$ROOT_CID/sub/h2"
	prints $'hello one\nhello two'
}

@test "refs and dag get with -g fetch what is not here and keep it" {
	try 0 ipfrs-refs -r -u -g "$U/good" "$ROOT_CID"
	refs=$output
	[ "$refs" = "$(IPFRS_PATH=far ipfrs-refs -r -u "$ROOT_CID")" ]
	try 0 ipfrs-fetch -n "$ROOT_CID"
	empty
	try 1 ipfrs-refs "$ROOT_CID"
	try 1 ipfrs-dag get "$ROOT_CID"
	try 0 ipfrs-dag get -g "$U/good" "$ROOT_CID/sub/h1" "$ROOT_CID"
	[ "$output" = "$(IPFRS_PATH=far ipfrs-dag get "$ROOT_CID/sub/h1" "$ROOT_CID")" ]
	: > state/log
	try 0 ipfrs-dag get "$ROOT_CID/sub/h1"
	[ ! -s state/log ]
	try 1 ipfrs-refs -g "$U/gone" bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354
	try 2 ipfrs-dag get -g nonsense "$ROOT_CID"
	empty
	ipfrs-config set fetch.gateways "$U/good"
	name=$(record "/ipfs/$ROOT_CID" 3600)
	try 0 ipfrs-refs -r -u -g - "ipns://$name"
	[ "$output" = "$refs" ]
	empty
	ipfrs-config set fetch.gateways "$U/good"
	try 0 ipfrs-dag get -g - "/ipns/$name/sub"
	[ "$output" = "$(IPFRS_PATH=far ipfrs-dag get "$ROOT_CID/sub")" ]
}

@test "reading a file from front to back asks ahead" {
	bytes 5000000 7 > big
	c=$(IPFRS_PATH=far ipfrs-add -q big)
	IPFRS_PATH=far ipfrs-car export "$c" > big.car
	again big.car
	ipfrs-cat -l 600000 -g "$U/good" "$c" | cmp -n 600000 - big
	[ "$(asked GET)" -gt 10 ]
	ipfrs-cat -g "$U/good" "$c" | cmp - big
	# those that were still under way when the first ended are asked for again
	[ "$(asked GET)" -ge 21 ]
	[ "$(asked GET)" -le 37 ]
}

@test "the answers for another program" {
	printf '%s\n' "$ROOT_CID" bafkqaalb | ipfrs-fetch -c -g "$U/good" > out
	IPFRS_PATH=far ipfrs-block get "$ROOT_CID" > block
	cmp out <(printf 'OK %d\n' "$(wc -c < block)"; cat block; printf 'OK 1\na')
	try 0 ipfrs-block stat "$ROOT_CID"
	run --separate-stderr -0 bash -c "printf '%s\n' nonsense bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am | ipfrs-fetch -c -g $U/good"
	[[ $output == 'INVALID '* ]]
	[[ $output == *'NOTFOUND '* ]]
}

@test "statistics" {
	OPT=-v try 0 of good
	says "$U/good: 1 requests, 0 failed, 0 absent, 0 wrong, 11 blocks"
}

@test "a slice with -g fetches the header and the slice" {
	python3 "$ROOT/tests/cmd/tensors.py" safetensors model w:F32:1000,1000
	c=$(IPFRS_PATH=far ipfrs-add -q model)
	IPFRS_PATH=far ipfrs-car export "$c" > model.car
	again model.car
	try 0 ipfrs-slice -f json -g "$U/good" "$c" w 500,:3
	prints '[500000,500001,500002]'
	[ "$(asked GET)" -le 3 ]		# root, header, slice
	: > state/log
	try 0 ipfrs-tensor -g "$U/good" "$c"
	try 0 ipfrs-slice -f json "$c" w 500,:3
	[ ! -s state/log ]
	try 1 ipfrs-slice -f json "$c" w 900
}
