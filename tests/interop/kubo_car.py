"""kubo_car.py - DAGs of every kind between Kubo and us as archives: byte for byte the same exports,
imports in both directions, and what both refuse."""
import json
import os
import random

from peer import Peer

p = Peer()
R = random.Random(20261125)
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "car")


def lines(b):
    return b.decode().splitlines()


def value(depth, links):
    """A random value of the data model as dag-json, with links into `links`."""
    kind = R.randrange(9 if depth else 6)
    if kind == 0:
        return R.choice([None, True, False])
    if kind == 1:
        return R.choice([0, 1, -1, 23, 24, 255, 256, -256, 65536, 2**31, -2**40, 2**53, 2**63 - 1, -2**63])
    if kind == 2:
        return R.choice(["", "a", "é", "日本語", "line\nbreak", "quote\"", "\u2028", "x" * 300])
    if kind == 3:
        return {"/": {"bytes": R.choice(["", "AQI", "/+8", "AAAA" * 40])}}
    if kind in (4, 5) and links:
        return {"/": R.choice(links)}
    if kind == 6:
        return [value(depth - 1, links) for _ in range(R.randrange(5))]
    return {R.choice("abcdefgh") * R.randrange(1, 6): value(depth - 1, links) for _ in range(R.randrange(5))}


def put(node, codec):
    return lines(p.kubo("dag", "put", "--store-codec", codec, input=json.dumps(node).encode()))[0]


def graphs():
    """(name, root in Kubo's store)"""
    leaves = []
    for i in range(12):                 # UnixFS files of several shapes
        data = R.randbytes(R.choice([0, 10, 1000, 262144, 262145, 700000]))
        leaves.append(lines(p.kubo("add", "-Q", *R.choice([[], ["--cid-version=1"], ["--trickle"],
                                                           ["--chunker=size-1000"], ["--raw-leaves"]]),
                                   input=data))[0])
        yield "file %d" % i, leaves[-1]
    nodes = list(leaves)
    for i in range(72):                 # nodes over files and each other: sub-trees are shared
        codec = R.choice(["dag-cbor", "dag-json", "dag-cbor"])
        nodes.append(put({"n": i, "v": value(3, nodes), "l": [{"/": R.choice(nodes)} for _ in range(R.randrange(4))]},
                         codec))
        yield "%s node %d" % (codec, i), nodes[-1]
    for i in range(12):                 # directories, plain and sharded
        d = "%s/dir%d" % (p.dir, i)
        os.makedirs(d + "/sub/empty")
        for k in range(R.choice([1, 5, 40, 300])):
            with open("%s/%s%d" % (d, R.choice(["f", "sub/g", "ü"]), k), "wb") as f:
                f.write(R.randbytes(R.randrange(300)))
        p.kubo("config", "--json", "Import.UnixFSHAMTDirectorySizeThreshold",
               json.dumps(R.choice(["256KiB", "1KiB", "100B"])))
        yield "directory %d" % i, lines(p.kubo("add", "-r", "-Q", "--progress=false", d))[-1]
    p.kubo("config", "--json", "Import.UnixFSHAMTDirectorySizeThreshold", '"256KiB"')
    for i in range(6):                  # inlined blocks stand in the CID
        yield "inlined %d" % i, lines(p.kubo("add", "-Q", "--inline", "--inline-limit=64", "--cid-version=1",
                                             "--chunker=size-%d" % (20 + i), input=R.randbytes(200)))[0]
    for hash in ("sha2-512", "blake2b-256", "sha3-256", "blake3", "keccak-256", "sha1"):
        yield hash, lines(p.kubo("add", "-Q", "--hash", hash, input=R.randbytes(600000)))[0]
    deep = leaves[0]
    for i in range(200):                # a long chain
        deep = put({"next": {"/": deep}}, "dag-cbor")
    yield "chain of 200", deep
    yield "empty directory", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"


all_roots = list(graphs())
for name, root in all_roots:
    car = p.kubo("dag", "export", "--progress=false", root)
    try:
        got = lines(p.ours("car", "import", "-", input=car))
        p.ok(got == [root], "import of Kubo's %s" % name, repr(got))
        mine = p.ours("car", "export", root)
        p.ok(mine == car, "export of %s" % name, "%d and %d bytes" % (len(mine), len(car)))
    except RuntimeError as e:
        p.ok(False, "import and export of %s" % name, str(e))

# all of it in one archive with many roots, through version 2 with an index, into a fresh repository
roots = [r for _, r in all_roots]
p.ours("car", "export", "-o", p.dir + "/all.car", *roots)
p.env["IPFS_PATH"] = p.dir + "/kubo2"
p.kubo("init", "--empty-repo")
p.kubo("dag", "import", p.dir + "/all.car")
for name, root in all_roots:
    p.same("Kubo imported our %s" % name, lambda: p.kubo("dag", "export", "--progress=false", root),
           lambda: p.ours("car", "export", root))
pins = set(l.split()[0] for l in lines(p.kubo("pin", "ls", "--type=recursive")))
p.ok(pins == set(roots), "Kubo pinned all %d roots of our archive" % len(set(roots)))

# damaged archives: refused by both, and nothing stays with us
before = p.ours("refs", "-a")
good = p.kubo("dag", "export", "--progress=false", roots[3])
for n, bad in enumerate([good[:len(good) - 1], good[:70], b"", b"\x00" + good, good[:-3] + b"abc",
                         good + b"\x05abc", good + b"\x80"]):
    for who, run in (("Kubo", lambda: p.kubo("dag", "import", input=bad)),
                     ("we", lambda: p.ours("car", "import", "-", input=bad))):
        try:
            run()
            p.ok(False, "%s refuse damage %d" % (who, n))
        except RuntimeError:
            p.ok(True, "%s refuse damage %d" % (who, n))
p.ok(p.ours("refs", "-a") == before, "nothing of them stayed")
p.end()
