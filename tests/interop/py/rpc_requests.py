"""rpc_requests.py HOST:PORT BYTES - what people write with requests alone, on the RPC at an address; TAP.  BYTES: the
size of the big file."""
import hashlib
import io
import json
import sys
import tarfile

import calls
import requests
from calls import call, cid, directory, fails, file, same, some, yes

URL = "http://%s/api/v0/" % sys.argv[1]
BIG = int(sys.argv[2])
ABSENT = cid(b"nobody has this")
s = requests.Session()
root = directory({"a.txt": file(b"a\n"), "sub": directory({"b.bin": file(some(600000, 6))})})


def post(path, **kw):
    r = s.post(URL + path, timeout=120, **kw)
    r.raise_for_status()
    return r


def lines(r):
    return [json.loads(x) for x in r.iter_lines() if x]


def says(status, message, path, **kw):
    r = s.post(URL + path, timeout=60, **kw)
    same(r.status_code, status)
    kind = r.headers["Content-Type"]
    yes(message in (r.json()["Message"] if kind == "application/json" else r.text), "%s: %s" % (kind, r.text))


def big():
    for at in range(0, BIG, 1 << 20):
        yield some(min(1 << 20, BIG - at), at)


def form():
    """a body of parts that is made while it is sent"""
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="big"\r\nContent-Type: application/octet-stream\r\n\r\n'
    yield from big()
    yield b"\r\n--x--\r\n"


def adding():
    call("add: files=", lambda: same(post("add", files={"file": b"hello\n"}).json(), {"Name": "file", "Hash": file(b"hello\n").cid, "Size": "14"}))
    call("add: a file with a name, its plus a space as ever", lambda: same(post("add", files={"file": ("a b+\u00e9.txt", io.BytesIO(b"x"))}).json()["Name"], "a b \u00e9.txt"))

    def folder():
        got = lines(post("add", files=[("file", ("d/a.txt", b"a\n")), ("file", ("d/sub/b.bin", some(600000, 6)))], stream=True))
        same([e["Name"] for e in got], ["d/a.txt", "d/sub/b.bin", "d/sub", "d"])
        same(got[-1]["Hash"], root.cid)
    call("add: a directory of parts", folder)

    def progress():
        got = lines(post("add?progress=true&pin=false", files={"file": ("f", some(600000, 6))}, stream=True))
        same([e.get("Bytes") for e in got], [262144, 524288, 600000, None])
    call("add: progress", progress)

    def large():
        r = post("add", data=form(), headers={"Content-Type": "multipart/form-data; boundary=x"})
        want, got = hashlib.sha256(), hashlib.sha256()
        for piece in big():
            want.update(piece)
        r = post("cat", params={"arg": r.json()["Hash"]}, stream=True)
        same(r.headers.get("X-Content-Length"), str(BIG))
        for piece in r.iter_content(1 << 20):
            got.update(piece)
        same(got.hexdigest(), want.hexdigest())
    call("add: %d MiB as they are made; cat" % (BIG >> 20), large)
    call("add: no body", lambda: says(400, "file argument 'path' is required", "add"))
    call("add: not multipart", lambda: says(400, "file argument 'path' is required", "add", data=b"hello"))


