package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	chunk "github.com/ipfs/boxo/chunker"
	offline "github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/files"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	"github.com/ipfs/boxo/ipld/unixfs/importer/trickle"
	"github.com/ipfs/boxo/path"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	"github.com/ipfs/kubo/client/rpc"
	iface "github.com/ipfs/kubo/core/coreiface"
	"github.com/ipfs/kubo/core/coreiface/options"
	"github.com/multiformats/go-multihash"
)

// layout is how a file is cut and put together
type layout struct {
	version int
	raw     bool
	chunk   int64
	trickle bool
}

// fileCid is what an import without a server says
func fileCid(r io.Reader, l layout) (cid.Cid, error) {
	bs := blockstore.NewBlockstore(datastore.NewNullDatastore())
	dag := merkledag.NewDAGService(blockservice.New(bs, offline.Exchange(bs)))
	prefix, err := merkledag.PrefixForCidVersion(l.version)
	if err != nil {
		return cid.Undef, err
	}
	if l.chunk == 0 {
		l.chunk = 262144
	}
	params := helpers.DagBuilderParams{Dagserv: dag, RawLeaves: l.raw, Maxlinks: 174, CidBuilder: prefix}
	db, err := params.New(chunk.NewSizeSplitter(r, l.chunk))
	if err != nil {
		return cid.Undef, err
	}
	build := balanced.Layout
	if l.trickle {
		build = trickle.Layout
	}
	nd, err := build(db)
	if err != nil {
		return cid.Undef, err
	}
	return nd.Cid(), nil
}

func adds(api *rpc.HttpApi, name string, data []byte, l layout, opts ...options.UnixfsAddOption) {
	call("Unixfs.Add: "+name, func(ctx context.Context) error {
		want, err := fileCid(bytes.NewReader(data), l)
		if err != nil {
			return err
		}
		p, err := api.Unixfs().Add(ctx, files.NewBytesFile(data), opts...)
		if err != nil {
			return err
		}
		return same("CID", p.RootCid(), want)
	})
}

func tree() files.Directory {
	return files.NewMapDirectory(map[string]files.Node{
		"a.txt": files.NewBytesFile([]byte("a\n")),
		"empty": files.NewBytesFile(nil),
		"link":  files.NewLinkFile("a.txt", nil),
		"sub": files.NewMapDirectory(map[string]files.Node{
			"b.bin":     files.NewBytesFile(some(600000, 6)),
			"z ż%+&.x":  files.NewBytesFile([]byte("odd name\n")),
			"empty-dir": files.NewMapDirectory(map[string]files.Node{}),
		}),
	})
}

// what Kubo's command calls tree()
const treeCid = "QmUhgsuk9Lxx1T48r4e8BEpthzo6d53m8cShMWUWhgHz1R"

// walk lists a node as text, a line each
func walk(nd files.Node, name string) ([]string, error) {
	switch f := nd.(type) {
	case *files.Symlink:
		return []string{name + " -> " + f.Target}, nil
	case files.File:
		sum, err := digest(f)
		return []string{name + " " + sum}, err
	case files.Directory:
		out := []string{name + "/"}
		it := f.Entries()
		for it.Next() {
			below, err := walk(it.Node(), name+"/"+it.Name())
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		}
		sort.Strings(out)
		return out, it.Err()
	}
	return nil, fmt.Errorf("%s is a %T", name, nd)
}

func ls(ctx context.Context, api *rpc.HttpApi, p path.Path, opts ...options.UnixfsLsOption) ([]string, error) {
	var out []string
	for e, err := range iface.LsIter(ctx, api.Unixfs(), p, opts...) {
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprintf("%s %s %d %s", e.Name, e.Type, e.Size, e.Target))
	}
	return out, nil
}

