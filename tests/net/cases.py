#!/usr/bin/env python3
"""cases.py [-m MODE] [ID ...] - every request of the public conformance suite, and what must come back (TAP).
cases.jsonl is described in tests/golden/gateway-conformance/README.md."""
import hashlib
import io
import json
import os
import re
import sys
import tarfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from server import GOLDEN, Server, fixtures  # noqa: E402

SUB = "example.com"


def uvarint(b, at):
    n = shift = 0
    while True:
        n |= (b[at] & 127) << shift
        shift += 7
        at += 1
        if b[at - 1] < 128:
            return n, at


B32 = "abcdefghijklmnopqrstuvwxyz234567"
B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def cid_text(b):
    if b[:2] == b"\x12\x20" and len(b) == 34:
        n, out = int.from_bytes(b, "big"), ""
        while n:
            n, r = divmod(n, 58)
            out = B58[r] + out
        return out
    bits = "".join("%08d" % int(bin(c)[2:]) for c in b)
    bits += "0" * (-len(bits) % 5)
    return "b" + "".join(B32[int(bits[i:i + 5], 2)] for i in range(0, len(bits), 5))


def cid_split(b):
    """length of the CID at the start of b, its hash code and digest"""
    if b[:2] == b"\x12\x20":
        return 34, 0x12, b[2:34]
    _, at = uvarint(b, 0)
    _, at = uvarint(b, at)
    code, at = uvarint(b, at)
    n, at = uvarint(b, at)
    return at + n, code, b[at:at + n]


def car_blocks(body):
    n, at = uvarint(body, 0)
    head = body[at:at + n]
    assert b"version\x01" in head, "not a CARv1"
    assert re.search(rb"eroots[\x81-\x97]", head), "no roots"
    at += n
    out = []
    while at < len(body):
        n, at = uvarint(body, at)
        section = body[at:at + n]
        assert len(section) == n, "cut short"
        at += n
        k, code, digest = cid_split(section)
        made = {0x12: hashlib.sha256, 0x13: hashlib.sha512}[code](section[k:]).digest()
        assert made[:len(digest)] == digest, "a wrong hash"
        out.append(cid_text(section[:k]))
    return out


def fields_of(message):
    out, at = {}, 0
    while at < len(message):
        tag, at = uvarint(message, at)
        if tag & 7 == 2:
            n, at = uvarint(message, at)
            out[tag >> 3] = message[at:at + n]
            at += n
        else:
            out[tag >> 3], at = uvarint(message, at)
    return out


def record_value(body):
    data = fields_of(body)[9]
    at = data.index(b"eValue") + 6
    n, head = (data[at] & 31, 1) if data[at] & 31 < 24 else (data[at + 1], 2)
    return data[at + head:at + head + n].decode()


def is_fixture(name, body):
    for folder, _, names in os.walk(GOLDEN):
        for n in names:
            if n.startswith(name) and open(os.path.join(folder, n), "rb").read() == body:
                return True
    return False


def header_holds(a, name, op, want=None):
    got = a.get(name)
    if op == "absent":
        return got is None
    if op == "not_contains":
        return got is None or want not in got
    if got is None:
        return False
    return {"equals": lambda: got == want, "contains": lambda: want in got, "present": lambda: True,
            "regex": lambda: re.search(want, got) is not None, "nonempty": lambda: got != ""}[op]()


def car_holds(a, want):
    try:
        got = car_blocks(a.body)
    except (AssertionError, IndexError, KeyError):
        return False
    if want.get("exact") and want.get("ordered"):
        return got == want["blocks"]
    if want.get("exact"):
        return set(got) == set(want["blocks"])
    return set(got) >= set(want["blocks"])


def tar_holds(a, want):
    with tarfile.open(fileobj=io.BytesIO(a.body)) as t:
        for name, text in want.items():
            if name not in t.getnames():
                return False
            if text is not None and t.extractfile(name).read().decode() != text:
                return False
    return True


def cache_holds(a, want):
    parts = [p.strip() for p in (a.get("cache-control") or "").split(",")]
    age = [int(p[8:]) for p in parts if p.startswith("max-age=")]
    return all(k in parts for k in ("public", "immutable") if want.get(k)) and bool(age) and age[0] >= want["max-age"]


