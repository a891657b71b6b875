load ../helper

# serve [options] - start a server on a port the system picks; leaves $url, $pid
serve() {
	ipfrs-serve -u -a 127.0.0.1:0 "$@" > url 2> err &
	pid=$!
	ready
}

ready() {
	for _ in $(seq 200); do
		[ -s url ] && break
		kill -0 "$pid" 2> /dev/null || { cat err; return 1; }
		sleep .05
	done
	url=$(head -n 1 url)
	[ -n "$url" ]
}

stop() {
	kill -TERM "$pid"
	wait "$pid"
}

teardown() {
	[ -z "${pid:-}" ] || kill -KILL "$pid" 2> /dev/null || :
}

@test "a file, in both modes" {
	echo 'hello world' > a.txt
	cid=$(ipfrs-add -q a.txt)
	for mode in fork pool; do
		rm -f url
		serve -m $mode
		try 0 curl -sf "${url}ipfs/$cid"
		prints 'hello world'
		try 22 curl -sf "${url}ipfs/QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN"
		stop
	done
}

@test "a large file comes whole, in parts and over both versions of HTTP" {
	head -c 5000000 /dev/urandom > big
	cid=$(ipfrs-add -q big)
	serve
	curl -sf "${url}ipfs/$cid" | cmp - big
	curl -sf --http2-prior-knowledge "${url}ipfs/$cid" | cmp - big
	curl -sf -r 1000000-3999999 "${url}ipfs/$cid" | cmp - <(tail -c +1000001 big | head -c 3000000)
	curl -sf -o got -C - "${url}ipfs/$cid"
	cmp got big
	stop
}

