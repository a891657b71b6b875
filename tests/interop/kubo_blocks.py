"""kubo_blocks.py - each reads what the other wrote, block by block.

Our blocks go into Kubo through `ipfs block put` and are read back as files there; Kubo's go into our
store through `ipfrs-block put` and are read back here.
"""
import os

from peer import Peer

p = Peer()
work = p.dir + "/tree"
os.makedirs(work + "/sub")
for name, size in (("empty", 0), ("small", 100), ("edge", 262144), ("two", 262145), ("big", 3000000)):
    with open("%s/%s" % (work, name), "wb") as f:
        f.write((name.encode() * size)[:size])
for i in range(50):
    with open("%s/sub/f%d" % (work, i), "wb") as f:
        f.write(b"%d\n" % i)
os.symlink("small", work + "/link")


def put_in_kubo(cid):
    data = p.ours("block", "get", cid)
    codec = "raw" if cid.startswith("bafk") else "dag-pb"
    got = p.kubo("block", "put", "--cid-codec=" + codec, input=data).decode().strip()
    return p.kubo("cid", "format", "-v", "1", "-b", "base32", got, cid).decode().split()


def put_in_ours(cid):
    data = p.kubo("block", "get", cid)
    codec = "raw" if cid.startswith("bafk") else "dag-pb"
    got = p.ours("block", "put", "-c", codec, "-", input=data).decode().strip()
    return p.kubo("cid", "format", "-v", "1", "-b", "base32", got, cid).decode().split()


def content(read):
    """Everything below the root that read(path) gives."""
    out = [read("/" + n) for n in ("empty", "small", "edge", "two", "big")]
    return out + [read("/sub/f%d" % i) for i in range(50)]


want = content(lambda path: open(work + path, "rb").read())
for label, ours, kubo in (
        ("v0", [], []),
        ("v1", ["-O", "cid-version=1"], ["--cid-version=1"]),
        ("sharded", ["-O", "hamt-threshold=500"], None),
        ("trickle", ["-O", "layout=trickle,chunker=size-1000"], ["--trickle", "-s", "size-1000"])):
    try:
        root = p.ours("add", "-r", "-Q", *ours, work).decode().strip()
        blocks = [root] + p.ours("refs", "-r", "-u", root).decode().split()
        pairs = [put_in_kubo(c) for c in blocks[:400]]
        p.ok(all(a == b for a, b in pairs), "%s: %d blocks of ours keep their names in kubo" %
             (label, len(pairs)))
        if len(blocks) <= 400:
            p.ok(content(lambda f: p.kubo("cat", root + f)) == want, label + ": kubo reads our tree")
    except RuntimeError as e:
        p.ok(False, label + ": ours to kubo", str(e))
    if kubo is None:
        continue
    try:
        other = [f for f in p.kubo("add", "-r", "-Q", "--progress=false", *kubo, work).decode().split()][-1]
        p.ok(other == root, label + ": same root")
        env = dict(p.env, IPFRS_PATH=p.dir + "/fresh-" + label)
        p.run([os.environ["BIN"] + "/ipfrs-init"], env=env)
        p.env, saved = env, p.env
        blocks = [other] + p.kubo("refs", "-r", "-u", other).decode().split()
        pairs = [put_in_ours(c) for c in blocks[:400]]
        p.ok(all(a == b for a, b in pairs), "%s: %d blocks of kubo keep their names here" %
             (label, len(pairs)))
        if len(blocks) <= 400:
            p.ok(content(lambda f: p.ours("cat", other + f)) == want, label + ": we read kubo's tree")
        p.env = saved
    except RuntimeError as e:
        p.ok(False, label + ": kubo to ours", str(e))
p.end()
