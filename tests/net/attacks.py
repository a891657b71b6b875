#!/usr/bin/env python3
"""attacks.py - what strangers do to a server, and what becomes of the others meanwhile (TAP).  Loopback only."""
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from server import Server, run  # noqa: E402

SMALL = "bafkqabtimvwgy3yk"		# an identity CID: "hello\n"
BIG = 20 * 1024 * 1024
big = None


def fill():
    global big
    path = os.path.join(os.environ["IPFRS_PATH"], "big.tmp")
    with open(path, "wb") as f:
        f.write(os.urandom(BIG))
    big = run("ipfrs-add", "-q", path).stdout.decode().strip()
    os.unlink(path)


def fine(server, n=1, worst=None):
    """n requests on one connection are answered; the slowest in seconds is returned"""
    c = Client(server.address)
    slow = 0
    for _ in range(n):
        t = time.monotonic()
        a = c.ask("GET", "/ipfs/" + SMALL, server.netloc)
        slow = max(slow, time.monotonic() - t)
        if a.status != 200 or a.body != b"hello\n":
            return None
    c.close()
    return slow


def children(pid):
    out, todo = [], [pid]
    while todo:
        p = todo.pop()
        try:
            with open("/proc/%d/task/%d/children" % (p, p)) as f:
                kids = [int(x) for x in f.read().split()]
        except OSError:
            kids = []
        out += kids
        todo += kids
    return out


def descriptors(server):
    n = 0
    for p in [server.proc.pid] + children(server.proc.pid):
        try:
            n += len(os.listdir("/proc/%d/fd" % p))
        except OSError:
            pass
    return n


