"""tensor_cases.py FOLDER - random arrays and slices: what Python wrote read by ours, what ours wrote read by Python; TAP."""
import io
import json
import os
import subprocess
import sys

import gguf
import ml_dtypes
import numpy as np
import pyarrow as pa
import safetensors
from safetensors.numpy import load_file

import tensor_lib as lib
from tensor_lib import DTYPES, array, bits, none_of, ok, ours, seeded, shape, slice_of

TOP = sys.argv[1]
FILES, TENSORS, SLICES = 6, 10, 12


class File:
    """arrays in a file outside and in the store"""

    def __init__(self, name, arrays, write):
        self.arrays = arrays
        self.path = "%s/%s" % (TOP, name)
        write(self.path, arrays)
        self.cid = ours("add", "-Q", self.path).decode().strip()


def cases(rng, arrays, n=SLICES):
    """[(name, text, the array that is wanted)]"""
    out = []
    for name, (_, a) in arrays.items():
        for _ in range(n):
            text, index = slice_of(rng, a.shape)
            out.append((name, text, a[index]))
    return out


def listed(some):
    return "".join("%s\t%s\n" % (name, text) for name, text, _ in some).encode()


def raw(where, some, wrong):
    got = ours("slice", "-i", where, input=listed(some))
    for name, text, want in some:
        b = bits(want)
        if got[:len(b)] != b:
            wrong.append((where, name, text, want.shape))
            return
        got = got[len(b):]
    if got:
        wrong.append((where, "more than was asked", len(got)))


def safetensors_files(rng):
    files, n, wrong = [], 0, []
    for i in range(FILES):
        arrays = {}
        for d in DTYPES:
            for k in range(TENSORS):
                arrays["%s.%d é%d" % (d, k, i)] = (d, array(rng, d, shape(rng)))
        files.append(File("%d.safetensors" % i, arrays, lib.write))
        some = cases(rng, arrays)
        for where in (files[-1].path, files[-1].cid):
            raw(where, some, wrong)
            n += len(some)
    none_of(wrong, "safetensors written by the Python library: %d slices of %d types, from the store and outside" % (n, len(DTYPES)))
    return files


def npy_name(d):
    """the type of our .npy"""
    kind = np.dtype(DTYPES[d])
    return np.dtype("<u2") if d == "BF16" else np.dtype("u1") if d.startswith("F8") else kind


def npy(rng, files):
    n, wrong = 0, []
    for f in files:
        some = cases(rng, f.arrays, 2)
        stream = io.BytesIO(ours("slice", "-i", "-f", "npy", f.cid, input=listed(some)))
        for name, text, want in some:
            got = np.load(stream)
            n += 1
            if got.dtype != npy_name(f.arrays[name][0]) or got.shape != want.shape or got.tobytes() != bits(want):
                wrong.append((name, text, got.dtype, got.shape, want.shape))
                break
        if stream.read():
            wrong.append(("more than was asked",))
    none_of(wrong, ".npy: numpy.load of %d slices" % n)


def safetensors_out(rng, files):
    n, wrong = 0, []
    for f in files:
        some = cases(rng, f.arrays, 2)
        asked = "".join("%s\t%s\ts%d\n" % (name, text, i) for i, (name, text, _) in enumerate(some)).encode()
        path = TOP + "/out.safetensors"
        ours("slice", "-i", "-f", "safetensors", "-o", path, f.cid, input=asked)
        with open(path, "rb") as o:
            got = dict(safetensors.deserialize(o.read()))
        for i, (name, text, want) in enumerate(some):
            t = got["s%d" % i]
            n += 1
            if t["dtype"] != f.arrays[name][0] or tuple(t["shape"]) != want.shape or bytes(t["data"]) != bits(want):
                wrong.append((name, text, t["dtype"], t["shape"]))
        if len(got) != len(some):
            wrong.append(("more than was asked", len(got)))
    plain = {name: f.arrays[name] for name in f.arrays if f.arrays[name][0] in ("F32", "I64", "BOOL", "C64", "U16", "F16")}
    for name in list(plain)[:5]:
        ours("slice", "-o", path, f.cid, name)
        loaded = load_file(path)
        n += 1
        if list(loaded) != [name] or bits(loaded[name]) != bits(plain[name][1]):
            wrong.append((name, "load_file"))
    none_of(wrong, "safetensors: the Python library reads %d slices of ours" % n)