@test "HTTPS with a certificate of its own, and HTTP/2 on it" {
	echo secret > a
	cid=$(ipfrs-add -q a)
	ipfrs-serve -q -u -a tls:127.0.0.1:0 -c self > url 2> err &
	pid=$!
	ready
	[[ $url == https://* ]]
	try 0 curl -ksf -w '%{http_version}' "${url}ipfs/$cid"
	prints $'secret\n2'
	try 0 curl -ksf --http1.1 "${url}ipfs/$cid"
	prints secret
	try 60 curl -sf "${url}ipfs/$cid"
	stop
}

# who of a process and all it has forked has GnuTLS in memory: their depths below it
encrypts() {
	local child
	! grep -q '/libgnutls' "/proc/$1/maps" || echo "${2:-0}"
	for child in $(pgrep -P "$1"); do
		encrypts "$child" $((${2:-0} + 1))
	done
}

@test "GnuTLS is in the pump that speaks TLS, and in no other process: not in those that fork, nor in a worker" {
	serve -m fork -o serve.pumps=1 -o serve.spares=1
	try 0 curl -sf "${url}health"
	[ -z "$(encrypts "$pid")" ]
	stop
	rm -f url
	ipfrs-serve -q -u -a tls:127.0.0.1:0 -c self -m fork -o serve.pumps=1 -o serve.spares=1 > url 2> err &
	pid=$!
	ready
	try 0 curl -ksf "${url}health"
	[ "$(encrypts "$pid")" = 1 ]
	stop
}

@test "a unix socket" {
	ipfrs-serve -q -u -a unix:sock > url 2> err &
	pid=$!
	ready
	[ "$url" = unix:sock ]
	try 0 curl -sf --unix-socket sock http://x/health
	[[ $output == *'"status":"ok"'* ]]
	stop
	[ ! -e sock ]
}

@test "inetd: one client on descriptor 0, and talk goes elsewhere" {
	echo hi > a
	cid=$(ipfrs-add -q a)
	# one socket for all three descriptors, as inetd does it
	python3 - "$cid" > out <<-'END'
		import socket, subprocess, sys
		ours, theirs = socket.socketpair()
		p = subprocess.Popen(["ipfrs-serve", "-v", "-i"], stdin=theirs, stdout=theirs, stderr=theirs)
		theirs.close()
		ours.sendall(("GET /ipfs/%s HTTP/1.1\r\nHost: x\r\n\r\n" % sys.argv[1]).encode())
		ours.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		while got := ours.recv(65536):
		    sys.stdout.write(got.decode())
		sys.exit(p.wait())
	END
	[ "$(grep -c '^HTTP/1.1 200' out)" = 2 ]
	grep -q '^hi' out
	! grep -q '^ipfrs-serve\|^unix:' out
}

@test "health and measurements" {
	serve
	try 0 curl -sf "${url}health"
	prints '{"status":"ok","service":"ipfrs-gateway","version":"'"$(cat "$ROOT/VERSION")"'"}'
	try 0 curl -sf "${url}health/live"
	[[ $output == '{"status":"healthy","uptime_seconds":'*'"name":"process"'* ]]
	try 0 curl -sf "${url}health/ready"
	[[ $output == '{"status":"healthy",'*'"name":"storage","status":"healthy"'* ]]
	try 0 curl -sf "${url}metrics"
	[ "$(grep -c '^# TYPE ipfrs_' <<< "$output")" -ge 30 ]
	grep -q '^ipfrs_http_requests_total{endpoint="/health",method="GET",status="200"} 1$' <<< "$output"
	grep -q '^ipfrs_http_request_duration_seconds_bucket{endpoint="/health",method="GET",le="+Inf"} 1$' <<< "$output"
	stop
	rm -f url
	serve -o serve.metrics=off
	try 22 curl -sf "${url}metrics"
	stop
}

@test "codings for text, each with a tag of its own, and none for raw blocks" {
	seq 10000 > n.txt
	cid=$(ipfrs-add -q n.txt)
	serve
	curl -sf "${url}ipfs/$cid" > plain
	cmp plain n.txt
	for coding in gzip br zstd; do
		curl -sf -D head -H "Accept-Encoding: $coding" -o body "${url}ipfs/$cid"
		grep -qi "^content-encoding: $coding" head
		grep -qi '^vary:.*accept-encoding' head
		grep -qi "^etag: \"$cid-$coding\"" head
		[ "$(stat -c %s body)" -lt 30000 ]
	done
	curl -sf -H 'Accept-Encoding: gzip' "${url}ipfs/$cid" | gzip -dc | cmp - n.txt
	[ "$(curl -s -o body -w '%{http_code}' -H 'Accept-Encoding: gzip' -H "If-None-Match: \"$cid-gzip\"" "${url}ipfs/$cid")" = 304 ]
	curl -sf -D head -H 'Accept-Encoding: gzip' -r 0-9 -o body "${url}ipfs/$cid"
	! grep -qi '^content-encoding' head
	[ "$(stat -c %s body)" = 10 ]
	curl -sf -D head -H 'Accept-Encoding: gzip' -o body "${url}ipfs/$cid?format=raw"
	! grep -qi '^content-encoding' head
	stop
}

@test "a client may ask so often and not more" {
	serve -o rate.requests=100 -o rate.burst=3
	for left in 2 1 0; do
		curl -s -D head -o body "${url}ipfs/bafkqabtimvwgy3yk"
		grep -qi '^HTTP/1.1 200' head
		grep -qi '^x-ratelimit-limit: 100' head
		grep -qi "^x-ratelimit-remaining: $left" head
	done
	curl -s -D head -o body "${url}ipfs/bafkqabtimvwgy3yk"
	grep -q '^HTTP/1.1 429' head
	grep -qi '^retry-after: 1' head
	[ "$(curl -s -o body -w '%{http_code}' "${url}health")" = 200 ]
	stop
}

@test "pages of other origins: anybody's, some, with credentials" {
	serve
	curl -s -D head -o body -H 'Origin: https://a.example' "${url}ipfs/bafkqabtimvwgy3yk"
	grep -qi '^access-control-allow-origin: \*' head
	curl -s -D head -o body -X OPTIONS -H 'Origin: https://a.example' -H 'Access-Control-Request-Method: GET' "${url}ipfs/x"
	grep -q '^HTTP/1.1 204' head
	grep -qi '^access-control-allow-methods: .*GET' head
	grep -qi '^access-control-max-age: 86400' head
	stop
	rm -f url
	serve -o cors.origins='https://a.example https://b.example' -o cors.credentials=yes
	curl -s -D head -o body -H 'Origin: https://b.example' "${url}ipfs/bafkqabtimvwgy3yk"
	grep -qi '^access-control-allow-origin: https://b.example' head
	grep -qi '^access-control-allow-credentials: true' head
	grep -qi '^vary:.*origin' head
	curl -s -D head -o body -H 'Origin: https://c.example' "${url}ipfs/bafkqabtimvwgy3yk"
	! grep -qi '^access-control-allow-origin' head
	stop
	try 2 ipfrs-serve -o cors.credentials=yes -n
	says 'cors.credentials wants the origins'
}

@test "ids of requests: the client's if it is decent, one of ours if not, in the log" {
	serve -l log -o serve.log=json
	curl -s -D head -o body -H 'X-Request-ID: abc.1' "${url}health"
	grep -qi '^x-request-id: abc.1' head
	curl -s -D head -o body -H 'X-Request-ID: a b"c' "${url}health"
	grep -qiE '^x-request-id: [0-9a-zA-Z-]+' head
	stop
	grep -q '"request_id":"abc.1"' log
	python3 -c 'import json,sys; [json.loads(l) for l in open("log")]'
}

@test "SIGHUP opens the log anew" {
	serve -l log
	curl -s -o body "${url}health"
	for _ in $(seq 100); do [ -s log ] && break; sleep .05; done
	mv log log.1
	kill -HUP "$pid"
	for _ in $(seq 100); do [ -e log ] && break; sleep .05; done
	curl -s -o body "${url}health"
	for _ in $(seq 100); do [ -s log ] && break; sleep .05; done
	[ "$(wc -l < log.1)" = 1 ]
	[ "$(wc -l < log)" = 1 ]
	stop
}

@test "settings: presets, environment, options, and what contradicts itself" {
	try 0 ipfrs-serve -n
	[[ $output == *'serve.listen = 127.0.0.1:8080'* ]]
	try 0 env IPFRS_LISTEN_ADDR=127.0.0.1:9 ipfrs-serve -n -p production
	[[ $output == *'serve.listen = 127.0.0.1:9'* && $output == *'serve.sandbox = must'* ]]
	try 0 env IPFRS_LISTEN_ADDR=127.0.0.1:9 ipfrs-serve -n -a 127.0.0.1:10 -a 127.0.0.1:11
	[[ $output == *'serve.listen = 127.0.0.1:10 127.0.0.1:11'* ]]
	try 0 ipfrs-config set serve.workers 7
	try 0 ipfrs-serve -n -p testing -o compress.level=3
	[[ $output == *'serve.workers = 7'* && $output == *'compress.level = 3'* ]]
	try 2 ipfrs-serve -o nonsense=1
	says "unknown key 'nonsense'"
	try 2 ipfrs-serve -p fast
	says 'no preset'
	try 2 ipfrs-serve -o rate.requests=5 -o rate.burst=10
	says 'rate.burst is more than rate.requests'
	try 2 ipfrs-serve -c cert.pem -a tls:127.0.0.1:0
	says 'go together'
	try 2 env IPFRS_RATE_LIMIT=often ipfrs-serve
	says '$IPFRS_RATE_LIMIT'
}

@test "the RPC waits for the disk, unless it is told not to" {
	ipfrs-serve -n > shown
	grep -qx 'rpc.unsynced = no' shown
	ipfrs-serve -U -n > shown
	grep -qx 'rpc.unsynced = yes' shown
	ipfrs-serve -U -u -a 127.0.0.1:0 -r 127.0.0.1:0 > url 2> err &
	pid=$!
	ready
	rpc=$(tail -n 1 url)
	try 0 curl -sf -F file=hello "${rpc}block/put"
	key=$(sed 's/.*"Key":"\([^"]*\)".*/\1/' <<< "$output")
	try 0 curl -sf -X POST "${rpc}block/get?arg=$key"
	prints hello
	stop
	try 0 ipfrs-block get "$key"
	prints hello
	ipfrs-fsck -q
}

@test "an address that is taken is told" {
	serve
	where=${url#http://}
	try 3 ipfrs-serve -a "${where%/}"
	says 'the address is taken'
	stop
	try 2 ipfrs-serve -a nowhere:x:y
}

@test "without a store" {
	rm -rf "$IPFRS_PATH"
	try 1 ipfrs-serve -a 127.0.0.1:0
	says 'ipfrs-init'
}

@test "what is added while it runs is there at once" {
	serve
	echo new > new
	cid=$(ipfrs-add -q new)
	try 0 curl -sf "${url}ipfs/$cid"
	prints new
	ipfrs-pin rm -q "$cid"
	ipfrs-gc -q
	try 22 curl -sf "${url}ipfs/$cid"
	stop
}

@test "what is not here is fetched from other gateways, and kept" {
	mkdir site
	echo '<h1>far</h1>' > site/index.html
	head -c 1000000 /dev/urandom > site/data
	IPFRS_PATH=$PWD/far ipfrs-init -q
	root=$(IPFRS_PATH=$PWD/far ipfrs-add -r -q site)
	IPFRS_PATH=$PWD/far ipfrs-serve -q -u -a 127.0.0.1:0 > far.url 2> far.err &
	far=$!
	for _ in $(seq 200); do [ -s far.url ] && break; sleep .05; done
	serve -o gateway.upstream=no
	[ "$(curl -s -o got -w '%{http_code}' "${url}ipfs/$root/")" = 404 ]
	stop
	try 2 ipfrs-serve -n -o gateway.upstream=yes
	says 'wants gateways in fetch.gateways'
	rm -f url
	serve -o gateway.upstream=yes -o fetch.gateways="$(head -n 1 far.url)"
	[ "$(curl -s -o got -w '%{http_code}' -H 'Cache-Control: only-if-cached' "${url}ipfs/$root/")" = 412 ]
	try 0 curl -sf "${url}ipfs/$root/"
	prints '<h1>far</h1>'
	curl -sf "${url}ipfs/$root/data" | cmp - site/data
	kill -TERM "$far"
	wait "$far"
	try 0 curl -sf "${url}ipfs/$root/"
	stop
	try 0 ipfrs-cat "$root/index.html"
	cmp <(ipfrs-cat "$root/data") site/data
}

@test "the list of what is not served is read again at SIGHUP" {
	echo one > one && echo two > two
	one=$(ipfrs-add -q one) two=$(ipfrs-add -q two)
	echo "/ipfs/$one" > deny
	serve -o gateway.deny="$PWD/deny" -o serve.pumps=3
	[ "$(curl -s -o got -w '%{http_code}' "${url}ipfs/$one")" = 410 ]
	[ "$(curl -s -o got -w '%{http_code}' "${url}ipfs/$two")" = 200 ]
	echo "/ipfs/$two" > deny
	kill -HUP "$pid"
	for _ in $(seq 100); do
		[ "$(curl -s -o got -w '%{http_code}' "${url}ipfs/$two")" = 410 ] && break
		sleep .05
	done
	[ "$(curl -s -o got -w '%{http_code}' "${url}ipfs/$two")" = 410 ]
	[ "$(curl -s -o got -w '%{http_code}' "${url}ipfs/$one")" = 200 ]
	# one that is broken is told, and the old one stays
	echo '/ipfs/nonsense' > deny
	kill -HUP "$pid"
	for _ in $(seq 100); do grep -q 'was read before' err && break; sleep .05; done
	sleep .3
	[ "$(grep -c 'what was read before stays' err)" = 1 ]		# not once for each process
	[ "$(curl -s -o got -w '%{http_code}' "${url}ipfs/$two")" = 410 ]
	stop
}

# a certificate by an authority of the test's, $1.pem, and what the authority says of it ($3: V or R), $1.der
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$1" -out "$1.csr" 2> log
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial "0x$2" -days 2 -out "$1.pem" \
		-extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") 2> log
	printf '%s\t491231235959Z\t%s\t%s\tunknown\t/CN=%s\n' "$3" "$([ "$3" = R ] && echo 200101000000Z)" "$2" "$1" > "$1.index"
	openssl ocsp -index "$1.index" -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem -cert "$1.pem" -ndays 1 \
		-respout "$1.der" > log 2>&1
}

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 \
		-subj "/CN=an authority" 2> log
}

# what a client is told of the certificate, of the server at $url
stapled() {
	echo | openssl s_client -connect "${url#https://}" -servername localhost -CAfile ca.pem -status 2> log |
		sed -n 's/^OCSP response: no response sent.*/none/p; s/^ *Next Update: //p; s/^ *Cert Status: //p' | sort
}

@test "TLS: what the authority says of the certificate goes along, and is read again at SIGHUP" {
	command -v openssl > /dev/null || skip "needs openssl"
	authority
	certificate good 0A V
	certificate bad 0B R
	serve -o serve.tls-cert=good.pem -o serve.tls-key=good.key -a tls:127.0.0.1:0
	url=$(grep https: url | sed 's,/$,,')
	[ "$(stapled)" = none ]
	stop
	cp good.der now.der
	rm -f url
	ipfrs-serve -u -a tls:127.0.0.1:0 -o serve.tls-cert=good.pem -o serve.tls-key=good.key -o serve.tls-ocsp=now.der \
		-o serve.pumps=1 > url 2> err &
	pid=$!
	ready
	url=${url%/}
	was=$(stapled)
	[[ $was == *good ]]
	if command -v gnutls-cli > /dev/null; then
		echo | gnutls-cli --ocsp --x509cafile ca.pem -p "${url##*:}" localhost > got 2>&1
		grep -q 'OCSP status request' got
		grep -q 'Status: The certificate is trusted' got
	fi
	# one that is broken, or harms us, is told, and the old one stays
	certificate bad 0A R
	openssl ocsp -index bad.index -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem -cert good.pem -ndays 1 \
		-respout revoked.der > log 2>&1
	for now in nonsense revoked.der; do
		: > err
		if [ -e $now ]; then cp $now now.der; else echo $now > now.der; fi
		kill -HUP "$pid"
		for _ in $(seq 100); do grep -q 'the certificate stays as it was' err && break; sleep .05; done
		grep -q 'the OCSP answer' err
		[ "$(stapled)" = "$was" ]
	done
	# a later one takes its place
	openssl ocsp -index good.index -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem -cert good.pem -ndays 3 \
		-respout now.der > log 2>&1
	kill -HUP "$pid"
	for _ in $(seq 100); do [ "$(stapled)" = "$was" ] || break; sleep .05; done
	[ "$(stapled)" != "$was" ]
	[[ "$(stapled)" == *good ]]
	stop
}
