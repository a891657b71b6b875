"""go_car.py - go-car reads what we write, indexes included, and we what it writes.  $GOCAR is the program
made of tests/interop/gocar."""
import os
import random

from peer import Ours

p = Ours()
R = random.Random(11)
gocar = os.environ["GOCAR"]


def go(*args):
    return p.run([gocar, *args]).decode().splitlines()


def blocks(path):
    return [l.split("\t")[0] + " " + l.split("\t")[2] for l in p.ours("car", "ls", path).decode().splitlines()]


os.makedirs(p.dir + "/tree/sub")
for i in range(60):
    with open("%s/tree/%sf%d" % (p.dir, "sub/" if i % 3 == 0 else "", i), "wb") as f:
        f.write(R.randbytes(R.choice([0, 5, 3000, 600000])))
for i, o in enumerate(([], ["-O", "cid-version=1"], ["-O", "hamt-threshold=100"], ["-O", "chunker=size-700"],
                       ["-O", "hash=blake3"], ["-O", "inline=30", "-O", "cid-version=1"])):
    root = p.ours("add", "-rQ", *o, p.dir + "/tree").decode().strip()
    v1, v2 = "%s/v1-%d.car" % (p.dir, i), "%s/v2-%d.car" % (p.dir, i)
    p.ours("car", "export", "-1", "-o", v1, root)
    p.ours("car", "export", "-o", v2, root)
    for path, version in ((v1, "1"), (v2, "2")):
        got = go("read", path)
        p.ok(got[:2] == ["version " + version, "root " + root] and got[2:] == blocks(path),
             "go-car reads our version %s of tree %d" % (version, i))
    some = R.sample(blocks(v2), 20)
    p.ok(go("find", v2, *[b.split()[0] for b in some]) == some, "go-car finds blocks by our index, tree %d" % i)
    go("wrap", v1, p.dir + "/go.car")
    p.ours("car", "index", "-o", p.dir + "/again.car", v1)
    with open(p.dir + "/go.car", "rb") as a, open(p.dir + "/again.car", "rb") as b:
        p.ok(a.read() == b.read(), "our index of tree %d is go-car's, byte for byte" % i)
    for verb in ("wrap", "sorted"):
        go(verb, v1, p.dir + "/go.car")
        p.ok(p.ours("car", "verify", p.dir + "/go.car").decode().endswith("\tok\n"), "we verify go-car's %s of it" % verb)
        cid = some[0].split()[0]
        p.ok(len(p.ours("car", "get", "-B", p.dir + "/go.car", cid)) == int(some[0].split()[1]),
             "and find a block by its index")
    p.ok(p.ours("car", "import", p.dir + "/go.car").decode().split() == [root], "and import it")
for n in (1, 2, 1000):
    path = "%s/written%d.car" % (p.dir, n)
    go("write", path, str(n))
    p.ok(len(blocks(path)) == n and p.ours("car", "verify", path).decode().endswith("\tok\n"),
         "we verify %d blocks of go-car's blockstore" % n)
p.end()
