"""tensor_tables.py FOLDER - CSV and JSON lines that ipfrs-arrow turns into Arrow, and several tensors as one table, beside
pyarrow, pandas and polars; TAP."""
import csv
import datetime
import io
import json
import os
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.json

import tensor_lib as lib
from tensor_lib import DTYPES, array, bits, none_of, ok, ours, seeded

TOP = sys.argv[1]
WORDS = ["a", "b c", "", "é", "日本", "\U0001f600", 'say "x"', "a,b", "tab\there", "line\nbreak", " blank ", "NaN?", "0x1", "-", "true story", "1e", "2024-13-01", "x" * 300]


def read(*args, **kw):
    t = pa.ipc.open_stream(ours("arrow", *args, **kw)).read_all()
    t.validate(full=True)
    return t


def kinds(rng):
    """name -> (type of Arrow, a value)"""
    day = lambda: datetime.date(1, 1, 1) + datetime.timedelta(days=rng.randrange(3652059))     # noqa: E731
    when = lambda: datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=rng.randrange(-10**10, 10**10), microseconds=rng.choice((0, 0, 1, 999999)))     # noqa: E731
    return {"int": (pa.int64(), lambda: rng.choice((0, 1, -1, 2**63 - 1, -2**63, rng.randrange(-10**6, 10**6)))),
            "float": (pa.float64(), lambda: rng.choice((0.5, -1e300, 5e-324, 1.7976931348623157e308, rng.random(), rng.random() * 1e-9, float(rng.randrange(10**17)) + .5))),
            "bool": (pa.bool_(), lambda: rng.random() < .5), "text": (pa.utf8(), lambda: rng.choice(WORDS)), "date": (pa.date32(), day), "when": (pa.timestamp("us"), when)}


def text(v):
    return "" if v is None else ("true" if v else "false") if isinstance(v, bool) else repr(v) if isinstance(v, float) else \
        v.isoformat(" ") if isinstance(v, datetime.datetime) else str(v)


def table(rng):
    """[(name, type, values)]"""
    all_kinds, rows = kinds(rng), rng.choice((1, 2, 17, 200))
    out = []
    for i in range(rng.randrange(1, 8)):
        name = rng.choice(list(all_kinds))
        kind, value = all_kinds[name]
        nulls = rng.choice((0, 0, .3))
        column = [None if rng.random() < nulls else value() for _ in range(rows)]
        if name == "text":
            column = [v if v else "-" for v in column]      # an empty field is null, in ours as in theirs by default
        if all(v is None for v in column):
            column[0] = value() or "-" if name == "text" else value()
        out.append(("%s %d" % (name, i), kind, column))
    return out


def same(t, columns):
    got = t.to_pydict()
    for name, kind, values in columns:
        if name not in got:
            return "no column " + name
        if kind == pa.utf8() and t.schema.field(name).type == pa.utf8() and got[name] == values:
            continue
        if t.schema.field(name).type != kind:
            return "%s is %s, not %s: %r" % (name, t.schema.field(name).type, kind, values[:3])
        if got[name] != values:
            return "%s: %s" % (name, [(g, w) for g, w in zip(got[name], values) if g != w][:2])
    return None if len(got) == len(columns) and len(t) == len(columns[0][2]) else "more columns or rows"


def csvs(rng, count=250):
    wrong, n, read_alike = [], 0, 0
    for i in range(count):
        columns, path = table(rng), TOP + "/t.csv"
        out = io.StringIO()
        w = csv.writer(out, lineterminator=rng.choice(("\n", "\r\n")), quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC)))
        w.writerow([c[0] for c in columns])
        if len(columns) == 1:                   # an empty line is no record
            columns[0][2][:] = [v if v is not None else columns[0][2][0] if columns[0][2][0] is not None else kinds(rng)[columns[0][0].split()[0]][1]() or "-" for v in columns[0][2]]
        for r in zip(*(c[2] for c in columns)):
            w.writerow([text(v) for v in r])
        with open(path, "w", newline="") as f:
            f.write(out.getvalue())
        where = path if i % 2 else ours("add", "-Q", path).decode().strip()
        try:
            t = read("-f", "csv", where)
        except Exception as e:      # of any kind
            wrong.append((str(e)[:300], out.getvalue()[:300]))
            continue
        why = same(t, columns)
        n += len(columns) * len(columns[0][2])
        if why:
            wrong.append((why, out.getvalue()[:300]))
        try:
            theirs = pa.csv.read_csv(path, parse_options=pa.csv.ParseOptions(newlines_in_values=True),
                                     convert_options=pa.csv.ConvertOptions(strings_can_be_null=True, null_values=[""], timestamp_parsers=[pa.csv.ISO8601],
                                                                           column_types={c[0]: c[1] for c in columns}))
            read_alike += theirs.equals(t)
        except pa.ArrowInvalid as e:
            wrong.append(("pyarrow", str(e)[:300]))
    none_of(wrong, "CSV: %d values of %d tables, types found out" % (n, count))
    ok(read_alike == count, "CSV: pyarrow reads the same table from %d of %d" % (read_alike, count), read_alike)


