"""kubo_gateway.py - the same requests to Kubo's gateway and to ours, over the same blocks: status, body and
fields are equal, except where KNOWN says why not.  $IPFS is Kubo."""
import io
import json
import os
import random
import re
import socket
import subprocess
import sys
import tarfile
from urllib.parse import unquote

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import server as net  # noqa: E402
from http_raw import Client  # noqa: E402

IPFS = os.environ.get("IPFS", "ipfs")
R = random.Random(4)
FIELDS = ["content-type", "etag", "cache-control", "x-ipfs-path", "x-ipfs-roots", "content-disposition", "content-length",
          "content-range", "accept-ranges", "location", "last-modified", "content-location", "x-content-type-options",
          "content-encoding", "allow"]
HAMT = "bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i"
MULTI = "bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa"
CACHE = "bafybeib3ffl2teiqdncv3mkz4r23b5ctrwkzrrhctdbne6iboayxuxk5ui"
INSIDE = "bafybeibfevfxlvxp5vxobr5oapczpf7resxnleb7tkqmdorc4gl5cdva3y"
OUTSIDE = "bafybeicaj7kvxpcv4neaqzwhrqqmdstu4dhrwfpknrgebq6nzcecfucvyu"
ABSENT = "QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN"
HELLO = "bafkqabtimvwgy3yk"
KEY = "k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe"
failed = 0


def ok(good, name, why=""):
    global failed
    failed += not good
    print("%s - %s" % ("ok" if good else "not ok", name))
    if not good:
        print("# " + str(why).replace("\n", "\n# "))
    sys.stdout.flush()


def ours(*args, input=None):
    return net.run("ipfrs-" + args[0], *args[1:], input=input).stdout


