#!/usr/bin/env python3
"""rpc.py [TEST ...] - the addresses of Kubo's RPC beside those of the gateway: what serves them (TAP).  Loopback only."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from server import BIN, Server, run  # noqa: E402

SMALL = "bafkqabtimvwgy3yk"		# an identity CID: "hello\n"
MIB = 1 << 20
SERVE = os.path.join(BIN, "ipfrs-serve")


def address_of(line):
    text = line.split("//")[-1].split("/api/v0")[0].rstrip("/")
    if line.startswith("unix:"):
        return line[5:]
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


class Both(Server):
    """a gateway and the RPC at TCP and a unix socket; `rpc` and `sock` are where"""

    def __init__(self, *options, **kw):
        self.place = os.path.join("/tmp", "ipfrs-rpc.%d.%d" % (os.getpid(), id(self)))
        super().__init__("-r", "127.0.0.1:0", "-r", "unix:" + self.place, "-A", self.place + ".api", *options, **kw)
        self.lines = [self.url] + [self.proc.stdout.readline().decode().strip() for _ in range(2)]
        self.rpc, self.sock = address_of(self.lines[1]), address_of(self.lines[2])

    def api(self):
        try:
            with open(self.place + ".api") as f:
                return f.read()
        except FileNotFoundError:
            return None


# ---- requests ----

def part(data, name="file"):
    return (b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: application/octet-stream\r\n'
            b"\r\n%s\r\n--x--\r\n" % (name.encode(), data))


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def begin(c, path, length=None):
    how = "Transfer-Encoding: chunked" if length is None else "Content-Length: %d" % length
    c.send(("POST /api/v0/%s HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n%s\r\n\r\n" %
            (path, how)).encode())


def post(address, path, data=b"", name="file"):
    c = Client(address)
    body = part(data, name)
    begin(c, path, len(body))
    c.send(body)
    a = c.read("POST")
    c.close()
    return a


def values(a):
    return [json.loads(line) for line in a.body.decode().splitlines()]


def refused(address, path="/api/v0/add"):
    """1: whoever is there does not know the RPC"""
    c = Client(address)
    a = c.ask("POST", path, "x", body=b"")
    c.close()
    return a.status == 404 and a.body == b"404 page not found\n"


def answers(address, path="/api/v0/add"):
    """1: the RPC is there (a GET is refused in its words)"""
    c = Client(address)
    a = c.ask("GET", path, "x")
    c.close()
    return a.status == 405 and a.body == b"405 - Method Not Allowed\n"


def gets(server, cid):
    c = Client(server.address)
    a = c.ask("GET", "/ipfs/" + cid, server.netloc)
    c.close()
    return a.body if a.status == 200 else None


def writers(server):
    """processes that write, and do not only have the store open for that: they hold its lock"""
    found, todo = [], [server.proc.pid]
    while todo:
        p = todo.pop()
        try:
            with open("/proc/%d/task/%d/children" % (p, p)) as f:
                todo += [int(x) for x in f.read().split()]
            for fd in os.listdir("/proc/%d/fd" % p):
                if os.readlink("/proc/%d/fd/%s" % (p, fd)) == os.path.join(server.env["IPFRS_PATH"], "lock"):
                    with open("/proc/%d/fdinfo/%s" % (p, fd)) as f:
                        found += [p] if "FLOCK" in f.read() else []
        except OSError:
            pass
    return found


def settled(measure, want, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if want(measure()):
            return True
        time.sleep(.05)
    return False


class Slow:
    """an upload in pieces, and what is answered meanwhile"""

    def __init__(self, address, path="add?progress=true"):
        self.c = Client(address)
        self.text = b""
        begin(self.c, path)
        self.c.send(chunk(part(b"").rsplit(b"\r\n--x--", 1)[0]))

    def piece(self, data):
        self.c.send(chunk(data))

    def line(self):
        """the next value of the answer; None behind the last chunk"""
        while b"\n" not in self.text:
            size = self.c.until(b"\r\n")
            if not size or int(size, 16) == 0:
                return None
            self.text += self.c.exactly(int(size, 16))[0]
            self.c.until(b"\r\n")
        line, self.text = self.text.split(b"\n", 1)
        return json.loads(line)

    def last(self):
        """the value with the CID"""
        v = self.line()
        while v and "Hash" not in v:
            v = self.line()
        return v

    def head(self):
        return self.c.until(b"\r\n\r\n")

    def end(self):
        self.c.send(chunk(b"\r\n--x--\r\n") + b"0\r\n\r\n")


# ---- tests: each returns None, or what is wrong ----

def ready_lines(server):
    """who listens is told: the gateway, then the RPC, and the file has its first address"""
    if not server.lines[1].endswith("/api/v0/") or server.lines[2] != "unix:" + server.place:
        return "lines are %r" % server.lines
    if server.api() != "/ip4/127.0.0.1/tcp/%d" % server.rpc[1]:
        return "the file says %r" % server.api()
    return None if "RPC listening at" in server.said() else server.said()


def groups(server):
    """the RPC is not at the gateway's addresses, and the gateway is not at those of the RPC"""
    if not refused(server.address):
        return "the gateway's address knows the RPC"
    for at in (server.rpc, server.sock):
        if not answers(at):
            return "no RPC at %r" % (at,)
        for path in ("/ipfs/" + SMALL, "/", "/api/v1"):
            c = Client(at)
            a = c.ask("GET", path, "x")
            c.close()
            if a.status != 404 or a.body != b"404 page not found\n":
                return "%s at the RPC is answered %d" % (path, a.status)
        c = Client(at)
        if c.ask("GET", "/health/ready", "x").status != 200 or c.ask("GET", "/metrics", "x").status != 200:
            return "health or measurements are missing at %r" % (at,)
        c.close()
    return None


