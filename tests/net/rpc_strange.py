#!/usr/bin/env python3
"""rpc_strange.py [TEST ...] - requests to Kubo's RPC that make no sense, are too large, or are never read (TAP).

Loopback only.  Each gets one answer, with the status it is due, and costs no more memory than any other.
"""
import json
import os
import resource
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from attacks import children  # noqa: E402
from http_raw import Client  # noqa: E402
from rpc import MIB, SERVE, Both, begin, chunk, part, post, settled, tell, values, writers  # noqa: E402
from rpc_faults import Node, blocks, damage, pins, query  # noqa: E402
from rpc_files import ask, form, send  # noqa: E402
from server import run  # noqa: E402

with open(SERVE, "rb") as program:
    SAN = b"__asan_init" in program.read()
BOUND = (1024 if SAN else 64) * MIB	# of any process of the server, whatever it is sent
FORM = "multipart/form-data; boundary=x"


class Peak(threading.Thread):
    """the most memory any process of a server ever had, those that live shortly, too, where they are seen"""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.pid, self.most, self.halt = server.proc.pid, 0, threading.Event()

    def look(self):
        for pid in [self.pid] + children(self.pid):
            try:
                with open("/proc/%d/status" % pid) as f:
                    for line in f:
                        if line.startswith("VmHWM:"):
                            self.most = max(self.most, int(line.split()[1]) * 1024)
            except OSError:
                pass
        return self.most

    def run(self):
        while not self.halt.wait(.05):
            self.look()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *why):
        self.halt.set()
        self.join()
        self.look()


def said(address, path, body=b"", kind=FORM, more=""):
    """all bytes of the answers to one request"""
    c = Client(address, timeout=60)
    head = "POST /api/v0/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n%s%s\r\n" % (
        path, len(body), "Content-Type: %s\r\n" % kind if kind else "", more)
    try:
        c.send(head.encode() + body)
    except OSError:
        pass				# it has answered already
    try:
        while c.more():
            pass
    except ConnectionResetError:
        pass
    c.close()
    return c.buf


def fault(server, status, *request):
    """None if there is one answer of this status, with words for a person, and the next one is answered"""
    got = said(server.rpc, *request)
    what = "%.60r %.80r" % (request[0], request[1:])
    # what came before the fault was good, and is on its way
    late = status == 500 and b"\r\nx-stream-error: " in got[got.rfind(b"\r\n0\r\n"):].lower()
    if got.count(b"HTTP/1.1 ") != 1 or not got.startswith(b"HTTP/1.1 %d " % (200 if late else status)):
        return "%s: %.600r" % (what, got)
    body = got.split(b"\r\n\r\n", 1)[1].strip()
    if status != 200 and not late and (not body or status == 500 and b'{"Message":"' not in body):
        return "%s has no words: %.300r" % (what, got)
    return None if ask(server.rpc, "version").status == 200 else "%s: nobody is answered afterwards" % what


def first(server, table):
    for row in table:
        bad = fault(server, *row)
        if bad:
            return bad
    return None


# ---- tests: each returns None, or what is wrong ----

def head_of(fields, data=b"data", end=b"\r\n--x--\r\n"):
    return b"--x\r\n" + fields + b"\r\n\r\n" + data + end


NAME = b'Content-Disposition: form-data; name="file"; filename="%s"'
TAKERS = ["add", "block/put", "dag/put", "dag/import", "files/write?arg=/x&create=1", "config/replace",
          "key/import?arg=imported", "multibase/encode", "key/verify?key=self&signature=mAA"]
ANY = ["block/put", "dag/put", "dag/import"]		# any number of files, as Kubo does it also none


