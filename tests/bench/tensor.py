"""tensor.py quick|full - slices out of a large tensor, tensors over HTTP, Arrow, statistics, and models that share blocks.

Beside ours, for what they can do: the Python safetensors library on the plain file (a process a slice, as ours), and
nginx sending the plain file.  Each figure is the median of several, in turn.  Python comes from $TENSOR_PY, where
scripts/interop has put the libraries; what is missing is left out by name.
"""
import json
import os
import re
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import model    # noqa: E402
from rig import BIN, end, env, free_port, memory, sh, start, top    # noqa: E402

full = len(sys.argv) > 1 and sys.argv[1] == "full"
RUNS = 3
ROWS, COLS = (524288 if full else 131072), 2048         # F32: 4 GiB, 1 GiB
PY = os.environ.get("TENSOR_PY")
WIDE = ROWS * COLS * 4


def peak(cmd, stdout=subprocess.DEVNULL):
    """seconds, and the most memory of the process"""
    began = time.monotonic()
    p = subprocess.Popen(cmd, env=env, stdout=stdout, stderr=subprocess.PIPE)
    said = p.stderr.read().decode()
    _, status, use = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode:
        print("# failed: %s: %s" % (" ".join(cmd)[:200], said[:300]))
    return time.monotonic() - began, use.ru_maxrss << 10, said


def turn(**jobs):
    """name -> (seconds, memory, what it said), medians of runs in turn"""
    got = {k: [] for k in jobs}
    for _ in range(RUNS):
        for k, job in jobs.items():
            got[k].append(job())
    return {k: (statistics.median(x[0] for x in v), max(x[1] for x in v), v[-1][2]) for k, v in got.items()}


def row(name, got, budget):
    ours = got["ours"][0]
    text = "%-32s" % name + "".join("  %s %.3f s %.0f MiB" % (k, v[0], v[1] / (1 << 20)) for k, v in got.items())
    text += "  [" + ", ".join("%.1fx %s" % (v[0] / ours, k) for k, v in got.items() if k != "ours") + "]"
    print(text + "  (" + budget + ")", flush=True)


PYTHON = """import sys
from safetensors import safe_open
with safe_open(sys.argv[1], "np") as f:
    s = f.get_slice("w")
    open("/dev/null", "wb").write(eval("s[" + sys.argv[2] + "]").tobytes())
"""
MEMMAP = """import sys, json, struct, numpy as np
with open(sys.argv[1], "rb") as f:
    n = struct.unpack("<Q", f.read(8))[0]
    t = json.loads(f.read(n))["w"]
m = np.memmap(sys.argv[1], "<f4", "r", 8 + n + t["data_offsets"][0], tuple(t["shape"]))
open("/dev/null", "wb").write(np.ascontiguousarray(eval("m[" + sys.argv[2] + "]")).tobytes())
"""


