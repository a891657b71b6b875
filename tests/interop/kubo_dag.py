"""kubo_dag.py - nodes between Kubo and us: put, get, resolve, stat, of every pair of codecs."""
import base64
import json
import os
import random

from peer import Peer

p = Peer()
R = random.Random(3)
CODECS = ["dag-cbor", "dag-json", "cbor", "json"]


def lines(b):
    return b.decode().splitlines()


def value(depth, links, forms):
    """A random value as dag-json.  forms: with links and bytes.  No whole floats: Kubo writes them as
    integers, and so do we, but then they are integers to whoever reads them next."""
    kind = R.randrange(10 if depth else 7)
    if kind == 0:
        return R.choice([None, True, False])
    if kind == 1:
        return R.choice([0, 1, -1, 23, 24, 255, 256, -256, -257, 65536, 2**31, -2**40, 2**53, 2**63 - 1, -2**63])
    if kind == 2:
        return R.choice([0.5, -1.25, 1e-7, 123.456, -3.0000001, 1e-320, 1.7976931348623157e308 / 3, 2.5e21, 0.1])
    if kind == 3:
        return R.choice(["", "a", "é", "日本語", "line\nbreak", "quote\"", "\u2028\u2029", "\b\f\t\x01\x7f", "😀", "</&>", "x" * 300])
    if kind == 4 and forms:
        return {"/": {"bytes": base64.b64encode(R.randbytes(R.choice([0, 1, 2, 3, 40, 300]))).decode().rstrip("=")}}
    if kind in (5, 6):
        return {"/": R.choice(links)} if forms and links else R.randrange(1000)
    if kind in (7, 8):
        return [value(depth - 1, links, forms) for _ in range(R.randrange(5))]
    return {R.choice(["", "a", "b", "zz", "é", "k\"", "日", "c" * 30]) + str(R.randrange(50)): value(depth - 1, links, forms)
            for _ in range(R.randrange(6))}


def both_put(node, store, codec_in="dag-json"):
    text = node if isinstance(node, bytes) else json.dumps(node, ensure_ascii=R.random() < .5).encode()
    a = lines(p.kubo("dag", "put", "--store-codec", store, "--input-codec", codec_in, input=text))
    b = lines(p.ours("dag", "put", "-c", store, "-i", codec_in, "-", input=text))
    return a, b


def tried(who, *args):
    """What it prints, or that it refuses."""
    try:
        return who("dag", *args).rstrip(b"\n")
    except RuntimeError:
        return "refused"


leaf = lines(p.kubo("add", "-Q", input=b"leaf"))[0]
p.ours("add", "-Q", "-", input=b"leaf")
links = [leaf, "bafkqaaa", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"]
roots = []
for i in range(120):
    store = CODECS[i % 4]
    node = value(4, links, store.startswith("dag-"))
    try:
        a, b = both_put(node, store)
    except RuntimeError as e:
        p.ok(False, "put %d as %s" % (i, store), str(e) + "\n" + json.dumps(node)[:300])
        continue
    p.ok(a == b, "put %d as %s" % (i, store), "kubo %r\nours %r\n%s" % (a, b, json.dumps(node)[:300]))
    if a != b:
        continue
    roots.append((store, a[0]))
    if store.startswith("dag-") and R.random() < .3:
        links.append(a[0])

for i, (store, cid) in enumerate(roots):
    for out in CODECS:
        p.same("get %d, %s as %s" % (i, store, out),
               lambda: tried(p.kubo, "get", "--output-codec", out, cid), lambda: tried(p.ours, "get", "-c", out, cid))

# files and directories as nodes
os.makedirs(p.dir + "/tree/sub")
for i in range(30):
    with open("%s/tree/%sf%d" % (p.dir, "sub/" if i % 3 else "", i), "wb") as f:
        f.write(R.randbytes(R.choice([0, 10, 300000])))
for opts in ([], ["--cid-version=1"]):
    root = lines(p.kubo("add", "-rQ", "--progress=false", *opts, p.dir + "/tree"))[-1]
    p.ours("car", "import", "-q", "-", input=p.kubo("dag", "export", "--progress=false", root))
    for path in ("", "/sub", "/f0", "/sub/f1", "/sub/f2"):
        p.same("get of dag-pb %s" % path, lambda: p.kubo("dag", "get", root + path), lambda: p.ours("dag", "get", root + path))
        p.same("resolve of %s" % path, lambda: p.kubo("dag", "resolve", root + path).strip(),
               lambda: p.ours("dag", "resolve", root + path).strip())
    for path in ("/Links", "/Links/0", "/Links/0/Hash", "/Links/1/Name", "/Links/1/Tsize", "/Data", "/Links/0/Hash/Links"):
        for verb in ("get", "resolve"):
            p.same("%s of /ipld%s" % (verb, path), lambda: tried(p.kubo, verb, "/ipld/" + root + path),
                   lambda: tried(p.ours, verb, "/ipld/" + root + path))
    links.append(root)

# paths through nodes, links crossed on the way, and what is not there
deep = {"list": [1, {"x": {"/": roots[0][1]}}, [True]], "file": {"/": links[-1]}, "self": {"é": "text"}}
for store in ("dag-cbor", "dag-json"):
    (a,), (b,) = both_put(deep, store)
    p.ok(a == b, "put of a node with paths as " + store)
    for path in ("", "/list", "/list/0", "/list/1/x", "/list/2/0", "/file", "/file/sub", "/file/sub/f1", "/self/é", "/self",
                 "/nothing", "/list/9", "/list/x", "/list/0/deeper", "/file/none"):
        for verb in ("resolve", "get"):
            p.same("%s of %s in %s" % (verb, path, store), lambda: tried(p.kubo, verb, a + path),
                   lambda: tried(p.ours, verb, a + path))

# counts, of one root and of several that share
whole = [c for s, c in roots if s == "dag-cbor"][:6] + links[-2:]
for cids in [[c] for c in whole] + [whole, whole[:2], whole[-2:]]:
    try:
        p.kubo("refs", "-r", *cids)
        p.ours("refs", "-r", *cids)
    except RuntimeError:
        continue                        # links to blocks nobody has
    p.same("stat of %d roots" % len(cids), lambda: p.kubo("dag", "stat", "--progress=false", *cids),
           lambda: p.ours("dag", "stat", *cids))
    p.same("stat of %d roots as JSON" % len(cids),
           lambda: json.loads(p.kubo("dag", "stat", "--progress=false", "--enc=json", *cids)),
           lambda: json.loads(p.ours("dag", "stat", "-j", *cids)))

# what both refuse, and what only we take (64-bit integers of both signs)
for text in (b"", b"{", b"[1,]x", b'{"a":1,"a":2}', b'{"/":"not a cid"}', b'{"/":{"bytes":"*"}}', b"nope!", b"\xff", b"1 2"):
    for who, run in (("Kubo", lambda: p.kubo("dag", "put", input=text)), ("we", lambda: p.ours("dag", "put", "-", input=text))):
        try:
            run()
            p.ok(False, "%s refuse %r" % (who, text))
        except RuntimeError:
            p.ok(True, "%s refuse %r" % (who, text))
big = p.ours("dag", "put", "-", input=b"[18446744073709551615,-18446744073709551616]").decode().strip()
p.ok(p.ours("dag", "get", big) == b"[18446744073709551615,-18446744073709551616]", "integers of 65 bits come back")
# selectors have no command in Kubo: they are tested against the fixtures of their specification
p.end()