def schemas(rng, count=60):
    """the same with types given: every width, as pandas and polars write it"""
    wrong, n = [], 0
    for i in range(count):
        rows = rng.choice((1, 5, 100))
        types = {"i8": pa.int8(), "u16": pa.uint16(), "i32": pa.int32(), "u64": pa.uint64(), "f32": pa.float32(), "s": pa.large_utf8()}
        data = {"i8": [rng.choice((-128, 127, 0)) for _ in range(rows)], "u16": [rng.choice((0, 65535)) for _ in range(rows)],
                "i32": [rng.choice((-2**31, 2**31 - 1)) for _ in range(rows)], "u64": [rng.choice((0, 2**64 - 1)) for _ in range(rows)],
                "f32": [float(np.float32(rng.random())) for _ in range(rows)], "s": [rng.choice(WORDS[:12]) or "-" for _ in range(rows)]}
        want = pa.table({k: pa.array(v, types[k]) for k, v in data.items()})
        path = TOP + "/s.csv"
        if i % 2:
            pd.DataFrame({k: np.array(v, np.float32) if k == "f32" else v for k, v in data.items()}).to_csv(path, index=False)
        else:
            pl.DataFrame({k: v for k, v in data.items()}, schema={"i8": pl.Int8, "u16": pl.UInt16, "i32": pl.Int32, "u64": pl.UInt64, "f32": pl.Float32, "s": pl.Utf8}).write_csv(path)
        t = read("-c", "i8:int8,u16:uint16,i32:int32,u64:uint64,f32:float32,s:large_utf8", path)
        n += rows * len(types)
        if not t.equals(want.cast(t.schema)) or [f.type for f in t.schema] != list(types.values()):
            wrong.append((t.to_pydict(), data))
    none_of(wrong, "CSV with given types: %d values, written by pandas and polars" % n)


def jsonl(rng, count=120):
    wrong, n, alike = [], 0, 0
    for i in range(count):
        columns, path = table(rng), TOP + "/t.jsonl"
        rows = [dict(zip((c[0] for c in columns), r)) for r in zip(*(c[2] for c in columns))]
        kept = [{k: v for k, v in r.items() if v is not None or rng.random() < .5} for r in rows]
        with open(path, "w") as f:
            for r in kept:
                f.write(json.dumps({k: v.isoformat(" ") if isinstance(v, (datetime.datetime,)) else v.isoformat() if isinstance(v, datetime.date) else v for k, v in r.items()},
                                   ensure_ascii=i % 2) + "\n")
        try:
            t = read(path)
        except Exception as e:      # of any kind
            wrong.append((str(e)[:300],))
            continue
        got = t.to_pydict()
        n += len(columns) * len(rows)
        for name, kind, values in columns:
            have = t.schema.field(name).type
            if have == kind and got[name] == values:
                continue
            if kind in (pa.date32(), pa.timestamp("us")) and have == pa.utf8() and \
                    got[name] == [None if v is None else v.isoformat(" ") if isinstance(v, datetime.datetime) else v.isoformat() for v in values]:
                continue            # a string is a string
            wrong.append((name, have, got[name][:3], values[:3]))
        theirs = pa.json.read_json(path) if os.path.getsize(path) else t
        alike += all(theirs.column(c[0]).to_pylist() == got[c[0]] for c in columns if c[1] in (pa.int64(), pa.float64(), pa.bool_()) and c[0] in theirs.column_names)
    none_of(wrong, "JSON lines: %d values of %d tables" % (n, count))
    ok(alike == count, "JSON lines: numbers as pyarrow reads them from %d" % alike, count)