def added(server):
    """what is added at one address is served at the other; nobody writes in between"""
    for i, at in enumerate((server.rpc, server.sock, server.rpc)):
        data = b"number %d %s\n" % (i, os.urandom(8).hex().encode())
        a = post(at, "add", data)
        if a.status != 200:
            return "add was answered %d %r" % (a.status, a.body[:200])
        if gets(server, values(a)[-1]["Hash"]) != data:
            return "it is not served"
    if not settled(lambda: writers(server), lambda w: not w, 5):
        return "%r keep the store open for writing" % writers(server)
    run("ipfrs-reindex")			# wants the store for itself
    return None


def collected(server):
    """a worker that has answered holds nothing back from a collection"""
    cid = values(post(server.rpc, "add?pin=false", os.urandom(100000)))[-1]["Hash"]
    if gets(server, cid) is None:
        return "it was not added"
    out = run("ipfrs-gc").stdout.decode()
    if "blocks\t0\n" in out or gets(server, cid) is not None:
        return "it was not collected: " + out
    return None


def early_answer(server):
    """progress is told while the body is still being sent"""
    for at in (server.rpc, server.sock):
        s, sent = Slow(at), 0
        seen = -1
        for _ in range(3):
            s.piece(b"a" * MIB)
            sent += MIB
            if seen < 0:
                head = s.head()
                if b" 200 " not in head or b"\r\nconnection: close" not in head:
                    return "the head is %r" % head
            while seen < sent - MIB // 2:		# it is told of every 256 KiB or so
                v = s.line()
                if v is None:
                    return "the answer ended at %d of %d" % (seen, sent)
                if v["Bytes"] > sent:
                    return "%d bytes of %d" % (v["Bytes"], sent)
                seen = v["Bytes"]
        s.end()
        v = s.last()
        if not v or gets(server, v["Hash"]) != b"a" * sent:
            return "in the end: %r" % v
        if s.line() is not None or s.c.until(b"\r\n") != b"":
            return "no end"
        if s.c.more():
            return "it was to be closed"
    return None


def large(server):
    """a body beyond what the gateway would take"""
    c = Client(server.rpc, timeout=120)
    begin(c, "add?pin=false")
    first, last = part(b"").rsplit(b"\r\n--x--", 1)
    c.send(chunk(first))
    for _ in range(110):
        c.send(chunk(bytes(MIB)))
    c.send(chunk(b"\r\n--x--" + last) + b"0\r\n\r\n")
    a = c.read("POST")
    c.close()
    return None if a.status == 200 and values(a)[-1]["Size"] else "%d %r" % (a.status, a.body[:200])


