"""helia.py - @helia/verified-fetch, which believes no gateway, reads everything from ours: each block it asked
for has to be what its CID says.  $HELIA is the folder its packages are installed in."""
import base64
import json
import os
import random
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))
from server import GOLDEN, Server, fixtures, run  # noqa: E402

HELIA = os.environ["HELIA"]
HAMT = "bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i"
MULTI = "bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa"
DUPS = "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy"
R = random.Random(4)
failed = 0


def ok(good, name, why=""):
    global failed
    failed += not good
    print("%s - %s" % ("ok" if good else "not ok", name))
    if not good:
        print("# " + str(why)[:600].replace("\n", "\n# "))
    sys.stdout.flush()


def ours(*args, input=None):
    return run("ipfrs-" + args[0], *args[1:], input=input).stdout


def node():
    """the first of these that is new enough"""
    arch = {"x86_64": "x64", "aarch64": "arm64"}.get(os.uname().machine, "none")
    own = "%s/node_modules/node-linux-%s/bin/node" % (HELIA, arch)
    return own if os.path.exists(own) else "node"


class Fetch:
    def __init__(self, url):
        shutil.copy(HERE + "/js/helia.mjs", HELIA + "/helia.mjs")
        self.url = url
        self.proc = subprocess.Popen([node(), "helia.mjs", url], cwd=HELIA, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **what):
        self.proc.stdin.write(json.dumps(what).encode() + b"\n")
        self.proc.stdin.flush()
        line = self.proc.stdout.readline()
        if not line:
            raise RuntimeError("node ended with status %s" % self.proc.wait())
        a = json.loads(line)
        if "body" in a:
            a["body"] = base64.b64decode(a["body"])
        return a

    def get(self, path, headers=None, method="GET", **options):
        return self.ask(url="ipfs://" + path, headers=headers or {}, method=method, options=options)

    def stop(self):
        self.proc.stdin.close()
        self.proc.wait(timeout=60)


def site(folder):
    """files of many sizes, and what each must be"""
    made = {"index.html": b"<!doctype html><title>t</title>hello", "empty": b"", "a.txt": b"text\n",
            "one": R.randbytes(262144), "two": R.randbytes(262145), "sub/deep/b.bin": R.randbytes(3000000),
            "sub/sp ace.txt": b"sp", "sub/\u017c\u00f3\u0142w.txt": b"utf", "data.json": b'{"a":[1,2]}'}
    for name, data in made.items():
        os.makedirs(os.path.dirname(folder + "/" + name), exist_ok=True)
        with open(folder + "/" + name, "wb") as f:
            f.write(data)
    return made


def files(f, root, made, what):
    for name, data in made.items():
        a = f.get(root + "/" + name)
        ok(a.get("status") == 200 and a["body"] == data, "%s: %s, %d bytes" % (what, name, len(data)), a.get("error", a))
    name, data = "sub/deep/b.bin", made["sub/deep/b.bin"]
    n = len(data)
    for text, at, end in (("0-0", 0, 1), ("5-9", 5, 10), ("262140-262150", 262140, 262151), ("1000000-1999999", 1000000, 2000000),
                          ("2999999-", n - 1, n), ("-7", n - 7, n), ("-300000", n - 300000, n), ("2000000-", 2000000, n)):
        a = f.get(root + "/" + name, {"Range": "bytes=" + text})
        ok(a.get("status") == 206 and a["body"] == data[at:end] and
           a["headers"].get("content-range") == "bytes %d-%d/%d" % (at, end - 1, n), "%s: range %s" % (what, text),
           a.get("error", a.get("headers")))
    a = f.get(root + "/" + name, {"Range": "bytes=262140-262150"})
    ok(len([u for u in a["asked"] if "format=raw" in u]) < 9, "and a range of it takes few blocks", a["asked"])
    a = f.get(root + "/a.txt", method="HEAD")
    ok(a.get("status") == 200 and a["body"] == b"", "%s: HEAD" % what, a.get("error", a))


def directories(f, root, made):
    a = f.get(root + "/")
    ok(a.get("status") == 200 and a["body"] == made["index.html"], "directory with index.html", a.get("error", a))
    a = f.get(root + "/", supportDirectoryIndexes=False)
    ok(a.get("status") == 200 and b"data.json" in a["body"] and b"empty" in a["body"], "its names without",
       a.get("error", a))
    a = f.get(root + "/sub/")
    ok(a.get("status") == 200 and b"deep" in a["body"] and b"ace.txt" in a["body"], "directory without index.html",
       a.get("error", a))