def multipart(server):
    """bodies that are no multipart, of every command that takes files"""
    was = blocks(server)
    kinds = ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 71,
             "multipart/form-data; boundary=a b", "multipart/mixed; boundary=x", "text/plain", None]
    bodies = [b"", b"no boundary", b"--x", b"--x\r\n", os.urandom(200000),
              head_of(b"no colon"), head_of(b": no name"), head_of(b"A b: c"), head_of(NAME % b"a" + b"\r\nA: \x01"),
              head_of(NAME % b"a" + b"\r\n" + NAME % b"b"), head_of(b"Content-Disposition: ;;;"),
              head_of(NAME % b"a" + b"\r\nX: " + b"x" * 20000), head_of(b"\r\n".join(b"X-%d: y" % i for i in range(2000))),
              head_of(NAME % b"a%00b"), head_of(NAME % b"a" + b"\r\nContent-Transfer-Encoding: base64"),
              head_of(NAME % b"a" + b"\r\nContent-Type: multipart/mixed; boundary=y", b"--y\r\n\r\nz\r\n--y--"),
              head_of(NAME % b"a", end=b""), head_of(NAME % b"a", b"d" * 300000, b"\r\n--x"[:-1])]
    for path in TAKERS:
        none = 200 if path in ANY else 500
        bad = first(server, [(400, path, part(b"x"), k) for k in kinds] + [(500, path, b) for b in bodies] +
                    [(none, path, b"--x--\r\n")])
        if bad:
            return bad
    run("ipfrs-gc")
    if blocks(server) - was or ask(server.rpc, "files/stat?arg=/x").status == 200:
        return "something of it is there"
    return damage()


def bad_values(server):
    """JSON and CBOR that are none, and those with a sense of humour"""
    shown = ask(server.rpc, "config/show").body
    texts = [b"", b"{", b"[1,]", b"\xff\xfe", b"nul",
             b"[" * 100000, b"[" * 100000 + b"]" * 100000, b"{\"a\":" * 50000, b"1 2", b"\"\\ud800\"x", b"1e400", b"\0", b"-"]
    binary = [b"", b"\x1b\xff\xff", b"\x5b" + b"\x7f" * 8, b"\x9f" * 100000, b"\x81" * 100000,
              b"\xd8\x2a\x41\x01", b"\xa1\x01\x01"]
    objects = [b"{\"a\":1,\"a\":2}", b"{\"/\":\"no cid\"}", b"{\"/\":{\"bytes\":\"!\"}}"]	# good as a config
    bad = first(server, [(500, "dag/put", part(t)) for t in texts + objects] +
                [(500, "dag/put?input-codec=dag-cbor", part(t)) for t in binary] +
                [(500, "dag/put?input-codec=dag-pb", part(t)) for t in (b"\xff", b"\x12\xff\xff\xff\x7f")] +
                [(500, "config/replace", part(t)) for t in texts] +
                [(500, query("config", "A.b", t.decode("latin1")) + "&json=1", b"", None)
                 for t in texts if 0 < len(t) < 1000 and t != b"\0"])
    return bad or ("the config is another" if ask(server.rpc, "config/show").body != shown else None)


def arguments(server):
    """options nobody knows, values of the wrong type, arguments too few and too many"""
    return first(server, [
        (200, "version?nonsense=1&=&&a;b=c&%zz=1&number=%zz", b"", None),
        (200, "add?nonsense=" + "n" * 4000, part(b"x")),
        (400, "version?encoding=morse", b"", None), (400, "version?timeout=soon", b"", None),
        (400, "version?number=perhaps", b"", None), (400, "version?number=1&number=1", b"", None),
        (400, "pin/ls?stream=2", b"", None), (400, "add?cid-version=one", part(b"x")),
        (400, "add?inline-limit=99999999999999999999", part(b"x")), (400, "cat?arg=x&offset=0x", b"", None),
        (400, "files/write?arg=/x&offset=1.5", part(b"x")), (400, "add?mtime-nsecs=-1", part(b"x")),
        (500, "files/read?arg=/x&offset=-9223372036854775808", b"", None),
        (500, "add?chunker=size-0", part(b"x")), (500, "add?chunker=rabin-9999999999", part(b"x")),
        (500, "add?hash=md5", part(b"x")), (500, "add?max-file-links=-1&chunker=size-99999999999", part(b"x")),
        (400, "cat", b"", None), (400, "pin/update?arg=x", b"", None), (400, "files/cp?arg=/x", b"", None),
        (400, "key/rename?arg=x", b"", None), (400, "block/get", b"", None), (400, "add", b"", None),
        (400, "files/write?create=1", part(b"x")), (500, "cat?arg=", b"", None), (400, "pin/add?arg=%00", b"", None),
        (404, "no/such/command", b"", None), (404, "cat/a/b/c", b"", None), (404, "", b"", None),
    ])


