package main

import (
	"bytes"
	"context"
	"fmt"
	"sort"

	"github.com/ipfs/boxo/files"
	"github.com/ipfs/boxo/path"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/kubo/client/rpc"
	iface "github.com/ipfs/kubo/core/coreiface"
	"github.com/ipfs/kubo/core/coreiface/options"
)

func pins(ctx context.Context, api *rpc.HttpApi, opts ...options.PinLsOption) ([]string, error) {
	found := make(chan iface.Pin)
	done := make(chan error, 1)
	go func() { done <- api.Pin().Ls(ctx, found, opts...) }()
	var out []string
	for p := range found {
		out = append(out, fmt.Sprintf("%s %s %s", p.Path().RootCid(), p.Type(), p.Name()))
	}
	sort.Strings(out)
	return out, <-done
}

func has(list []string, line string) bool {
	i := sort.SearchStrings(list, line)
	return i < len(list) && list[i] == line
}

func pinCalls(api *rpc.HttpApi) {
	loose := func(ctx context.Context, seed int) path.ImmutablePath {
		st, err := api.Block().Put(ctx, bytes.NewReader(some(40, seed)))
		if err != nil {
			panic(err)
		}
		return st.Path()
	}
	is := func(ctx context.Context, p path.Path, want string) error {
		how, pinned, err := api.Pin().IsPinned(ctx, p)
		return first(err, same("pinned", pinned, want != ""), same("how", how, want))
	}
	call("Pin.Add", func(ctx context.Context) error {
		p := loose(ctx, 40)
		return first(is(ctx, p, ""), api.Pin().Add(ctx, p), is(ctx, p, "recursive"), api.Pin().Add(ctx, p))
	})
	call("Pin.Add: direct", func(ctx context.Context) error {
		p := loose(ctx, 41)
		return first(api.Pin().Add(ctx, p, options.Pin.Recursive(false)), is(ctx, p, "direct"))
	})
	call("Pin.Add: a name", func(ctx context.Context) error {
		p := loose(ctx, 42)
		if err := api.Pin().Add(ctx, p, options.Pin.Name("name of 42")); err != nil {
			return err
		}
		got, err := pins(ctx, api, options.Pin.Ls.Recursive(), options.Pin.Ls.Detailed(true))
		return first(err, yes(has(got, p.RootCid().String()+" recursive name of 42"), "in %v", got))
	})
	call("Pin.Add: absent", func(ctx context.Context) error {
		short, err := api.WithOptions(options.Api.Offline(true))
		if err != nil {
			return err
		}
		return fails(short.Pin().Add(ctx, path.FromCid(rawCid([]byte("absent"), cid.Raw))), "could not find|not found")
	})
	call("Pin.Ls: by type", func(ctx context.Context) error {
		p, err := api.Unixfs().Add(ctx, files.NewMapDirectory(map[string]files.Node{"one": files.NewBytesFile([]byte("one\n"))}), options.Unixfs.Pin(true, ""))
		if err != nil {
			return err
		}
		direct, err1 := pins(ctx, api, options.Pin.Ls.Direct())
		recursive, err2 := pins(ctx, api, options.Pin.Ls.Recursive())
		indirect, err3 := pins(ctx, api, options.Pin.Ls.Indirect())
		every, err4 := pins(ctx, api)
		one, err5 := fileCid(bytes.NewReader([]byte("one\n")), layout{})
		return first(err1, err2, err3, err4, err5, yes(has(direct, loose(ctx, 41).RootCid().String()+" direct "), "direct"),
			yes(has(recursive, p.RootCid().String()+" recursive "), "recursive"), yes(has(indirect, one.String()+" indirect "), "indirect"),
			same("all of them", len(every), len(direct)+len(recursive)+len(indirect)),
			is(ctx, path.FromCid(one), "indirect through "+p.RootCid().String()))
	})
	call("Pin.Update", func(ctx context.Context) error {
		a, b := loose(ctx, 40), loose(ctx, 43)
		if err := first(api.Pin().Update(ctx, a, b), is(ctx, a, ""), is(ctx, b, "recursive")); err != nil {
			return err
		}
		if err := first(api.Pin().Update(ctx, b, a, options.Pin.Unpin(false)), is(ctx, a, "recursive"), is(ctx, b, "recursive")); err != nil {
			return err
		}
		return fails(api.Pin().Update(ctx, loose(ctx, 44), a), "not recursively pinned already|not recursively pinned|not pinned")
	})
	call("Pin.Rm", func(ctx context.Context) error {
		p := loose(ctx, 40)
		return first(api.Pin().Rm(ctx, p), is(ctx, p, ""), fails(api.Pin().Rm(ctx, p), "not pinned or pinned indirectly"))
	})
	call("Pin.Rm: not recursive of one that is", func(ctx context.Context) error {
		return fails(api.Pin().Rm(ctx, loose(ctx, 42), options.Pin.RmRecursive(false)), "is pinned recursively")
	})
	call("Pin.Verify", func(ctx context.Context) error {
		found, err := api.Pin().Verify(ctx)
		if err != nil {
			return err
		}
		n := 0
		for s := range found {
			if err := first(s.Err(), yes(s.Ok(), "whole"), same("bad nodes", len(s.BadNodes()), 0)); err != nil {
				return err
			}
			n++
		}
		return yes(n > 3, "%d of them", n)
	})
}