def nodes(f):
    text = b'{"a":[1,2,{"/":"' + MULTI.encode() + b'"}],"b":{"/":{"bytes":"AQID"}},"n":-5,"s":"x"}'
    for codec, kind in (("dag-json", "application/vnd.ipld.dag-json"), ("dag-cbor", "application/vnd.ipld.dag-cbor")):
        cid = ours("dag", "put", "-c", codec, "-", input=text).decode().strip()
        block = ours("block", "get", cid)
        a = f.get(cid, {"Accept": kind})
        ok(a.get("status") == 200 and a["body"] == block, "%s" % codec, a.get("error", a))
        a = f.get(cid, {"Accept": "application/vnd.ipld.raw"})
        ok(a.get("status") == 200 and a["body"] == block, "%s as a raw block" % codec, a.get("error", a))
        a = f.get(cid + "/a/2")
        ok(a.get("status") == 200 and a["body"] == ours("cat", MULTI), "a file below %s" % codec, a.get("error", a))
    a = f.get(ours("dag", "put", "-c", "dag-json", "-", input=text).decode().strip())
    ok(a.get("status") == 200 and json.loads(a["body"]) == json.loads(text), "dag-json without asking for it",
       a.get("error", a))


def archives(f, url, roots):
    for root in roots:
        for query in ("", "&dag-scope=block", "&dag-scope=entity", "&car-dups=y"):
            a = f.ask(car="%sipfs/%s?format=car%s" % (url, root, query))
            want = [b.decode().split("\t")[0] for b in ours("car", "ls", "-", input=ours("car", "export", "-1", root)).splitlines()]
            good = a.get("roots") == [root] and a["blocks"][0] == root
            if query == "":
                good = good and a["blocks"] == want
            ok(good and set(a["blocks"]) <= set(want), "@ipld/car reads and hashes %s%s" % (root, query), a)
    # made by it of blocks, and by us: the same, in whatever order
    a = f.get(MULTI, {"Accept": "application/vnd.ipld.car"})
    theirs = ours("car", "ls", "-", input=a.get("body", b""))
    ok(sorted(theirs.splitlines()) and sorted(l.split(b"\t")[0] for l in theirs.splitlines()) ==
       sorted(l.split(b"\t")[0] for l in ours("car", "ls", "-", input=ours("car", "export", "-1", MULTI)).splitlines()),
       "the archive it makes of our blocks is ours", a.get("error", theirs))


def hamt(f):
    for name in ("1.txt", "685.txt", "1000.txt"):
        a = f.get(HAMT + "/" + name)
        r = run("ipfrs-cat", HAMT + "/" + name, check=False)
        if r.returncode == 0:
            ok(a.get("status") == 200 and a["body"] == r.stdout, "%s in a sharded directory" % name, a.get("error", a))
    ok(run("ipfrs-cat", HAMT + "/685.txt", check=False).returncode == 0, "of which at least one is whole")
    a = f.get(HAMT + "/no-such-name")
    ok(a.get("status") == 404, "and one that is not in it", a.get("error", a.get("status")))


def missing(f):
    absent = "QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN"
    a = f.get(absent, session=False)
    ok(a.get("status", 500) >= 400 and any(absent in u for u in a["asked"]), "a CID that is not here is not there", a)
    a = f.get(MULTI, session=False)
    ok(a.get("status") == 200, "and what is here still is, without a session", a.get("error"))
    a = f.get(DUPS + "/no/such/path")
    ok(a.get("status") == 404, "a path that is not here", a.get("error", a.get("status")))


def main():
    server = Server(fill=fixtures, settings=[("gateway.hosts", "localhost subdomains")])
    try:
        f = Fetch(server.url)
        made = site(server.dir + "/site")
        for options, what in ([[], "as Kubo adds"], [["-O", "cid-version=1"], "CIDv1"], [["-O", "hamt-threshold=100"], "sharded"],
                              [["-O", "chunker=size-100000"], "odd chunks"]):
            root = ours("add", "-rQ", *options, server.dir + "/site").decode().strip()
            files(f, root, made, what)
        directories(f, root, made)
        hamt(f)
        nodes(f)
        archives(f, server.url, [MULTI, DUPS, root])
        missing(f)
        f.stop()
    finally:
        rc = server.stop()
    ok(rc == 0, "the server ended well")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
