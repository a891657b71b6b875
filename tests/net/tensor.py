#!/usr/bin/env python3
"""tensor.py - /v1/tensor over a real server, in both modes (TAP): a sharded model, slices of a large sparse file, many
clients at once, clients who leave, a site whose paths are its own, what must not be read, and what is counted."""
import json
import os
import re
import resource
import struct
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "cmd")]
import tensors  # noqa: E402
from http_raw import Client  # noqa: E402
from server import Server, run  # noqa: E402

bad = 0
ROWS, COLS = 1 << 18, 1024          # of the sparse one: 1 GiB


def ok(good, name, why=""):
    global bad
    bad += not good
    print("%s - %s" % ("ok" if good else "not ok", name))
    if not good:
        print("# " + str(why)[:600].replace("\n", "\n# "))
    sys.stdout.flush()


class Asker:
    def __init__(self, server):
        self.server, self.client = server, Client(server.address)

    def __call__(self, path, method="GET", **fields):
        return self.client.ask(method, path, self.server.netloc, {k.replace("_", "-"): v for k, v in fields.items()})


def fill(folder):
    """the CIDs of a model in three files, of a sparse file, and of a text"""
    tensors.sharded(folder + "/model", "a:F32:2,3", "b.x:BF16:4,4", "c:I64:5:-2")
    tensors.sparse(folder + "/sparse.safetensors", "w", ROWS, COLS)
    with open(folder + "/text", "w") as f:
        f.write("no tensors in here\n")
    add = lambda *args: run("ipfrs-add", "-Q", *args).stdout.decode().strip()       # noqa: E731
    return add("-r", folder + "/model"), add("--", folder + "/sparse.safetensors"), add(folder + "/text")


