// The public tests of Kubo's CoreAPI, through kubo/client/rpc: every test has a server of its own, started by
// $RPC_SERVE FOLDER, which prints "HOST:PORT" and ends with its standard input.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ipfs/kubo/client/rpc"
	iface "github.com/ipfs/kubo/core/coreiface"
	"github.com/ipfs/kubo/core/coreiface/tests"
	"github.com/multiformats/go-multiaddr"
)

type provider struct{}

func start(t *testing.T) (string, error) {
	words := strings.Fields(os.Getenv("RPC_SERVE"))
	cmd := exec.Command(words[0], append(words[1:], t.TempDir())...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended badly: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(line), err
}

func (provider) MakeAPISwarm(t *testing.T, ctx context.Context, identity, online bool, n int) ([]iface.CoreAPI, error) {
	if online || n != 1 {
		t.Skip("wants a network of several nodes")
	}
	at, err := start(t)
	if err != nil {
		return nil, err
	}
	host, port, found := strings.Cut(at, ":")
	if !found {
		return nil, fmt.Errorf("no server: %q", at)
	}
	addr, err := multiaddr.NewMultiaddr("/ip4/" + host + "/tcp/" + port)
	if err != nil {
		return nil, err
	}
	api, err := rpc.NewApi(addr)
	return []iface.CoreAPI{api}, err
}

func TestCore(t *testing.T) {
	tests.TestApi(provider{})(t)
}
