package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ipfs/boxo/path"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/kubo/client/rpc"
	"github.com/ipfs/kubo/core/coreiface/options"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

const offlineText = "must be run in online mode|can't put while offline"

func unplugged(api *rpc.HttpApi) {
	id, _ := peer.Decode("12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5")
	p := path.FromCid(rawCid([]byte("pinned"), cid.Raw))
	addr, _ := multiaddr.NewMultiaddr("/ip4/127.0.0.1/tcp/4")
	for _, c := range []struct {
		name string
		fn   func(context.Context) error
	}{
		{"Swarm.Peers", func(ctx context.Context) error { _, err := api.Swarm().Peers(ctx); return err }},
		{"Swarm.KnownAddrs", func(ctx context.Context) error { _, err := api.Swarm().KnownAddrs(ctx); return err }},
		{"Swarm.LocalAddrs", func(ctx context.Context) error { _, err := api.Swarm().LocalAddrs(ctx); return err }},
		{"Swarm.ListenAddrs", func(ctx context.Context) error { _, err := api.Swarm().ListenAddrs(ctx); return err }},
		{"Swarm.Connect", func(ctx context.Context) error {
			return api.Swarm().Connect(ctx, peer.AddrInfo{ID: id, Addrs: []multiaddr.Multiaddr{addr}})
		}},
		{"Routing.FindPeer", func(ctx context.Context) error { _, err := api.Routing().FindPeer(ctx, id); return err }},
		{"Routing.FindProviders", func(ctx context.Context) error { _, err := api.Routing().FindProviders(ctx, p); return err }},
		{"Routing.Provide", func(ctx context.Context) error { return api.Routing().Provide(ctx, p) }},
		{"Routing.Get", func(ctx context.Context) error { _, err := api.Routing().Get(ctx, "/ipns/"+id.String()); return err }},
		{"Routing.Put", func(ctx context.Context) error { return api.Routing().Put(ctx, "/ipns/"+id.String(), []byte("x")) }},
	} {
		call(c.name+": offline", func(ctx context.Context) error { return fails(c.fn(ctx), offlineText) })
	}
	call("PubSub: not enabled", func(ctx context.Context) error {
		off := "experimental pubsub feature not enabled|online mode"
		_, err1 := api.PubSub().Ls(ctx)
		_, err2 := api.PubSub().Peers(ctx, options.PubSub.Topic("topic"))
		_, err3 := api.PubSub().Subscribe(ctx, "topic")
		return first(fails(err1, off), fails(err2, off), fails(err3, off), fails(api.PubSub().Publish(ctx, "topic", []byte("x")), off))
	})
}

func nodeCalls(api *rpc.HttpApi, addr multiaddr.Multiaddr) {
	unplugged(api)
	call("version: as the library reads it before it uploads", func(ctx context.Context) error {
		var out struct{ Version, Repo, System, Golang string }
		err := api.Request("version").Exec(ctx, &out)
		return first(err, yes(strings.Count(out.Version, ".") == 2, "%s", out.Version), yes(out.Repo != "" && out.System != "" && out.Golang != "", "%v", out))
	})
	call("repo/stat", func(ctx context.Context) error {
		var out struct {
			RepoSize, StorageMax, NumObjects uint64
			RepoPath, Version                string
		}
		err := api.Request("repo/stat").Exec(ctx, &out)
		return first(err, yes(out.NumObjects > 20 && out.RepoSize > 1000 && strings.HasPrefix(out.Version, "fs-repo@"), "%v", out))
	})
	call("files: mkdir, write, read, stat, rm", func(ctx context.Context) error {
		if err := api.Request("files/mkdir", "/go").Option("parents", true).Exec(ctx, nil); err != nil {
			return err
		}
		if err := api.Request("files/write", "/go/f").Option("create", true).FileBody(strings.NewReader("hello\n")).Exec(ctx, nil); err != nil {
			return err
		}
		r, err := api.Request("files/read", "/go/f").Send(ctx)
		if err != nil {
			return err
		}
		if r.Error != nil {
			return r.Error
		}
		b, err := io.ReadAll(r.Output)
		var st struct {
			Size int
			Type string
		}
		return first(err, same("text", string(b), "hello\n"), api.Request("files/stat", "/go/f").Exec(ctx, &st), same("size", st.Size, 6),
			same("type", st.Type, "file"), api.Request("files/rm", "/go").Option("recursive", true).Exec(ctx, nil),
			fails(api.Request("files/stat", "/go/f").Exec(ctx, &st), "file does not exist"))
	})
	call("files/rm: an error after the head", func(ctx context.Context) error {
		return fails(api.Request("files/rm", "/none").Exec(ctx, nil), "can't remove some files|file does not exist")
	})
	call("a command that is none", func(ctx context.Context) error {
		return fails(api.Request("nonsense").Exec(ctx, nil), "command not found")
	})
	call("an argument that is missing", func(ctx context.Context) error {
		err := api.Request("cat").Exec(ctx, nil)
		return first(fails(err, `argument "ipfs-path" is required`))
	})
	call("an option of the wrong kind", func(ctx context.Context) error {
		return fails(api.Request("refs", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn").Option("recursive", "perhaps").Exec(ctx, nil), `could not convert value "perhaps" to type "bool"`)
	})
	call("a file that is missing", func(ctx context.Context) error {
		return fails(api.Request("block/put").Exec(ctx, nil), "file argument 'data' is required")
	})
	call("WithOptions: offline", func(ctx context.Context) error {
		off, err := api.WithOptions(options.Api.Offline(true))
		if err != nil {
			return err
		}
		_, err = off.Block().Stat(ctx, path.FromCid(rawCid([]byte("pinned"), cid.Raw)))
		return err
	})
	call("a timeout of the server", func(ctx context.Context) error {
		start := time.Now()
		err := api.Request("cat", rawCid([]byte("absent"), cid.Raw).String()).Option("timeout", "300ms").Exec(ctx, nil)
		return first(fails(err, "could not find|deadline"), yes(time.Since(start) < 5*time.Second, "soon"))
	})
	call("a client of another version is refused", func(ctx context.Context) error {
		for agent, want := range map[string]bool{"/kubo/0.1.2/": true, "/go-ipfs/0.4.0/abc": true, "mine": false} {
			err := api.Request("id").Header("User-Agent", agent).Exec(ctx, nil)
			if (err != nil) != want || want && !strings.Contains(err.Error(), "api version mismatch") {
				return fmt.Errorf("%s: %v", agent, err)
			}
		}
		return nil
	})
	call("NewApiWithClient: connections that are kept", func(ctx context.Context) error {
		kept, err := rpc.NewApiWithClient(addr, &http.Client{})
		if err != nil {
			return err
		}
		for i := range 50 {
			st, err := kept.Block().Put(ctx, strings.NewReader(fmt.Sprint("block ", i)))
			if err := first(err, same("CID", st.Path().RootCid(), rawCid(fmt.Append(nil, "block ", i), cid.Raw))); err != nil {
				return err
			}
		}
		return nil
	})
}
