// Files made and modified as lines on standard input say, by the DagModifier of boxo; go_modify.py drives it.
// The lines are those of tests/interop/modify.c, with 0 and 1 for no and yes.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	bs "github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	chunker "github.com/ipfs/boxo/chunker"
	offline "github.com/ipfs/boxo/exchange/offline"
	dag "github.com/ipfs/boxo/ipld/merkledag"
	ft "github.com/ipfs/boxo/ipld/unixfs"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	"github.com/ipfs/boxo/ipld/unixfs/importer/trickle"
	uio "github.com/ipfs/boxo/ipld/unixfs/io"
	"github.com/ipfs/boxo/ipld/unixfs/mod"
	"github.com/ipfs/go-cid"
	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/sync"
	ipld "github.com/ipfs/go-ipld-format"
	mh "github.com/multiformats/go-multihash"
	_ "github.com/multiformats/go-multihash/register/all"
)

var ctx = context.Background()
var serv ipld.DAGService

// noise - n bytes from a seed: a linear congruential generator, high bytes
func noise(seed uint64, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		seed = seed*6364136223846793005 + 1442695040888963407
		out[i] = byte(seed >> 56)
	}
	return out
}

func num(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func gen(spec string) chunker.SplitterGen {
	return func(r io.Reader) chunker.Splitter {
		s, err := chunker.FromString(r, spec)
		if err != nil {
			panic(err)
		}
		return s
	}
}

// add LAYOUT VERSION RAW HASH CHUNKER LINKS SEED LEN
func add(f []string) ipld.Node {
	prefix, _ := dag.PrefixForCidVersion(int(num(f[2])))
	prefix.MhType = mh.Names[f[4]]
	prefix.MhLength = -1
	p := helpers.DagBuilderParams{Dagserv: serv, Maxlinks: int(num(f[6])), RawLeaves: f[3] == "1", CidBuilder: prefix}
	db, err := p.New(gen(f[5])(bytes.NewReader(noise(uint64(num(f[7])), int(num(f[8]))))))
	if err != nil {
		panic(err)
	}
	var nd ipld.Node
	if f[1] == "trickle" {
		nd, err = trickle.Layout(db)
	} else {
		nd, err = balanced.Layout(db)
	}
	if err != nil {
		panic(err)
	}
	return nd
}

// edit CID RAW(-,0,1) CHUNKER OP...: t SIZE, w OFF SEED LEN
func edit(f []string) (out ipld.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	c, err := cid.Decode(f[1])
	if err != nil {
		return nil, err
	}
	nd, err := serv.Get(ctx, c)
	if err != nil {
		return nil, err
	}
	dm, err := mod.NewDagModifier(ctx, nd, serv, gen(f[3]))
	if err != nil {
		return nil, err
	}
	dm.RawLeaves = c.Version() > 0
	if f[2] != "-" {
		dm.RawLeaves = f[2] == "1"
	}
	for i := 4; i < len(f); {
		switch f[i] {
		case "t":
			if err := dm.Truncate(num(f[i+1])); err != nil {
				return nil, err
			}
			i += 2
		case "w":
			if _, err := dm.Seek(num(f[i+1]), io.SeekStart); err != nil {
				return nil, err
			}
			r := bytes.NewReader(noise(uint64(num(f[i+2])), int(num(f[i+3]))))
			if _, err := io.Copy(struct{ io.Writer }{dm}, struct{ io.Reader }{r}); err != nil {
				return nil, err
			}
			i += 4
		}
	}
	nd, err = dm.GetNode()
	if err == nil {
		err = serv.Add(ctx, nd)
	}
	return nd, err
}

func get(text string) (ipld.Node, *ft.FSNode, error) {
	c, err := cid.Decode(text)
	if err != nil {
		return nil, nil, err
	}
	nd, err := serv.Get(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	fsn, err := ft.ExtractFSNode(nd)
	return nd, fsn, err
}

// meta CID MODE MTIME NSEC, as boxo's mfs does it to a dag-pb file
func meta(f []string) (ipld.Node, error) {
	old, fsn, err := get(f[1])
	if err != nil {
		return nil, err
	}
	if f[2] != "-" {
		m, _ := strconv.ParseUint(f[2], 8, 32)
		fsn.SetModeFromUnixPermissions(uint32(m))
	}
	if f[3] != "-" {
		fsn.SetModTime(time.Unix(num(f[3]), num(f[4])))
	}
	data, err := fsn.GetBytes()
	if err != nil {
		return nil, err
	}
	nd := dag.NodeWithData(data)
	nd.SetLinks(old.Links())
	nd.SetCidBuilder(old.(*dag.ProtoNode).CidBuilder())
	return nd, serv.Add(ctx, nd)
}

// mtime CID: none, then, or now
func mtime(f []string) string {
	_, fsn, err := get(f[1])
	switch {
	case err != nil || fsn.ModTime().IsZero():
		return "none"
	case time.Since(fsn.ModTime()) < time.Hour:
		return "now"
	}
	return "then"
}

// read CID: the SHA-256 of its bytes
func read(f []string) string {
	c, err := cid.Decode(f[1])
	if err != nil {
		return "error " + err.Error()
	}
	nd, err := serv.Get(ctx, c)
	if err != nil {
		return "error " + err.Error()
	}
	r, err := uio.NewDagReader(ctx, nd, serv)
	if err != nil {
		return "error " + err.Error()
	}
	sum := sha256.New()
	if _, err = io.Copy(sum, r); err != nil {
		return "error " + err.Error()
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func main() {
	store := blockstore.NewBlockstore(sync.MutexWrap(ds.NewMapDatastore()))
	serv = dag.NewDAGService(bs.New(blockstore.NewIdStore(store), offline.Exchange(store)))
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		f := strings.Fields(in.Text())
		var nd ipld.Node
		var err error
		switch f[0] {
		case "add":
			nd = add(f)
		case "edit":
			nd, err = edit(f)
		case "meta":
			nd, err = meta(f)
		case "read":
			fmt.Fprintln(out, read(f))
			out.Flush()
			continue
		default:
			fmt.Fprintln(out, mtime(f))
			out.Flush()
			continue
		}
		if err != nil {
			fmt.Fprintf(out, "error %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Fprintln(out, nd.Cid())
		}
		out.Flush()
	}
}