def reading():
    call("cat", lambda: same(post("cat", params={"arg": root.cid + "/a.txt"}).content, b"a\n"))
    call("cat: the argument in the path", lambda: same(post("cat/%s" % file(b"a\n").cid).content, b"a\n"))
    call("cat: a range", lambda: same(post("cat", params={"arg": root.cid + "/sub/b.bin", "offset": 262140, "length": 10}).content,
                                      some(600000, 6)[262140:262150]))

    def tar():
        r = post("get", params={"arg": root.cid}, stream=True)
        with tarfile.open(fileobj=r.raw, mode="r|") as t:
            got = {m.name: (t.extractfile(m).read() if m.isfile() else None) for m in t}
        same(got, {root.cid: None, root.cid + "/a.txt": b"a\n", root.cid + "/sub": None, root.cid + "/sub/b.bin": some(600000, 6)})
    call("get: tarfile reads it as it comes", tar)
    call("get: gzip", lambda: same(tarfile.open(fileobj=io.BytesIO(post("get", params={"arg": root.cid, "archive": "true", "compress": "true"}).content),
                                                mode="r:gz").getnames()[1], root.cid + "/a.txt"))
    call("ls", lambda: same([x["Name"] for x in post("ls", params={"arg": root.cid}).json()["Objects"][0]["Links"]], ["a.txt", "sub"]))
    call("ls: line by line", lambda: same([o["Objects"][0]["Links"][0]["Name"] for o in lines(post("ls", params={"arg": root.cid, "stream": "true"}, stream=True))],
                                          ["a.txt", "sub"]))
    call("refs: line by line", lambda: same(len(lines(post("refs", params={"arg": root.cid, "r": "true"}, stream=True))), 6))
    call("refs: as text", lambda: same(post("refs", params={"arg": root.cid, "encoding": "text"}).text, "".join(n.cid + "\n" for _, n in root.links)))
    call("pin/ls: jq of it", lambda: same(post("pin/ls", params={"type": "recursive"}).json()["Keys"][root.cid]["Type"], "recursive"))
    call("two arguments", lambda: same(post("cat", params={"arg": [file(b"a\n").cid, file(b"hello\n").cid]}).content, b"a\nhello\n"))
    call("arguments in the body", lambda: same(post("block/stat", files={"file": file(b"a\n").cid + "\n"}).json()["Size"], len(file(b"a\n").block)))


def files():
    call("files/write, read, rm", lambda: [post("files/write", params={"arg": "/r/f", "create": "true", "parents": "true"}, files={"file": b"hello\n"}),
                                           same(post("files/read", params={"arg": "/r/f"}).content, b"hello\n"),
                                           same(post("files/rm", params={"arg": "/r", "recursive": "true"}).content, b"")])
    call("block/put, get", lambda: same(post("block/get", params={"arg": post("block/put", files={"file": b"block"}).json()["Key"]}).content, b"block"))
    call("dag/put, get", lambda: same(post("dag/get", params={"arg": post("dag/put", files={"file": b'{"b":1,"a":2}'}).json()["Cid"]["/"]}).text, '{"a":2,"b":1}'))


def manners():
    call("GET is refused", lambda: [same(s.get(URL + "id").status_code, 405), same(s.get(URL + "id").headers["Allow"], "OPTIONS, POST")])
    call("a page of somebody else is refused", lambda: says(403, "403 - Forbidden", "id", headers={"Origin": "http://evil.example"}))
    call("a browser without an origin is refused", lambda: says(403, "403 - Forbidden", "id", headers={"User-Agent": "Mozilla/5.0"}))
    call("a page of our own is not", lambda: same(post("version", headers={"Origin": URL.split("/api")[0]}).headers["Access-Control-Allow-Origin"],
                                                  URL.split("/api")[0]))
    call("no such command", lambda: says(404, "404 page not found", "nonsense"))
    call("no argument", lambda: says(400, 'argument "ipfs-path" is required', "cat"))
    call("a directory is no file", lambda: says(500, "this dag node is a directory", "cat", params={"arg": root.cid}))
    call("nobody has it", lambda: says(500, "could not find " + ABSENT, "cat", params={"arg": ABSENT}))
    call("raise_for_status", lambda: fails(lambda: post("cat", params={"arg": ABSENT}), "500 Server Error"))
    call("every answer has its headers", lambda: same({k: post("version").headers.get(k) for k in ("Content-Type", "Trailer", "Access-Control-Expose-Headers")},
                                                      {"Content-Type": "application/json", "Trailer": "X-Stream-Error",
                                                       "Access-Control-Expose-Headers": "X-Stream-Output, X-Chunked-Output, X-Content-Length"}))

    def leaves():
        r = post("cat", params={"arg": root.cid + "/sub/b.bin"}, stream=True)
        r.raw.read(100)
        r.close()
        same(post("cat", params={"arg": root.cid + "/a.txt"}).content, b"a\n")
    call("a client who leaves", leaves)


for family in (adding, reading, files, manners):
    family()
sys.exit(1 if calls.failed else 0)
