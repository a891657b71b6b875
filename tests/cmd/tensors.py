#!/usr/bin/env python3
"""tensors.py - small files of tensors for tests, with nothing but Python's own library.

    safetensors FILE NAME:DTYPE:SHAPE[:FIRST] ...   elements count up from FIRST (0); SHAPE as 2,3 or "" for a scalar
    sharded DIR NAME:DTYPE:SHAPE[:FIRST] ...        a file for each, and an index
    npy FILE DESCR SHAPE [fortran]                  as above
    sparse FILE NAME ROWS COLUMNS                   F32, a hole but for the first element of each 4096th row: 0, 1, ...
    bad FILE CLASS                                  a safetensors file with what the class is about
"""
import json
import os
import struct
import sys

CODE = {"BOOL": "?", "U8": "B", "I8": "b", "I16": "<h", "U16": "<H", "F16": "<e", "I32": "<i", "U32": "<I", "F32": "<f",
        "F64": "<d", "I64": "<q", "U64": "<Q"}


def count(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def spec(text):
    name, dtype, shape, first = (text.split(":") + ["0"])[:4]
    shape = [int(d) for d in shape.split(",") if d]
    first = int(first)
    if dtype == "BF16":
        data = b"".join(struct.pack("<f", first + i)[2:] for i in range(count(shape)))
    else:
        data = b"".join(struct.pack(CODE[dtype], first + i) for i in range(count(shape)))
    return name, dtype, shape, data


def head(entries, pad=8):
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % pad)
    return struct.pack("<Q", len(text)) + text


def safetensors(path, *specs, meta=None):
    entries, data = {}, b""
    if meta:
        entries["__metadata__"] = meta
    for name, dtype, shape, some in map(spec, specs):
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(some)]}
        data += some
    with open(path, "wb") as f:
        f.write(head(entries) + data)


def sharded(folder, *specs):
    os.makedirs(folder)
    where, total = {}, 0
    for i, text in enumerate(specs):
        file = "model-%05d-of-%05d.safetensors" % (i + 1, len(specs))
        safetensors(os.path.join(folder, file), text, meta={"format": "pt"})
        where[text.split(":")[0]] = file
        total += len(spec(text)[3])
    with open(os.path.join(folder, "model.safetensors.index.json"), "w") as f:
        json.dump({"metadata": {"total_size": total}, "weight_map": where}, f)


def npy(path, descr, shape, *how):
    shape = [int(d) for d in shape.split(",") if d]
    fmt = {"f4": "f", "f8": "d", "i4": "i", "u1": "B", "i8": "q", "f2": "e"}[descr[1:]]
    order = ">" if descr[0] == ">" else "<"
    text = "{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }" % (
        descr, "fortran" in how, "".join("%d, " % d for d in shape).rstrip(" "))
    text = text.encode() + b" " * (-(len(text) + 11) % 64) + b"\n"
    places = range(count(shape))
    if "fortran" in how:                    # the element of row-major place i comes at the place of its transpose
        rows, columns = shape
        places = [r * columns + c for c in range(columns) for r in range(rows)]
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
        f.write(b"".join(struct.pack(order + fmt, i) for i in places))


def sparse(path, name, rows, columns):
    rows, columns = int(rows), int(columns)
    with open(path, "wb") as f:
        f.write(head({name: {"dtype": "F32", "shape": [rows, columns], "data_offsets": [0, 4 * rows * columns]}}))
        start = f.tell()
        f.truncate(start + 4 * rows * columns)
        for row in range(0, rows, 4096):
            f.seek(start + 4 * row * columns)
            f.write(struct.pack("<f", row // 4096))


def bad(path, kind):
    good = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    twice = b'{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}'
    files = {
        "HeaderTooSmall": b"\x08\0\0\0",
        "HeaderTooLarge": struct.pack("<Q", 1 << 40) + b"{}",
        "InvalidHeaderLength": struct.pack("<Q", 4096) + b'{"w":{}}',
        "InvalidHeader": struct.pack("<Q", 9) + b'{"\xff":{}} ',
        "InvalidHeaderDeserialization": head({"w": {"dtype": "f32", "shape": [2], "data_offsets": [0, 8]}}) + bytes(8),
        "InvalidOffset": head({"w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}) + bytes(16),
        "ValidationOverflow": head({"w": {"dtype": "F32", "shape": [1 << 40, 1 << 40], "data_offsets": [0, 8]}}) + bytes(8),
        "MisalignedSlice": head({"w": {"dtype": "F4", "shape": [3], "data_offsets": [0, 2]}}) + bytes(2),
        "TensorInvalidInfo": head({"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}) + bytes(8),
        "MetadataIncompleteBuffer": head(good) + bytes(4),
        "DuplicateKey": struct.pack("<Q", len(twice)) + twice + bytes(8),
    }
    with open(path, "wb") as f:
        f.write(files[kind])


if __name__ == "__main__":
    {"safetensors": safetensors, "sharded": sharded, "npy": npy, "sparse": sparse, "bad": bad}[sys.argv[1]](*sys.argv[2:])