def floats(body):
    return list(struct.unpack("<%df" % (len(body) // 4), body))


def small(ask, model, text):
    a = ask("/v1/tensor/%s?tensor=a&slice=1,0:2" % model)
    ok(a.status == 206 and floats(a.body) == [3, 4] and a.get("x-tensor-shape") == "[1,2]", "a slice of a model in several files", (a.status, a.body))
    a = ask("/v1/tensor/%s?tensor=b.x&slice=:,3&dtype=F32" % model)
    ok(floats(a.body) == [3, 7, 11, 15] and a.get("x-tensor-dtype") == "F32", "BF16 as F32", (a.status, a.body))
    a = ask("/v1/tensor/%s?tensor=c&format=json" % model)
    ok(json.loads(a.body) == [-2, -1, 0, 1, 2], "JSON", a.body)
    a = ask("/v1/tensor/%s/info" % model)
    info = json.loads(a.body)
    ok([t["name"] for t in info["tensors"]] == ["a", "b.x", "c"] and info["metadata"]["shape"] == [2, 3], "what is in it", a.body)
    a = ask("/v1/tensor/%s?path=model-00002-of-00003.safetensors" % model)
    ok(a.status == 200 and a.get("content-type") == "application/vnd.safetensors" and a.body[8:9] == b"{", "a file of it as it is stored", a.status)
    a = ask("/v1/tensor/%s?tensor=c" % model, Range="bytes=8-15")
    ok(a.status == 206 and struct.unpack("<q", a.body) == (-1,), "a range of a tensor", (a.status, a.body))
    tag = ask("/v1/tensor/%s?tensor=c" % model).get("etag")
    ok(ask("/v1/tensor/%s?tensor=c" % model, If_None_Match=tag).status == 304, "a tag that is known", tag)
    a = ask("/v1/tensor/%s?tensor=c" % model, "HEAD")
    ok(a.status == 200 and a.get("content-length") == "40" and not a.body, "HEAD", a.lines)
    for path, status, code in (("/v1/tensor/x", 400, "INVALID_CID"), ("/v1/tensor/%s?tensor=q" % model, 404, "NOT_FOUND"),
                               ("/v1/tensor/%s" % model, 400, "MISSING_PARAMETER"), ("/v1/tensor/%s?slice=0" % text, 400, "INVALID_TENSOR"),
                               ("/v1/tensor/%s?tensor=a&slice=0:9,0" % model, 400, "INVALID_PARAMETER"), ("/v1/none", 404, "NOT_FOUND"),
                               ("/v1/tensor/%s?tensor=c&dtype=I8" % model, 400, "UNSUPPORTED_DTYPE")):
        a = ask(path)
        said = json.loads(a.body)
        ok(a.status == status and said["code"] == code and said["request_id"], "%d %s" % (status, code), (a.status, a.body))
    ok(ask("/v1/tensor/%s" % text).body == b"no tensors in here\n", "what is no tensor, as it is stored")


def large(server, ask, sparse):
    """rows 0, 4096, ... begin with 0, 1, ..."""
    url = "/v1/tensor/%s?tensor=w&slice=" % sparse
    a = ask(url + "::4096,0")
    ok(floats(a.body) == list(range(ROWS // 4096)), "a column of every 4096th row of 1 GiB", (a.status, a.body[:64]))
    a = ask(url + "8192:8193,:")
    ok(len(a.body) == 4 * COLS and floats(a.body)[:2] == [2, 0], "a row of it", (a.status, a.body[:64]))
    a = ask("/v1/tensor/%s/arrow?tensor=w&slice=4096:4097,0:4" % sparse)
    ok(a.status == 200 and struct.pack("<4f", 1, 0, 0, 0) in a.body and a.get("x-tensor-elements") == "4", "Arrow", (a.status, a.body))
    c = Client(server.address)
    c.send(b"GET /v1/tensor/%s?tensor=w HTTP/1.1\r\nHost: x\r\n\r\n" % sparse.encode())
    c.exactly(100000)
    c.close()
    ok(ask(url + "0,0").status == 206, "a client who leaves in the middle of 1 GiB")
    wrong = []

    def many(n):
        mine = Asker(server)
        for i in range(20):
            row = (n * 20 + i) % (ROWS // 4096)
            a = mine(url + "%d,0:1" % (row * 4096))
            if a.status != 206 or floats(a.body) != [row]:
                wrong.append((n, i, a.status, a.body[:40]))
    threads = [threading.Thread(target=many, args=(n,)) for n in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    ok(not wrong, "16 clients with 20 slices each", wrong[:3])


def not_served(server, ask, model, sparse):
    listed = os.path.join(server.dir, "deny")
    a = ask("/v1/tensor/%s?tensor=a" % model)
    ok(a.status == 410 and json.loads(a.body)["code"] == "FORBIDDEN", "a model that is on the deny list", (a.status, a.body))
    ok(ask("/v1/tensor/%s?tensor=w&slice=0,0" % sparse).status == 206, "one that is not", listed)


def kept(server, ask):
    """the table of a long header is made once, by workers who may write in tmp/ only"""
    n = 40000
    head = {"layer.%06d" % i: {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i in range(n)}
    path = os.path.join(server.dir, "many.safetensors")
    with open(path, "wb") as f:
        f.write(tensors.head(head) + bytes(i % 251 for i in range(n)))
    cid = run("ipfrs-add", "-Q", path).stdout.decode().strip()
    kept_at = os.path.join(server.env["IPFRS_PATH"], "tmp", "cache", cid)
    for i in (0, 39999):
        a = ask("/v1/tensor/%s?tensor=layer.%06d&slice=0" % (cid, i))
        ok(a.status == 206 and a.body == bytes([i % 251]), "one of 40,000 tensors: %d" % i, (a.status, a.body[:300]))
        if i == 0:
            first = os.stat(kept_at) if os.path.exists(kept_at) else None
    ok(first and os.stat(kept_at).st_ino == first.st_ino, "what its header says is kept", kept_at)
    run("ipfrs-gc")
    ok(not os.path.exists(kept_at), "until a collection")
    ok(ask("/v1/tensor/%s?tensor=layer.000251&slice=0" % cid).body == b"\0" and os.path.exists(kept_at), "and is kept again")


def counted(ask):
    page = ask("/metrics").body.decode()
    n = re.search(r"^ipfrs_tensor_operations_total (\d+)", page, re.M)
    s = re.search(r"^ipfrs_tensor_slice_operations_total (\d+)", page, re.M)
    ok(n and s and int(n[1]) > int(s[1]) > 300, "tensors and slices are counted", (n, s))
    ok('endpoint="/v1/tensor/{cid}"' in page, "by their route", page[:200])


def through(server, cids):
    model, sparse, text = cids
    ask = Asker(server)
    small(ask, model, text)
    large(server, ask, sparse)
    kept(server, ask)
    counted(ask)
    server.proc.terminate()
    ok(server.proc.wait(timeout=60) == 0, "the server ends")
    with open(os.path.join(server.dir, "deny"), "w") as f:
        f.write("/ipfs/%s\n" % model)
    server.options += ["-o", "gateway.deny=" + os.path.join(server.dir, "deny")]
    server.start()
    not_served(server, Asker(server), model, sparse)


def main():
    for mode in ("pool", "fork"):
        cids = []
        server = Server("-m", mode, fill=lambda: cids.extend(fill(os.path.dirname(os.environ["IPFRS_PATH"]))))
        try:
            through(server, cids)
        finally:
            ok(server.stop() == 0, "%s: it ends with a deny list, too" % mode)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    ok(bool(os.environ.get("SAN")) or most < 64, "no process took 64 MiB", most)
    print("# %d MiB at most" % most)
    return 1 if bad else 0


sys.exit(main())