def holds(a, e):
    (kind, want), = e.items()
    return {
        "status": lambda: a.status == want,
        "status_in": lambda: want[0] <= a.status <= want[1],
        "header": lambda: header_holds(a, *want),
        "body_utf8": lambda: a.body == want.encode(),
        "body_hex": lambda: a.body == bytes.fromhex(want),
        "body_contains": lambda: all(s.encode() in a.body for s in want),
        "body_not_contains": lambda: all(s.encode() not in a.body for s in want),
        "body_contains_latin1": lambda: all(s.encode("latin1") in a.body for s in want),
        "json": lambda: json.loads(a.body) == want,
        "car": lambda: car_holds(a, want),
        "tar": lambda: tar_holds(a, want),
        "ipns": lambda: is_fixture(want["name"], a.body) and record_value(a.body) == want["value"],
        "cache_control_min": lambda: cache_holds(a, want),
        "any": lambda: any(all(holds(a, x) for x in some) for some in want),
    }[kind]()


def send(server, case, step):
    gw, sub = server.netloc, "%s:%d" % (SUB, server.address[1])
    fix = lambda s: s.replace("@sub", sub).replace("@scheme", "http").replace("@gw", gw)  # noqa: E731
    host, target = fix(step["host"]), fix(step["target"])
    c = Client(server.address)
    try:
        if case.get("proxy") == "connect":
            if c.ask("CONNECT", gw, gw).status != 200:
                raise EOFError("CONNECT was refused")
        if case.get("proxy"):
            target = "http://" + host + target
        return c.ask(step["method"], target, host, step["headers"])
    finally:
        c.close()


def one(server, case):
    """None, or why it failed"""
    known, bodies = {}, []
    sub = "%s:%d" % (SUB, server.address[1])

    def fill(x):
        if isinstance(x, str):
            x = x.replace("@sub", sub).replace("@scheme", "http").replace("@gw", server.netloc)
            return re.sub(r"\$\{(\w+)\}", lambda m: known.get(m[1], m[0]), x)
        if isinstance(x, list):
            return [fill(y) for y in x]
        return {k: fill(v) for k, v in x.items()} if isinstance(x, dict) else x

    for step in case["steps"]:
        step = dict(fill({k: v for k, v in step.items() if k not in ("host", "target")}),
                    host=step["host"], target=fill(step["target"]))
        a = send(server, case, step)
        for e in step["expect"]:
            if not holds(a, e):
                return "%s: not %s; %d %s %r" % (step["target"], json.dumps(e)[:400], a.status, dict(a.lines),
                                                 a.body[:200])
        for name, how in step.get("capture", {}).items():
            v = a.get(how["header"]) or ""
            known[name] = v[1:-1] if how.get("unquote") else v
        bodies.append(a.body)
    if case.get("compare") == "same-body" and len(set(bodies)) != 1:
        return "the bodies differ"
    return None


def main():
    args = sys.argv[1:]
    options = []
    if args[:1] == ["-m"]:
        options, args = ["-m", args[1]], args[2:]
    with open(os.path.join(GOLDEN, "cases.jsonl")) as f:
        cases = [json.loads(line) for line in f]
    with open(os.path.join(GOLDEN, "dnslinks.IPFS_NS_MAP")) as f:
        names = f.read().strip()
    server = Server(*options, fill=fixtures, settings=[("gateway.hosts", "localhost subdomains, %s subdomains inline" % SUB)],
                    env={"IPFS_NS_MAP": names})
    bad = 0
    try:
        for case in cases:
            if args and case["id"] not in args:
                continue
            try:
                why = one(server, case)
            except (OSError, EOFError, ValueError, tarfile.TarError) as e:
                why = repr(e)
            bad += why is not None
            print("%sok - gateway %s %s: %s" % ("not " if why else "", case["id"], case["test"], case["name"]))
            if why:
                print("# " + why)
        said = server.said()
    finally:
        rc = server.stop()
    print("%sok - gateway: the server ends well when told to" % ("not " if rc else ""))
    if bad:
        print("# the server said: " + "\n# ".join(said.splitlines()[-20:]))
    return 1 if bad or rc else 0


if __name__ == "__main__":
    sys.exit(main())