def cut_upload(server):
    """who leaves in the middle has added nothing, and leaves nobody behind"""
    pins = run("ipfrs-pin", "ls").stdout
    for at in (server.rpc, server.sock):
        for path in ("add?progress=true", "add?progress=false"):
            for reset in (False, True):
                s = Slow(at, path)
                s.piece(b"c" * 3 * MIB)
                if "true" in path:
                    s.head()
                else:
                    settled(lambda: writers(server), lambda w: w, 10)
                if reset:
                    s.c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                s.c.close()
                if not settled(lambda: writers(server), lambda w: not w, 4):
                    return "it goes on writing (%s)" % path
    if run("ipfrs-pin", "ls").stdout != pins:
        return "something was pinned"
    return None if post(server.rpc, "add", b"after").status == 200 else "the next one is not answered"


def killed(server):
    """a worker that is killed costs its own request; others and the gateway go on"""
    for early in (True, False):
        s = Slow(server.rpc, "add?progress=%s" % str(early).lower())
        s.piece(b"k" * MIB)
        if early:
            s.head()
        if not settled(lambda: writers(server), lambda w: len(w) == 1, 10):
            return "writers: %r" % writers(server)
        os.kill(writers(server)[0], signal.SIGKILL)
        if not early:
            a = s.c.read("POST")
            if a.status != 500:
                return "answered %d" % a.status
        else:
            try:
                while s.c.more():
                    s.c.buf = s.c.buf[-64:]
                if s.c.buf.endswith(b"0\r\n\r\n"):
                    return "it ended as if it were whole"
            except OSError:
                pass			# a reset shows it as well
        s.c.close()
        if post(server.rpc, "add", b"next").status != 200 or gets(server, SMALL) != b"hello\n":
            return "nobody is answered afterwards"
    return None


