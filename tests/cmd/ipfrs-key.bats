load ../helper

@test "a key's life" {
	try 0 ipfrs-key gen site
	[[ $output == k51* ]]
	id=$output
	try 0 ipfrs-key list
	prints "$id"$'\tsite\ted25519'
	[ "$(stat -c %a "$IPFRS_PATH/key/site")" = 600 ]
	try 1 ipfrs-key gen site
	says "already exists"
	try 0 ipfrs-key rename site blog
	try 1 ipfrs-key id site
	try 0 ipfrs-key id blog
	prints "$id"
	try 0 ipfrs-key rm blog
	try 1 ipfrs-key rm blog
	says "no key named 'blog'"
	try 0 ipfrs-key list
	prints ""
}

@test "all types, out and in again" {
	for t in ed25519 rsa secp256k1 ecdsa; do
		try 0 ipfrs-key gen -t $t $t
		id=$output
		ipfrs-key export $t > $t.bin
		try 0 ipfrs-key import $t-2 $t.bin
		prints "$id"
		try 0 ipfrs-key import $t-3 - < $t.bin
		prints "$id"
		[ $t = secp256k1 ] && continue
		try 0 ipfrs-key export -P -o $t.pem $t
		[ "$(stat -c %a $t.pem)" = 600 ]
		[ "$(head -n 1 $t.pem)" = "-----BEGIN PRIVATE KEY-----" ]
		try 0 ipfrs-key import $t-4 $t.pem
		prints "$id"
	done
	try 2 ipfrs-key export -P secp256k1
	[ "$(ipfrs-key list | wc -l)" -eq 15 ]
}

@test "ids in every form" {
	for id in 12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq \
		bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6 \
		k51qzi5uqu5dgy8qsq67hbz73jqkw87l3fgf4a91qb0d9b5173tir7n4vxk1oe; do
		try 0 ipfrs-key id $id
		prints k51qzi5uqu5dgy8qsq67hbz73jqkw87l3fgf4a91qb0d9b5173tir7n4vxk1oe
		try 0 ipfrs-key id -p $id
		prints 12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq
	done
	try 1 ipfrs-key id bafkqaaa
}

@test "mistakes" {
	for n in a/b .a ''; do
		try 2 ipfrs-key gen "$n"
	done
	try 2 ipfrs-key gen -t dsa x
	says "unrecognized key type: dsa"
	try 2 ipfrs-key gen -t rsa -z 1024 x
	try 2 ipfrs-key gen -z 2048 x
	echo junk > junk
	try 4 ipfrs-key import x junk
	says "junk"
	try 4 ipfrs-key import x /dev/null
	ipfrs-key gen a b > ids
	try 1 ipfrs-key rename a b
	try 0 ipfrs-key rename -f a b
	[ "$(ipfrs-key id b)" = "$(head -n 1 ids)" ]
	ipfrs-key export b > b.bin
	ipfrs-key gen c
	try 1 ipfrs-key import c b.bin
	try 0 ipfrs-key import -f c b.bin
	[ "$(ipfrs-key id c)" = "$(head -n 1 ids)" ]
}

@test "names from a list, JSON" {
	printf 'a b\0c\0' | ipfrs-key gen -0 | tr '\0' '\n' > ids
	[ "$(wc -l < ids)" -eq 2 ]
	try 0 ipfrs-key list -j
	[ "${lines[0]}" = '{"name":"a b","id":"'"$(head -n 1 ids)"'","type":"ed25519"}' ]
}

@test "signatures show that one has a key" {
	printf hello > f
	ipfrs-key gen a
	try 0 ipfrs-key sign a f
	[[ $output == u* ]]
	sig=$output
	try 0 ipfrs-key sign a < f
	prints "$sig"
	try 0 ipfrs-key verify a "$sig" f
	silent
	try 0 ipfrs-key verify "$(ipfrs-key id -p a)" "$sig" < f
	printf hallo > g
	try 1 ipfrs-key verify a "$sig" g
	says "none of this key over these bytes"
	try 1 ipfrs-key verify self "$sig" f
	try 2 ipfrs-key verify nobody "$sig" f
	try 4 ipfrs-key verify a 'u!' f
	try 1 ipfrs-key sign nobody f
	try 0 ipfrs-key sign self f
	[ "$(ipfrs-key list | cut -f2 | tr '\n' ' ')" = "a self " ]
}
