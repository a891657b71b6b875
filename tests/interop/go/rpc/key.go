package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/ipfs/boxo/files"
	"github.com/ipfs/boxo/path"
	"github.com/ipfs/kubo/client/rpc"
	iface "github.com/ipfs/kubo/core/coreiface"
	"github.com/ipfs/kubo/core/coreiface/options"
	"github.com/libp2p/go-libp2p/core/crypto"
)

func keys(api *rpc.HttpApi) {
	var alpha iface.Key
	call("Key.Self", func(ctx context.Context) error {
		k, err := api.Key().Self(ctx)
		if err != nil {
			return err
		}
		return yes(strings.HasPrefix(k.Path().String(), "/ipns/k"), "%s", k.Path())
	})
	call("Key.Generate: ed25519", func(ctx context.Context) (err error) {
		if alpha, err = api.Key().Generate(ctx, "alpha", options.Key.Type(options.Ed25519Key)); err != nil {
			return err
		}
		return first(same("name", alpha.Name(), "alpha"), yes(strings.HasPrefix(alpha.ID().String(), "12D3KooW"), "%s", alpha.ID()))
	})
	call("Key.Generate: as nobody says", func(ctx context.Context) error {
		_, err := api.Key().Generate(ctx, "rsa-then")
		return err
	})
	call("Key.Generate: rsa, secp256k1", func(ctx context.Context) error {
		r, err := api.Key().Generate(ctx, "rsa", options.Key.Type("rsa"), options.Key.Size(2048))
		if err != nil {
			return err
		}
		_, err = api.Key().Generate(ctx, "secp", options.Key.Type("secp256k1"))
		return first(err, yes(strings.HasPrefix(r.ID().String(), "Qm"), "%s", r.ID()))
	})
	call("Key.Generate: taken, self, a type that is none", func(ctx context.Context) error {
		_, err1 := api.Key().Generate(ctx, "alpha", options.Key.Type("ed25519"))
		_, err2 := api.Key().Generate(ctx, "self", options.Key.Type("ed25519"))
		_, err3 := api.Key().Generate(ctx, "odd", options.Key.Type("nonsense"))
		return first(fails(err1, "key with name 'alpha' already exists"), fails(err2, "cannot create key with name 'self'"),
			fails(err3, "unrecognized key type: nonsense"))
	})
	call("Key.List", func(ctx context.Context) error {
		list, err := api.Key().List(ctx)
		if err != nil {
			return err
		}
		self, err := api.Key().Self(ctx)
		return first(err, same("how many", len(list), 5), same("first", list[0].Name(), "self"), same("its ID", list[0].ID(), self.ID()))
	})
	call("Key.Rename", func(ctx context.Context) error {
		k, over, err := api.Key().Rename(ctx, "secp", "beta")
		if err := first(err, same("name", k.Name(), "beta"), same("overwrites", over, false)); err != nil {
			return err
		}
		_, _, err = api.Key().Rename(ctx, "nope", "gamma")
		_, over, err2 := api.Key().Rename(ctx, "beta", "rsa", options.Key.Force(true))
		return first(fails(err, "no key"), err2, same("overwrites", over, true))
	})
	call("Key.Remove", func(ctx context.Context) error {
		_, err1 := api.Key().Remove(ctx, "rsa")
		_, err2 := api.Key().Remove(ctx, "rsa-then")
		_, err3 := api.Key().Remove(ctx, "rsa")
		list, err4 := api.Key().List(ctx)
		return first(err1, err2, fails(err3, "no key"), err4, same("left", len(list), 2))
	})
	call("Key.Sign, Verify", func(ctx context.Context) error {
		k, sig, err := api.Key().Sign(ctx, "alpha", []byte("text"))
		if err := first(err, same("key", k.ID(), alpha.ID()), same("length", len(sig), 64)); err != nil {
			return err
		}
		pub, err := alpha.ID().ExtractPublicKey()
		if err != nil {
			return err
		}
		own, err := pub.Verify([]byte("libp2p-key signed message:text"), sig)
		if err != nil {
			return err
		}
		_, good, err1 := api.Key().Verify(ctx, "alpha", sig, []byte("text"))
		_, bad, err2 := api.Key().Verify(ctx, "alpha", sig, []byte("other"))
		_, byID, err3 := api.Key().Verify(ctx, alpha.ID().String(), sig, []byte("text"))
		return first(err1, err2, err3, same("verified by library", own, true), same("good", good, true), same("bad", bad, false), same("by ID", byID, true))
	})
	call("key/import: one made here", func(ctx context.Context) error {
		priv, pub, err := crypto.GenerateEd25519Key(noise(1000, 9))
		if err != nil {
			return err
		}
		raw, err := crypto.MarshalPrivateKey(priv)
		if err != nil {
			return err
		}
		var out struct{ Name, Id string }
		if err := api.Request("key/import", "mine").Option("ipns-base", "b58mh").FileBody(strings.NewReader(string(raw))).Exec(ctx, &out); err != nil {
			return err
		}
		want, err := pub.Raw()
		if err != nil {
			return err
		}
		k, sig, err := api.Key().Sign(ctx, "mine", []byte("x"))
		if err != nil {
			return err
		}
		good, err := pub.Verify([]byte("libp2p-key signed message:x"), sig)
		return first(err, same("ID", out.Id, k.ID().String()), yes(good, "signed by %s", base64.StdEncoding.EncodeToString(want)))
	})
}