def queries(server):
    """much of it: a query, a head, arguments in a body"""
    long = "a" * 7000
    cids = b"".join(b"bafkqabtimvwgy3yk\n" for _ in range(300000 // 18))
    bad = first(server, [
        (500, "cat?arg=" + long, b"", None), (500, "files/stat?arg=/" + long, b"", None), (404, long, b"", None),
        (400, "version?number=" + long, b"", None), (500, "name/resolve?arg=" + long, b"", None),
        (500, "key/rm?arg=" + long, b"", None), (500, "key/gen?arg=" + long, b"", None),
        (500, "files/mkdir?parents=1&arg=" + "/a" * 3500, b"", None),
        (414, "cat?arg=" + "a" * 20000, b"", None), (431, "version", b"", None, "X: %s\r\n" % ("x" * 40000)),
        (500, "cat", part(b"a" * 300000)), (500, "ls", part(b"a" * 300000)),
        (500, "pin/add", part(b"/ipfs/" + b"a" * 300000)),
        (500, "pin/rm", part(b"a\n" * 150000)), (500, "refs", part(b"\0" * 300000)),
        (500, "block/stat", part(b"a" * 300000)),
        (500, "resolve", part(b"/ipns/" + b"a" * 300000)), (500, "dag/stat", part(b"\n" * 300000)),
    ])
    if bad:
        return bad
    a = send(server.rpc, "cid/base32", part(cids))
    if a.status != 200 or len(values(a)) != 300000 // 18:
        return "300 KB of arguments: %d, %d lines" % (a.status, len(values(a)))
    return first(server, [(500, "cid/base32", part(b"bafkqabtimvwgy3yk\n" * 1000000)),
                          (500, "cid/base32", part(b"\n" * 15000000))])


def tiny_parts(server):
    """ten thousand parts where one is usual, and where there may be any number"""
    body = form([("text/plain", "file", str(i), b"%d" % i) for i in range(10000)])
    for path, n in (("dag/put?input-codec=raw&pin=false", 10000), ("dag/import", -1), ("multibase/encode", 0),
                    ("files/write?arg=/tiny&create=1", 0)):
        a = send(server.rpc, path, body, 1000)
        if a.status != (500 if n < 0 else 200) or n > 0 and len(values(a)) != n:
            return "%s: %d %r" % (path, a.status, a.body[:200])
    return None if ask(server.rpc, "files/read?arg=/tiny").body == b"0" else "another part was written"


def too_long(mode):
    """beyond rpc.max-body nothing stays of what came until then"""
    server = Node(mode, settings=[("rpc.max-body", "1MiB")])
    try:
        for path in ("add?progress=true", "add?wrap-with-directory=true", "files/write?arg=/x&create=1"):
            c = Client(server.rpc)
            begin(c, path)
            try:
                c.send(chunk(part(os.urandom(MIB * 2)).rsplit(b"\r\n--x", 1)[0]))
            except OSError:
                pass
            a = c.read("POST")
            c.close()
            if a.status != 413 and not (a.status == 200 and (not a.clean or a.get("x-stream-error"))):
                return "%s: %d %r" % (path, a.status, a.body[-300:])
        if pins(server) or ask(server.rpc, "files/stat?arg=/x").status == 200:
            return "something of it is there"
        settled(lambda: writers(server), lambda w: not w)
        run("ipfrs-gc")
        return "blocks stay" if blocks(server) else damage()
    finally:
        server.stop()


def within_limits(mode):
    """200 MB of one file, by processes that may have 48 MiB of data and 100 descriptors"""
    server = Node(mode)
    try:
        for pid in [server.proc.pid] + children(server.proc.pid):
            if not SAN:
                resource.prlimit(pid, resource.RLIMIT_DATA, (48 * MIB, 48 * MIB))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (100, 100))
        with Peak(server) as peak:
            c = Client(server.rpc, timeout=120)
            begin(c, "add?pin=false&raw-leaves=true")
            c.send(chunk(part(b"").rsplit(b"\r\n--x--", 1)[0]))
            piece = chunk(bytes(MIB))
            for _ in range(200):
                c.send(piece)
            c.send(chunk(b"\r\n--x--\r\n") + b"0\r\n\r\n")
            a = c.read("POST")
            c.close()
        if a.status != 200 or a.get("x-stream-error"):
            return "%d %r" % (a.status, a.body[-300:])
        size = values(ask(server.rpc, query("files/stat", "/ipfs/" + values(a)[-1]["Hash"])))[0]["Size"]
        return "%d bytes" % size if size != 200 * MIB else "%d MiB" % (peak.most // MIB) if peak.most > BOUND else None
    finally:
        server.stop()


LINES = 20000


def lazy(mode):
    """those who ask for 20,000 lines and read none of them grow nothing; when they read, all is there"""
    server = Both("-m", mode, settings=[("serve.log", "off"), ("serve.send-seconds", "300")])
    try:
        body = form([("text/plain", "file", str(i), b"line %d" % i) for i in range(LINES)])
        if len(values(send(server.rpc, "add?raw-leaves=true", body, 65536))) != LINES:
            return "they were not added"
        paths = ["refs/local", "pin/ls", "pin/ls?stream=true", "repo/ls"]
        with Peak(server) as usual:
            for path in paths:
                ask(server.rpc, path)
        with Peak(server) as peak:
            clients = [asks(server.sock, path) for path in paths * 3]	# where the kernel holds little
            for c in clients:
                c.sock.recv(1, socket.MSG_PEEK)
            for i in range(50):
                if post(server.rpc, "add", b"meanwhile %d" % i).status != 200:
                    return "others are not answered"
        for c, path in zip(clients, paths * 3):
            a = c.read("POST")
            c.close()
            n = len(values(a)) if path != "pin/ls" else len(values(a)[0]["Keys"])
            if not a.clean or n < LINES:
                return "%s: %d in the end" % (path, n)
        print("# at most %.1f MiB, %.1f where they are read" % (peak.most / MIB, usual.most / MIB))
        return None if peak.most < usual.most + (BOUND if SAN else 4 * MIB) else "%d MiB" % (peak.most // MIB)
    finally:
        server.stop()


def asks(address, path):
    c = Client(address, timeout=60)
    c.send(("POST /api/v0/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" % path).encode())
    return c


TESTS = [multipart, bad_values, arguments, queries, tiny_parts]
ALONE = [too_long, within_limits, lazy]


def main():
    wanted = sys.argv[1:]
    bad = 0
    for mode in ("pool", "fork"):
        tests = [t for t in TESTS if not wanted or t.__name__ in wanted]
        server = Node(mode) if tests else None
        if server:
            with Peak(server) as peak:
                for t in tests:
                    bad += tell(mode, t, server)
            text = server.said()
            rc = server.stop() or "Sanitizer" in text or "runtime error" in text or peak.most > BOUND
            bad += rc != 0
            print("%sok - rpc, %s: the server ends well, and was never large" % ("not " if rc else "", mode))
            print("# at most %.1f MiB" % (peak.most / MIB))
            if bad:
                print("# " + "\n# ".join(text.splitlines()[-20:]))
        for t in ALONE:
            if not wanted or t.__name__ in wanted:
                bad += tell(mode, t, mode)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
