// goapi - calls of go-ipfs-api on the RPC at an address; TAP.
//
//	goapi HOST:PORT BYTES     BYTES: the size of the big file
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ipfs/go-cid"
	shell "github.com/ipfs/go-ipfs-api"
	"github.com/ipfs/go-ipfs-api/options"
	"github.com/multiformats/go-multihash"
)

const (
	helloCid = "QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN"              // "hello\n", as every IPFS has it
	treeCid  = "QmUhgsuk9Lxx1T48r4e8BEpthzo6d53m8cShMWUWhgHz1R"              // what Kubo's command calls makeTree()
	absent   = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy" // "" with other letters: nobody has it
	emptyDir = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
	nobody   = "12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"
	offline  = "must be run in online mode"
)

func hashed(b []byte, codec, hash uint64) string {
	mh, err := multihash.Sum(b, hash, -1)
	if err != nil {
		panic(err)
	}
	return cid.NewCidV1(codec, mh).String()
}

func makeTree(dir string) error {
	return first(os.MkdirAll(dir+"/sub/empty-dir", 0o755), os.WriteFile(dir+"/a.txt", []byte("a\n"), 0o644),
		os.WriteFile(dir+"/empty", nil, 0o644), os.Symlink("a.txt", dir+"/link"), os.WriteFile(dir+"/sub/b.bin", some(600000, 6), 0o644),
		os.WriteFile(dir+"/sub/z ż%+&.x", []byte("odd name\n"), 0o644))
}

// list is a folder as text, a line for each of its entries
func list(dir string) (out []string, err error) {
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		line, _ := filepath.Rel(dir, path)
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " -> " + to
		case info.IsDir():
			line += "/"
		default:
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			sum, err := digest(f)
			if err != nil {
				return err
			}
			line += " " + sum
		}
		out = append(out, line)
		return nil
	})
	return out, err
}

func adding(s *shell.Shell, dir string, big int64) {
	add := func(name, want string, opts ...shell.AddOpts) {
		call("Add: "+name, func(context.Context) error {
			got, err := s.Add(strings.NewReader("hello\n"), opts...)
			return first(err, same("CID", got, want))
		})
	}
	v1 := rawCid([]byte("hello\n"), cid.Raw).String()
	add("a reader", helloCid)
	add("not pinned", helloCid, shell.Pin(false))
	add("raw leaves", v1, shell.RawLeaves(true))
	add("CID version 1", v1, shell.CidVersion(1))
	add("only the hash", helloCid, shell.OnlyHash(true))
	add("a hash by name", hashed([]byte("hello\n"), cid.Raw, multihash.SHA2_512), shell.CidVersion(1), shell.Hash("sha2-512"))
	call("Add: a hash that is none", func(context.Context) error {
		_, err := s.Add(strings.NewReader("x"), shell.Hash("nonsense"))
		return fails(err, "hash")
	})
	call(fmt.Sprintf("Add, Cat: %d MiB", big>>20), func(context.Context) error {
		got, err := s.Add(noise(big, 1), shell.Pin(false))
		if err != nil {
			return err
		}
		r, err := s.Cat(got)
		if err != nil {
			return err
		}
		defer r.Close()
		sum, err := digest(r)
		want, _ := digest(noise(big, 1))
		return first(err, same("bytes", sum, want))
	})
	call("AddLink", func(context.Context) error {
		got, err := s.AddLink("a.txt")
		return first(err, same("CID", got, "QmS9U51FvTAqDDVLJ5okMzeLjsEeg8JEG1rPmSq2oPahF6"))
	})
	call("AddDir", func(context.Context) error {
		got, err := s.AddDir(dir + "/tree")
		return first(err, same("CID", got, treeCid))
	})
	call("AddDir: CID version 1, and progress", func(context.Context) error {
		got, err := s.AddDir(dir+"/tree", shell.CidVersion(1), shell.Progress(true), shell.Pin(false))
		return first(err, same("CID", got, "bafybeiamd2yclsypgjeh3ytcuksvvmqoqxqmcf7knp6zd26ucwfte5qnau"))
	})
}