def crowd(server):
    """many at one time, at both"""
    bad = []

    def one(i):
        try:
            data = b"%d\n" % i * 1000
            a = post(server.rpc if i % 2 else server.sock, "add", data)
            if a.status != 200 or gets(server, values(a)[-1]["Hash"]) != data:
                bad.append((a.status, a.body[:100]))
        except (OSError, EOFError, ValueError) as e:
            bad.append(repr(e))
    threads = [threading.Thread(target=one, args=(i,)) for i in range(40)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return "%d failed: %r" % (len(bad), bad[0]) if bad else None


def reload(server):
    """SIGHUP: who may ask is read anew, for the RPC only"""
    conf = {"API": {"Authorizations": {"a": {"AuthSecret": "bearer:t", "AllowedPaths": ["/api/v0"]}}}}
    with open(os.path.join(server.env["IPFRS_PATH"], "token/kubo.json"), "w") as f:
        json.dump(conf, f)
    if not answers(server.rpc):
        return "it was read before"
    server.proc.send_signal(signal.SIGHUP)
    if not settled(lambda: [post(at, "add", b"x").status for at in (server.rpc, server.sock)], lambda s: s == [403, 403], 10):
        return "it was not read"
    c = Client(server.rpc)
    body = part(b"x")
    a = c.ask("POST", "/api/v0/add", "x", {"Authorization": "Bearer t", "Content-Type": "multipart/form-data; boundary=x"},
              body)
    if a.status != 200 or gets(server, SMALL) != b"hello\n":
        return "answered %d" % a.status
    os.unlink(os.path.join(server.env["IPFRS_PATH"], "token/kubo.json"))
    server.proc.send_signal(signal.SIGHUP)
    time.sleep(.5)
    return None if post(server.rpc, "add", b"x").status == 403 else "it is open again without a new start"


TESTS = [ready_lines, groups, added, collected, early_answer, large, cut_upload, killed, crowd, reload]


# ---- servers of their own ----

def drained(mode):
    """SIGTERM: what is under way at either is finished, then all is gone"""
    server = Both("-m", mode)
    s = Slow(server.rpc)
    s.piece(b"d" * MIB)
    s.head()
    g = Client(server.address)
    g.send(b"GET /ipfs/%s HTTP/1.1\r\nHost:" % SMALL.encode())
    time.sleep(.5)				# it has been read so far
    server.proc.send_signal(signal.SIGTERM)
    time.sleep(.5)
    try:
        Client(server.rpc, timeout=2).close()
        return "it still listens"
    except OSError:
        pass
    if server.proc.poll() is not None:
        return "it did not wait"
    g.send(b" x\r\n\r\n")
    a = g.read()
    s.end()
    v = s.last()
    rc = server.proc.wait(timeout=30)
    if server.api() is not None or os.path.exists(server.place):
        return "something of it stays"
    if a.status != 200 or not v or rc:
        return "gateway %d, RPC %r, exit %d" % (a.status, v, rc)
    have = run("ipfrs-pin", "ls").stdout.decode()
    server.stop()
    return None if v["Hash"] in have else "what was acknowledged is not there"


def too_long(mode):
    """rpc.max-body: 413 before a byte is read, or as soon as it is passed"""
    server = Both("-m", mode, settings=[("rpc.max-body", "1MiB")])
    try:
        c = Client(server.rpc)
        begin(c, "add", 2 * MIB)
        if c.read("POST").status != 413:
            return "its length was not looked at"
        c.close()
        c = Client(server.rpc)
        begin(c, "add?progress=false")
        c.send(chunk(part(b"").rsplit(b"\r\n--x--", 1)[0]) + chunk(b"l" * (MIB // 2)) * 3)
        a = c.read("POST")
        c.close()
        if a.status != 413:
            return "answered %d" % a.status
        return None if post(server.rpc, "add", b"s" * (MIB // 2)).status == 200 else "less is refused, too"
    finally:
        server.stop()


def somebody_elses(mode):
    """a file that another one wrote is left alone"""
    server = Both("-m", mode)
    with open(server.place + ".api", "w") as f:
        f.write("/ip4/127.0.0.1/tcp/5001")
    server.stop()
    text = server.api()
    if text is not None:
        os.unlink(server.place + ".api")
    return None if text == "/ip4/127.0.0.1/tcp/5001" else "it says %r" % text


def multiaddrs(mode):
    """the file has the address as clients write it"""
    place = os.path.join("/tmp", "ipfrs-rpc-addr.%d" % os.getpid())
    for at, want in (("[::1]:0", "/ip6/::1/tcp/%d"), ("tls:127.0.0.1:0", "/ip4/127.0.0.1/tcp/%d/https"),
                     ("0.0.0.0:0", "/ip4/127.0.0.1/tcp/%d"), ("[::]:0", "/ip6/::1/tcp/%d"),
                     ("unix:%s.sock" % os.path.relpath(place), "/unix" + place + ".sock")):
        if ":" in at[:5] and "[" in at and not os.path.exists("/proc/net/if_inet6"):
            continue
        server = Server("-m", mode, "-a", "127.0.0.1:0", "-c", "self", "-r", at, "-A", place, "-o", "rpc.public=yes")
        line = server.proc.stdout.readline().decode().strip()
        with open(place) as f:
            text = f.read()
        server.stop()
        if text != (want if "unix" in at else want % address_of(line)[1]):
            return "%s is %s" % (at, text)
    return "it stays" if os.path.exists(place) else None


def shared(mode):
    """rpc.share: one address answers both, and the sites under it only what is theirs"""
    server = Server("-m", mode, settings=[("rpc.share", "yes")])
    try:
        if not answers(server.address) or gets(server, SMALL) != b"hello\n":
            return "not both are there"
        a = post(server.address, "add", b"shared")
        if a.status != 200 or gets(server, values(a)[-1]["Hash"]) != b"shared":
            return "add was answered %d" % a.status
        c = Client(server.address)
        a = c.ask("POST", "/api/v0/add", SMALL + ".ipfs.localhost:%d" % server.address[1], body=b"")
        c.close()
        return None if a.status == 405 and a.body != b"405 - Method Not Allowed\n" else "a site answers the RPC: %d" % a.status
    finally:
        server.stop()


def alone(mode):
    """-a none: only the RPC"""
    server = Server("-m", mode, "-a", "none", "-r", "127.0.0.1:0")
    try:
        at = address_of(server.url)
        return None if answers(at) and post(at, "add", b"x").status == 200 else "no RPC"
    finally:
        server.stop()


def ends(*options, **kw):
    """status and words of one that shall not start"""
    p = run("ipfrs-serve", *options, check=False, timeout=20, **kw)
    return p.returncode, p.stderr.decode()


def strangers(mode):
    """where others could reach it, it is not answered unless they have to show who they are, or it is meant so"""
    server = Server("-m", mode)			# for its store
    try:
        local = ["-m", mode, "-o", "serve.log=off", "-a", "127.0.0.1:0"]
        for options in (["-r", "0.0.0.0:0"], ["-r", "127.0.0.1:0", "-r", "[::]:0"], ["-a", "0.0.0.0:0", "-o", "rpc.share=yes"]):
            rc, said = ends(*local, *options)
            if rc != 2 or "API.Authorizations" not in said:
                return "%r: %d %s" % (options, rc, said)
        rc, said = ends("-i", "-r", "default")
        if rc != 2 or "serve.given" not in said:
            return "-i -r: %d %s" % (rc, said)
        rc, said = ends(*local, "-r", "127.0.0.1:0", "-A", "/nowhere/at/all")
        if rc != 1 or "/nowhere/at/all" not in said:
            return "-A: %d %s" % (rc, said)

        def starts(*options):
            p = subprocess.Popen([SERVE, "-u", *local, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            lines = [p.stdout.readline().decode() for _ in range(2)]
            p.terminate()
            return p.wait(timeout=30) == 0 and "/api/v0/" in lines[1]
        if not starts("-r", "0.0.0.0:0", "-o", "rpc.public=yes"):
            return "rpc.public does not help"
        with open(os.path.join(server.env["IPFRS_PATH"], "token/kubo.json"), "w") as f:
            f.write('{"API":{"Authorizations":{"a":{"AuthSecret":"bearer:t","AllowedPaths":["/api/v0"]}}}}')
        return None if starts("-r", "0.0.0.0:0") else "API.Authorizations does not help"
    finally:
        server.stop()


def given(mode):
    """serve.given: what is answered on a socket that was given"""
    server = Server("-m", mode)			# for its store
    try:
        for what, rpc, gateway in (("gateway", 0, 1), ("rpc", 1, 0), ("both", 1, 1)):
            s = socket.socket()
            s.bind(("127.0.0.1", 0))
            s.listen(64)
            p = subprocess.Popen([SERVE, "-i", "-q", "-m", mode, "-o", "serve.log=off", "-o", "serve.given=" + what],
                                 stdin=s, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            at = s.getsockname()
            s.close()
            c = Client(at)
            got = c.ask("GET", "/ipfs/" + SMALL, "x").status == 200
            c.close()
            has = answers(at)
            if rpc:
                has = has and post(at, "add", what.encode()).status == 200
            p.terminate()
            if p.wait(timeout=30) or has != rpc or got != gateway:
                return "%s: RPC %d, gateway %d, exit %d" % (what, has, got, p.returncode)
        # one client (inetd nowait)
        a, b = socket.socketpair()
        p = subprocess.Popen([SERVE, "-i", "-q", "-m", mode, "-o", "serve.log=off", "-o", "serve.given=rpc"], stdin=a,
                             stdout=a, stderr=subprocess.DEVNULL)
        a.close()
        body = part(b"one client")
        b.settimeout(20)
        b.sendall(b"POST /api/v0/add HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n"
                  b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" % len(body) + body)
        got = b""
        while True:
            more = b.recv(65536)
            if not more:
                break
            got += more
        b.close()
        return None if p.wait(timeout=30) == 0 and got.startswith(b"HTTP/1.1 200 ") and b'"Hash"' in got else "%r" % got
    finally:
        server.stop()


ALONE = [drained, too_long, somebody_elses, multiaddrs, shared, alone, strangers, given]


def tell(mode, t, *args):
    try:
        why = t(*args)
    except (OSError, EOFError, ValueError, KeyError, IndexError, RuntimeError, subprocess.SubprocessError) as e:
        why = repr(e)
    print("%sok - rpc, %s: %s" % ("not " if why else "", mode, t.__doc__), flush=True)
    if why:
        print("# %s: %s" % (t.__name__, why))
    return why is not None


def main():
    wanted = sys.argv[1:]
    bad = 0
    for mode in ("pool", "fork"):
        tests = [t for t in TESTS if not wanted or t.__name__ in wanted]
        server = Both("-m", mode, settings=[("serve.log", "off")]) if tests else None
        for t in tests:
            bad += tell(mode, t, server)
        if server:
            said = server.said()
            rc = server.stop() or "Sanitizer" in said or "runtime error" in said
            bad += rc != 0
            print("%sok - rpc, %s: the server ends well" % ("not " if rc else "", mode))
            if bad:
                print("# " + "\n# ".join(said.splitlines()[-20:]))
        for t in ALONE:
            if not wanted or t.__name__ in wanted:
                bad += tell(mode, t, mode)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
