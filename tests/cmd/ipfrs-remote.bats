load ../helper

CID=bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku

@test "without a service" {
	unset IPFRS_PINNING_URL IPFRS_PINNING_KEY
	try 2 ipfrs-remote ls
	says "which service?"
	try 2 ipfrs-remote ls -e nonsense
	says "service endpoint must be a valid HTTP URL"
	try 2 ipfrs-remote ls -e http://localhost/pins
	says "without the /pins suffix"
	try 4 ipfrs-remote ls -e http://127.0.0.1:1
	says "empty response from remote pinning service"
}

@test "mistakes" {
	try 2 ipfrs-remote
	try 2 ipfrs-remote add -e http://127.0.0.1:1
	try 2 ipfrs-remote ls -e http://127.0.0.1:1 -s sometimes
	says 'status "sometimes" is not valid'
	try 2 ipfrs-remote stat -n name
	try 2 ipfrs-remote rm -b
	try 4 ipfrs-remote ls -e http://127.0.0.1:1 nonsense
	says nonsense
	try 1 ipfrs-remote ls -e http://127.0.0.1:1 -k nofile
	says nofile
	try 2 ipfrs-remote ls -e http://127.0.0.1:1 $CID $CID $CID $CID $CID $CID $CID $CID $CID $CID $CID
}
