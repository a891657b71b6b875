package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/path"
	"github.com/ipfs/go-cid"
	cbor "github.com/ipfs/go-ipld-cbor"
	format "github.com/ipfs/go-ipld-format"
	"github.com/ipfs/kubo/client/rpc"
	iface "github.com/ipfs/kubo/core/coreiface"
	"github.com/ipfs/kubo/core/coreiface/options"
	"github.com/multiformats/go-multihash"
)

func blocks(api *rpc.HttpApi) {
	data := some(1000, 20)
	put := func(name string, want cid.Cid, data []byte, opts ...options.BlockPutOption) {
		call("Block.Put: "+name, func(ctx context.Context) error {
			st, err := api.Block().Put(ctx, bytes.NewReader(data), opts...)
			if err != nil {
				return err
			}
			return first(same("CID", st.Path().RootCid(), want), same("size", st.Size(), len(data)))
		})
	}
	mh, _ := multihash.Sum(data, multihash.SHA2_512, -1)
	node := merkledag.NodeWithData([]byte("x"))
	put("raw", rawCid(data, cid.Raw), data)
	put("another hash", cid.NewCidV1(cid.Raw, mh), data, options.Block.Hash(multihash.SHA2_512, -1))
	put("dag-pb, version 0", node.Cid(), node.RawData(), options.Block.Format("v0"))
	put("dag-cbor", rawCid([]byte{0xa0}, cid.DagCBOR), []byte{0xa0}, options.Block.CidCodec("dag-cbor"))
	put("pinned", rawCid([]byte("pinned"), cid.Raw), []byte("pinned"), options.Block.Pin(true))
	p := path.FromCid(rawCid(data, cid.Raw))
	absent := path.FromCid(rawCid([]byte("absent"), cid.Raw))
	call("Block.Get", func(ctx context.Context) error {
		r, err := api.Block().Get(ctx, p)
		if err != nil {
			return err
		}
		b, err := io.ReadAll(r)
		return first(err, same("bytes", b, data))
	})
	call("Block.Stat", func(ctx context.Context) error {
		st, err := api.Block().Stat(ctx, p)
		if err != nil {
			return err
		}
		return first(same("size", st.Size(), 1000), same("path", st.Path().String(), p.String()))
	})
	call("Block.Get, Stat: absent is known to be absent", func(ctx context.Context) error {
		_, err := api.Block().Get(ctx, absent)
		if !format.IsNotFound(err) {
			return fmt.Errorf("Get: %v", err)
		}
		if _, err = api.Block().Stat(ctx, absent); !format.IsNotFound(err) {
			return fmt.Errorf("Stat: %v", err)
		}
		return nil
	})
	call("Block.Rm", func(ctx context.Context) error {
		st, err := api.Block().Put(ctx, bytes.NewReader(some(50, 23)))
		if err != nil {
			return err
		}
		if err := api.Block().Rm(ctx, st.Path()); err != nil {
			return err
		}
		if err = api.Block().Rm(ctx, st.Path()); !format.IsNotFound(err) {
			return fmt.Errorf("again: %v", err)
		}
		return api.Block().Rm(ctx, st.Path(), options.Block.Force(true))
	})
	call("Block.Rm: pinned", func(ctx context.Context) error {
		return fails(api.Block().Rm(ctx, path.FromCid(rawCid([]byte("pinned"), cid.Raw))), "pinned")
	})
	call("Block.Put: too big", func(ctx context.Context) error {
		_, err := api.Block().Put(ctx, noise(2<<20+1, 1))
		return fails(err, "produced block is over 2MiB")
	})
}