def from_others(rng):
    """what the data frames write themselves comes back to them"""
    wrong = []
    for i in range(20):
        rows = 50
        frame = pd.DataFrame({"id": range(rows), "x": np.random.default_rng(i).normal(size=rows), "name": [rng.choice(WORDS[:8]) or "-" for _ in range(rows)],
                              "ok": [bool(rng.randrange(2)) for _ in range(rows)]})
        frame.to_csv(TOP + "/f.csv", index=False)
        back = read(TOP + "/f.csv").to_pandas()
        if not np.array_equal(back["x"], frame["x"]) or list(back["id"]) != list(frame["id"]) or list(back["name"]) != list(frame["name"]) or list(back["ok"]) != list(frame["ok"]):
            wrong.append(("pandas", i))
        pl.from_pandas(frame).write_ndjson(TOP + "/f.jsonl")
        mine = pl.read_ipc_stream(io.BytesIO(ours("arrow", TOP + "/f.jsonl")))
        if not mine.equals(pl.read_ndjson(TOP + "/f.jsonl")):
            wrong.append(("polars", i))
    none_of(wrong, "40 data frames of pandas and polars, written as text and read back")


def refused():
    """one clear error with the line, and nothing half-written"""
    bad = {"ragged.csv": (b"a,b\n1,2\n3\n", b"line 3"), "quote.csv": (b'a,b\n1,"x\n', b"line 2"), "utf8.csv": (b"a\n\xff\n", b"line 2"),
           "type.csv": (b"a\n1\n2\nx\n", None), "a.jsonl": (b'{"a":1}\n{"a":}\n', b"line 2"), "b.jsonl": (b'{"a":1}\n[1]\n', b"line 2")}
    wrong = []
    for name, (data, word) in bad.items():
        path = TOP + "/" + name
        with open(path, "wb") as f:
            f.write(data)
        args = ["-c", "a:int8"] if word is None else []
        r = subprocess.run([lib.BIN + "/ipfrs-arrow", *args, "-o", TOP + "/out", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if r.returncode != 4 or r.stderr.count(b"\n") != 1 or os.path.exists(TOP + "/out") or (word or b"line 4") not in r.stderr:
            wrong.append((name, r.returncode, r.stderr))
    none_of(wrong, "what is malformed is one error that names the line")


def columns(rng):
    wrong, n = [], 0
    for i in range(25):
        rows = rng.randrange(1, 40)
        arrays = {"%s.%d" % (d, k): (d, array(rng, d, [rows] + [rng.randrange(1, 5) for _ in range(rng.randrange(3))]))
                  for k in range(2) for d in rng.sample([d for d in DTYPES if d != "C64"], 4)}
        path = TOP + "/c.safetensors"
        lib.write(path, arrays)
        where = path if i % 2 else ours("add", "-Q", "-T", path).decode().strip()
        a, b = sorted((rng.randrange(rows + 1), rng.randrange(rows + 1)))
        cut = ["-x", "%d:%d" % (a, b)] if i % 3 and b > a else []
        t = read(*cut, where, *arrays)
        n += len(arrays)
        for k, name in enumerate(arrays):
            d, whole = arrays[name]
            want = whole[a:b] if cut else whole
            c = t.column(k).combine_chunks()
            if d == "BOOL" and want.ndim == 1:
                got = np.array(c.to_pylist(), np.bool_).tobytes()
            elif d == "BOOL":
                got = np.array(c.storage.flatten().to_pylist(), np.bool_).tobytes()
            elif want.ndim > 1:
                if list(c.type.shape) != list(want.shape[1:]):
                    wrong.append((name, c.type))
                got = c.storage.flatten().buffers()[1].to_pybytes()[:want.nbytes]
                if d in ("F32", "I64") and bits(c.to_numpy_ndarray()) != bits(want):
                    wrong.append((name, "to_numpy_ndarray"))
            else:
                got = (c.buffers()[1].to_pybytes() if c.buffers()[1] else b"")[:want.nbytes]
            if got != bits(want) or t.column_names[k] != name:
                wrong.append((name, d, want.shape, got[:16]))
    none_of(wrong, "%d tensors as columns of one stream" % n)


def main():
    os.environ["IPFRS_PATH"] = TOP + "/store"
    ours("init")
    random.seed(1)
    rng = seeded(11)
    csvs(rng)
    schemas(rng)
    jsonl(rng)
    from_others(rng)
    refused()
    columns(rng)
    return 1 if lib.failed else 0


sys.exit(main())