def settled(measure, want, seconds=30):
    """does it become what is wanted in that time?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if want(measure()):
            return True
        time.sleep(.1)
    return False


# ---- the attacks: each returns None, or what went wrong ----

def slowloris(server):
    """a thousand clients that dribble a head, byte by byte"""
    socks = []
    for _ in range(1000):
        s = socket.create_connection(server.address)
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        socks.append(s)
    slow = 0
    for _ in range(10):
        for s in socks:
            s.sendall(b"b")
        t = fine(server, 20)
        if t is None:
            return "a decent client was not answered"
        slow = max(slow, t)
    for s in socks:
        s.close()
    print("# slowest answer to the others: %.1f ms" % (slow * 1e3))
    return None


def slow_readers(server):
    """two hundred clients that ask for much and read nothing"""
    socks = []
    for _ in range(200):
        s = socket.create_connection(server.address)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(("GET /ipfs/%s HTTP/1.1\r\nHost: x\r\n\r\n" % big).encode())
        socks.append(s)
    time.sleep(.5)
    t = fine(server, 50)
    for s in socks:
        s.close()
    if t is None:
        return "a decent client was not answered"
    print("# slowest answer to the others: %.1f ms" % (t * 1e3))
    return None


def smuggling(server):
    """requests that two programs would read differently: refused, and the connection ends"""
    bodies = [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]
    for b in bodies:
        c = Client(server.address, timeout=15)
        # a request hidden behind it must not be answered
        c.send(b + b"GET /ipfs/" + SMALL.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            a = c.read()
        except EOFError:
            continue
        if not 400 <= a.status <= 505:
            return "%r was answered %d" % (b[:60], a.status)
        while c.more():
            pass
        if b"hello\n" in c.buf or b"HTTP/1.1 200" in c.buf:
            return "%r: what stood behind it was answered" % b[:60]
        c.close()
    return None


def bombs(server):
    """heads and targets that do not end, bodies that are too long"""
    for start, piece, want in ((b"GET /", b"a" * 1000, (414,)), (b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"a" * 1000, (431,)),
                               (b"GET / HTTP/1.1\r\nHost: x\r\n", b"A: b\r\n" * 100, (431,))):
        c = Client(server.address)
        try:
            c.send(start)
            for _ in range(1000):
                c.send(piece)
        except OSError:
            pass
        try:
            a = c.read()
        except (EOFError, OSError):
            continue			# it was cut off while we were still sending
        if a.status not in want:
            return "%r... was answered %d" % (start, a.status)
        c.close()
    c = Client(server.address)
    c.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n")
    a = c.read()
    return None if a.status == 413 else "a body without end was answered %d" % a.status


def traversal(server):
    """paths that climb, in every spelling"""
    up = ["/../../../etc/passwd", "/ipfs/%s/../../../etc/passwd" % SMALL, "/ipfs/..%2f..%2f..%2fetc%2fpasswd",
          "/%2e%2e/%2e%2e/etc/passwd", "/ipfs/%s/%%2e%%2e/%%2e%%2e/etc/passwd" % SMALL, "/ipfs/%s%%00" % SMALL,
          "/ipfs/%c0%ae%c0%ae/etc/passwd", "/ipfs/\\..\\..\\etc\\passwd", "//etc/passwd", "/ipfs/%zz", "/ipfs/%",
          "/ipfs/....//....//etc/passwd", "/ipns/../../etc/passwd"]
    for path in up:
        c = Client(server.address)
        a = c.ask("GET", path, server.netloc)
        if a.status < 300 or b"root:" in a.body:
            return "%s was answered %d" % (path, a.status)
        if (a.get("location") or "").startswith("//"):
            return "%s leads off to %s" % (path, a.get("location"))
        c.close()
    return None


def vanishing(server):
    """clients that leave in the middle: nothing of them stays"""
    before = descriptors(server)
    for _ in range(100):
        s = socket.create_connection(server.address)
        s.sendall(("GET /ipfs/%s HTTP/1.1\r\nHost: x\r\n\r\n" % big).encode())
        s.recv(1000)
        s.close()
    if not settled(lambda: descriptors(server), lambda n: n <= before + 20):
        return "%d descriptors before, %d after" % (before, descriptors(server))
    return None if fine(server, 5) is not None else "nobody is answered afterwards"


def killing(server):
    """workers killed at random: each costs its own request"""
    good = bad = 0
    end = time.monotonic() + 3
    while time.monotonic() < end:
        kids = children(server.proc.pid)
        # the youngest are workers; pumps and spawners are parents of others
        leaves = [p for p in kids if not children(p)]
        if leaves:
            try:
                os.kill(leaves[-1], 9)
            except OSError:
                pass
        try:
            a = Client(server.address).ask("GET", "/ipfs/" + SMALL, server.netloc)
            good += a.status == 200
            bad += a.status not in (200, 500, 502, 503)
        except (EOFError, OSError):
            bad += 0			# cut off: the client sees it
    if bad or not good:
        return "%d good, %d strange answers" % (good, bad)
    return None if settled(lambda: fine(server, 5), lambda t: t is not None) else "it did not recover"


def half_open(server):
    """connections that say nothing, in great number"""
    socks = [socket.create_connection(server.address) for _ in range(2000)]
    t = fine(server, 50)
    for s in socks:
        s.close()
    if t is None:
        return "a decent client was not answered"
    print("# slowest answer beside 2000 idle connections: %.1f ms" % (t * 1e3))
    return None


def pipelined(server):
    """a thousand requests in one piece, answered in order"""
    c = Client(server.address, timeout=60)
    c.send(b"".join(b"GET /ipfs/%s HTTP/1.1\r\nHost: x\r\nX-Request-ID: n%d\r\n\r\n" % (SMALL.encode(), i)
                    for i in range(1000)))
    for i in range(1000):
        a = c.read()
        if a.status != 200 or a.get("x-request-id") != "n%d" % i:
            return "answer %d is %d, of %s" % (i, a.status, a.get("x-request-id"))
    return None


def h2_floods(server):
    """HTTP/2: resets, pings, settings, empty frames without end"""
    def frame(kind, flags, stream, body=b""):
        return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body
    head = bytes([0x82, 0x84, 0x86]) + b"\x41\x01x"	# GET / http, :authority x
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
    floods = {
        "resets": b"".join(frame(1, 5, 2 * i + 1, head) + frame(3, 0, 2 * i + 1, b"\0\0\0\x08") for i in range(20000)),
        "pings": frame(6, 0, 0, b"\0" * 8) * 100000,
        "settings": frame(4, 0, 0, b"\0\x03\0\0\0\x64") * 100000,
        "continuations": frame(1, 1, 1, head) + frame(9, 0, 1, b"\x40\x01a\x01b") * 100000,
        "empty data": frame(1, 4, 1, head) + frame(0, 0, 1) * 200000,
        "priorities": frame(2, 0, 3, b"\0\0\0\0\x10") * 100000,
    }
    for name, bytes_ in floods.items():
        c = Client(server.address, timeout=20)
        ended = False
        try:
            c.send(preface)
            for at in range(0, len(bytes_), 65536):
                c.send(bytes_[at:at + 65536])
            while c.more():
                c.buf = c.buf[-64:]
            ended = True
        except socket.timeout:
            pass
        except OSError:
            ended = True
        c.close()
        if not ended:
            return "%s went on" % name
        if fine(server, 3) is None:
            return "nobody is answered after %s" % name
    return None


def main():
    tests = [slowloris, slow_readers, smuggling, bombs, traversal, vanishing, killing, half_open, pipelined, h2_floods]
    wanted = sys.argv[1:]
    bad = 0
    for mode in ("pool", "fork"):
        server = Server("-m", mode, fill=fill, settings=[("serve.log", "off"), ("serve.head-seconds", "5")])
        try:
            for t in tests:
                if wanted and t.__name__ not in wanted:
                    continue
                try:
                    why = t(server)
                except (OSError, EOFError) as e:
                    why = repr(e)
                if server.proc.poll() is not None:
                    why = "the server ended with %d: %s" % (server.proc.returncode, server.said()[-500:])
                print("%sok - attack, %s: %s" % ("not " if why else "", mode, t.__doc__), flush=True)
                if why:
                    bad += 1
                    print("# " + why)
                    if server.proc.poll() is not None:
                        break
        finally:
            said = server.said()
            rc = server.stop() if server.proc.poll() is None else 1
            if "Sanitizer" in said or "runtime error" in said:
                rc = 1
                print("# " + "\n# ".join(said.splitlines()[:40]))
            bad += rc != 0
            print("%sok - attack, %s: the server ends well" % ("not " if rc else "", mode))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
