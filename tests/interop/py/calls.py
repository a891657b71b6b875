"""calls.py - a call a line of TAP, and the CIDs things have to have, computed here."""
import base64
import hashlib
import random
import sys
import traceback

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
failed = 0


def call(name, fn):
    global failed
    try:
        fn()
        print("ok - " + name)
    except Exception:       # whatever a library raises is what is wrong
        failed += 1
        print("not ok - %s\n# %s" % (name, traceback.format_exc()[-900:].strip().replace("\n", "\n# ")))
    sys.stdout.flush()


def same(got, want, what="value"):
    if got != want:
        raise AssertionError("%s: %.300r, wanted %.300r" % (what, got, want))


def yes(good, what):
    if not good:
        raise AssertionError("not so: %s" % (what,))


def fails(fn, *words):
    """it raises something that says one of these words"""
    try:
        got = fn()
    except Exception as e:      # of any kind
        text = "%s: %s" % (type(e).__name__, e)
        if not any(w in text for w in words):
            raise AssertionError("failed as %r, wanted %r" % (text, words)) from e
        return e
    raise AssertionError("did not fail: %.300r" % (got,))


def some(n, seed):
    return random.Random(seed).randbytes(n)


# ---- CIDs ----
def uvarint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(n, data):
    return bytes([n << 3 | 2]) + uvarint(len(data)) + data


def base58(data):
    n, out = int.from_bytes(data, "big"), ""
    while n:
        n, r = divmod(n, 58)
        out = B58[r] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def cid(block, codec=0x55, hash="sha256"):
    """version 1"""
    mh = {"sha256": b"\x12\x20", "sha512": b"\x13\x40"}[hash] + hashlib.new(hash, block).digest()
    return "b" + base64.b32encode(b"\x01" + uvarint(codec) + mh).decode().lower().rstrip("=")


class Node:
    """a dag-pb node of UnixFS; links: [(name, Node)]"""

    def __init__(self, data, links=()):
        self.links = list(links)
        self.block = b"".join(field(2, field(1, n.multihash) + field(2, name.encode()) + b"\x18" + uvarint(n.total))
                              for name, n in self.links) + field(1, data)
        self.multihash = b"\x12\x20" + hashlib.sha256(self.block).digest()
        self.total = len(self.block) + sum(n.total for _, n in self.links)
        self.cid = base58(self.multihash)


def leaf(data, kind=2):
    return Node(bytes([8, kind]) + (field(2, data) if data else b"") + b"\x18" + uvarint(len(data)))


def file(data, chunk=262144):
    """as Kubo makes it, CIDv0, up to 174 blocks"""
    if len(data) <= chunk:
        return leaf(data)
    parts = [data[i:i + chunk] for i in range(0, len(data), chunk)]
    assert len(parts) <= 174
    return Node(b"\x08\x02\x18" + uvarint(len(data)) + b"".join(b"\x20" + uvarint(len(p)) for p in parts),
                [("", leaf(p)) for p in parts])


def directory(entries):
    return Node(b"\x08\x01", sorted(entries.items(), key=lambda e: e[0].encode()))
