"""tensor_http.py FOLDER - /v1/tensor of a running server, as data scientists ask it, in both modes; TAP."""
import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
import polars as pl
import pyarrow as pa

import tensor_lib as lib
from tensor_lib import DTYPES, array, bits, none_of, ok, ours, seeded, shape

TOP = sys.argv[1]
README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "README.md")


def get(url, query=None, **fields):
    """status, fields, body"""
    if query:
        url += "?" + urllib.parse.urlencode(query)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={k.replace("_", "-"): v for k, v in fields.items()}), timeout=60) as r:
            return r.status, r.headers, r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


def window(rng, dims):
    """the grammar of the interface: every dimension said, an index keeps its own"""
    text, index = [], []
    for d in dims:
        a = rng.randrange(d)
        b = rng.randrange(a + 1, d + 1)
        how = rng.randrange(4)
        text.append(str(a) if how == 0 else "%d:%d" % (a, b) if how == 1 else ":" if how == 2 else "%d:" % a)
        index.append((slice(a, a + 1), slice(a, b), slice(None), slice(a, None))[how])
    return ",".join(text), tuple(index)


def asked(rng, url, arrays):
    wrong, n = [], 0
    for name, (d, a) in arrays.items():
        if a.ndim == 0 or a.size == 0:
            continue
        text, index = window(rng, a.shape)
        status, head, body = get(url, {"tensor": name, "slice": text})
        want = a[index]
        got = np.frombuffer(body, DTYPES[d]).reshape(json.loads(head["X-Tensor-Shape"])) if status == 206 else None
        n += 1
        if got is None or got.shape != want.shape or bits(got) != bits(want) or head["X-Tensor-Dtype"] != d or \
                json.loads(head["X-Tensor-Full-Shape"]) != list(a.shape) or urllib.parse.unquote(head["X-Tensor-Name"]) != name:
            wrong.append((name, text, status, dict(head), body[:200]))
        if d == "BOOL" or d == "C64":
            continue
        status, head, body = get(url + "/arrow", {"tensor": name, "slice": text})
        t = pa.ipc.open_stream(body).read_all()
        t.validate(full=True)
        n += 1
        if status != 200 or t.column_names != ["data"] or int(head["X-Tensor-Elements"]) != len(t) or \
                bytes(t.column(0).combine_chunks().buffers()[1])[:want.nbytes] != bits(want):
            wrong.append((name, text, "arrow", status, t.schema))
        # what polars has a type for
        if d in ("F32", "F64", "I8", "I16", "I32", "I64", "U8", "U32", "U64"):
            n += 1
            if bits(pl.read_ipc_stream(io.BytesIO(body))["data"].to_numpy()) != bits(want):
                wrong.append((name, text, "polars"))
    return wrong, n


def once(rng, base, cid, arrays, mode):
    url = base + "v1/tensor/" + cid
    wrong, n = asked(rng, url, arrays)
    none_of(wrong, "%s: %d slices into NumPy, pyarrow and polars" % (mode, n))
    status, head, body = get(url + "/info")
    info = json.loads(body)
    ok({(t["name"], t["dtype"], tuple(t["shape"]), t["size_bytes"]) for t in info["tensors"]} ==
       {(k, d, a.shape, a.nbytes) for k, (d, a) in arrays.items()} and info["cid"] == cid, "%s: /info tells all tensors" % mode, body[:500])
    status, head, whole = get(url)
    tag = head["ETag"]
    ok(status == 200 and whole == open(TOP + "/http.safetensors", "rb").read(), "%s: the file as it is stored" % mode, status)
    ok(get(url, Range="bytes=5-99")[2] == whole[5:100] and get(url, If_None_Match=tag)[0] == 304, "%s: a range, and a tag that is known" % mode)
    name = next(k for k, (d, a) in arrays.items() if d == "BF16" and a.size)
    status, head, body = get(url, {"tensor": name, "format": "npy", "dtype": "F32"})
    with np.errstate(all="ignore"):
        ok(status == 200 and np.array_equal(np.load(io.BytesIO(body)), arrays[name][1].astype(np.float32), equal_nan=True), "%s: BF16 as float32, .npy" % mode, status)


def readme(base, model):
    """its three lines, as they stand there"""
    with open(README) as f:
        lines = [line.strip()[2:] for line in f if line.startswith("    $ ")]
    at = next(i for i, line in enumerate(lines) if "/v1/tensor/" in line)
    program = "url=%s model=%s\n%s\n" % (base.rstrip("/"), model, "\n".join(lines[at:at + 3]))
    env = dict(os.environ, PATH=os.path.dirname(sys.executable) + ":" + os.environ["PATH"])
    r = subprocess.run(["sh", "-c", program], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ok(r.returncode == 0 and b"[20480 rows x 1 columns]" in r.stdout and r.stdout.startswith(b"[[") and not r.stderr,
       "README: a slice by curl into NumPy and into a DataFrame", r.stdout + r.stderr)


def main():
    os.environ["IPFRS_PATH"] = TOP + "/store"
    ours("init")
    rng = seeded(5)
    arrays = {"%s %d é%%" % (d, k): (d, array(rng, d, shape(rng))) for d in DTYPES for k in range(6)}
    lib.write(TOP + "/http.safetensors", arrays)
    cid = ours("add", "-Q", TOP + "/http.safetensors").decode().strip()
    lib.write(TOP + "/model.safetensors", {"lm_head.weight": ("F32", np.arange(32 * 2048, dtype=np.float32).reshape(32, 2048))})
    model = ours("add", "-Q", TOP + "/model.safetensors").decode().strip()
    for mode in ("pool", "fork"):
        p = subprocess.Popen([lib.BIN + "/ipfrs-serve", "-q", "-u", "-m", mode, "-a", "127.0.0.1:0", "-o", "serve.log=off"], stdout=subprocess.PIPE)
        try:
            base = p.stdout.readline().decode().strip()
            once(rng, base, cid, arrays, mode)
            if mode == "pool":
                readme(base, model)
        finally:
            p.terminate()
            ok(p.wait(timeout=60) == 0, "%s: the server ends" % mode)
    return 1 if lib.failed else 0


sys.exit(main())
