// gocar - archives as go-car reads and writes them.
//
//	gocar read FILE          version, roots, then "cid length" of every block, verified
//	gocar find FILE CID ...  each block by the index inside a CARv2: "cid length", or "cid -"
//	gocar wrap IN OUT        CARv1 to CARv2 with an index (0x0401)
//	gocar sorted IN OUT      the same with the index 0x0400
//	gocar write OUT N        a CARv2 with N raw blocks and the first as root
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	car "github.com/ipld/go-car/v2"
	"github.com/ipld/go-car/v2/blockstore"
	"github.com/multiformats/go-multicodec"
	"github.com/multiformats/go-multihash"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gocar:", err)
		os.Exit(1)
	}
}

func read(name string) {
	f, err := os.Open(name)
	check(err)
	r, err := car.NewBlockReader(f)
	check(err)
	fmt.Println("version", r.Version)
	for _, c := range r.Roots {
		fmt.Println("root", c)
	}
	for {
		b, err := r.Next()
		if err == io.EOF {
			return
		}
		check(err)
		fmt.Println(b.Cid(), len(b.RawData()))
	}
}

func find(name string, cids []string) {
	bs, err := blockstore.OpenReadOnly(name)
	check(err)
	for _, text := range cids {
		c, err := cid.Decode(text)
		check(err)
		b, err := bs.Get(context.Background(), c)
		if err != nil {
			fmt.Println(text, "-")
			continue
		}
		sum, err := c.Prefix().Sum(b.RawData())
		check(err)
		if !sum.Equals(c) {
			check(fmt.Errorf("%s: wrong bytes", text))
		}
		fmt.Println(text, len(b.RawData()))
	}
}

func wrap(in, out string, opts ...car.Option) {
	check(car.WrapV1File(in, out))
	if len(opts) > 0 {
		src, err := os.Open(in)
		check(err)
		dst, err := os.Create(out)
		check(err)
		check(car.WrapV1(src, dst, opts...))
		check(dst.Close())
	}
}

func write(name string, n int) {
	var all []blocks.Block
	for i := 0; i < n; i++ {
		data := []byte(fmt.Sprintf("block %d of go-car", i))
		mh, err := multihash.Sum(data, multihash.SHA2_256, -1)
		check(err)
		b, err := blocks.NewBlockWithCid(data, cid.NewCidV1(cid.Raw, mh))
		check(err)
		all = append(all, b)
	}
	w, err := blockstore.OpenReadWrite(name, []cid.Cid{all[0].Cid()})
	check(err)
	check(w.PutMany(context.Background(), all))
	check(w.Finalize())
}

func main() {
	a := os.Args[1:]
	switch {
	case len(a) == 2 && a[0] == "read":
		read(a[1])
	case len(a) > 2 && a[0] == "find":
		find(a[1], a[2:])
	case len(a) == 3 && a[0] == "wrap":
		wrap(a[1], a[2])
	case len(a) == 3 && a[0] == "sorted":
		wrap(a[1], a[2], car.UseIndexCodec(multicodec.CarIndexSorted))
	case len(a) == 3 && a[0] == "write":
		n, err := strconv.Atoi(a[2])
		check(err)
		write(a[1], n)
	default:
		fmt.Fprintln(os.Stderr, "gocar: read|find|wrap|sorted|write FILE …")
		os.Exit(2)
	}
}
