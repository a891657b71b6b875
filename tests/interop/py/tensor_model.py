"""tensor_model.py FOLDER - a model of 1.1 thousand million parameters in three files of holes, with some numbers in
them: added with -T, listed, sliced and given back, and read by Kubo ($IPFS); TAP."""
import os
import resource
import struct
import subprocess
import sys
import time

import numpy as np
from safetensors import safe_open

import tensor_lib as lib
from tensor_lib import ok, ours

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import model  # noqa: E402

TOP = sys.argv[1]
MARK = 0x3f80       # 1 of BF16


def mark(folder, names):
    """(name, row): a row begins with ones"""
    out = []
    for file in names:
        path = folder + "/" + file
        head = lib.header(path)
        with open(path, "r+b") as f:
            base = 8 + int.from_bytes(f.read(8), "little")
            for name, t in head.items():
                if name == "__metadata__" or len(t["shape"]) < 2:
                    continue
                row = hash_of(name) % t["shape"][0]
                f.seek(base + t["data_offsets"][0] + row * t["shape"][1] * 2)
                f.write(struct.pack("<4H", MARK, MARK + 1, MARK + 2, MARK + 3))
                out.append((name, row, t["shape"]))
    return out


def hash_of(name):
    return sum(b * (i + 7) for i, b in enumerate(name.encode()))


def kubo(cid):
    """what Kubo reads of a file cut by -T"""
    if not os.environ.get("IPFS"):
        print("ok - Kubo reads a file cut at its tensors # SKIP there is no Kubo")
        return
    env = dict(os.environ, IPFS_PATH=TOP + "/kubo", IPFS_TELEMETRY="off")
    run = lambda *a, **kw: subprocess.run([os.environ["IPFS"], *a], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)    # noqa: E731
    run("init", "--empty-repo")
    run("dag", "import", "--pin-roots=false", input=ours("car", "export", cid))
    with open(TOP + "/cut.safetensors", "rb") as f:
        ok(run("cat", cid).stdout == f.read(), "Kubo reads a file cut at its tensors")


def main():
    os.environ["IPFRS_PATH"] = TOP + "/store"
    ours("init")
    folder = TOP + "/model"
    names = model.model(folder, 3)
    marks = mark(folder, names)
    began = time.monotonic()
    cid = ours("add", "-Q", "-T", "-r", folder).decode().strip()
    print("# %.1f s to add 2.2 GB of holes" % (time.monotonic() - began))
    theirs = {}
    for file in names:
        with safe_open(folder + "/" + file, "np") as s:
            for k in s.keys():
                theirs[k] = tuple(s.get_slice(k).get_shape())
    lines = [line.split("\t") for line in ours("tensor", cid).decode().split("\n") if line]
    ok({n: tuple(map(int, s[1:-1].split(","))) for n, _, s, _ in lines} == theirs and len(lines) == 201, "201 tensors over three files, as safe_open has them")
    asked = "".join("%s\t%d,0:5\n" % (n, row) for n, row, _ in marks).encode()
    got = np.frombuffer(ours("slice", "-i", cid, input=asked), np.uint16).reshape(-1, 5)
    ok(len(got) == len(marks) and (got == [MARK, MARK + 1, MARK + 2, MARK + 3, 0]).all(), "a row of each of %d matrices" % len(marks), got[:4])
    name, row, dims = marks[0]
    column = np.frombuffer(ours("slice", cid, name, ":,1"), np.uint16)
    ok(len(column) == dims[0] and column[row] == MARK + 1 and column.sum() == MARK + 1, "a column of %s" % name)
    for file in names:
        p = subprocess.Popen([lib.BIN + "/ipfrs-cat", "%s/%s" % (cid, file)], stdout=subprocess.PIPE)
        same = subprocess.run(["cmp", "-", folder + "/" + file], stdin=p.stdout, stdout=subprocess.DEVNULL).returncode
        ok(p.wait() == 0 and same == 0, "%s is given back as it was" % file)
    lib.write(TOP + "/cut.safetensors", {"a": ("F32", np.arange(300000, dtype=np.float32).reshape(300, 1000)), "b": ("U8", np.arange(77, dtype=np.uint8))})
    kubo(ours("add", "-Q", "-T", TOP + "/cut.safetensors").decode().strip())
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print("# no program of ours took more than %d MiB" % most)
    return 1 if lib.failed else 0


sys.exit(main())
