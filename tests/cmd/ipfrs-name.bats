load ../helper

records() {
	echo "$ROOT/tests/golden/gateway/records/$1.ipns-record"
}

V12=k51qzi5uqu5dlkw8pxuw9qmqayfdeh4kfebhmreauqdc6a7c3y7d5i9fi8mk9w

@test "publish and resolve" {
	printf 123 > a
	c=$(ipfrs-add -q a)
	id=$(ipfrs-key gen self)
	try 0 ipfrs-name publish $c
	prints "$id"$'\t'"/ipfs/$c"
	for n in self $id /ipns/$id "$(ipfrs-key id -p self)"; do
		try 0 ipfrs-name resolve $n
		prints "/ipfs/$c"
	done
	try 0 ipfrs-name resolve $id/x/y
	prints "/ipfs/$c/x/y"
	try 0 ipfrs-name ls
	prints "$id"$'\t'"/ipfs/$c"
	try 0 ipfrs-name rm self
	try 1 ipfrs-name resolve self
	says "no record of the name \"$id\""
	try 1 ipfrs-name rm self
}

@test "a path that leads nowhere is not published, unless with -f" {
	ipfrs-key gen self
	try 1 ipfrs-name publish bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4/x
	try 1 ipfrs-name get self
	try 0 ipfrs-name publish -f bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4/x
	try 2 ipfrs-name publish -f nonsense
	try 1 ipfrs-name publish -k none -f /ipfs/bafkqaaa
	says "no key named 'none'; run 'ipfrs-key gen none'"
}

@test "names that lead to names" {
	a=$(ipfrs-key gen a) b=$(ipfrs-key gen b)
	ipfrs-name publish -k a -f /ipfs/bafkqaaa/x
	ipfrs-name publish -k b /ipns/$a/y
	try 0 ipfrs-name resolve b/z
	prints /ipfs/bafkqaaa/x/y/z
	try 0 ipfrs-name resolve -1 b/z
	prints "/ipns/$a/y/z"
	ipfrs-name publish -k a /ipns/$b
	try 4 ipfrs-name resolve b
	says "names that lead to names"
}

@test "sequence, end and ttl" {
	ipfrs-key gen self
	seq() { ipfrs-name get self | ipfrs-name inspect | sed -n 's/^sequence\t//p'; }
	ipfrs-name publish -f /ipfs/bafkqaaa
	[ "$(seq)" = 0 ]
	ipfrs-name publish -f /ipfs/bafkqaaa
	[ "$(seq)" = 0 ]
	ipfrs-name publish -f /ipfs/bafkqaalb
	[ "$(seq)" = 1 ]
	ipfrs-name publish -e 9 -f /ipfs/bafkqaaa
	[ "$(seq)" = 9 ]
	try 1 ipfrs-name publish -e 8 -f /ipfs/bafkqaaa
	ipfrs-name publish -t 1h30m -T 2d -f /ipfs/bafkqaaa
	[ "$(ipfrs-name get self | ipfrs-name inspect | sed -n 's/^ttl\t//p')" = 5400.000000000 ]
	try 2 ipfrs-name publish -t soon -f /ipfs/bafkqaaa
	try 2 ipfrs-name publish -t 0 -f /ipfs/bafkqaaa
	try 2 ipfrs-name publish -t 9999999999999d -f /ipfs/bafkqaaa
}

