# ipfrs-cid.bats - what is expected is what Kubo 0.43 prints, where it has the same verb

load ../helper

V0=QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN
V1=bafybeiffndsajwhk3lwjewwdxqntmjm4b5wxaaanokonsggenkbw6slwk4
RAW=bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e

@test "base32 makes version 1 of every CID, in order" {
	try 0 ipfrs-cid base32 $V0 zb2rhj7crUKTQYRGCRATFaQ6YFLTde2YzdqbbhAASkL9uRDXn
	prints "$V1
$RAW"
	silent
}

@test "CIDs come from standard input, too, by line or NUL" {
	printf '%s\n%s\n' $V0 $RAW | ipfrs-cid base32 > out
	[ "$(cat out)" = "$V1
$RAW" ]
	printf '%s\0%s\0' $V0 $RAW | ipfrs-cid base32 -0 | tr '\0' '|' > out
	[ "$(cat out)" = "$V1|$RAW|" ]
}

@test "format converts version, base and codec" {
	try 0 ipfrs-cid format $V0 $V1
	prints "$V0
$V1"
	try 0 ipfrs-cid format -C 1 $V0
	prints zdj7WgZb7dJCFFLxEgawRRQ5M6Eni9d8ix75bfo2JC14nHRQJ
	try 0 ipfrs-cid format -C 0 $V1
	prints $V0
	try 0 ipfrs-cid format -b base32 $V0
	prints $V1
	try 0 ipfrs-cid format -b base36 $RAW
	prints k2cwued9o1pvrt3q271rrqbo49x30tbxwpoeaq75z14e5ui2rzygpbe1
	try 0 ipfrs-cid format -c raw -b base32 $V1
	prints bafkreiffndsajwhk3lwjewwdxqntmjm4b5wxaaanokonsggenkbw6slwk4
	try 0 ipfrs-cid format -c 0x55 -b base32 $V1
	prints bafkreiffndsajwhk3lwjewwdxqntmjm4b5wxaaanokonsggenkbw6slwk4
}

@test "every letter of a format" {
	try 0 ipfrs-cid format -f '%b %B %v %V %c %C %h %H %L %%' $RAW
	prints "base32 b cidv1 1 raw 85 sha2-256 18 32 %"
	try 0 ipfrs-cid format -f '%P' $V0 $RAW
	prints "cidv0-dag-pb-sha2-256-32
cidv1-raw-sha2-256-32"
	try 0 ipfrs-cid format -b base16 -f '%m %M %d %D %s %S' bafkqaaa
	prints "f0000 0000 f  f01550000 01550000"
	try 0 ipfrs-cid format -b base16 -f '%D' $RAW
	prints b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9
}

@test "formats and conversions that do not exist are a mistake" {
	try 2 ipfrs-cid format -f '%x' $RAW
	try 2 ipfrs-cid format -f '%' $RAW
	try 2 ipfrs-cid format -f 'no verb' $RAW
	try 2 ipfrs-cid format -b base33 $RAW
	says base33
	try 2 ipfrs-cid format -C 2 $RAW
	try 2 ipfrs-cid format -C 0 -b base32 $V0
	try 2 ipfrs-cid format -C 0 -c raw $V0
	try 2 ipfrs-cid format -c no-codec $RAW
	[ -z "$output" ]
}

@test "what is no CID is told, and the others are printed" {
	try 4 ipfrs-cid base32 $V0 nonsense $RAW
	prints "$V1
$RAW"
	says "ipfrs-cid: nonsense: "
	try 4 ipfrs-cid format -C 0 $RAW $V1
	prints $V0
	says "$RAW"
	for bad in bafkqaa bafkqaab bafkqaaa= 'bafkqaaa ' Qm $V0. ''; do
		try 4 ipfrs-cid format "$bad"
		[ -z "$output" ]
	done
}

@test "inspect tells the parts, as Kubo does" {
	try 0 ipfrs-cid inspect $V0
	prints "CID:        $V0
Version:    0
Multibase:  base58btc (implicit)
Multicodec: dag-pb (0x70, implicit)
Multihash:  sha2-256 (0x12, implicit)
  Length:   32 bytes
  Digest:   a568e404d8eadaec925ac3bc1b36259c0f6d70000d729cd918c46a836f497657
CIDv0:      $V0
CIDv1:      $V1"
	try 0 ipfrs-cid inspect bafkqaaa
	prints "CID:        bafkqaaa
Version:    1
Multibase:  base32 (b)
Multicodec: raw (0x55)
Multihash:  identity (0x0)
  Length:   0 bytes
  Digest:   
CIDv0:      not possible, requires dag-pb (0x70), got raw (0x55)
CIDv1:      bafkqaaa"
	try 0 ipfrs-cid inspect $V0 bafkqaaa
	[ "$(wc -l <<< "$output")" -eq 19 ]
}

@test "inspect -j prints what Kubo prints, one line each" {
	try 0 ipfrs-cid inspect -j $V0 bafkqaaa
	[ "${lines[0]}" = '{"cid":"'$V0'","version":0,"multibase":{"prefix":"z","name":"base58btc"},"multicodec":{"code":112,"name":"dag-pb"},"multihash":{"code":18,"name":"sha2-256","length":32,"digest":"a568e404d8eadaec925ac3bc1b36259c0f6d70000d729cd918c46a836f497657"},"cidV0":"'$V0'","cidV1":"'$V1'"}' ]
	[ "${#lines[@]}" -eq 2 ]
	try 4 ipfrs-cid inspect -j nonsense bafkqaaa
	[ "${#lines[@]}" -eq 2 ]
	python3 -c 'import json, sys; [json.loads(l) for l in sys.argv[1].splitlines()]' "$output"
}

@test "bases, codecs and hashes are listed" {
	try 0 ipfrs-cid bases
	[[ $output == *"base58btc	z	122"* ]]
	[ "$(cut -f1 <<< "$output" | sort | uniq -d)" = "" ]
	[[ $output == *"base256emoji	🚀	128640"* ]]
	try 0 ipfrs-cid codecs
	[[ $output == *"dag-pb	112	usable"* ]]
	[[ $output == *"raw	85	usable"* ]]
	try 0 ipfrs-cid hashes
	[[ $output == *"sha2-256	18	32"* ]]
	[[ $output == *"blake3	30	32"* ]]
	[[ $output != *md5* ]]
	try 2 ipfrs-cid bases operand
}

@test "every base gives a text that comes back" {
	ipfrs-cid bases | cut -f1 | while read -r b; do
		[ "$b" = identity ] && continue		# its prefix is NUL
		there=$(ipfrs-cid format -b "$b" $RAW)
		back=$(ipfrs-cid format -b base32 "$there")
		[ "$back" = $RAW ] || { echo "$b: $there"; exit 1; }
	done
}

@test "no store is needed" {
	rm -r "$IPFRS_PATH"
	try 0 ipfrs-cid base32 $V0
}

@test "the options that give a file or folder a CID are found" {
	rm -r "$IPFRS_PATH"
	bytes 300000 > f
	mkdir -p d/e
	echo a > d/e/x
	echo b > d/.hidden
	for o in '-O profile=unixfs-v1-2025' '-O cid-version=1,raw-leaves=no' '-O raw-leaves=yes,layout=trickle' \
		 '-O cid-version=1,chunker=size-1024,max-links=11' '-O chunker=buzhash' \
		 '-O cid-version=1,hash=blake3' '-O hash=sha2-512,chunker=rabin -w' -w; do
		c=$(ipfrs-add -n -Q $o f)
		try 0 ipfrs-cid -e f "$c"
		found=${lines[0]#*$'\t'}
		[ "$(ipfrs-add -n -Q $found f)" = "$c" ]
	done
	for o in -r '-r -H' '-1 -r -H -w' '-r -O inline=32'; do
		c=$(ipfrs-add -n -Q $o d)
		try 0 ipfrs-cid explain -e d "$c"
		found=${lines[0]#*$'\t'}
		[ "$(ipfrs-add -n -Q $found d)" = "$c" ]
	done
	# the block of one version under the other
	c=$(ipfrs-add -n -Q -O chunker=size-1024 f)
	try 0 ipfrs-cid -e f "$(ipfrs-cid base32 "$c")"
	[ "${output##*$'\t'}" = "$c" ]
	try 1 ipfrs-cid -e f bafkqaaa
	try 1 ipfrs-cid -e none $RAW
	try 2 ipfrs-cid explain $RAW
	try 2 ipfrs-cid -e f bagaaierasords4njcts6vs7qvdjfcvgnume4hqohf65zsfguprqphs3icwea
}
