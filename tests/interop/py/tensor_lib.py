"""tensor_lib.py - random arrays of every type, slices of them as people write them, and our programs."""
import json
import os
import random
import struct
import subprocess
import sys

import ml_dtypes
import numpy as np
import safetensors

BIN = os.environ["BIN"]
failed = 0

# the name in safetensors: how numpy has it
DTYPES = {
    "BOOL": np.bool_, "U8": np.uint8, "I8": np.int8, "I16": np.int16, "U16": np.uint16, "I32": np.int32, "U32": np.uint32,
    "I64": np.int64, "U64": np.uint64, "F16": np.float16, "F32": np.float32, "F64": np.float64, "C64": np.complex64,
    "BF16": ml_dtypes.bfloat16, "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E8M0": ml_dtypes.float8_e8m0fnu, "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
}
FLOATS = [k for k in DTYPES if k[0] in "BF" and k != "BOOL"]
SMALL = [k for k in DTYPES if k.startswith("F8")]


def ok(good, name, why=""):
    global failed
    failed += not good
    print("%s - %s" % ("ok" if good else "not ok", name))
    if not good:
        print("# " + str(why)[:1500].replace("\n", "\n# "))
    sys.stdout.flush()


def none_of(wrong, name):
    """a family of cases: those that went wrong"""
    ok(not wrong, name, "%d wrong, the first: %s" % (len(wrong), wrong[:3]))


def ours(verb, *args, input=None, rc=0):
    r = subprocess.run([BIN + "/ipfrs-" + verb, *args], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if r.returncode != rc:
        raise RuntimeError("ipfrs-%s %s: status %d: %s" % (verb, " ".join(args)[:300], r.returncode, r.stderr.decode()[:500]))
    return r.stdout


def array(rng, dtype, shape):
    """any bits for numbers, NaN and infinities too; booleans are 0 and 1"""
    n = 1
    for d in shape:
        n *= d
    if dtype == "BOOL":
        return np.array([rng.random() < .5 for _ in range(n)], np.bool_).reshape(shape)
    kind = np.dtype(DTYPES[dtype])
    return np.frombuffer(rng.randbytes(n * kind.itemsize), kind).reshape(shape)


def shape(rng, most=4000):
    while True:
        s = [rng.choice((1, 2, 3, 5, 7, 8, 16, 33, 100)) for _ in range(rng.randrange(6))]
        if rng.random() < .03:
            s.append(0)
        if np.prod(s, dtype=object) <= most:
            return s


def slice_of(rng, dims):
    """(text, index of numpy) within bounds"""
    text, index, said = [], [], rng.randrange(len(dims) + 1) if rng.random() < .3 else len(dims)
    dots = rng.randrange(said + 1) if said < len(dims) else None
    for i in range(said):
        if i == dots:
            text.append("...")
            index.append(Ellipsis)
        d = dims[i if dots is None or i < dots else len(dims) - said + i]
        how = rng.random()
        if how < .25 or d == 0:
            text.append(rng.choice((":", "*")))
            index.append(slice(None))
        elif how < .5:
            at = rng.randrange(-d, d)
            text.append(str(at))
            index.append(at)
        elif how < .9:
            a, b, step = sorted((rng.randrange(d + 1), rng.randrange(d + 1))) + [rng.choice((1, 1, 1, 2, 3, 7))]
            sign = lambda x: x - d if rng.random() < .2 and x < d else x        # noqa: E731
            t = ("" if a == 0 and rng.random() < .5 else str(sign(a) if a < d else a)) + ":" + \
                ("" if b == d and rng.random() < .5 else str(sign(b) if 0 < b < d else b))
            text.append(t + (":%d" % step if step > 1 else ""))
            index.append(slice(a, b, step))
        elif how < .95:
            a = rng.randrange(d)
            n = rng.randrange(1, d - a + 1)
            text.append("%d+%d" % (a, n))
            index.append(slice(a, a + n))
        else:
            step = -rng.choice((1, 2, 5))
            text.append("::%d" % step)
            index.append(slice(None, None, step))
    if dots == said:
        text.append("...")
        index.append(Ellipsis)
    return ",".join(text), tuple(index)


def write(path, arrays):
    """name: (type, array); as the Python library writes it"""
    flat = {n: (d, np.ascontiguousarray(a)) for n, (d, a) in arrays.items()}
    specs = {n: safetensors.TensorSpec(dtype=NAMES[d], shape=list(arrays[n][1].shape), data_ptr=a.ctypes.data, data_len=a.nbytes)
             for n, (d, a) in flat.items()}
    safetensors.serialize_file(specs, path, {"made by": "a test"})


# what serialize_file calls them
NAMES = {"BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "U16": "uint16", "I32": "int32", "U32": "uint32",
         "I64": "int64", "U64": "uint64", "F16": "float16", "F32": "float32", "F64": "float64", "C64": "complex64",
         "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
         "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz"}


def header(path):
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        return json.loads(f.read(n))


def bits(a):
    """the bytes of an array, row after row"""
    return np.ascontiguousarray(a).tobytes()


def seeded(n):
    return random.Random(n)
