// gorpc - calls of kubo/client/rpc on the RPC at an address; TAP.
//
//	gorpc HOST:PORT BYTES     BYTES: the size of the big file
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/ipfs/kubo/client/rpc"
	"github.com/multiformats/go-multiaddr"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "gorpc: HOST:PORT BYTES")
		os.Exit(2)
	}
	big, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		panic(err)
	}
	var host, port string
	for i, c := range os.Args[1] {
		if c == ':' {
			host, port = os.Args[1][:i], os.Args[1][i+1:]
		}
	}
	addr, err := multiaddr.NewMultiaddr("/ip4/" + host + "/tcp/" + port)
	if err != nil {
		panic(err)
	}
	api, err := rpc.NewApi(addr)
	if err != nil {
		panic(err)
	}
	unixfsCalls(api, big)
	blockCalls(api)
	pinCalls(api)
	keyCalls(api)
	nodeCalls(api, addr)
	end()
}
