#!/usr/bin/env python3
"""rpc_killed.py [MODE ...] - kill -9 of processes of Kubo's RPC while it writes (TAP).  Loopback only.

The parent, a pump, a spawner or a worker goes at a random moment; after a new start what was acknowledged is there, and
of what was not the old or the new.
"""
import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rpc import part, post, settled, tell, values, writers  # noqa: E402
from rpc_faults import Node, damage, message, pins, query  # noqa: E402
from rpc_files import ask, send  # noqa: E402

ROUNDS = 20				# a mode
SEED = 20


class Work(threading.Thread):
    """changes one after the other, until told to stop, or until one is not acknowledged; `done` is the last that was"""

    def __init__(self, server, last):
        super().__init__(daemon=True)
        self.server, self.done, self.halt, self.open = server, last, threading.Event(), False

    def run(self):
        while not self.halt.is_set():
            self.open = True
            try:
                a = self.change(self.done + 1)
            except (OSError, EOFError, ValueError, KeyError, IndexError):
                return
            if a.status != 200 or not a.clean or a.get("x-stream-error"):
                return
            self.open = False
            self.done += 1

    def look(self):
        """None, or what is wrong; `done` becomes what is found where that was open"""
        found = self.found()
        if found == self.done or self.open and found == self.done + 1:
            self.done = found
            return None
        return "%s: %d was acknowledged, found is %r" % (type(self).__name__, self.done, found)


class Write(Work):
    def change(self, n):
        return send(self.server.rpc, query("files/write", "/w", create=1, truncate=1), part(b"%d\n" % n * 9999))

    def found(self):
        a = ask(self.server.rpc, "files/read?arg=/w")
        if a.status != 200:
            return 0 if message(a) == "file does not exist" else message(a)
        lines = a.body.splitlines()
        return int(lines[0]) if len(lines) == 9999 and len(set(lines)) == 1 else "half"


class Update(Work):
    cids = {}

    def change(self, n):
        a = post(self.server.rpc, "add?pin=false", b"pinned %d" % n)
        if a.status != 200:
            return a
        self.cids[values(a)[0]["Hash"]] = n
        old = [c for c, i in self.cids.items() if i == n - 1]
        new = values(a)[0]["Hash"]
        return ask(self.server.rpc, query("pin/update", old[0], new) if old else query("pin/add", new))

    def found(self):
        have = [self.cids[p] for p in pins(self.server) if p in self.cids]
        return have[0] if len(have) == 1 else 0 if not have else have


class Rename(Work):
    def change(self, n):
        if n == 1:
            return ask(self.server.rpc, "key/gen?arg=k1")
        return ask(self.server.rpc, query("key/rename", "k%d" % (n - 1), "k%d" % n))

    def found(self):
        names = [k["Name"] for k in values(ask(self.server.rpc, "key/list"))[0]["Keys"]]
        have = [int(n[1:]) for n in names if n[0] == "k"]
        return have[0] if len(have) == 1 else 0 if not have else have


class Add(Work):
    """acknowledged: told the root to; `found` is about all there ever were"""
    cids = []

    def change(self, n):
        data = b"%d\n" % n * 20000
        a = post(self.server.rpc, "add", data)
        if a.status == 200 and a.clean and not a.get("x-stream-error"):
            self.cids.append((values(a)[-1]["Hash"], data))
        return a

    def found(self):
        have = pins(self.server)
        lost = [c for c, data in self.cids if c not in have]
        lost += [c for c, data in self.cids[-3:] if ask(self.server.rpc, "cat?arg=" + c).body != data]
        return self.done if not lost else "without %r" % lost


# ---- rounds ----

ROLES = ["parent", "pump", "spawner", "worker"]


def tree(pid, depth=0):
    """(depth, pid) of a server and all below it"""
    out = [(depth, pid)]
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            for kid in f.read().split():
                out += tree(int(kid), depth + 1)
    except OSError:
        pass
    return out


def born(pid):
    """when it was started, in ticks since the machine was; None: it is no more"""
    try:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return fields[19] if fields[0] not in "ZX" else None
    except OSError:
        return None


def end(server, known):
    """None if the server and all its processes go of themselves.  known: {pid: when it was started}"""
    known = {**known, **{p: born(p) for _, p in tree(server.proc.pid)}}
    if server.proc.poll() is None:
        server.proc.terminate()
    server.proc.wait(60)

    def left():
        return [p for p, when in known.items() if when and born(p) == when]
    if settled(left, lambda l: not l, 60):
        return None
    bad = "%d processes stay behind" % len(left())
    for p in left():
        os.kill(p, signal.SIGKILL)
    return bad


def one_round(server, rng, work):
    """some work, a kill in the middle, an end: how deep in the tree it was, and what is wrong, or None"""
    for w in work:
        w.start()
    begun = [w.done for w in work]
    settled(lambda: [not w.is_alive() or w.done > n for w, n in zip(work, begun)], all)
    time.sleep(rng.uniform(0, .08))
    every = tree(server.proc.pid)
    known = {p: born(p) for _, p in every}
    busy = writers(server)			# the most worth of all
    depth = rng.choice(sorted({d for d, _ in every}) + [ROLES.index("worker")] * bool(busy))
    victim = rng.choice(busy if busy and ROLES[depth] == "worker" else [p for d, p in every if d == depth])
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        depth = -1			# of mode fork: it had answered
    at = [w.done for w in work]
    settled(lambda: [not w.is_alive() or w.done > n for w, n in zip(work, at)], all)
    for w in work:
        w.halt.set()
    for w in work:
        w.join(60)
    if any(w.is_alive() for w in work):
        return depth, "somebody is not answered"
    return depth, end(server, known)


def killed(mode):
    """kill -9 of any of its processes, 20 times: old or new is there, and all that was acknowledged"""
    rng, last, kills = random.Random(SEED), [0, 0, 0, 0], []
    kinds = (Write, Update, Rename, Add)
    Update.cids, Add.cids = {}, []
    server = Node(mode)
    try:
        for i in range(ROUNDS):
            work = [kind(server, n) for kind, n in zip(kinds, last)]
            depth, bad = one_round(server, rng, work)
            kills.append(ROLES[depth] if depth >= 0 else "none")
            bad = bad or damage()
            server.start()
            bad = [bad] + [w.look() for w in work]
            if any(bad):
                return "round %d, of a %s: %s" % (i, kills[-1], "; ".join(b for b in bad if b))
            last = [w.done for w in work]
        print("# %s; acknowledged: %s" % (", ".join("%s %d" % (r, kills.count(r)) for r in sorted(set(kills))),
                                        ", ".join("%s %d" % (k.__name__, n) for k, n in zip(kinds, last))))
        return None if min(last) >= ROUNDS else "there was hardly any work: %r" % last
    finally:
        server.stop()


def main():
    bad = 0
    for mode in sys.argv[1:] or ("pool", "fork"):
        bad += tell(mode, killed, mode)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