def same_number(got, want, d):
    """as it stands in JSON, and the array's: complex as a pair, what is no number null, and digits that give the value again"""
    if d == "C64":
        return len(got) == 2 and same_number(got[0], want.real, "F32") and same_number(got[1], want.imag, "F32")
    if d == "BOOL":
        return got is bool(want)
    if d not in lib.FLOATS:
        return type(got) is int and got == int(want)
    if got is None or not np.isfinite(np.float64(want)):
        return got is None and not np.isfinite(np.float64(want))
    with np.errstate(all="ignore"):
        return np.float64(np.asarray(float(got)).astype(DTYPES[d])) == np.float64(want)


def same_numbers(got, want, d):
    if want.ndim == 0:
        return same_number(got, want[()], d)
    return isinstance(got, list) and len(got) == len(want) and all(same_numbers(g, w, d) for g, w in zip(got, want))


def in_json(rng, files):
    n, wrong = 0, []
    for f in files[:3]:
        some = cases(rng, f.arrays, 1)
        lines = ours("slice", "-i", "-f", "json", f.cid, input=listed(some)).decode().split("\n")
        for (name, text, want), line in zip(some, lines):
            n += 1
            if not same_numbers(json.loads(line), np.asarray(want), f.arrays[name][0]):
                wrong.append((name, text, line[:200], want.tolist() if want.size < 9 else ""))
        if len(lines) != len(some) + 1:
            wrong.append(("lines", len(lines), len(some)))
    none_of(wrong, "JSON: %d slices, each number as it was" % n)


def converted(rng, files):
    n, wrong = 0, []
    for f in files[:4]:
        for to in ("F32", "F64"):
            some = [c for c in cases(rng, f.arrays, 1) if f.arrays[c[0]][0] != "C64"]
            got = ours("slice", "-i", "-t", to, f.cid, input=listed(some))
            for name, text, want in some:
                with np.errstate(all="ignore"):
                    w = np.ascontiguousarray(want).astype(DTYPES[to])
                mine = np.frombuffer(got[:w.nbytes], DTYPES[to]).reshape(w.shape)
                got = got[w.nbytes:]
                n += 1
                # of NaN only that it is one; of the rest every bit
                if not np.array_equal(mine, w, equal_nan=True) or not np.array_equal(np.signbit(mine) | np.isnan(w), np.signbit(w) | np.isnan(w)):
                    wrong.append((name, text, to, mine.reshape(-1)[:4], w.reshape(-1)[:4]))
            if got:
                wrong.append(("more than was asked", len(got)))
    none_of(wrong, "conversion to F32 and F64: %d slices, as NumPy and ml_dtypes have it" % n)


def plain_npy(rng):
    kinds = ["<f4", ">f4", "<f8", ">i2", "<i8", ">u4", "|u1", "|b1", "<c16", ">c8", "<f2", "|S5", "<U3", ">U2", "<M8[ns]", "<m8[s]", "|V3",
             [("a", "<i4"), ("b", ">f8", (2,))]]
    n, wrong = 0, []
    for i in range(90):
        kind = np.dtype(kinds[i % len(kinds)])
        dims = shape(rng, 800)
        count = int(np.prod(dims))
        a = np.frombuffer(bytes(b & 0x7f if kind.kind in "USb" else b for b in rng.randbytes(count * kind.itemsize)), kind) if kind.kind not in "Ub" else \
            np.array([rng.choice(("a", "bc", "é")) for _ in range(count)], kind) if kind.kind == "U" else np.array([rng.random() < .5 for _ in range(count)], kind)
        a = a.reshape(dims)
        a = np.asfortranarray(a) if rng.random() < .4 else a
        path = "%s/%d.npy" % (TOP, i)
        np.save(path, a)
        where = rng.choice((path, ours("add", "-Q", path).decode().strip()))
        for _ in range(3):
            text, index = slice_of(rng, a.shape)
            want = np.asarray(a[index], kind)       # a scalar of text would lose its length
            got = np.load(io.BytesIO(ours("slice", "-f", "npy", where, "", text) if text else ours("slice", "-f", "npy", where)))
            little = want.astype(want.dtype.newbyteorder("<")) if want.dtype.names is None else want
            n += 1
            if got.shape != want.shape or (got.tobytes() != bits(little) and got.tobytes() != bits(want)) or \
                    (got.tobytes() == bits(want) and got.dtype != want.dtype and got.dtype != little.dtype):
                wrong.append((kind, a.shape, a.flags.f_contiguous, text, got.dtype, got.shape))
    none_of(wrong, ".npy written by NumPy (%d kinds, both orders): %d slices" % (len(kinds), n))