class Kubo:
    """a daemon of its own: offline, on loopback"""

    def __init__(self, folder):
        self.env = dict(os.environ, IPFS_PATH=folder + "/kubo", IPFS_TELEMETRY="off", LC_ALL="C.UTF-8")
        self.run("init", "--empty-repo", "--profile=test")
        self.run("config", "Addresses.API", "/ip4/127.0.0.1/tcp/0")
        self.run("config", "Addresses.Gateway", "/ip4/127.0.0.1/tcp/0")
        self.run("config", "--json", "Addresses.Swarm", "[]")
        self.err = open(folder + "/kubo.err", "w+")
        self.proc = None

    def run(self, *args, input=None):
        r = subprocess.run([IPFS, *args], input=input, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if r.returncode:
            raise RuntimeError("ipfs %s: %s" % (" ".join(args)[:200], r.stderr.decode("utf-8", "replace")[:400]))
        return r.stdout

    def start(self):
        self.proc = subprocess.Popen([IPFS, "daemon", "--offline"], env=self.env, stdout=subprocess.PIPE, stderr=self.err)
        address = None
        for line in self.proc.stdout:
            m = re.match(rb"Gateway server listening on /ip4/127.0.0.1/tcp/(\d+)", line)
            if m:
                address = ("127.0.0.1", int(m[1]))
            if line.startswith(b"Daemon is ready"):
                break
        if not address:
            raise RuntimeError("Kubo's daemon did not start")
        return address

    def stop(self):
        if self.proc:
            self.proc.terminate()
            self.proc.wait(timeout=60)


def content(folder):
    """{name: root} of what both get, by way of an archive"""
    site = folder + "/site"
    made = {
        "index.html": b"<!doctype html><title>t</title>hello", "empty": b"", "a.txt": b"text\n", "page.htm": b"<html>x</html>",
        "style.css": b"b{color:red}", "app.js": b"f()", "mod.mjs": b"f()", "data.json": b'{"a":[1,2]}', "f.xml": b"<?xml version='1.0'?><a/>",
        "i.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "i.png": b"\x89PNG\r\n\x1a\n" + R.randbytes(40), "i.gif": b"GIF89a" + R.randbytes(20),
        "i.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + R.randbytes(20), "d.pdf": b"%PDF-1.4\n%x", "w.wasm": b"\0asm\1\0\0\0",
        "z.zip": b"PK\x03\x04" + R.randbytes(30), "z.gz": b"\x1f\x8b\x08\0" + R.randbytes(20), "v.mp4": b"\0\0\0\x18ftypmp42" + R.randbytes(40),
        "v.webm": b"\x1aE\xdf\xa3" + R.randbytes(40), "s.mp3": b"ID3\3" + R.randbytes(40), "s.ogg": b"OggS\0" + R.randbytes(40),
        "s.wav": b"RIFF\x20\0\0\0WAVEfmt " + R.randbytes(24), "t.woff2": b"wOF2" + R.randbytes(40), "x.tar": b"x" * 600, "i.webp": b"RIFF\x20\0\0\0WEBPVP8 " + R.randbytes(24),
        "UPPER.HTML": b"<html>up</html>", "noext-text": b"plain text without a name for it\n", "noext-html": b"<!DOCTYPE html><html></html>",
        "noext-json": b'{"x": [1, 2, {"y": null}]}', "noext-binary": bytes(range(256)), "noext-png": b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        "noext-utf8": "za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105".encode(), "noext-pdf": b"%PDF-1.4\n%x", "noext-gzip": b"\x1f\x8b\x08\0" + b"\0" * 20,
        "noext-svg": b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "README.md": b"# title\n",
        "sub/deep/b.bin": R.randbytes(700000), "sub/sp ace.txt": b"sp", "sub/\u017c\u00f3\u0142w.txt": b"utf", "sub/per%cent.txt": b"p",
        "sub/ques?tion.txt": b"q", "sub/ha#sh.txt": b"h", "sub/am&p+plus=eq.txt": b"a", "sub/quo'te\".txt": b"o", "sub/back\\slash.txt": b"b",
        "sub/(par)[ent]*!~.txt": b"p", "sub/\u65e5\u672c.txt": b"j", "sub/semi;colon,comma:at@$.txt": b"s",
        "nested/index.html": b"<p>nested</p>", "nested/x/y/z.txt": b"z", "oddindex/index.html/file": b"f",
    }
    for name, data in made.items():
        os.makedirs(os.path.dirname(site + "/" + name), exist_ok=True)
        with open(site + "/" + name, "wb") as f:
            f.write(data)
    os.symlink("a.txt", site + "/link")
    os.mkdir(site + "/emptydir")
    os.makedirs(folder + "/big")
    for i in range(1500):
        with open(folder + "/big/entry-%d.txt" % i, "w") as f:
            f.write("n %d" % i)
    with open(folder + "/big/index.html", "w") as f:
        f.write("<p>big</p>")
    with open(folder + "/dated", "w") as f:
        f.write("a file of some age")
    os.utime(folder + "/dated", (1700000000, 1700000000))
    text = b'{"a":[1,2,{"/":"' + MULTI.encode() + b'"}],"b":{"/":{"bytes":"AQID"}},"n":-5,"s":"x"}'

    def put(codec, data, *options):
        return ours("dag", "put", "-c", codec, *options, "-", input=data).decode().strip()
    roots = {
        "v0": ours("add", "-rQ", site), "v1": ours("add", "-rQ", "-O", "cid-version=1", site),
        "shard": ours("add", "-rQ", "-O", "cid-version=1,hamt-threshold=100", folder + "/big"),
        "odd": ours("add", "-rQ", "-O", "cid-version=1,chunker=size-1000", site + "/sub/deep/b.bin"),
        "dated": ours("add", "-Q", "-p", "mode,mtime", folder + "/dated"),
    }
    roots = {k: v.decode().strip() for k, v in roots.items()}
    roots["json"] = put("dag-json", text)
    roots["cbor"] = put("dag-cbor", text)
    roots["rawjson"] = ours("add", "-Q", "-O", "cid-version=1", site + "/noext-json").decode().strip()
    with open(folder + "/all.car", "wb") as f:
        f.write(ours("car", "export", *roots.values()))
    return roots


def base36(raw):
    n, out = int.from_bytes(raw, "big"), ""
    while n:
        n, r = divmod(n, 36)
        out = "0123456789abcdefghijklmnopqrstuvwxyz"[r] + out
    return "k" + out


def raw_cid(text):
    """the bytes of a CIDv1 in base32"""
    import base64
    return base64.b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))


