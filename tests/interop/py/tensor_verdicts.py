"""tensor_verdicts.py FOLDER - malformed files: is what the others refuse refused here, and what they take, taken? TAP."""
import json
import os
import re
import subprocess
import sys

import numpy as np
import safetensors

import tensor_lib as lib
from tensor_lib import none_of, ok, seeded

TOP = sys.argv[1]


def verdicts(paths):
    """path -> why it is refused; None: it is taken"""
    r = subprocess.run([lib.BIN + "/ipfrs-tensor", "-q"], input="".join(p + "\n" for p in paths).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = dict.fromkeys(paths)
    for line in r.stderr.decode("utf-8", "replace").split("\n"):
        m = re.match(r"ipfrs-tensor: (%s/[^:]*): (.*)" % re.escape(TOP), line)
        if m:
            said[m[1]] = m[2]
    if r.returncode not in (0, 1, 2, 4):
        ok(False, "it ends by itself", r.returncode)
    return said


def strict(path):
    """What is refused here and taken by the library: a name twice (it looks at the last only), and null for __metadata__,
    where the format wants an object of strings."""
    twice = []

    def pairs(p):
        twice.extend(k for i, (k, _) in enumerate(p) if any(k == q for q, _ in p[:i]))
        return dict(p)
    with open(path, "rb") as f:
        n = int.from_bytes(f.read(8), "little")
        h = json.loads(f.read(n), object_pairs_hook=pairs)
    return bool(twice) or "__metadata__" in h and h["__metadata__"] is None


def headers(rng):
    """valid ones, and what becomes of them"""
    base = {"__metadata__": {"k": "v", "n": "1"}, "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "a.b": {"dtype": "I8", "shape": [4], "data_offsets": [24, 28]}, "é": {"dtype": "BF16", "shape": [], "data_offsets": [28, 30]},
            "z": {"dtype": "U8", "shape": [0, 7], "data_offsets": [30, 30]}}
    words = ["F32", "I8", "BF16", "f32", "F4", "F6_E2M3", "F128", "", "BOOL"]
    numbers = [0, 1, 2, 23, 24, 25, 28, 30, 31, -1, 1.0, 1.5, 1e2, 2**32, 2**63, 2**64 - 1, 2**64, 2**70, "1", None, True, [], {}]
    while True:
        h = json.loads(json.dumps(base))
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            name = rng.choice(list(h) or [""])
            t, how = h.get(name), rng.randrange(10)
            if how == 0:
                h.pop(name, None)
            elif how == 1 and isinstance(t, dict):
                t[rng.choice(("dtype", "more", "data_offsets"))] = rng.choice(words + numbers)
            elif how == 2 and isinstance(t, dict) and isinstance(t.get("shape"), list):
                t["shape"].insert(rng.randrange(len(t["shape"]) + 1), rng.choice(numbers))
            elif how == 3 and isinstance(t, dict) and isinstance(t.get("data_offsets"), list) and t["data_offsets"]:
                t["data_offsets"][rng.randrange(len(t["data_offsets"]))] = rng.choice(numbers)
            elif how == 4 and isinstance(t, dict) and isinstance(t.get("data_offsets"), list):
                t["data_offsets"].append(rng.choice(numbers))
            elif how == 5 and isinstance(t, dict) and t:
                t.pop(rng.choice(list(t)))
            elif how == 6:
                h[rng.choice(("new", "__metadata__", "w"))] = rng.choice(numbers + [{"dtype": "U8", "shape": [1], "data_offsets": [30, 31]}, {"a": 1}, {"a": "b"}])
            elif how == 7 and isinstance(t, dict):
                t["dtype"] = rng.choice(words)
        text = json.dumps(h, ensure_ascii=rng.random() < .5, separators=rng.choice(((",", ":"), (", ", ": ")))).encode()
        how = rng.randrange(14)
        if how == 0:
            at = rng.randrange(len(text))
            text = text[:at] + bytes([rng.randrange(256)]) + text[at + 1:]
        elif how == 1:
            at = rng.randrange(len(text))
            text = text[:at] + text[at + 1:]
        elif how == 2:
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice((b" ", b"\n", b"\t", b",", b"}", b"\\", b'"', b"\0", b"//", b"1")) + text[at:]
        elif how == 3:
            text = rng.choice((b" ", b"\n", b"\xef\xbb\xbf", b"[", b"")) + text + rng.choice((b"    ", b"\n", b"{}", b"\0", b"\t "))
        elif how == 4 and text.endswith(b"}}"):
            text = text[:-1] + b',"w":' + rng.choice((b'{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}', b'{"dtype":"U8","shape":[0],"data_offsets":[30,30]}')) + b"}"
        n = len(text)
        if rng.random() < .05:
            n = rng.choice((0, 1, n - 1, n + 1, n + 29, n + 31, 2**32, 2**63, 2**64 - 1, 100000001))
        yield n.to_bytes(8, "little") + text + bytes(range(30))[:rng.choice((30,) * 12 + (29, 0))] + b"\0" * (rng.random() < .05)


def containers(rng, count=3000):
    paths, make = [], headers(rng)
    for i in range(count):
        paths.append("%s/v%d.safetensors" % (TOP, i))
        with open(paths[-1], "wb") as f:
            f.write(next(make))
    for i, n in enumerate((0, 1, 7, 8)):
        paths.append("%s/short%d.safetensors" % (TOP, i))
        with open(paths[-1], "wb") as f:
            f.write(bytes(n))
    mine, wrong, taken, ours_only = verdicts(paths), [], 0, 0
    for p in paths:
        try:
            with safetensors.safe_open(p, "np") as s:
                theirs, why = sorted(s.keys()), ""
        except Exception as e:      # of any kind: refused
            theirs, why = None, str(e)
        taken += theirs is not None
        if (mine[p] is None) != (theirs is not None):
            if theirs is not None and strict(p):
                ours_only += 1
                continue
            with open(p, "rb") as f:
                wrong.append((mine[p], why or "taken", f.read()[8:400]))
    none_of(wrong, "safetensors: the verdict of the Python library on %d files, %d of them good (%d refused for a name twice or __metadata__ of null, only here)" % (len(paths), taken, ours_only))
    ok(taken > 300 and len(paths) - taken > 300, "of both kinds there were many", taken)


# what NumPy takes and we do not, by our words: a letter for a type, which it never writes
NPY_STRICT = ("InvalidHeaderDeserialization: _ is no type of NumPy",)


def npys(rng, count=3000):
    """NumPy evaluates its header with a parser of Python: what is no literal of its own making is not taken here"""
    good = ["{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", "{'descr': '|u1', 'fortran_order': True, 'shape': (24,), }",
            "{'descr': [('a', '<i4'), ('b', '<f8')], 'fortran_order': False, 'shape': (2,), }", "{'descr': '<f8', 'fortran_order': False, 'shape': (), }",
            "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (3,), }"]
    paths, text = [], {}
    for i in range(count):
        h = rng.choice(good)
        for _ in range(rng.choice((0, 1, 1, 2))):
            how = rng.randrange(6)
            if how == 0:
                h = h.replace(rng.choice(("2", "3", "24", "<", "False", "'", "(", ",", "f4", "descr")), rng.choice(("0", "-1", ">", "True", '"', "[", "", "O", "i2", "x")), 1)
            elif how == 1:
                at = rng.randrange(len(h))
                h = h[:at] + h[at + 1:]
            elif how == 2:
                at = rng.randrange(len(h))
                h = h[:at] + rng.choice(" \t,'()[]{}#L0x_+") + h[at:]
            elif how == 3:
                h = h.replace("}", rng.choice(("'x': 1, }", ")", "", "}}")))
        raw = h.encode("latin-1")
        version = rng.choice(((1, 0), (1, 0), (1, 0), (2, 0), (3, 0), (1, 1), (4, 0)) if rng.random() < .2 else ((1, 0),))
        size = 2 if version[0] == 1 else 4
        raw += b" " * (-(8 + size + len(raw) + 1) % 64) + b"\n"
        paths.append("%s/v%d.npy" % (TOP, i))
        data = b"\x93NUMPY" + bytes(version) + len(raw).to_bytes(size, "little") + raw + bytes(rng.choice((24, 24, 24, 24, 23, 192)))
        text[paths[-1]] = h
        with open(paths[-1], "wb") as f:
            f.write(data)
    mine, wrong, taken, only = verdicts(paths), [], 0, {}
    for p in paths:
        try:
            theirs, why = np.load(p, allow_pickle=False), ""
        except Exception as e:      # of any kind: refused
            theirs, why = None, "%s: %s" % (type(e).__name__, e)
        taken += theirs is not None
        if theirs is not None and mine[p] is not None:
            # Python reads more than NumPy writes; each such family by our words
            family = re.sub(r"'.*?'|\d+", "_", mine[p])
            only.setdefault(family, []).append(text[p])
        elif theirs is None and mine[p] is None:
            wrong.append((why, text[p]))
    none_of(wrong, ".npy: nothing is taken of %d headers that NumPy refuses; %d it takes" % (len(paths), taken))
    lost = sum(len(v) for v in only.values())
    strange = {k: v[:2] for k, v in only.items() if k not in NPY_STRICT}
    ok(not strange, ".npy: of those it takes %d are refused, for a type without its width" % lost, strange)


rng = seeded(7)
containers(rng)
npys(rng)
sys.exit(1 if lib.failed else 0)
