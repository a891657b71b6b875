package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
)

var failed int

// skipped is why a call was left out
type skipped string

func (s skipped) Error() string { return string(s) }

// call runs one call, a line of TAP.  One that is never answered ends the program.
func call(name string, fn func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	late := time.AfterFunc(3*time.Minute, func() {
		fmt.Printf("not ok - %s\n# no answer\n", name)
		os.Exit(1)
	})
	defer late.Stop()
	err := fn(ctx)
	var why skipped
	switch {
	case errors.As(err, &why):
		fmt.Printf("ok - %s # SKIP %s\n", name, why)
	case err != nil:
		failed++
		fmt.Printf("not ok - %s\n# %s\n", name, strings.ReplaceAll(err.Error(), "\n", "\n# "))
	default:
		fmt.Printf("ok - %s\n", name)
	}
}

func same(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: %.300v, wanted %.300v", what, got, want)
	}
	return nil
}

func yes(good bool, format string, args ...any) error {
	if !good {
		return fmt.Errorf("not so: "+format, args...)
	}
	return nil
}

// fails wants an error that says this
func fails(err error, pattern string) error {
	if err == nil {
		return fmt.Errorf("did not fail, wanted %s", pattern)
	}
	if !regexp.MustCompile(pattern).MatchString(err.Error()) {
		return fmt.Errorf("failed as %q, wanted %s", err, pattern)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// noise is n bytes, the same every time for a seed
func noise(n int64, seed int) io.Reader {
	key := md5.Sum(fmt.Append(nil, seed))
	block, _ := aes.NewCipher(key[:])
	return io.LimitReader(cipher.StreamReader{S: cipher.NewCTR(block, make([]byte, 16)), R: zeros{}}, n)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func some(n int64, seed int) []byte {
	b, _ := io.ReadAll(noise(n, seed))
	return b
}

func digest(r io.Reader) (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return fmt.Sprintf("%x %d", h.Sum(nil), n), err
}

// rawCid is what a block of these bytes is called
func rawCid(b []byte, codec uint64) cid.Cid {
	mh, err := multihash.Sum(b, multihash.SHA2_256, -1)
	if err != nil {
		panic(err)
	}
	return cid.NewCidV1(codec, mh)
}

func end() {
	if failed > 0 {
		os.Exit(1)
	}
}