def slices(plain, cid):
    """1 percent of the tensor, three ways"""
    one = ROWS // 100
    for name, cut, program in (("rows", "%d:%d,:" % (ROWS // 3, ROWS // 3 + one), PYTHON),
                               ("columns", ":,%d:%d" % (COLS // 3, COLS // 3 + COLS // 100), PYTHON),
                               ("every 100th row", "::100,:", MEMMAP)):
        jobs = {"ours": lambda: peak([BIN + "/ipfrs-slice", "-v", cid, "w", cut]),
                "outside": lambda: peak([BIN + "/ipfrs-slice", "-v", plain, "w", cut])}
        if PY:
            jobs["numpy" if program is MEMMAP else "safetensors"] = lambda: peak([PY, "-c", program, plain, cut])
        got = turn(**jobs)
        row("slice: " + name, got, "faster than Python, its start included")
        said = re.search(r"(\d+) blocks opened, (\d+) bytes read, for (\d+) bytes", got["ours"][2])
        if said:
            blocks, read, want = (int(x) for x in said.groups())
            print("#   %d blocks opened; %d bytes read for %d: %.3fx (1.1x and the header)" % (blocks, read, want, read / want))


def http(plain, cid):
    port = free_port()
    p = start([BIN + "/ipfrs-serve", "-q", "-a", "127.0.0.1:%d" % port, "-o", "serve.log=off"], port)
    url = "http://127.0.0.1:%d/v1/tensor/%s" % (port, cid)
    curl = lambda u: (lambda: peak(["curl", "-sSfo", "/dev/null", u]))      # noqa: E731
    jobs = {"ours": curl(url + "?tensor=w"), "stored": curl(url), "arrow": curl(url + "/arrow?tensor=w"), "npy": curl(url + "?tensor=w&format=npy")}
    got = turn(**jobs)
    print("%-32s" % "whole tensor over HTTP" + "".join("  %s %.2f GB/s" % (k, WIDE / v[0] / 1e9) for k, v in got.items()) +
          "  [arrow %.2fx of raw]  (1 GB/s; 1.2x)" % (got["arrow"][0] / got["ours"][0]))
    one = ROWS // 100
    cut = "%d:%d,:" % (ROWS // 3, ROWS // 3 + one)
    small = turn(ours=curl(url + "?tensor=w&slice=" + cut), tiny=curl(url + "?tensor=w&slice=7:8,0:8"))
    print("%-32s  1 percent %.3f s, 8 numbers %.4f s (curl's start included); server's memory %.1f MiB" %
          ("slices over HTTP", small["ours"][0], small["tiny"][0], memory(p.pid) / (1 << 20)))


def arrow(cid):
    got = turn(ours=lambda: peak(["sh", "-c", "ipfrs-arrow %s w | cat > /dev/null" % cid]),
               raw=lambda: peak(["sh", "-c", "ipfrs-slice %s w | cat > /dev/null" % cid]))
    print("%-32s  arrow %.3f s, raw %.3f s: %.2fx (1.2x)" % ("a tensor as Arrow, into a pipe", got["ours"][0], got["raw"][0],
                                                           got["ours"][0] / got["raw"][0]))


def stats(plain, cid):
    jobs = {"ours": lambda: peak([BIN + "/ipfrs-tensor", "-v", cid, "w"])}
    if PY:
        jobs["numpy"] = lambda: peak([PY, "-c", """import sys, numpy as np
from safetensors.numpy import load_file
w = load_file(sys.argv[1])["w"]
print(w.min(), w.max(), w.mean(dtype="f8"), w.std(dtype="f8"), (w == 0).sum(), np.isnan(w).sum(), np.histogram(w, 32)[0][:2])
""", plain])
    row("statistics of all numbers", turn(**jobs), "streaming, all cores")


def shared():
    """a model, and the same with one layer trained again, and another header"""
    base, tuned = top + "/base", top + "/tuned"
    layers = 22 if full else 4
    model.model(base, 1, "BF16", layers, model.noise)
    os.mkdir(tuned)
    with open(base + "/model.safetensors", "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        head = json.loads(f.read(n))
        name = "model.layers.1.mlp.up_proj.weight"
        head["__metadata__"]["tuned"] = "layer 1, " + "x" * 1000
        text = json.dumps(head).encode()
        text += b" " * (-len(text) % 8)
        with open(tuned + "/model.safetensors", "wb") as g:
            g.write(struct.pack("<Q", len(text)) + text)
            shutil.copyfileobj(f, g, 1 << 20)
            begin, stop = head[name]["data_offsets"]
            g.seek(8 + len(text) + begin)
            for piece in model.noise("other", stop - begin):
                g.write(piece)
    size = os.path.getsize(base + "/model.safetensors")
    for option in ("", "-T"):
        sh("ipfrs-init", dict(env, IPFRS_PATH=top + "/s" + option))
        took = []
        for which in (base, tuned):
            began = time.monotonic()
            subprocess.run(["sh", "-c", "ipfrs-add -Q %s %s/model.safetensors > /dev/null" % (option, which)],
                           env=dict(env, IPFRS_PATH=top + "/s" + option))
            took.append(time.monotonic() - began)
        used = int(re.sub(r"\D", "", sh("du -sb %s/s%s | cut -f1" % (top, option)) or "0") or 0)
        print("%-32s  two models of %.2f GB take %.2f GB; added at %.2f and %.2f GB/s" %
              ("add " + (option or "without -T"), size / 1e9, used / 1e9, size / took[0] / 1e9, size / took[1] / 1e9), flush=True)
        shutil.rmtree(top + "/s" + option)


def main():
    if not PY:
        print("# the Python libraries are not here (scripts/interop puts them into build/peers/tensorpy)")
    sh("ipfrs-init")
    plain = top + "/wide.safetensors"
    model.write(plain, {"v": [COLS], "w": [ROWS, COLS]}, "F32", model.noise)
    cid = sh("ipfrs-add -Q -T " + plain).strip()
    print("# w: F32 [%d,%d], %.2f GiB, in %s" % (ROWS, COLS, WIDE / (1 << 30), cid))
    slices(plain, cid)
    http(plain, cid)
    arrow(cid)
    stats(plain, cid)
    os.unlink(plain)
    shutil.rmtree(top + "/store")
    shared()
    print("# largest child: %.0f MiB" % (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))


try:
    main()
finally:
    end()
