load ../helper

FILES=bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy
HELLO=bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4
HAMT=bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i

fixture() {
	"$ROOT/tests/car-put" "$ROOT/tests/golden/unixfs/$1.car"
}

@test "paths in every spelling" {
	fixture dir-with-files
	for p in $FILES/hello.txt /ipfs/$FILES/hello.txt ipfs://$FILES/hello.txt IPFS:$FILES/hello.txt/ \
		/ipfs//$FILES/./x/../hello.txt; do
		try 0 ipfrs-resolve $p
		prints $HELLO
	done
	try 0 ipfrs-resolve $FILES $FILES/hello.txt
	prints "$FILES"$'\n'"$HELLO"
}

@test "a CID alone needs no block" {
	try 0 ipfrs-resolve bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku
	prints bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku
}

@test "odd names" {
	fixture path-gateway-tar
	fixture dir-with-percent-encoded-filename
	try 0 ipfrs-resolve bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i/ą/ę
	silent
	try 0 ipfrs-resolve bafybeig675grnxcmshiuzdaz2xalm6ef4thxxds6o6ypakpghm5kghpc34/'Portugal%2C+España=Peninsula Ibérica.txt'
	silent
}

@test "through a HAMT" {
	fixture single-layer-hamt-with-multi-block-files
	try 0 ipfrs-resolve $HAMT/470.txt
	silent
	try 1 ipfrs-resolve $HAMT/0.txt
	says "no link named \"0.txt\" under $HAMT"
}

@test "the base of the question, or -b" {
	fixture dir-with-files
	try 0 ipfrs-resolve -b base36 $FILES/hello.txt
	[[ $output == k2* ]] || [[ $output == k* ]]
	b36=$output
	try 0 ipfrs-resolve $b36
	prints $b36
	try 0 ipfrs-resolve -b base32 $b36
	prints $HELLO
	try 2 ipfrs-resolve -b base7 $FILES
}

@test "lists in and out" {
	fixture dir-with-files
	printf '%s\0' $FILES $FILES/hello.txt > in
	ipfrs-resolve -0 < in | tr '\0' '\n' > out
	[ "$(cat out)" = "$FILES"$'\n'"$HELLO" ]
	try 2 ipfrs-resolve nonsense $FILES
	prints $FILES
}

# what Kubo makes of these paths
@test "through nodes of other codecs" {
	for f in dag-cbor-traversal dag-json-traversal dir-with-dag-cbor-with-links; do
		"$ROOT/tests/car-put" "$ROOT/tests/golden/ipld-paths/$f.car"
	done
	n=0
	while IFS=$'\t' read -r path want; do
		n=$((n + 1))
		case $want in
		'!'*)	try 1 ipfrs-resolve "$path"
			says "${want#!}" ;;
		*)	try 0 ipfrs-resolve "$path"
			prints "$want" ;;
		esac
	done < "$ROOT/tests/golden/ipld-paths/paths.tsv"
	[ $n = 42 ]
}

@test "files behind a node, and values that are none" {
	fixture ../ipld-paths/dir-with-dag-cbor-with-links
	DOC=bafybeia264q44a3kmfc2otctzu4egp2k235o3t7mslz2yjraymp4nv6asi/document
	try 0 ipfrs-cat $DOC/files/single
	prints "hello world"
	try 0 ipfrs-stat $DOC/files/multiblock
	silent
	try 4 ipfrs-cat $DOC/files
	says "not a block of its own, but 'files' inside block bafyreidy4q6"
	try 0 ipfrs-resolve -b base36 $DOC/cats
	[[ $output == k*/cats ]]
	try 0 ipfrs-resolve "$(ipfrs-resolve $DOC/cats)"
	prints bafyreidy4q6mmetut5jzc54ambsfnatbyoujmwbfzyyolqw24majazwgha/cats
}