func reading(s *shell.Shell, dir string) {
	text := func(path string) (string, error) {
		r, err := s.Cat(path)
		if err != nil {
			return "", err
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		return string(b), err
	}
	call("Cat: by path", func(context.Context) error {
		got, err := text(treeCid + "/sub/z ż%+&.x")
		return first(err, same("text", got, "odd name\n"))
	})
	call("Cat: a directory, no such name, no such CID", func(context.Context) error {
		_, err1 := text(treeCid)
		_, err2 := text(treeCid + "/nope")
		_, err3 := text(absent)
		return first(fails(err1, "this dag node is a directory"), fails(err2, `no link named "nope" under `+treeCid), fails(err3, "ipld: could not find "+absent))
	})
	call("Get", func(context.Context) error {
		if err := s.Get(treeCid, dir+"/out"); err != nil {
			return err
		}
		got, err1 := list(dir + "/out")
		want, err2 := list(dir + "/tree")
		return first(err1, err2, same("entries", got, want))
	})
	call("Get: no such name", func(context.Context) error { return fails(s.Get(treeCid+"/nope", dir+"/nope"), `no link named "nope"`) })
	call("List", func(context.Context) error {
		links, err := s.List(treeCid)
		if err != nil {
			return err
		}
		var got []string
		for _, l := range links {
			got = append(got, fmt.Sprintf("%s %d %d", l.Name, l.Size, l.Type))
		}
		return same("links", got, []string{"a.txt 2 2", "empty 0 2", "link 5 4", "sub 0 1"})
	})
	call("List: an empty directory", func(context.Context) error {
		links, err := s.List(treeCid + "/sub/empty-dir")
		return first(err, same("links", len(links), 0))
	})
	call("Refs", func(context.Context) error {
		for recursive, want := range map[bool]int{false: 4, true: 10} {
			refs, err := s.Refs(treeCid, recursive)
			if err != nil {
				return err
			}
			n := 0
			for range refs {
				n++
			}
			if err := same("how many", n, want); err != nil {
				return err
			}
		}
		return nil
	})
	call("ResolvePath", func(context.Context) error {
		got, err := s.ResolvePath(treeCid + "/sub/empty-dir")
		return first(err, same("CID", got, emptyDir))
	})
}

func blocks(s *shell.Shell) {
	data := some(1000, 20)
	want := rawCid(data, cid.Raw).String()
	call("BlockPut", func(context.Context) error {
		got, err := s.BlockPut(data, "raw", "sha2-256", -1)
		return first(err, same("CID", got, want))
	})
	call("BlockPut: version 0", func(context.Context) error {
		got, err := s.BlockPut([]byte{10, 2, 8, 1}, "v0", "sha2-256", -1)
		return first(err, same("CID", got, emptyDir))
	})
	call("BlockGet, BlockStat", func(context.Context) error {
		b, err1 := s.BlockGet(want)
		key, size, err2 := s.BlockStat(want)
		return first(err1, err2, same("bytes", b, data), same("key", key, want), same("size", size, 1000))
	})
	call("BlockGet: absent", func(context.Context) error {
		_, err := s.BlockGet(absent)
		return fails(err, "ipld: could not find "+absent)
	})
	call("DagPut, DagGet", func(context.Context) error {
		got, err := s.DagPut(`{"a":[1,2],"to":{"/":"`+want+`"}}`, "dag-json", "dag-cbor")
		if err != nil {
			return err
		}
		var back struct {
			A  []int             `json:"a"`
			To map[string]string `json:"to"`
		}
		err = s.DagGet(got, &back)
		node := append([]byte("\xa2aa\x82\x01\x02bto\xd8\x2aX\x25\x00"), rawCid(data, cid.Raw).Bytes()...)
		return first(err, same("list", back.A, []int{1, 2}), same("link", back.To["/"], want),
			same("CID", got, rawCid(node, cid.DagCBOR).String()))
	})
	call("DagPutWithOpts: pinned, another hash", func(ctx context.Context) error {
		got, err := s.DagPutWithOpts([]byte(`{"b":1}`), options.Dag.InputCodec("dag-json"), options.Dag.StoreCodec("dag-json"),
			options.Dag.Pin("true"), options.Dag.Hash("sha2-512"))
		if err != nil {
			return err
		}
		pins, err := s.PinsOfType(ctx, shell.RecursivePin)
		return first(err, same("pin", pins[got].Type, "recursive"), same("CID", got, hashed([]byte(`{"b":1}`), cid.DagJSON, multihash.SHA2_512)))
	})
	call("DagImport", func(ctx context.Context) error {
		r, err := s.Request("dag/export", treeCid).Send(ctx)
		if err != nil {
			return err
		}
		if r.Error != nil {
			return r.Error
		}
		car, err := io.ReadAll(r.Output)
		if err != nil {
			return err
		}
		out, err := s.DagImport(car, false, true)
		if err != nil {
			return err
		}
		return first(same("roots", len(out.Roots), 1), same("root", out.Roots[0].Root.Cid.Value, treeCid),
			same("blocks", out.Stats.BlockCount, uint64(11)), yes(out.Stats.BlockBytesCount > 600000, "bytes"))
	})
	call("DagImport: no archive", func(context.Context) error {
		_, err := s.DagImport([]byte("no archive"), false, false)
		return fails(err, "import failed|EOF|invalid")
	})
	call("PatchLink, Patch: rm-link", func(context.Context) error {
		one, err := s.PatchLink(emptyDir, "a/b", helloCid, true)
		if err != nil {
			return err
		}
		got, err := s.ResolvePath(one + "/a/b")
		if err := first(err, same("there", got, helloCid)); err != nil {
			return err
		}
		back, err := s.Patch(one, "rm-link", "a")
		return first(err, same("back", back, emptyDir))
	})
	call("what servers removed", func(context.Context) error {
		_, err1 := s.NewObject("")
		_, err2 := s.ObjectGet(emptyDir)
		_, err3 := s.PatchData(emptyDir, true, "x")
		_, err4 := s.FindPeer(nobody)
		_, err5 := s.FileList("/ipfs/" + emptyDir)
		gone := "removed, use 'ipfs (dag|files)"
		return first(fails(err1, gone), fails(err2, gone), fails(err3, "removed, use 'ipfs"), fails(err4, "removed, use 'ipfs routing'|"+offline), fails(err5, "command not found"))
	})
}

func pins(s *shell.Shell) {
	loose := rawCid([]byte("loose"), cid.Raw).String()
	call("Pin, Pins, Unpin", func(ctx context.Context) error {
		if _, err := s.BlockPut([]byte("loose"), "raw", "sha2-256", -1); err != nil {
			return err
		}
		if err := s.Pin(loose); err != nil {
			return err
		}
		inside, err4 := s.ResolvePath(treeCid + "/a.txt")
		all, err1 := s.Pins()
		direct, err2 := s.PinsOfType(ctx, shell.DirectPin)
		below, err3 := s.PinsOfType(ctx, shell.IndirectPin)
		return first(err1, err2, err3, err4, same("pin", all[loose].Type, "recursive"), same("direct", len(direct), 0), same("below", below[inside].Type, "indirect"),
			s.Unpin(loose), fails(s.Unpin(loose), "not pinned or pinned indirectly"))
	})
	call("PinsStream", func(ctx context.Context) error {
		found, err := s.PinsStream(ctx)
		if err != nil {
			return err
		}
		got := map[string]string{}
		for p := range found {
			got[p.Cid] = p.Type
		}
		all, err := s.Pins()
		return first(err, same("how many", len(got), len(all)), same("tree", got[treeCid], "recursive"))
	})
}

func files(s *shell.Shell) {
	call("FilesMkdir, FilesWrite, FilesRead", func(ctx context.Context) error {
		if err := first(s.FilesMkdir(ctx, "/go/a", shell.FilesMkdir.Parents(true)),
			s.FilesWrite(ctx, "/go/f", bytes.NewReader(some(600000, 6)), shell.FilesWrite.Create(true)),
			s.FilesWrite(ctx, "/go/f", strings.NewReader("HERE"), shell.FilesWrite.Offset(262142))); err != nil {
			return err
		}
		r, err := s.FilesRead(ctx, "/go/f", shell.FilesRead.Offset(262140), shell.FilesRead.Count(8))
		if err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		data := some(600000, 6)
		want := append(append([]byte{}, data[262140:262142]...), "HERE"...)
		return first(err, same("bytes", got, append(want, data[262146:262148]...)))
	})
	call("FilesLs, FilesStat", func(ctx context.Context) error {
		entries, err1 := s.FilesLs(ctx, "/go", shell.FilesLs.Stat(true))
		st, err2 := s.FilesStat(ctx, "/go/f", shell.FilesStat.WithLocal(true))
		if err := first(err1, err2, same("how many", len(entries), 2)); err != nil {
			return err
		}
		return first(same("entry", *entries[0], shell.MfsLsEntry{Name: "a", Type: 1, Hash: emptyDir}), same("size", entries[1].Size, uint64(600000)),
			same("stat", []any{st.Size, st.Type, st.Blocks, st.Local, st.WithLocality}, []any{uint64(600000), "file", 3, true, true}), same("hash", st.Hash, entries[1].Hash))
	})
	call("FilesCp, FilesMv, FilesFlush, FilesChcid, FilesRm", func(ctx context.Context) error {
		if err := first(s.FilesCp(ctx, "/ipfs/"+treeCid, "/go/tree"), s.FilesMv(ctx, "/go/tree", "/go/a"), s.FilesChcid(ctx, "/go/a/tree/sub", shell.FilesChcid.CidVersion(1))); err != nil {
			return err
		}
		at, err := s.FilesFlush(ctx, "/go/a/tree/sub")
		return first(err, yes(strings.HasPrefix(at, "bafy"), "%s", at), fails(s.FilesRm(ctx, "/go/none", false), "file does not exist|can't remove some files"),
			s.FilesRm(ctx, "/go", true))
	})
	call("FilesStat: nothing there", func(ctx context.Context) error {
		_, err := s.FilesStat(ctx, "/go")
		return fails(err, "file does not exist")
	})
}

func keys(s *shell.Shell) {
	var id string
	call("KeyGen, KeyList", func(ctx context.Context) error {
		k, err := s.KeyGen(ctx, "alpha", shell.KeyGen.Type("ed25519"))
		if err != nil {
			return err
		}
		id = k.Id
		all, err := s.KeyList(ctx)
		return first(err, same("names", []string{all[0].Name, all[1].Name}, []string{"self", "alpha"}), same("ID", all[1].Id, id))
	})
	call("KeyRename, KeyRm", func(ctx context.Context) error {
		if _, err := s.KeyGen(ctx, "beta", shell.KeyGen.Type("rsa"), shell.KeyGen.Size(2048)); err != nil {
			return err
		}
		r, err := s.KeyRename(ctx, "beta", "gamma", false)
		if err != nil {
			return err
		}
		gone, err := s.KeyRm(ctx, "gamma")
		if err := first(err, same("gone", gone[0].Name, "gamma"), same("now", r.Now, "gamma")); err != nil {
			return err
		}
		_, err = s.KeyRm(ctx, "gamma")
		return fails(err, "no key")
	})
	call("PublishWithDetails, Resolve", func(ctx context.Context) error {
		_, err := s.PublishWithDetails("/ipfs/"+helloCid, "alpha", time.Hour, time.Minute, true)
		if err := fails(err, "can't publish while offline"); err != nil {
			return err
		}
		var out shell.PublishResponse
		if err := s.Request("name/publish", "/ipfs/"+helloCid).Option("key", "alpha").Option("allow-offline", true).Exec(ctx, &out); err != nil {
			return err
		}
		got, err := s.Resolve(id)
		return first(err, same("name", out.Name, id), same("path", got, "/ipfs/"+helloCid))
	})
	call("Cat: by name", func(context.Context) error {
		r, err := s.Cat("/ipns/" + id)
		if err != nil {
			return err
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		return first(err, same("text", string(b), "hello\n"))
	})
}

func node(s *shell.Shell) {
	call("ID, Version, IsUp", func(context.Context) error {
		id, err1 := s.ID()
		v, _, err2 := s.Version()
		return first(err1, err2, yes(len(id.ID) > 40 && id.PublicKey != "" && id.AgentVersion != "", "%v", id), yes(strings.Count(v, ".") == 2, "%s", v), yes(s.IsUp(), "up"))
	})
	call("BootstrapAdd, BootstrapRmAll", func(context.Context) error {
		addr := "/ip4/127.0.0.1/tcp/4999/p2p/" + nobody
		got, err := s.BootstrapAdd([]string{addr})
		if err := first(err, same("added", got, []string{addr})); err != nil {
			return err
		}
		gone, err1 := s.BootstrapRmAll()
		return first(err1, yes(strings.Contains(strings.Join(gone, " "), addr), "%v", gone))
	})
	call("SwarmPeers, SwarmConnect, StatsBW: offline", func(ctx context.Context) error {
		_, err1 := s.SwarmPeers(ctx)
		_, err2 := s.StatsBW(ctx)
		return first(fails(err1, offline), fails(err2, offline), fails(s.SwarmConnect(ctx, "/ip4/127.0.0.1/tcp/4/p2p/"+nobody), offline))
	})
	call("PubSubSubscribe, PubSubPublish: not enabled", func(context.Context) error {
		_, err := s.PubSubSubscribe("topic")
		return first(fails(err, "pubsub feature not enabled|online mode"), fails(s.PubSubPublish("topic", "x"), "pubsub feature not enabled|online mode"))
	})
	call("a request of one's own: an error after the head", func(ctx context.Context) error {
		return fails(s.Request("files/rm", "/none").Exec(ctx, nil), "can't remove some files|file does not exist")
	})
	call("a command that is none", func(ctx context.Context) error {
		return fails(s.Request("nonsense").Exec(ctx, nil), "command not found")
	})
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "goapi: HOST:PORT BYTES")
		os.Exit(2)
	}
	big, err := strconv.ParseInt(os.Args[2], 10, 64)
	dir, err2 := os.MkdirTemp("", "goapi.")
	if err := first(err, err2, makeTree(dir+"/tree")); err != nil {
		panic(err)
	}
	s := shell.NewShell(os.Args[1])
	adding(s, dir, big)
	reading(s, dir)
	blocks(s)
	pins(s)
	files(s)
	keys(s)
	node(s)
	os.RemoveAll(dir)
	end()
}
