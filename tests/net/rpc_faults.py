#!/usr/bin/env python3
"""rpc_faults.py [TEST ...] - Kubo's RPC when uploads are cut, signals come, disks are full, and many write (TAP).

Loopback only.  What was acknowledged is there; what was not is there whole or not at all.
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from rpc import MIB, Slow, address_of, begin, chunk, part, post, settled, tell, values, writers  # noqa: E402
from rpc_files import ask, form, send  # noqa: E402
from server import Server, run  # noqa: E402

CUTS = 60


class Node(Server):
    """a server of the RPC alone, at `rpc`"""

    def __init__(self, mode, **kw):
        super().__init__("-m", mode, "-a", "none", "-r", "127.0.0.1:0",
                         settings=[("serve.log", "off")] + kw.pop("settings", []), **kw)

    def start(self):
        super().start()
        self.rpc = address_of(self.url)


def query(command, *args, **options):
    pairs = [("arg", a) for a in args] + [(k.replace("_", "-"), v) for k, v in options.items()]
    return command + "?" + urllib.parse.urlencode(pairs)


def message(a):
    """what an answer says went wrong: in its body, or in its trailer"""
    if a.status == 200:
        return a.get("x-stream-error") or ""
    try:
        return json.loads(a.body)["Message"]
    except ValueError:
        return a.body.decode("utf-8", "replace").strip()


def blocks(server):
    return {v["Ref"] for v in values(ask(server.rpc, "refs/local"))}


def pins(server):
    return set(values(ask(server.rpc, "pin/ls"))[0].get("Keys", ()))


def damage():
    """what ipfrs-fsck finds, or None"""
    p = run("ipfrs-fsck", check=False)
    return "fsck %d: %s" % (p.returncode, (p.stdout + p.stderr).decode()[:400]) if p.returncode else None


def quiet(server):
    return settled(lambda: writers(server), lambda w: not w)


# ---- uploads that are cut ----

def cut(address, path, body, at, i):
    """the first `at` bytes of a body, and no more: closed, reset, or only nothing more; what was answered until then"""
    c, said = Client(address), b""
    try:
        begin(c, path, len(body) if i % 2 else None)
        c.send(body[:at] if i % 2 else b"%x\r\n" % len(body) + body[:at])
        if i % 3 == 0:
            c.sock.shutdown(socket.SHUT_WR)
            while c.more():
                pass
            said = c.buf
        elif i % 3 == 1:
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass				# it was answered before all was sent
    c.close()
    return said


def cut_everywhere(server, path, body, told, missing=b"x--\r\n"):
    """cut at places all over the body, the last is where `missing` follows: what is wrong, or None.  Behind a boundary
    a file is whole, which is all that some want.  told: what may not be said"""
    end = len(body) - len(missing)
    for i in range(CUTS):
        said = cut(server.rpc, path, body, end * i // (CUTS - 1), i)
        if told in said:
            return "cut at %d of %d: %r" % (end * i // (CUTS - 1), len(body), said[-300:])
    return None if quiet(server) else "%r go on writing" % writers(server)


def as_before(server, was, pinned):
    """no pin more, a good store, and of what was sent no block behind a collection"""
    bad = damage()

    def left():				# while a worker has not heard yet that its client is gone, it may keep some
        run("ipfrs-gc")
        return blocks(server) ^ was
    if not bad and not settled(left, lambda l: not l):
        bad = "%d blocks stay" % len(left())
    return bad or ("pinned is %r" % (pins(server) ^ pinned) if pins(server) != pinned else None)


def cut_uploads(server):
    """uploads that are cut at 60 places: nothing is pinned, no root is told, and nothing stays"""
    run("ipfrs-gc")
    was, pinned = blocks(server), pins(server)
    one = form([("text/plain", "file", "one", os.urandom(80000))])
    five = form([("text/plain", "file", "top/%d" % i, os.urandom(20000)) for i in range(5)])
    for path, body, told in (("add?chunker=size-16384", one, b'"Name":"one","Hash"'),
                             ("add?chunker=size-16384&progress=true", one, b'"Name":"one","Hash"'),
                             ("add?wrap-with-directory=true", five, b'"Name":"","Hash"'),
                             ("add?progress=true", five, b'"Name":"top","Hash"')):
        missing = b"-\r\n" if body is five else b"x--\r\n"
        bad = cut_everywhere(server, path, body, told, missing) or as_before(server, was, pinned)
        if bad:
            return "%s: %s" % (path, bad)
    return None


def cut_others(server):
    """the same of files/write, dag/import, block/put and dag/put: the old file stays, nothing is pinned or stored"""
    old, new = os.urandom(50000), os.urandom(80000)
    if send(server.rpc, "files/write?arg=/f&create=true", part(old)).status != 200:
        return "no file"
    top = values(send(server.rpc, "add?pin=false&chunker=size-16384", part(os.urandom(80000))))[-1]["Hash"]
    car = ask(server.rpc, "dag/export?arg=" + top).body
    single = values(post(server.rpc, "add?only-hash=true&raw-leaves=true", new))[-1]["Hash"]
    run("ipfrs-gc")
    was, pinned = blocks(server), pins(server)
    for path, data, told in (("files/write?arg=/f&truncate=true", new, b" 200 "),
                             ("files/write?arg=/f&offset=1000&flush=false", new, b" 200 "),
                             ("files/write?arg=/new/there&create=true&parents=true", new, b" 200 "),
                             ("dag/import", car, b'"Root"'),
                             ("block/put?cid-codec=raw&pin=true", new, b'"Key"'),
                             ("dag/put?pin=true", json.dumps({"a": "b" * 70000}).encode(), b'"Cid"')):
        bad = cut_everywhere(server, path, part(data), told)
        if not bad and ask(server.rpc, "files/read?arg=/f").body != old:
            bad = "the file is another"
        if not bad and ask(server.rpc, "files/stat?arg=/new").status != 500:
            bad = "there is a folder"
        if not bad and ask(server.rpc, query("block/stat", single, offline=1)).status != 500:
            bad = "the block is there"
        bad = bad or as_before(server, was, pinned)
        if bad:
            return "%s: %s" % (path, bad)
    return None


# ---- many who write ----

def in_turn(address, steps):
    """requests on one connection, one after the other; statuses other than 200"""
    c, bad = Client(address, timeout=60), []
    for path, data in steps:
        body = part(data) if data is not None else b""
        fields = {"Content-Type": "multipart/form-data; boundary=x"} if body else {}
        a = c.ask("POST", "/api/v0/" + path, "x", fields, body)
        if a.status != 200:
            bad.append("%s: %d %s" % (path, a.status, message(a)))
        if a.get("connection") == "close":
            c.close()
            c = Client(address, timeout=60)
    c.close()
    return bad


def changes(who):
    """100 files written, most of them moved, some of these removed; what has to be there in the end"""
    steps, there = [], {}
    for i in range(100):
        name, data = "%s%d" % (who, i), b"%s %d\n" % (who.encode(), i)
        steps.append((query("files/write", "/both/" + name, create=1, parents=1), data))
        if i % 4:
            steps.append((query("files/mv", "/both/" + name, "/both/moved-" + name), None))
            name = "moved-" + name
        if i % 4 == 3:
            steps.append((query("files/rm", "/both/" + name), None))
        else:
            there[name] = data
    return steps, there


def together(server):
    """two who change one folder at the same time: every change that was acknowledged is there"""
    sides = [changes("a"), changes("b")]
    bad, want = [], {**sides[0][1], **sides[1][1]}
    threads = [threading.Thread(target=lambda s=s: bad.extend(in_turn(server.rpc, s[0]))) for s in sides]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    if bad:
        return "%d failed: %s" % (len(bad), bad[0])
    got = {e["Name"] for e in values(ask(server.rpc, "files/ls?arg=/both"))[0]["Entries"]}
    if got != set(want):
        return "differs by %r" % sorted(got ^ set(want))[:5]
    for name, data in want.items():
        if ask(server.rpc, query("files/read", "/both/" + name)).body != data:
            return "%s has not what was written" % name
    return damage()


# ---- signals ----

def waits_for(server, path, data=b""):
    """an upload of which the beginning is with a worker that writes, as those before"""
    others = len(writers(server))
    s = Slow(server.rpc, path)
    s.piece(data or b"s" * 100000)
    settled(lambda: writers(server), lambda w: len(w) > others)
    return s


def ended(mode):
    """SIGTERM while files are written and an archive comes: they are finished, acknowledged, and there"""
    server = Node(mode)
    try:
        top = values(post(server.rpc, "add?pin=false", os.urandom(600000)))[-1]["Hash"]
        car = ask(server.rpc, "dag/export?arg=" + top).body
        sides = [(waits_for(server, "files/write?arg=/late&create=true"), b"t" * 100000),
                 (waits_for(server, "dag/import", car[:300000]), car[300000:])]
        server.proc.terminate()
        if not settled(lambda: listens(server), lambda yes: not yes):
            return "it still listens"
        answers = []
        for s, rest in sides:
            s.piece(rest)
            s.end()
            answers.append(s.c.read("POST"))
        rc = server.proc.wait(60)
        server.start()
        if rc or [a.status for a in answers] != [200, 200] or any(a.get("x-stream-error") for a in answers):
            return "exit %d, answers %r" % (rc, [(a.status, a.body) for a in answers])
        if ask(server.rpc, "files/read?arg=/late").body != b"s" * 100000 + b"t" * 100000:
            return "the file is not there"
        return None if top in pins(server) else "the root is not pinned"
    finally:
        server.stop()


def listens(server):
    try:
        Client(server.rpc, timeout=2).close()
        return True
    except OSError:
        return False


def hung_up(mode):
    """SIGHUP while uploads are under way: they go on, and end as if nothing had been"""
    server = Node(mode)
    try:
        add = waits_for(server, "add?progress=true", b"s" * MIB)
        add.head()
        write = waits_for(server, "files/write?arg=/held&create=true")
        server.proc.send_signal(signal.SIGHUP)
        for i in range(20):			# by workers from before and after
            if post(server.rpc, "add", b"meanwhile %d" % i).status != 200:
                return "nobody is answered"
        add.piece(b"h" * MIB)
        add.end()
        cid = (add.last() or {}).get("Hash")
        write.end()
        a = write.c.read("POST")
        if a.status != 200 or ask(server.rpc, "files/read?arg=/held").body != b"s" * 100000:
            return "the file: %d" % a.status
        if not cid or cid not in pins(server):
            return "what was added is %r" % cid
        return None if ask(server.rpc, "cat?arg=" + cid).body == b"s" * MIB + b"h" * MIB else "it is not whole"
    finally:
        server.stop()


# ---- a full disk ----

class Disk:
    """a small filesystem, and what fills it; to be mounted by root only"""

    def __init__(self, mib):
        self.at = tempfile.mkdtemp(prefix="ipfrs-disk-")
        self.filler = os.path.join(self.at, "filler")
        p = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % mib, "tmpfs", self.at], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        self.mounted = p.returncode == 0

    def fill(self, leave):
        s = os.statvfs(self.at)
        with open(self.filler, "wb") as f:
            os.posix_fallocate(f.fileno(), 0, max(s.f_bavail * s.f_frsize - leave, 4096))

    def free(self):
        os.unlink(self.filler)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.at], check=True)
        os.rmdir(self.at)


def on_full(server, car, keep):
    """writes are refused, and say why; reads go on; all is as it was"""
    cid, data = keep
    big = os.urandom(6 * MIB)
    pinned = pins(server)
    for path, body in (("add", big), ("add?wrap-with-directory=true", big), ("files/write?arg=/f&truncate=true", big),
                       ("files/write?arg=/new&create=true", big), ("dag/import", car), ("add?progress=true", big)):
        a = send(server.rpc, path, part(body), 100000)
        if "no space left" not in message(a).lower():
            return "%s: %d %r %r" % (path, a.status, message(a), a.body[-200:])
        if (a.status == 200) != ("progress" in path):
            return "%s: %d" % (path, a.status)
        if ask(server.rpc, "cat?arg=" + cid).body != data or ask(server.rpc, "files/read?arg=/f").body != data:
            return "reading, after %s" % path
    if ask(server.rpc, "files/stat?arg=/new").status == 200 or pins(server) != pinned:
        return "something of it is there"
    return damage()


def on_nothing(server, disk, keep):
    """not a byte is free: small changes are made or refused, never half"""
    for i in range(20):
        a = post(server.rpc, "files/write?arg=/small&create=true&truncate=true", b"%d\n" % i * 3000)
        b = ask(server.rpc, "files/read?arg=/small")
        if a.status == 200 and b.body != b"%d\n" % i * 3000:
            return "acknowledged, and not there"
        if a.status != 200 and "no space left" not in message(a).lower():
            return "files/write: %d %r" % (a.status, message(a))
        if a.status != 200:
            break
    else:
        return "it was never full"
    for path in ("add", "block/put", "key/gen?arg=k%d" % i, "config?arg=X.y&arg=z"):
        a = post(server.rpc, path, b"a little\n")
        if a.status != 200 and "no space left" not in message(a).lower():
            return "%s: %d %r" % (path, a.status, message(a))
    if ask(server.rpc, "cat?arg=" + keep[0]).body != keep[1]:
        return "nothing is read"
    return damage()


def full_disk(mode):
    """a full disk: writes are refused with words that say so, reads go on, and with space there is all goes on"""
    disk, server = Disk(24), None
    tempfile.tempdir = disk.at
    try:
        server = Node(mode)
        data = os.urandom(500000)
        keep = values(post(server.rpc, "add", data))[-1]["Hash"], data
        if post(server.rpc, "files/write?arg=/f&create=true", data).status != 200:
            return "no file"
        top = values(post(server.rpc, "add?pin=false", os.urandom(6 * MIB)))[-1]["Hash"]
        car = ask(server.rpc, "dag/export?arg=" + top).body
        run("ipfrs-gc")
        for leave, check in ((2 * MIB, lambda: on_full(server, car, keep)), (0, lambda: on_nothing(server, disk, keep))):
            disk.fill(leave)
            bad = check()
            disk.free()
            if bad:
                return "%d bytes free: %s" % (leave, bad)
            run("ipfrs-gc")
            answers = [post(server.rpc, "add", b"after"), post(server.rpc, "files/write?arg=/g&create=true", data),
                       send(server.rpc, "dag/import", part(car))]
            if [a.status for a in answers] != [200] * 3 or top not in pins(server):
                return "with space again: %r" % [(a.status, a.body[-200:]) for a in answers]
            ask(server.rpc, "pin/rm?arg=" + top)
        return damage()
    finally:
        tempfile.tempdir = None
        if server:
            server.stop()
        disk.close()


TESTS = [cut_uploads, cut_others, together]
ALONE = [ended, hung_up, full_disk]


def may_mount():
    disk = Disk(1)
    disk.close()
    return disk.mounted


def main():
    wanted = sys.argv[1:]
    bad = 0
    for mode in ("pool", "fork"):
        tests = [t for t in TESTS if not wanted or t.__name__ in wanted]
        server = Node(mode) if tests else None
        for t in tests:
            bad += tell(mode, t, server)
        if server:
            said = server.said()
            rc = server.stop() or "Sanitizer" in said or "runtime error" in said
            bad += rc != 0
            print("%sok - rpc, %s: the server ends well, whatever was cut" % ("not " if rc else "", mode))
            if bad:
                print("# " + "\n# ".join(said.splitlines()[-20:]))
        for t in ALONE:
            if wanted and t.__name__ not in wanted:
                continue
            if t is full_disk and not may_mount():
                print("ok - rpc, %s: a full disk # SKIP may not mount here" % mode)
            else:
                bad += tell(mode, t, mode)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