func adding(api *rpc.HttpApi) {
	data := some(3000000, 5)
	adds(api, "nothing", nil, layout{})
	adds(api, "a few bytes", []byte("hello\n"), layout{})
	adds(api, "several blocks", data, layout{})
	adds(api, "CID version 1", data, layout{version: 1, raw: true}, options.Unixfs.CidVersion(1))
	adds(api, "CID version 1, no raw leaves", data, layout{version: 1}, options.Unixfs.CidVersion(1), options.Unixfs.RawLeaves(false))
	adds(api, "raw leaves", data, layout{raw: true}, options.Unixfs.RawLeaves(true))
	adds(api, "a chunker", data, layout{chunk: 1000}, options.Unixfs.Chunker("size-1000"))
	adds(api, "trickle", data, layout{trickle: true}, options.Unixfs.Layout(options.TrickleLayout))
	adds(api, "only the hash", some(500000, 77), layout{}, options.Unixfs.HashOnly(true))
	call("Unixfs.Add: another hash", func(ctx context.Context) error {
		p, err := api.Unixfs().Add(ctx, files.NewBytesFile([]byte("hello\n")), options.Unixfs.CidVersion(1), options.Unixfs.Hash(multihash.BLAKE3))
		if err != nil {
			return err
		}
		mh, err := multihash.Sum([]byte("hello\n"), multihash.BLAKE3, -1)
		return first(err, same("CID", p.RootCid(), cid.NewCidV1(cid.Raw, mh)))
	})
	call("Unixfs.Add: inline", func(ctx context.Context) error {
		p, err := api.Unixfs().Add(ctx, files.NewBytesFile([]byte("hi")), options.Unixfs.CidVersion(1), options.Unixfs.Inline(true), options.Unixfs.InlineLimit(32))
		if err != nil {
			return err
		}
		return same("hash", p.RootCid().Prefix().MhType, uint64(multihash.IDENTITY))
	})
	call("Unixfs.Add: a chunker that is none", func(ctx context.Context) error {
		_, err := api.Unixfs().Add(ctx, files.NewBytesFile(data), options.Unixfs.Chunker("nonsense"))
		return fails(err, "chunker|unrecognized")
	})
	call("Unixfs.Add: not pinned, pinned", func(ctx context.Context) error {
		for i, pin := range []bool{false, true} {
			p, err := api.Unixfs().Add(ctx, files.NewBytesFile(some(30, 100+i)), options.Unixfs.Pin(pin, ""))
			if err != nil {
				return err
			}
			_, is, err := api.Pin().IsPinned(ctx, p)
			if err := first(err, same("pinned", is, pin)); err != nil {
				return err
			}
		}
		return nil
	})
	call("Unixfs.Add: a tree", func(ctx context.Context) error {
		p, err := api.Unixfs().Add(ctx, tree())
		if err != nil {
			return err
		}
		return same("CID", p.RootCid().String(), treeCid)
	})
	call("Unixfs.Add: its events", func(ctx context.Context) error {
		events := make(chan any, 100)
		p, err := api.Unixfs().Add(ctx, tree(), options.Unixfs.Events(events), options.Unixfs.Progress(true))
		if err != nil {
			return err
		}
		close(events)
		var names []string
		var told int64
		for e := range events {
			ev := e.(*iface.AddEvent)
			if ev.Path == (path.ImmutablePath{}) {
				told = max(told, ev.Bytes)
				continue
			}
			names = append(names, ev.Name)
		}
		sort.Strings(names)
		return first(same("root", p.RootCid().String(), treeCid), same("progress", told, int64(600000)),
			same("names", names, []string{"", "a.txt", "empty", "link", "sub", "sub/b.bin", "sub/empty-dir", "sub/z ż%+&.x"}))
	})
	call("Unixfs.Add: an upload that breaks off", func(ctx context.Context) error {
		r, w := io.Pipe()
		go func() {
			w.Write(data)
			w.CloseWithError(errors.New("no more of it"))
		}()
		_, err := api.Unixfs().Add(ctx, files.NewReaderFile(r))
		return fails(err, "no more of it")
	})
	call("Unixfs.Add: cancelled", func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		r, w := io.Pipe()
		go func() {
			for i := range 100 { // it goes on after that
				if _, err := w.Write(data[:100000]); err != nil {
					return
				}
				if i == 20 {
					cancel()
				}
				time.Sleep(10 * time.Millisecond)
			}
			w.Close()
		}()
		start := time.Now()
		_, err := api.Unixfs().Add(ctx, files.NewReaderFile(r))
		return first(fails(err, "context canceled"), yes(time.Since(start) < 5*time.Second, "soon"))
	})
}

