#!/usr/bin/env python3
"""rpc_files.py [TEST ...] - files through Kubo's RPC over HTTP: add, cat, get, ls, block, refs (TAP).  Loopback only."""
import gzip
import io
import json
import os
import sys
import tarfile
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from rpc import Both, MIB, begin, chunk, post, settled, tell, values, writers  # noqa: E402
from server import ROOT, run  # noqa: E402

VECTORS = os.path.join(ROOT, "tests", "golden", "kubo_add.txt")
BODIES = {"f": b"x", "y": b"yy", "e": b"", "z": b"z" * 600000, "d": b"", "l": b"tgt"}
TYPES = {"d": "application/x-directory", "l": "application/symlink"}


def form(parts):
    """(type, name, filename, bytes) as one body"""
    out = []
    for kind, name, path, data in parts:
        out.append(('--x\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n' %
                (name, urllib.parse.quote(path, safe=""), kind)).encode() + data + b"\r\n")
    return b"".join(out) + b"--x--\r\n"


def script(text):
    """a line of the vectors"""
    parts = []
    for word in text.split():
        head, path = word.split(":", 1)
        kind, _, meta = head.partition("@")
        keys = ("mode", "mtime", "mtime-nsecs")
        pairs = "&".join("%s=%s" % p for p in zip(keys, meta.split(","))) if meta else ""
        parts.append((TYPES.get(kind, "application/octet-stream"), "file" + ("?" + pairs if pairs else ""), path,
                      BODIES[kind]))
    return form(parts)


def send(address, path, body, step=None):
    """the answer to a body sent in chunks of `step` bytes, or whole"""
    c = Client(address)
    begin(c, path, None if step else len(body))
    if step:
        c.send(b"".join(chunk(body[i:i + step]) for i in range(0, len(body), step)) + b"0\r\n\r\n")
    else:
        c.send(body)
    a = c.read("POST")
    c.close()
    return a


def ask(address, path):
    c = Client(address)
    a = c.ask("POST", "/api/v0/" + path, "x", body=b"")
    c.close()
    return a


def vectors():
    one = None
    with open(VECTORS) as f:
        for line in f:
            mark, rest = line[0], line[2:].rstrip("\n")
            if mark == "?":
                if one:
                    yield one
                one = {"query": rest, "events": [], "error": ""}
            elif mark == "+":
                one["script"] = rest
            elif mark == "=":
                one["events"].append(rest)
            elif mark == "!":
                one["error"] = rest
    yield one


# ---- tests: each returns None, or what is wrong ----

def as_kubo(server):
    """uploads of all kinds are answered as Kubo answers them, in pieces of any size"""
    for i, v in enumerate(vectors()):
        a = send(server.rpc, "add?" + v["query"], script(v["script"]), (None, 1000, 65536)[i % 3])
        if a.status != (500 if v["error"] and not v["events"] else 200):
            return "%r: %d" % (v, a.status)
        if a.status == 500:
            if json.loads(a.body)["Message"] != v["error"]:
                return "%r: %r" % (v, a.body)
            continue
        got = ["%s|%s|%s" % (e["Name"], e["Hash"], e["Size"]) if "Hash" in e else
               "%s|%d" % (e["Name"], e.get("Bytes", 0)) for e in values(a)]
        if got != v["events"]:
            return "%r: %r" % (v, got)
    return None


def round_trip(server):
    """a large file, out again by cat and get, whole and in part"""
    data = os.urandom(MIB) * 10
    for query in ("", "cid-version=1&chunker=size-1000000", "trickle=true"):
        a = post(server.rpc, "add?pin=false&" + query, data, "big")
        cid = values(a)[-1]["Hash"]
        a = ask(server.rpc, "cat?arg=" + cid)
        if a.body != data or a.get("x-content-length") != str(len(data)):
            return "cat (%s): %d bytes" % (query, len(a.body))
        a = ask(server.rpc, "cat?arg=%s&offset=%d&length=%d" % (cid, MIB - 7, 3 * MIB))
        if a.body != data[MIB - 7:4 * MIB - 7]:
            return "a part (%s): %d bytes" % (query, len(a.body))
        a = ask(server.rpc, "get?arg=" + cid)
        with tarfile.open(fileobj=io.BytesIO(a.body)) as t:
            m = t.next()
            if m.name != cid or t.extractfile(m).read() != data:
                return "get (%s): %r" % (query, m)
        a = ask(server.rpc, "get?compress=true&arg=" + cid)
        if gzip.decompress(a.body) != data:
            return "get, packed (%s)" % query
    return None


