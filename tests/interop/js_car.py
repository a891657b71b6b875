"""js_car.py - @ipld/car, @ipld/dag-cbor, @ipld/dag-json and ipfs-car read what we write, and we what they
write.  $JS_PEERS is the folder their packages are installed in."""
import base64
import json
import os
import random
import shutil
import subprocess

from peer import Ours

p = Ours()
R = random.Random(7)
js = os.environ["JS_PEERS"]
shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "js", "car.mjs"), js + "/car.mjs")


def node(*args, input=None):
    return p.run(["node", js + "/car.mjs", *args], input=input).decode().splitlines()


def ipfs_car(*args):
    return p.run([js + "/node_modules/.bin/ipfs-car", *args]).decode().splitlines()


def blocks(path):
    """[cid, length] as we list an archive"""
    return [l.split("\t")[0] + " " + l.split("\t")[2] for l in p.ours("car", "ls", path).decode().splitlines()]


# ours, read by them
os.makedirs(p.dir + "/tree/sub")
for i in range(40):
    with open("%s/tree/%sf%d" % (p.dir, "sub/" if i % 3 == 0 else "", i), "wb") as f:
        f.write(R.randbytes(R.choice([0, 5, 3000, 600000])))
roots = [p.ours("add", "-rQ", *o, p.dir + "/tree").decode().strip()
         for o in ([], ["-O", "cid-version=1"], ["-O", "hamt-threshold=100"], ["-O", "chunker=size-5000"])]
for i, root in enumerate(roots):
    for flag, name in ((["-1"], "1"), ([], "2")):
        path = "%s/ours%d.car" % (p.dir, i)
        p.ours("car", "export", *flag, "-o", path, root)
        got = node("read", path)
        p.ok(got[0] == "root " + root and [l for l in got if not l.startswith(("root", "indexed"))] == blocks(path),
             "@ipld/car reads our version %s of tree %d" % (name, i))
    out = "%s/out%d" % (p.dir, i)
    p.ours("car", "export", "-1", "-o", path, root)
    ipfs_car("unpack", path, "--output", out)
    same = subprocess.run(["diff", "-r", p.dir + "/tree", out], stdout=subprocess.PIPE).returncode == 0
    p.ok(same, "ipfs-car unpacks our tree %d" % i)

# theirs, read by us
for n in (1, 10, 300):
    path = "%s/js%d.car" % (p.dir, n)
    root = node("write", path, str(n))[0]
    got = p.ours("car", "import", "-p", path).decode().split()
    p.ok(got == [root], "we import an archive of @ipld/car with %d blocks" % (n + 1), repr(got))
    p.ok(p.ours("car", "verify", path).decode() == "%s\tok\n" % path, "and call it whole")
    back = p.ours("car", "export", root)
    with open(p.dir + "/back.car", "wb") as f:
        f.write(back)
    p.ok(sorted(blocks(p.dir + "/back.car")) == sorted(set(blocks(path))), "and export the same blocks")
ipfs_car("pack", p.dir + "/tree", "--output", p.dir + "/packed.car")
root = ipfs_car("roots", p.dir + "/packed.car")[0]
p.ok(p.ours("car", "import", p.dir + "/packed.car").decode().split() == [root], "we import what ipfs-car packs")
p.ours("get", "-o", p.dir + "/unpacked", root)
inner = p.dir + "/unpacked" + ("/tree" if os.path.isdir(p.dir + "/unpacked/tree") else "")
p.ok(subprocess.run(["diff", "-r", p.dir + "/tree", inner], stdout=subprocess.PIPE).returncode == 0,
     "and get the tree back")

# codecs: their canonical bytes are ours, and what they write we read strictly
cases = []


def value(depth):
    k = R.randrange(8 if depth else 6)
    if k < 6:
        return [None, R.random() < .5, R.choice([0, -1, 255, 2**32, -2**53 + 1, 2**53 - 1]), R.choice([.5, -1.25, 1e-7]),
                R.choice(["", "é", "a\"\\\n", "日本"]), {"/": {"bytes": base64.b64encode(R.randbytes(R.randrange(9))).decode().rstrip("=")}}][k]
    if k == 6:
        return [value(depth - 1) for _ in range(R.randrange(4))]
    return {R.choice("abcxyz") * R.randrange(1, 4): value(depth - 1) for _ in range(R.randrange(4))}


for i in range(150):
    text = json.dumps(value(3)).encode()
    for codec in ("dag-cbor", "dag-json"):
        cid = p.ours("dag", "put", "-c", codec, "-", input=text).decode().strip()
        cases.append((codec, p.ours("block", "get", cid)))
answers = node("recode", input="".join("%s %s\n" % (c, base64.b64encode(b).decode()) for c, b in cases).encode())
bad = [i for i, (c, b) in enumerate(cases) if answers[i] != base64.b64encode(b).decode()]
p.ok(not bad, "%d blocks of ours are canonical to @ipld/dag-cbor and @ipld/dag-json" % len(cases),
     "\n".join("%s %r: %s" % (*cases[i], answers[i]) for i in bad[:5]))
p.end()