func reading(api *rpc.HttpApi) {
	root := path.FromCid(cid.MustParse(treeCid))
	sub := func(name string) path.Path {
		p, err := path.Join(root, name)
		if err != nil {
			panic(err)
		}
		return p
	}
	call("Unixfs.Get: a tree", func(ctx context.Context) error {
		nd, err := api.Unixfs().Get(ctx, root)
		if err != nil {
			return err
		}
		got, err := walk(nd, "t")
		if err != nil {
			return err
		}
		want, err := walk(tree(), "t")
		return first(err, same("entries", got, want))
	})
	call("Unixfs.Get: a file, from the middle of it", func(ctx context.Context) error {
		nd, err := api.Unixfs().Get(ctx, sub("sub/b.bin"))
		if err != nil {
			return err
		}
		f := nd.(files.File)
		want := some(600000, 6)
		size, err := f.Size()
		if err := first(err, same("size", size, int64(600000))); err != nil {
			return err
		}
		if _, err := f.(io.Seeker).Seek(300000, io.SeekStart); err != nil {
			return err
		}
		b := make([]byte, 1000)
		_, err = io.ReadFull(f, b)
		if err := first(err, same("bytes", b, want[300000:301000])); err != nil {
			return err
		}
		if _, err = f.(io.Seeker).Seek(-100, io.SeekEnd); err != nil {
			return err
		}
		rest, err := io.ReadAll(f)
		at := make([]byte, 10)
		_, err2 := f.(io.ReaderAt).ReadAt(at, 262140)
		return first(err, err2, same("end", rest, want[599900:]), same("at", at, want[262140:262150]))
	})
	call("Unixfs.Get: no such name", func(ctx context.Context) error {
		_, err := api.Unixfs().Get(ctx, sub("nope"))
		return fails(err, `no link named "nope" under `+treeCid)
	})
	call("Unixfs.Ls: a tree", func(ctx context.Context) error {
		got, err := ls(ctx, api, root)
		return first(err, same("entries", got, []string{"a.txt file 2 ", "empty file 0 ", "link symlink 5 a.txt", "sub directory 0 "}))
	})
	call("Unixfs.Ls: without what they are", func(ctx context.Context) error {
		got, err := ls(ctx, api, root, options.Unixfs.ResolveChildren(false))
		return first(err, same("entries", got, []string{"a.txt file 0 ", "empty file 0 ", "link file 0 ", "sub file 0 "}))
	})
	call("Unixfs.Ls: an empty directory", func(ctx context.Context) error {
		got, err := ls(ctx, api, sub("sub/empty-dir"))
		return first(err, same("entries", len(got), 0))
	})
	call("Unixfs.Ls: 3000 names", func(ctx context.Context) error {
		many := map[string]files.Node{}
		for i := range 3000 {
			many[fmt.Sprintf("file-%04d", i)] = files.NewBytesFile(fmt.Appendf(nil, "file %d", i))
		}
		p, err := api.Unixfs().Add(ctx, files.NewMapDirectory(many), options.Unixfs.Pin(false, ""))
		if err != nil {
			return err
		}
		got, err := ls(ctx, api, p)
		if err := first(err, same("how many", len(got), 3000)); err != nil {
			return err
		}
		sort.Strings(got)
		return same("the first", got[0], "file-0000 file 6 ")
	})
	call("Unixfs.Add, Get: mode and time", func(ctx context.Context) error {
		dir, err := os.MkdirTemp("", "gorpc")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := first(os.WriteFile(dir+"/f", []byte("hello\n"), 0o640), os.Chtimes(dir+"/f", time.Now(), time.Unix(1600000000, 5))); err != nil {
			return err
		}
		st, err := os.Stat(dir + "/f")
		if err != nil {
			return err
		}
		nd, err := files.NewSerialFile(dir+"/f", false, st)
		if err != nil {
			return err
		}
		// the typed call has no option for it: the general one has
		d := files.NewMapDirectory(map[string]files.Node{"": nd})
		var out struct {
			Hash, Mode string
			Mtime      int64
			MtimeNsecs int
		}
		err = api.Request("add").Option("preserve-mode", true).Option("preserve-mtime", true).Body(files.NewMultiFileReader(d, true, false)).Exec(ctx, &out)
		if err := first(err, same("answer", []any{out.Mode, out.Mtime, out.MtimeNsecs}, []any{"0640", int64(1600000000), 5})); err != nil {
			return err
		}
		got, err := api.Unixfs().Get(ctx, path.FromCid(cid.MustParse(out.Hash)))
		if err != nil {
			return err
		}
		return first(same("mode", got.Mode(), os.FileMode(0o640)), same("time", got.ModTime().UnixNano(), int64(1600000000*1e9+5)))
	})
}

func bigFile(api *rpc.HttpApi, big int64) {
	var p path.ImmutablePath
	call(fmt.Sprintf("Unixfs.Add: %d MiB", big>>20), func(ctx context.Context) error {
		want, err := fileCid(noise(big, 1), layout{})
		if err != nil {
			return err
		}
		p, err = api.Unixfs().Add(ctx, files.NewReaderFile(noise(big, 1)), options.Unixfs.Pin(true, ""))
		return first(err, same("CID", p.RootCid(), want))
	})
	call(fmt.Sprintf("Unixfs.Get: %d MiB", big>>20), func(ctx context.Context) error {
		nd, err := api.Unixfs().Get(ctx, p)
		if err != nil {
			return err
		}
		got, err := digest(nd.(files.File))
		want, _ := digest(noise(big, 1))
		return first(err, same("bytes", got, want))
	})
	call("cat: what is missing in the middle is told at the end", func(ctx context.Context) error {
		resp, err := api.Request("refs", p.String()).Option("max-depth", 1).Send(ctx)
		if err != nil {
			return err
		}
		list, err := io.ReadAll(resp.Output)
		if err != nil {
			return err
		}
		lines := strings.Split(strings.TrimSpace(string(list)), "\n")
		last := strings.Split(lines[len(lines)-1], `"`)[3]
		if err := api.Pin().Rm(ctx, p); err != nil {
			return err
		}
		if err := api.Block().Rm(ctx, path.FromCid(cid.MustParse(last))); err != nil {
			return err
		}
		r, err := api.Request("cat", p.String()).Send(ctx)
		if err != nil {
			return err
		}
		if r.Error != nil {
			return fmt.Errorf("refused at once: %w", r.Error)
		}
		n, err := io.Copy(io.Discard, r.Output)
		return first(yes(n > 0 && n < big, "%d bytes of it", n), fails(err, "failed to fetch all nodes|could not find "+last))
	})
}

func unixfsCalls(api *rpc.HttpApi, big int64) {
	adding(api)
	reading(api)
	bigFile(api, big)
}