def npz(rng):
    n, wrong = 0, []
    for i in range(8):
        arrays = {"a%d" % k: ("F32", rng.choice((np.asfortranarray, np.ascontiguousarray))(array(rng, "F32", shape(rng, 20000)))) for k in range(8)}
        write = np.savez if i % 2 else np.savez_compressed
        f = File("%d.npz" % i, arrays, lambda path, arrays: write(path, **{k: v[1] for k, v in arrays.items()}))
        some = cases(rng, arrays, 6)
        for where in (f.path, f.cid):
            raw(where, some, wrong)
            n += len(some)
    none_of(wrong, ".npz, stored and deflated: %d slices" % n)


def ggufs(rng):
    n, wrong = 0, []
    path = TOP + "/model.gguf"
    w = gguf.GGUFWriter(path, "llama")
    w.add_name("a model")
    w.add_context_length(4096)
    w.add_array("tokenizer.ggml.tokens", ["a", "é", "c" * 300])
    arrays = {}
    for i, (kind, name) in enumerate(((np.float32, "F32"), (np.float16, "F16"), (np.int32, "I32"), (np.int8, "I8"), (np.float64, "F64"), (np.int64, "I64"))):
        for k in range(4):
            dims = [d for d in shape(rng) if d][:4] or [3]
            a = array(rng, name, dims)
            arrays["t.%d.%d" % (i, k)] = (name, a)
            w.add_tensor("t.%d.%d" % (i, k), a)
    q = np.frombuffer(rng.randbytes(4 * 3 * 34), np.uint8).reshape(3, 4 * 34)
    w.add_tensor("q", q, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    some = cases(rng, arrays, 10) + [("q", "", q)]
    cid = ours("add", "-Q", path).decode().strip()
    for where in (path, cid):
        raw(where, some, wrong)
        n += len(some)
    lines = dict(line.split("\t")[0:1] + [line.split("\t")[1:]] for line in ours("tensor", path).decode().split("\n") if line)
    for name, (d, a) in arrays.items():
        if lines[name] != [d, "[%s]" % ",".join(map(str, a.shape)), str(a.nbytes)]:
            wrong.append((name, lines[name]))
    if lines["q"][:2] != ["Q8_0", "[3,128]"]:
        wrong.append(("q", lines["q"]))
    meta = ours("tensor", "-m", path).decode()
    if "llama.context_length\t4096" not in meta or "general.name\ta model" not in meta:
        wrong.append(("meta", meta[:300]))
    none_of(wrong, "GGUF written by its Python library: %d slices, quantized ones whole" % n)


def listing(files):
    wrong, n = [], 0
    for f in files:
        with safetensors.safe_open(f.path, "np") as s:
            names = sorted(s.keys(), key=lambda x: x.encode())
        lines = [line.split("\t") for line in ours("tensor", f.cid).decode().split("\n") if line]
        want = [[n, f.arrays[n][0], "[%s]" % ",".join(map(str, f.arrays[n][1].shape)), str(f.arrays[n][1].nbytes)] for n in names]
        n += len(want)
        if lines != want:
            wrong.append([x for x in zip(lines, want) if x[0] != x[1]][:2])
        if ours("tensor", "-m", f.cid).decode() != "made by\ta test\n":
            wrong.append("metadata")
    none_of(wrong, "ipfrs-tensor: %d tensors as the library lists them" % n)


def statistics(rng):
    wrong, n = [], 0
    arrays = {"n%d.%s" % (k, d): (d, array(rng, d, [rng.randrange(1, 3000)])) for d in DTYPES if d != "C64" for k in range(3)}
    f = File("stats.safetensors", arrays, lib.write)
    for line in ours("tensor", "-jv", f.cid).decode().split("\n"):
        if not line:
            continue
        got = json.loads(line)
        s = got.get("stats", got)
        d, a = arrays[got["name"]]
        with np.errstate(all="ignore"):
            v = a.astype(np.float64)
            good = v[np.isfinite(v)]
            close = lambda x, y: x is None or abs(x - y) <= 1e-9 * max(1e-300, abs(y), float(np.abs(good).max()))      # noqa: E731
            n += 1
            if s["zeros"] != int((v == 0).sum()) or s["nans"] != int(np.isnan(v).sum()) or s["infs"] != int(np.isinf(v).sum()) or \
                    (good.size and (s["min"] != good.min() or s["max"] != good.max())) or sum(s["histogram"] or [0]) not in (good.size, 0):
                wrong.append((got["name"], s))
            elif good.size and np.abs(good).max() < 1e150 and not (close(s["mean"], good.mean()) and close(s["std"], good.std())):
                wrong.append((got["name"], s["mean"], good.mean(), s["std"], good.std()))
    none_of(wrong, "ipfrs-tensor -v: statistics of %d tensors as NumPy has them" % n)
    if n != len(arrays):
        ok(False, "all of them were told", (n, len(arrays)))


def arrow(rng, files):
    n, wrong = 0, []
    f = files[0]
    for name, (d, a) in f.arrays.items():
        if a.ndim == 0 or (int(name.split()[0].split(".")[1]) > 4):
            continue
        text, index = slice_of(rng, a.shape)
        want = a[index]
        for form in ("arrow", "arrow-rows"):
            if form == "arrow-rows" and (want.ndim == 0 or 0 in want.shape or d in ("BOOL", "C64")):
                continue
            body = ours("slice", "-f", form, f.cid, name, text) if text else ours("slice", "-f", form, f.cid, name)
            t = pa.ipc.open_stream(body).read_all()
            t.validate(full=True)
            n += 1
            got = t.column(0).combine_chunks()
            field = t.schema.field(0)
            if field.metadata and field.metadata.get(b"tensor_dtype", d.encode()) != d.encode():
                wrong.append((name, form, field.metadata))
            flat = got
            if form == "arrow-rows":
                if not isinstance(field.type, pa.FixedShapeTensorType) or list(field.type.shape) != list(want.shape[1:]):
                    wrong.append((name, text, field.type))
                    continue
                flat = got.storage.flatten()
            if d == "C64":
                flat = flat.flatten()
            values = np.array(flat.to_pylist(), np.bool_) if d == "BOOL" else np.frombuffer(flat.buffers()[1] or b"", np.uint8)[:len(flat) * flat.type.bit_width // 8]
            if values.tobytes() != bits(want) or (len(t) != (want.shape[0] if form == "arrow-rows" else want.size)):
                wrong.append((name, form, text, len(t), want.shape, str(field.type)))
    none_of(wrong, "Arrow: pyarrow reads and validates %d streams" % n)


def small_types():
    """elements of less than a byte: the bytes of whole rows"""
    wrong = []
    rows = np.frombuffer(seeded(4).randbytes(6 * 4), np.uint8).reshape(6, 4)
    head = json.dumps({"f4": {"dtype": "F4", "shape": [6, 8], "data_offsets": [0, 24]}, "f6": {"dtype": "F6_E2M3", "shape": [2, 4, 4], "data_offsets": [24, 48]}}).encode()
    head += b" " * (-len(head) % 8)
    path = TOP + "/small.safetensors"
    with open(path, "wb") as o:
        o.write(len(head).to_bytes(8, "little") + head + bits(rows) + bits(rows))
    if ours("slice", path, "f4", "1:5:2") != bits(rows[1:5:2]) or ours("slice", path, "f4", ":,2:6") != bits(rows[:, 1:3]):
        wrong.append("F4")
    if ours("slice", path, "f6", "1") != bits(rows)[12:24]:
        wrong.append("F6")
    r = subprocess.run([lib.BIN + "/ipfrs-slice", path, "f4", "0,1:3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if r.returncode != 2 or b"MisalignedSlice" not in r.stderr or r.stdout:
        wrong.append((r.returncode, r.stderr))
    f4 = np.frombuffer(bits(rows), np.uint8)
    want = np.stack([f4 & 15, f4 >> 4], -1).reshape(-1).astype(np.uint8).view(ml_dtypes.float4_e2m1fn).astype(np.float32)
    if ours("slice", "-t", "F32", path, "f4") != bits(want):
        wrong.append("F4 to F32")
    none_of(wrong, "types of less than a byte: rows, columns on bytes, numbers")


def main():
    os.environ["IPFRS_PATH"] = TOP + "/store"
    ours("init")
    rng = seeded(20)
    files = safetensors_files(rng)
    listing(files)
    npy(rng, files)
    safetensors_out(rng, files)
    in_json(rng, files)
    converted(rng, files)
    arrow(rng, files)
    plain_npy(rng)
    npz(rng)
    ggufs(rng)
    small_types()
    statistics(rng)
    return 1 if lib.failed else 0


sys.exit(main())