@test "records of others" {
	try 0 ipfrs-name verify $V12 "$(records ${V12}_v1-v2)"
	[ "${lines[0]}" = $'value\t/ipfs/bafkqaddwgevxmmraojswg33smq' ]
	[ "${lines[2]}" = $'sequence\t0' ]
	[ "${lines[5]}" = $'signatures\tV1+V2' ]
	try 4 ipfrs-name verify k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f \
		"$(records ${V12}_v1-v2)"
	try 0 ipfrs-name put $V12 - < "$(records ${V12}_v1-v2)"
	try 0 ipfrs-name resolve $V12
	prints /ipfs/bafkqaddwgevxmmraojswg33smq
	ipfrs-name get $V12 > got
	cmp got "$(records ${V12}_v1-v2)"
	try 0 ipfrs-name get -o got2 $V12
	cmp got got2
	try 0 ipfrs-name put $V12 got
	says "stays"
	bad=k51qzi5uqu5diamp7qnnvs1p1gzmku3eijkeijs3418j23j077zrkok63xdm8c
	try 4 ipfrs-name put $bad "$(records ${bad}_v1-v2-broken-signature-v2)"
	says signature
	bad=k51qzi5uqu5dlmit2tuwdvnx4sbnyqgmvbxftl0eo3f33wwtb9gr7yozae9kpw
	try 4 ipfrs-name put $bad "$(records ${bad}_v1-v2-broken-v1-value)"
	says value
	bad=k51qzi5uqu5dm4tm0wt8srkg9h9suud4wuiwjimndrkydqm81cqtlb5ak6p7ku
	try 4 ipfrs-name put $bad "$(records ${bad}_v1)"
	says signatureV2
	rsa=QmVujd5Vb7moysJj8itnGufN7MEtPRCNHkKpNuA4onsRa3
	try 0 ipfrs-name put $rsa "$(records $rsa)"
	try 0 ipfrs-name ls
	[ ${#lines[@]} -eq 2 ]
}

@test "every type of key signs" {
	for t in ed25519 rsa secp256k1 ecdsa; do
		id=$(ipfrs-key gen -t $t $t)
		ipfrs-name publish -k $t -f -o $t.rec /ipfs/bafkqaaa
		try 0 ipfrs-name verify -q $id $t.rec
		ipfrs-name publish -2 -k $t -f -o $t.rec /ipfs/bafkqaaa
		try 0 ipfrs-name verify $id $t.rec
		[ "${lines[5]}" = $'signatures\tV2' ]
	done
}

@test "what has expired is told as such" {
	id=$(ipfrs-key gen self)
	ipfrs-name publish -t 1 -f /ipfs/bafkqaaa
	cp "$IPFRS_PATH/names/$id" old
	for i in $(seq 50); do
		ipfrs-name verify -q $id old 2> /dev/null || break
		sleep 0.1
	done
	try 3 ipfrs-name verify $id old
	says expired
	try 3 ipfrs-name resolve self
	try 3 ipfrs-name put self old
}

@test "what is no record" {
	echo junk > junk
	try 4 ipfrs-name inspect junk
	head -c 20000 /dev/zero > big
	try 4 ipfrs-name inspect big
	try 4 ipfrs-name inspect /dev/null
	try 1 ipfrs-name inspect nowhere
	try 2 ipfrs-name get bafkqaaa
	says "neither a name nor a key"
	try 0 ipfrs-name inspect -j "$(records ${V12}_v1-v2)"
	[[ $output == '{"value":"/ipfs/bafkqaddwgevxmmraojswg33smq",'* ]]
}

@test "programs that read take names, too" {
	mkdir d && printf 123 > d/a
	c=$(ipfrs-add -r -q d)
	id=$(ipfrs-key gen self)
	ipfrs-name publish $c
	try 0 ipfrs-cat /ipns/$id/a
	prints 123
	try 0 ipfrs-cat ipns://$(ipfrs-key id -p self)/a
	prints 123
	try 0 ipfrs-resolve /ipns/$id
	prints $c
	try 0 ipfrs-ls /ipns/$id
	[ "$output" = "$(ipfrs-ls $c)" ]
	try 0 ipfrs-get -o got /ipns/$id/a
	cmp got d/a
	[ "$(ipfrs-stat /ipns/$id | tail -n +2)" = "$(ipfrs-stat $c | tail -n +2)" ]
	[ "$(ipfrs-refs /ipns/$id)" = "$(ipfrs-refs $c)" ]
	[ "$(ipfrs-dag get /ipns/$id)" = "$(ipfrs-dag get $c)" ]
	[ "$(ipfrs-pin add /ipns/$id)" = $c ]
	try 1 ipfrs-cat /ipns/k51qzi5uqu5dgy8qsq67hbz73jqkw87l3fgf4a91qb0d9b5173tir7n4vxk1oe
	says "no record of the name"
	try 1 ipfrs-cat /ipns/example.com
	says "has no DNSLink"
	try 2 ipfrs-cat /ipns/
}