func names(api *rpc.HttpApi) {
	var meant path.ImmutablePath
	call("Name.Publish", func(ctx context.Context) (err error) {
		if meant, err = api.Unixfs().Add(ctx, files.NewBytesFile([]byte("what a name means"))); err != nil {
			return err
		}
		n, err := api.Name().Publish(ctx, meant, options.Name.Key("alpha"), options.Name.AllowOffline(true), options.Name.ValidTime(time.Hour))
		if err != nil {
			return err
		}
		list, err := api.Key().List(ctx)
		if err != nil {
			return err
		}
		return first(same("key", list[1].Name(), "alpha"), same("name", n.Peer(), list[1].ID()))
	})
	call("Name.Resolve", func(ctx context.Context) error {
		n, err := api.Name().Publish(ctx, meant, options.Name.AllowOffline(true))
		if err != nil {
			return err
		}
		got, err := api.Name().Resolve(ctx, n.String())
		if err := first(err, same("path", got.String(), meant.String())); err != nil {
			return err
		}
		got, err = api.Name().Resolve(ctx, "/ipns/"+n.Peer().String())
		return first(err, same("by peer ID", got.String(), meant.String()))
	})
	call("Name.Search", func(ctx context.Context) error {
		self, err := api.Key().Self(ctx)
		if err != nil {
			return err
		}
		found, err := api.Name().Search(ctx, self.Path().String())
		if err != nil {
			return err
		}
		var last iface.IpnsResult
		for last = range found {
		}
		return first(last.Err, same("path", fmt.Sprint(last.Path), meant.String()))
	})
	call("Unixfs.Get: by name", func(ctx context.Context) error {
		self, err := api.Key().Self(ctx)
		if err != nil {
			return err
		}
		nd, err := api.Unixfs().Get(ctx, self.Path())
		if err != nil {
			return err
		}
		got, err := digest(nd.(files.File))
		want, _ := digest(strings.NewReader("what a name means"))
		return first(err, same("bytes", got, want))
	})
	call("Name.Resolve: never published", func(ctx context.Context) error {
		_, err := api.Name().Resolve(ctx, "k51qzi5uqu5dhmnk4jbjx1rb4qwnsz8fvlwp6vghqyi8qvmhtvcdmsl2k77ysk")
		return fails(err, "could not resolve name|not found|routing")
	})
	call("Name.Publish: a key that is none", func(ctx context.Context) error {
		_, err := api.Name().Publish(ctx, meant, options.Name.Key("nope"), options.Name.AllowOffline(true))
		return fails(err, "nope|no key|not a known key")
	})
}

func keyCalls(api *rpc.HttpApi) {
	keys(api)
	names(api)
}