def folder(server):
    """ten thousand files in one request: every one is told, the root last; ls and refs know them all"""
    n = 10000
    body = form([("text/plain", "file", "top/d%02d/%05d" % (i % 37, i), b"%d" % i) for i in range(n)])
    a = send(server.rpc, "add?raw-leaves=true", body, 50000)
    told = values(a)
    if a.status != 200 or len(told) != n + 37 + 1 or told[-1]["Name"] != "top" or told[0]["Name"] != "top/d00/00000":
        return "%d: %d told" % (a.status, len(told))
    if [t["Name"] for t in told[n:-1]] != ["top/d%02d" % i for i in range(37)]:
        return "folders are %r" % [t["Name"] for t in told[n:-1]]
    cid = told[-1]["Hash"]
    if cid.encode() not in run("ipfrs-pin", "ls").stdout:
        return "it is not pinned"
    links = json.loads(ask(server.rpc, "ls?arg=" + cid).body)["Objects"][0]["Links"]
    if [e["Name"] for e in links] != ["d%02d" % i for i in range(37)] or links[0]["Type"] != 1:
        return "ls gave %r" % links[:2]
    if len(values(ask(server.rpc, "refs?recursive=true&arg=" + cid))) != n + 37:
        return "refs differ"
    return None


def one_by_one(server):
    """a client that waits for the answer to each file before it sends the next is answered"""
    c = Client(server.rpc)
    begin(c, "add?wrap-with-directory=true")
    text = b""
    for i in range(4):
        # the end of a part is known when the boundary behind it has come
        c.send(chunk((b"" if i else b"--x") + b'\r\nContent-Disposition: form-data; name="f"; filename="%d"\r\n\r\n%d\r\n--x' %
                     (i, i)))
        if i == 0:
            head = c.until(b"\r\n\r\n")
            if b" 200 " not in head:
                return "the head is %r" % head
        while text.count(b"\n") <= i:
            size = int(c.until(b"\r\n"), 16)
            text += c.exactly(size)[0]
            c.until(b"\r\n")
    c.send(chunk(b"--\r\n") + b"0\r\n\r\n")
    while text.count(b"\n") < 5:
        size = int(c.until(b"\r\n"), 16)
        if not size:
            break
        text += c.exactly(size)[0]
        c.until(b"\r\n")
    c.close()
    names = [json.loads(line)["Name"] for line in text.decode().splitlines()]
    return None if names == ["0", "1", "2", "3", ""] else "told: %r" % names


def errors(server):
    """what goes wrong before a byte is an error, behind it a trailer"""
    a = ask(server.rpc, "cat?arg=QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPEMs")
    if a.status != 500 or b"ipld: could not find Qm" not in a.body:
        return "cat: %d %r" % (a.status, a.body)
    cid = values(post(server.rpc, "add?pin=false", os.urandom(600000)))[-1]["Hash"]
    last = values(ask(server.rpc, "refs?arg=" + cid))[-1]["Ref"]
    if values(ask(server.rpc, "block/rm?arg=" + last)) != [{"Hash": last}]:
        return "block/rm did not remove it"
    c = Client(server.rpc)
    c.send(("POST /api/v0/cat?arg=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % cid).encode())
    while c.more():
        pass
    c.close()
    if c.buf.count(b"\r\n0\r\n") != 1 or b"could not find " + last.encode() not in c.buf.rsplit(b"\r\n0\r\n", 1)[1]:
        return "the end is %r" % c.buf[-200:]
    return None


def gone(server):
    """a client that leaves in the middle of an answer costs nobody anything"""
    cid = values(post(server.rpc, "add?pin=false", bytes(20 * MIB)))[-1]["Hash"]
    for path in ("cat?arg=" + cid, "get?arg=" + cid, "get?compress=true&arg=" + cid):
        c = Client(server.rpc)
        c.send(("POST /api/v0/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" % path).encode())
        c.until(b"\r\n\r\n")
        c.close()
    if not settled(lambda: writers(server), lambda w: not w, 10):
        return "%r keep the store" % writers(server)
    return None if ask(server.rpc, "block/stat?arg=" + cid).status == 200 else "nobody is answered"


TESTS = [as_kubo, round_trip, folder, one_by_one, errors, gone]


def main():
    wanted = sys.argv[1:]
    bad = 0
    for mode in ("pool", "fork"):
        server = Both("-m", mode, settings=[("serve.log", "off")])
        for t in TESTS:
            if not wanted or t.__name__ in wanted:
                bad += tell(mode, t, server)
        said = server.said()
        rc = server.stop() or "Sanitizer" in said or "runtime error" in said
        bad += rc != 0
        print("%sok - rpc, %s: the server of files ends well" % ("not " if rc else "", mode))
        if bad:
            print("# " + "\n# ".join(said.splitlines()[-20:]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