func dag(api *rpc.HttpApi) {
	leaf, _ := cbor.WrapObject(map[string]any{"leaf": 7}, multihash.SHA2_256, -1)
	root, _ := cbor.WrapObject(map[string]any{"name": "root", "to": leaf.Cid(), "list": []any{leaf.Cid(), 2}}, multihash.SHA2_256, -1)
	call("Dag.Add, AddMany: cbor", func(ctx context.Context) error {
		return first(api.Dag().Add(ctx, leaf), api.Dag().AddMany(ctx, []format.Node{leaf, root}))
	})
	call("Dag.Get: cbor", func(ctx context.Context) error {
		nd, err := api.Dag().Get(ctx, root.Cid())
		if err != nil {
			return err
		}
		return first(same("bytes", nd.RawData(), root.RawData()), same("links", len(nd.Links()), 2))
	})
	call("Dag.GetMany", func(ctx context.Context) error {
		n := 0
		for opt := range api.Dag().GetMany(ctx, []cid.Cid{leaf.Cid(), root.Cid()}) {
			if opt.Err != nil {
				return opt.Err
			}
			if n++; n == 2 {
				break
			}
		}
		return nil
	})
	call("Dag.Pinning.Add: dag-pb", func(ctx context.Context) error {
		nd := merkledag.NodeWithData([]byte{8, 1})
		if err := api.Dag().Pinning().Add(ctx, nd); err != nil {
			return err
		}
		why, is, err := api.Pin().IsPinned(ctx, path.FromCid(nd.Cid()))
		return first(err, yes(is, "pinned"), same("how", why, "recursive"))
	})
	call("ResolvePath: into cbor", func(ctx context.Context) error {
		p, err := path.NewPath("/ipfs/" + root.Cid().String() + "/to/leaf")
		if err != nil {
			return err
		}
		got, rest, err := api.ResolvePath(ctx, p)
		if err != nil {
			return err
		}
		return first(same("CID", got.RootCid(), leaf.Cid()), same("rest", rest, []string{"leaf"}))
	})
	call("ResolvePath: no such name", func(ctx context.Context) error {
		p, _ := path.NewPath("/ipfs/" + root.Cid().String() + "/nope/x")
		_, _, err := api.ResolvePath(ctx, p)
		return fails(err, "no link|not found|nope")
	})
	call("ResolveNode", func(ctx context.Context) error {
		nd, err := api.ResolveNode(ctx, path.FromCid(root.Cid()))
		if err != nil {
			return err
		}
		return same("CID", nd.Cid(), root.Cid())
	})
	call("dag/get: as dag-json", func(ctx context.Context) error {
		r, err := api.Request("dag/get", root.Cid().String()+"/list").Send(ctx)
		if err != nil {
			return err
		}
		if r.Error != nil {
			return r.Error
		}
		b, err := io.ReadAll(r.Output)
		return first(err, same("text", string(b), `[{"/":"`+leaf.Cid().String()+`"},2]`))
	})
	call("Dag.Remove, RemoveMany", func(ctx context.Context) error {
		if err := first(api.Dag().Remove(ctx, root.Cid()), api.Dag().RemoveMany(ctx, []cid.Cid{leaf.Cid()})); err != nil {
			return err
		}
		if _, err := api.Dag().Get(ctx, root.Cid()); !format.IsNotFound(err) {
			return fmt.Errorf("still there: %v", err)
		}
		return nil
	})
}

func object(api *rpc.HttpApi) {
	empty := path.FromCid(cid.MustParse("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"))
	var leaf, one, two path.ImmutablePath
	call("Object.AddLink", func(ctx context.Context) error {
		st, err := api.Block().Put(ctx, bytes.NewReader([]byte{10, 4, 8, 2, 24, 0}), options.Block.Format("v0"))
		if err != nil {
			return err
		}
		if _, err = api.Block().Put(ctx, bytes.NewReader([]byte{10, 2, 8, 1}), options.Block.Format("v0")); err != nil {
			return err
		}
		leaf = st.Path()
		if one, err = api.Object().AddLink(ctx, empty, "one", leaf); err != nil {
			return err
		}
		nd, err := api.Dag().Get(ctx, one.RootCid())
		if err != nil {
			return err
		}
		return first(same("links", len(nd.Links()), 1), same("name", nd.Links()[0].Name, "one"), same("to", nd.Links()[0].Cid, leaf.RootCid()),
			same("size", nd.Links()[0].Size, uint64(6)))
	})
	call("Object.AddLink: below, which is made", func(ctx context.Context) (err error) {
		_, err = api.Object().AddLink(ctx, one, "a/b", leaf)
		if err := fails(err, "no link|not found"); err != nil {
			return err
		}
		if two, err = api.Object().AddLink(ctx, one, "a/b", leaf, options.Object.Create(true)); err != nil {
			return err
		}
		p, err := path.Join(two, "a/b")
		if err != nil {
			return err
		}
		got, _, err := api.ResolvePath(ctx, p)
		return first(err, same("there", got.RootCid(), leaf.RootCid()))
	})
	call("Object.Diff", func(ctx context.Context) error {
		got, err := api.Object().Diff(ctx, one, two)
		if err != nil {
			return err
		}
		return first(same("how many", len(got), 1), same("what", got[0].Type, iface.DiffAdd), same("where", got[0].Path, "a"))
	})
	call("Object.RmLink", func(ctx context.Context) error {
		got, err := api.Object().RmLink(ctx, one, "one")
		if err != nil {
			return err
		}
		_, err = api.Object().RmLink(ctx, one, "nope")
		return first(same("CID", got.RootCid(), empty.RootCid()), fails(err, "not found|no link"))
	})
}

func blockCalls(api *rpc.HttpApi) {
	blocks(api)
	dag(api)
	object(api)
}