def bases(cid):
    import base64
    raw = raw_cid(cid)
    b64 = base64.b64encode(raw).decode()
    n, b58 = int.from_bytes(raw, "big"), ""
    while n:
        n, r = divmod(n, 58)
        b58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[r] + b58
    return ["B" + cid[1:].upper(), base36(raw), base36(raw).upper(), "f" + raw.hex(), "F" + raw.hex().upper(), "z" + b58,
            "u" + b64.replace("+", "-").replace("/", "_").rstrip("="), "m" + b64.rstrip("=").replace("/", "%2F"),
            "v" + base64.b32hexencode(raw).decode().lower().rstrip("="), "C" + base64.b32encode(raw).decode()]


def quoted(name):
    return "".join(c if c.isalnum() and c.isascii() or c in "-_.~/" else "".join("%%%02X" % b for b in c.encode()) for c in name)


def requests(roots):
    """(method, target, fields): what is asked of both"""
    v0, v1 = "/ipfs/" + roots["v0"], "/ipfs/" + roots["v1"]
    out = []

    def get(target, method="GET", **fields):
        out.append((method, target, {k.replace("_", "-"): v for k, v in fields.items()}))
    names = ours("ls", roots["v1"]).decode().splitlines()
    names = [l.split("\t")[-1] for l in names]
    sub = ["sub/" + l.split("\t")[-1] for l in ours("ls", roots["v1"] + "/sub").decode().splitlines()]
    for name in names + sub + ["sub/deep/b.bin", "nested/x/y/z.txt"]:
        get(v1 + "/" + quoted(name))
        get(v0 + "/" + quoted(name), "HEAD")
    for name in ("a.txt", "data.json", "sub/deep/b.bin", "noext-text", "i.png", "empty"):
        for text in ("0-0", "0-", "1-3", "2-", "-1", "-4", "0-99999999", "3-3", "0-0,2-3", "5-2", "abc", "-0", "99999999-", "700000-", "699999-",
                     "-99999999", "262143-262144", "1-1,3-3,4-4"):
            get(v1 + "/" + name, Range="bytes=" + text)
    get(v1 + "/a.txt", Range="lines=0-1")
    get(v1 + "/a.txt", "HEAD", Range="bytes=1-2")
    get("/ipfs/" + roots["odd"], Range="bytes=999-1000")
    get("/ipfs/" + roots["odd"], Range="bytes=-2500")
    get("/ipfs/" + MULTI, Range="bytes=255-256")
    for name in ("", "/", "/sub", "/sub/", "/nested", "/nested/", "/nested/x", "/nested/x/", "/emptydir", "/emptydir/", "/oddindex/",
                 "/oddindex", "/sub?a=b", "/sub?a=b&c=d+e", "/sub?go-get=1", "/nested?go-get=1", "/nested/?filename=x.txt", "/nested/?download=true",
                 "//sub//", "/sub/../nested/", "/./sub/", "/sub/.", "/sub/..", "/a.txt/", "/link", "/link/", "/link/x", "/a.txt/x", "/none",
                 "/none/", "/sub/none", "/%73ub/", "/sub%2F", "/nested%2Findex.html"):
        get(v1 + name)
        get(v0 + name, "HEAD")
    for q in ("filename=x.txt", "filename=x.html", "filename=x", "filename=te%C5%BCt.pdf", "filename=x.txt&download=true", "download=true",
              "download=1", "filename=a%2Fb.txt", "filename=a%22b.txt", "filename=a+b.txt", "filename=", "filename=x.json&download=false",
              "filename=%F0%9F%98%80.png", "filename=a%0D%0Ab", "filename=..%2F..%2Fx", "other=1"):
        get(v1 + "/a.txt?" + q)
        get(v1 + "/a.txt?format=raw&" + q)
    every = [v1, v1 + "/", v1 + "/a.txt", v0 + "/sub", v1 + "/sub/deep/b.bin", "/ipfs/" + roots["json"], "/ipfs/" + roots["cbor"],
             "/ipfs/" + roots["rawjson"], "/ipfs/" + roots["odd"], "/ipfs/" + HELLO, "/ipfs/" + MULTI, "/ipfs/" + ABSENT, v1 + "/link",
             "/ipfs/" + roots["cbor"] + "/a/2", "/ipfs/" + roots["json"] + "/a/2", "/ipfs/" + roots["cbor"] + "/a", "/ipfs/" + roots["json"] + "/n",
             "/ipfs/" + roots["shard"] + "/entry-77.txt"]
    types = {"raw": "application/vnd.ipld.raw", "car": "application/vnd.ipld.car", "tar": "application/x-tar", "json": "application/json",
             "cbor": "application/cbor", "dag-json": "application/vnd.ipld.dag-json", "dag-cbor": "application/vnd.ipld.dag-cbor",
             "ipns-record": "application/vnd.ipfs.ipns-record"}
    for path in every:
        for f, kind in types.items():
            get(path + "?format=" + f)
            get(path, Accept=kind)
        get(path + "?format=raw", "HEAD")
        get(path + "?format=car", "HEAD")
        get(path, Accept="text/html")
        get(path, "HEAD")
    get(v1 + "/a.txt?format=unknown")
    get(v1 + "/a.txt?format=")
    get(v1 + "/a.txt?format=raw", Accept="application/vnd.ipld.car")
    get(v1 + "/a.txt", Accept="application/vnd.ipld.raw, */*;q=0.1")
    get(v1 + "/a.txt", Accept="application/vnd.ipld.unheard-of")
    get(v1 + "/a.txt", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    get(v1 + "/a.txt", Accept="application/vnd.ipld.car;version=1;order=dfs;dups=y")
    for scope in ("", "&dag-scope=block", "&dag-scope=entity", "&dag-scope=all", "&car-dups=y", "&car-dups=n", "&car-order=unk", "&car-order=dfs",
                  "&car-version=1", "&dag-scope=entity&car-dups=y"):
        for path in (v1 + "/nested", v1 + "/sub/deep", v0 + "/sub/deep/b.bin", "/ipfs/" + HAMT + "/685.txt", "/ipfs/" + roots["json"],
                     "/ipfs/" + roots["cbor"] + "/a/2", v0 + "/emptydir"):
            get(path + "?format=car" + scope)
        get("/ipfs/" + roots["shard"] + "?format=car" + scope)
        get("/ipfs/" + roots["shard"] + "/entry-99.txt?format=car" + scope)
    for bad in ("dag-scope=some", "car-version=2", "car-version=x", "car-order=x", "car-dups=x", "entity-bytes=x", "entity-bytes=1", "entity-bytes=5:2",
                "entity-bytes=:", "entity-bytes=-2:-5", "dag-scope=", "entity-bytes=", "filename=x.car", "download=true", "entity-bytes=*:5"):
        get(v1 + "/a.txt?format=car&" + bad)
    for part in ("0:0", "0:*", "512:*", "512:1023", "512:-256", "-5:*", "-9999:*", "-9999:-3", "255:256", "1025:1025", "0:99999", "100:100", "2000:*",
                 "-1:-1", "0:-2000"):
        get("/ipfs/" + MULTI + "?format=car&entity-bytes=" + part)
        get("/ipfs/" + roots["odd"] + "?format=car&entity-bytes=" + part)
        get(v1 + "/sub?format=car&entity-bytes=" + part)
        get("/ipfs/" + MULTI + "?format=car&dag-scope=entity&entity-bytes=" + part)
        get("/ipfs/" + roots["odd"] + "?format=car&dag-scope=entity&entity-bytes=" + part)
        get(v0 + "/sub/deep/b.bin?format=car&dag-scope=entity&entity-bytes=" + part)
        get(v1 + "/sub?format=car&dag-scope=entity&entity-bytes=" + part)
    for base in bases(roots["v1"]):
        get("/ipfs/%s/a.txt" % base)
        get("/ipfs/%s?format=raw" % base, "HEAD")
    for scope in ("block", "entity", "all"):
        get("/ipfs/" + roots["cbor"] + "/a?format=car&dag-scope=" + scope)
    get("/ipfs/" + roots["v0"] + "?format=car")
    get("/ipfs/bafkqaaa?format=raw")
    get("/ipfs/bafkqaaa?format=car")
    get("/ipfs/bafkqaaa?format=raw", "HEAD")
    get("/ipfs/bafkqaaa")
    get("/ipfs/" + roots["dated"])
    get("/ipfs/" + roots["dated"], If_Modified_Since="Tue, 14 Nov 2023 22:13:20 GMT")
    get("/ipfs/" + roots["dated"], If_Modified_Since="Tue, 14 Nov 2023 22:13:19 GMT")
    get("/ipfs/" + roots["dated"], If_Modified_Since="Tuesday, 14-Nov-23 22:13:20 GMT")
    get("/ipfs/" + roots["dated"], If_Modified_Since="nonsense")
    file = ours("resolve", roots["v1"] + "/a.txt").decode().split()[0].replace("/ipfs/", "")
    for tag in ('"%s"', 'W/"%s"', '*', '"x", "%s"', '"%s.raw"', '"nope"', '%s', '"x" , , W/"%s"', '"%s"garbage', '"DirIndex-x_CID-%s"'):
        get(v1 + "/a.txt", If_None_Match=tag.replace("%s", file))
        get(v1 + "/a.txt?format=raw", If_None_Match=tag.replace("%s", file))
        get(v1 + "/", "HEAD", If_None_Match=tag.replace("%s", roots["v1"]))
    sub1 = ours("resolve", roots["v1"] + "/sub").decode().split()[0].replace("/ipfs/", "")
    get(v1 + "/sub/", If_None_Match='"DirIndex-x_CID-%s"' % sub1)
    get(v1 + "/sub/", If_None_Match='"%s"' % sub1)
    get("/ipfs/" + roots["json"], If_None_Match='"%s.dag-json"' % roots["json"])
    get("/ipfs/" + roots["cbor"], If_None_Match='"%s.dag-cbor"' % roots["cbor"])
    get(v1 + "/sub?format=tar", If_None_Match='W/"%s.x-tar"' % sub1)
    get(v1 + "/a.txt", Range="bytes=1-2", If_Range='"%s"' % file)
    get(v1 + "/a.txt", Range="bytes=1-2", If_Range='"other"')
    get(v1 + "/a.txt", Range="bytes=1-2", If_Range='W/"%s"' % file)
    get(v1 + "/a.txt", If_Match='"%s"' % file)
    get(v1 + "/a.txt", If_Match='"other"')
    get(v1 + "/a.txt", If_Match='*')
    for path in (v1 + "/a.txt", v1 + "/sub/", "/ipfs/" + ABSENT, v1 + "/none", "/ipfs/" + MULTI, "/ipfs/notacid"):
        get(path, Cache_Control="only-if-cached")
        get(path, "HEAD", Cache_Control="only-if-cached")
        get(path + "?format=raw", Cache_Control="only-if-cached")
    for bad in ("/ipfs", "/ipfs/", "/ipns", "/ipns/", "/ipfs/notacid", "/ipfs/QmInvalidCID", "/ipfs/" + roots["v1"][:-1], "/ipfs/" + roots["v1"] + "x", "/",
                "/other/" + roots["v1"], "/ipfs/ipfs/" + roots["v1"] + "/a.txt", "/ipfs/ipns/" + KEY, "/ipfs/ipfs/x", "/ipfs/" + ABSENT,
                "/ipfs/" + ABSENT + "/x", v1 + "/%00", v1 + "/%zz", v1 + "/../../x", "/ipfs/../etc/passwd", v1 + "/" + "x" * 300, v1 + "/a%2Etxt",
                "/ipfs/" + "b" * 200, "/ipfs/" + HELLO + "/x", "/ipfs/%2e%2e/", "/ipns/not-a-name.example.invalid"):
        get(bad)
        get(bad, "HEAD")
    get(v1 + "/a.txt", "POST")
    get(v1 + "/a.txt", "PUT")
    get(v1 + "/a.txt", "DELETE")
    get(v1 + "/a.txt", "OPTIONS")
    get("/ipfs/" + roots["v1"], Service_Worker="script")
    get(v1 + "/app.js", Service_Worker="script")
    for u in ("ipfs%3A%2F%2F" + roots["v1"] + "%2Fa.txt", "ipns%3A%2F%2Fen.example.org%2Fx%3Fa%3Db", "http%3A%2F%2Fexample.org", "x", ""):
        get("/ipfs/?uri=" + u)
    for path in ("/ipns/" + KEY, "/ipns/" + KEY + "/root2/root3/root4/", "/ipns/" + KEY + "/root2/root3", "/ipns/" + KEY + "/none"):
        get(path)
        get(path, "HEAD")
        get(path + "?format=raw")
        get(path + "?format=car")
        get(path + "?format=ipns-record")
    for path in ("/ipfs/" + CACHE + "/root2/root3/root4/?format=tar", "/ipfs/" + INSIDE + "?format=tar", "/ipfs/" + OUTSIDE + "?format=tar",
                 v1 + "?format=tar&filename=x.tar", v0 + "/nested?format=tar"):
        get(path)
    for host in ("localhost", roots["v1"] + ".ipfs.localhost"):
        for path in (v1 + "/a.txt", v0 + "/sub/?x=y", "/a.txt", "/sub", "/sub/", "/none", "/nested/", "/ipns/" + KEY + "/root2/", "/ipfs/notacid"):
            get(path, Host=host)
    get("/a.txt", Host=base36(raw_cid(roots["v1"])) + ".ipfs.localhost")
    get("/", Host=roots["v0"] + ".ipfs.localhost")
    get("/", Host="notacid.ipfs.localhost")
    return out


def has(c, *words):
    return any(w in c.target or w in c.fields.get("Accept", "") for w in words)


def status(c, mine, theirs):
    return c.mine["status"] == str(mine) and c.theirs["status"] == str(theirs)


def is_json(c):
    return has(c, "format=json", "application/json")


def is_cbor(c):
    return has(c, "format=cbor", "application/cbor")


def is_car(c):
    return has(c, "format=car", "ipld.car")


# ([what], when, why): where the answers differ on purpose.  Numbers are sections of the gateway reference.
ALL = ["status", "body"] + FIELDS
KNOWN = [
    # ranges
    (["body", "content-length", "content-range", "content-type"], lambda c: "," in c.range,
     "14.2: Kubo answers only the first of several ranges"),
    (["status"], lambda c: status(c, 200, 400) and c.range in ("bytes=5-2", "bytes=abc", "lines=0-1"),
     "25, malformed Range: Kubo refuses what RFC 9110 has ignored"),
    (["status"], lambda c: status(c, 416, 206) and c.range == "bytes=-0", "14.1: -0 is unsatisfiable"),
    (["status"], lambda c: c.target.endswith("/empty") and c.range.startswith("bytes=-") and c.mine["status"] == "200",
     "14.1: of nothing there are no ranges"),
    (["status"], lambda c: c.mine["status"] == "206" and c.theirs["status"] >= "400" and c.range.startswith("bytes=-"),
     "25, suffix longer than file: Kubo fails where RFC 9110 has the whole file"),
    (["status", "content-length", "content-range"], lambda c: c.method == "HEAD" and c.range,
     "25: RFC 9110 has a Range ignored by HEAD"),
    (["content-type"], lambda c: c.range == "bytes=999-1000" and c.mine["content-type"] == "application/octet-stream",
     "14.4: Kubo guesses the type of a range by the range"),
    (["body", "content-length", "content-range", "status"], lambda c: "If-Range" in c.fields,
     "14.3: Kubo's body is the range while its length is the file's"),
    # kinds of files
    (["content-type"], lambda c: c.target.endswith(("/empty", "bafkqaaa")) or "/empty?" in c.target,
     "16: nothing at all is text in UTF-8 as well"),
    (["content-type"], lambda c: c.target.endswith(".webm"), "16: WebM is video"),
    (["accept-ranges"], lambda c: "/link" in c.target, "8.3: Kubo offers ranges of a symlink's target"),
    # directories
    (["etag", "cache-control", "content-type", "x-ipfs-path", "x-ipfs-roots"],
     lambda c: c.method == "HEAD" and c.theirs["etag"] is None and "Index-" in c.mine["etag"],
     "RFC 9110 9.3.2: Kubo has no fields for HEAD of a listing"),
    (ALL, lambda c: c.method == "HEAD" and "only-if-cached" in c.fields.get("Cache-Control", "") and c.theirs["status"] == "200" and
     c.theirs["etag"] is None, "12.3: Kubo has no fields for HEAD only-if-cached"),
    (["status"], lambda c: c.theirs["status"] == "301" and is_json(c) and c.mine["status"] == "200",
     "a directory as JSON is ours"),
    (["accept-ranges", "body", "cache-control", "content-length", "content-type", "etag"], lambda c: is_json(c) and "DirIndex-" in (c.mine["etag"] or ""),
     "and has no index.html"),
    (["status"], lambda c: status(c, 406, 301) and is_cbor(c), "7: there is no CBOR of a directory"),
    (["status"], lambda c: c.theirs["status"] == "307" and c.mine["status"] in ("200", "301", "400"),
     "2.2: dots and double slashes are resolved, not redirected; 4: a path over its root, or without one, is an error"),
    (["status"], lambda c: status(c, 304, 200) or status(c, 200, 304) and "/sub/" in c.target,
     "13: Kubo takes the directory's CID for its listing's tag"),
    (["content-disposition"], lambda c: "download=true" in c.target and "filename" not in c.target,
     "25, download=true without filename"),
    # forms
    (["status"], lambda c: status(c, 406, 200) and (is_json(c) or is_cbor(c)), "25, json of what is not JSON; 7, likewise cbor"),
    (["status"], lambda c: status(c, 406, 400) and (is_json(c) or is_cbor(c)), "7: a conversion that does not exist is 406"),
    (["status"], lambda c: status(c, 406, 500) and has(c, "tar"), "7: tar of what is not UnixFS is 406"),
    (["etag"], lambda c: is_json(c) and (c.mine["etag"] or "").endswith('.json"'), "11: what was asked for as JSON has a tag of its own"),
    (["status"], lambda c: c.mine["status"] == "501" and c.theirs["status"] in ("200", "500"), "5: a value inside a block is not a block"),
    (["status"], lambda c: status(c, 400, 200) and OUTSIDE in c.target, "25, tar escape"),
    (["content-length"], lambda c: (is_car(c) or has(c, "tar")) and c.mine["content-length"] is None,
     "10: Kubo measures archives that fit into its buffer"),
    (["x-ipfs-roots"], lambda c: c.mine["status"] == "304", "13: who it was is told with 304, too"),
    # archives
    (["etag"], lambda c: is_car(c) and ".car." in c.mine["etag"] and
     c.mine["etag"].split(".")[0] == c.theirs["etag"].split(".")[0].replace("W/", ""), "11: tags of CARs are not portable"),
    (["status"], lambda c: c.target.endswith("&dag-scope="), "8.5: nothing is not a value"),
    (["status"], lambda c: status(c, 404, 200) and is_car(c), "25, CAR of a path that is not here"),
    (["body"], lambda c: "entity-bytes" in c.target and "dag-scope" not in c.target, "8.5: entity-bytes asks for an entity"),
    (["body"], lambda c: c.target.endswith("entity-bytes=0:-2000"), "8.5: an empty range is as dag-scope=block"),
    (["status"], lambda c: status(c, 400, 200) and "entity-bytes=2000:*" in c.target, "8.5: a range behind the end is refused"),
    # names
    (["cache-control"], lambda c: "/ipns/" in c.target and "max-age=2147483647" in c.mine["cache-control"] and
     int(re.search("max-age=([0-9]+)", c.theirs["cache-control"])[1]) > 2147483647, "12.1: a TTL that everyone can parse"),
    (["last-modified"], lambda c: "/ipns/" in c.target and c.mine["last-modified"] is None, "25, Last-Modified on /ipns/"),
    (["etag"], lambda c: "ipns-record" in c.target and not c.theirs["etag"].startswith('"'), "25, ipns-record ETag"),
    (["status"], lambda c: status(c, 404, 500) and "not-a-name" in c.target, "25, unknown IPNS name"),
    (["status"], lambda c: status(c, 301, 200) and "Host" in c.fields, "25, non-canonical but valid subdomain label"),
    # the rest
    (["status"], lambda c: status(c, 204, 200) and c.method == "OPTIONS", "18: 200 or 204"),
    (["status"], lambda c: status(c, 400, 404) and "%00" in c.target, "2.2: no NUL"),
]


def tar_of(body):
    """what is in it but for the time, which is now where nobody said"""
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as t:
            return [(m.name, m.type, m.mode, m.size, m.linkname, t.extractfile(m).read() if m.isfile() else b"") for m in t]
    except tarfile.TarError:
        return body


def seen(a, method):
    """what is compared of an answer"""
    got = {"status": str(a.status)}
    if a.status >= 300 and a.status != 304:
        got["location"] = a.get("location")     # reference 19.3: the words are everyone's own
        return got
    for f in FIELDS:
        got[f] = a.get(f)
    if a.get("ipfs-uri"):                       # Kubo's newer name for the same
        got["x-ipfs-path"] = re.sub(r"^(ip[fn]s):/", r"/\1", a.get("ipfs-uri"))
    if got["x-ipfs-path"]:                      # of it, not its spelling
        parts = got["x-ipfs-path"].split("/", 3)
        got["x-ipfs-path"] = "/".join([parts[1]] + [unquote(p) for p in parts[3:]])
    if re.match('W?/?"(Dir|Dag)Index-', a.get("etag") or ""):
        got["etag"] = re.sub('Index-[^_]*_', "Index-*_", a.get("etag"))
        got["content-length"] = None            # everyone's own page
    elif method == "GET":
        tar = (a.get("content-type") or "") == "application/x-tar"
        got["body"] = repr(tar_of(a.body)) if tar else a.body.hex()
        if not a.clean:
            got["body"] += " cut short"
    return got


def explain(what, case):
    for i, (names, match, why) in enumerate(KNOWN):
        if what in names and match(case):
            return i
    return None


class Case:
    def __init__(self, method, target, fields, mine, theirs):
        self.method, self.target, self.fields, self.mine, self.theirs = method, target, fields, mine, theirs
        self.range = fields.get("Range", "")

    def text(self):
        return "%s %s%s" % (self.method, self.target[:150], "".join(" %s: %s" % f for f in self.fields.items()))

    def differences(self, used):
        bad = []
        a, b = self.mine, self.theirs
        for what in ["status"] if a["status"] != b["status"] else sorted(set(a) | set(b)):
            if a.get(what) == b.get(what):
                continue
            i = explain(what, self)
            if i is None:
                bad.append("%s: ours %.200s, theirs %.200s" % (what, a.get(what), b.get(what)))
            else:
                used.add(i)
        return bad


def main():
    server = net.Server(fill=net.fixtures, settings=[("gateway.hosts", "localhost subdomains")])
    kubo = Kubo(server.dir)
    used = set()
    try:
        roots = content(server.dir)
        kubo.run("dag", "import", "--pin-roots=false", server.dir + "/all.car")
        for folder, _, names in sorted(os.walk(net.GOLDEN)):
            for name in sorted(names):
                if name.endswith(".car"):
                    kubo.run("dag", "import", "--pin-roots=false", folder + "/" + name)
        record = net.GOLDEN + "/gateway-cache/" + KEY + ".ipns-record"
        kubo.run("routing", "put", "--allow-offline", "/ipns/" + KEY, record)
        there = kubo.start()
        asked = requests(roots)
        for method, target, fields in asked:
            answers = []
            for address in (server.address, there):
                host = "127.0.0.1:8080"
                rest = dict(fields)
                if "Host" in rest:
                    host = rest.pop("Host") + ":8080"
                client = Client(address)
                try:
                    answers.append(seen(client.ask(method, target, host, rest), method))
                except EOFError:
                    answers.append({"status": "none"})
                client.close()
            case = Case(method, target, fields, *answers)
            bad = case.differences(used)
            ok(not bad, case.text(), "\n".join(bad))
        ok(len(asked) > 150, "%d requests were compared" % len(asked))
        for i, (_, _, why) in enumerate(KNOWN):
            ok(i in used, "still different: " + why)
    finally:
        kubo.stop()
        server.stop()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
