"""powercut.py SEED ROUNDS - cut the power at random moments, as SQLite's crash tests do.

The programs run once with record.c preloaded, which writes down every change to the store in order.
Then, many times over, a cut is placed after a random event and the disk is built as it might look:
what was synced is there; of what was not, each write is there, gone or torn at a sector, in no
particular order; names made and not synced with their folder are there up to some point.  After every
cut the store must open, ipfrs-fsck must find nothing wrong without repairing, and everything that
was acknowledged before the cut must be readable, and pinned if it was added; now and then with an index
made anew before that.
"""
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

BIN = os.environ["BIN"]
RECORD = os.environ["RECORD"]
seed, rounds = int(sys.argv[1]), int(sys.argv[2])
rng = random.Random(seed)
top = tempfile.mkdtemp(prefix="ipfrs-powercut.")
store, log = top + "/store", top + "/log"
SECTOR = 512


def run(args, record=False, store_at=store, **kw):
    env = dict(os.environ, IPFRS_PATH=store_at)
    if record:
        env.update(LD_PRELOAD=RECORD, RECORD_ROOT=store, RECORD_LOG=log)
    return subprocess.run([BIN + "/ipfrs-" + args[0]] + args[1:], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **kw)


def must(args, **kw):
    r = run(args, **kw)
    if r.returncode:
        sys.exit("%r: status %d: %s" % (args, r.returncode, r.stderr.decode()))
    return r.stdout.decode()


# ---- the work: add, several at a time, pin, unpin, write into the mutable files, collect, add again ----
def together(n):
    """small ones at the same time, which share commits; as work"""
    facts, env = [], dict(os.environ, IPFRS_PATH=store, LD_PRELOAD=RECORD, RECORD_ROOT=store, RECORD_LOG=log)
    for k in range(n):
        data = rng.randbytes(rng.choice([1, 100, 3000]) + k)
        p = subprocess.Popen([BIN + "/ipfrs-add", "-Q", "-"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        facts.append([p, data])
    for p, data in facts:
        p.stdin.write(data)
        p.stdin.close()
    for fact in facts:
        p, data = fact
        cid = p.stdout.read().decode().strip()
        if p.wait():
            sys.exit("ipfrs-add: status %d" % p.returncode)
        fact[:] = os.path.getsize(log), cid, data
    return [tuple(f) for f in facts]


def work():
    """[(log length when acknowledged, cid or path, bytes)], {either: log length when its removal began}"""
    facts, gone = [], {}
    for i in range(14):
        data = rng.randbytes(rng.choice([10, 5000, 300000, 600000]))
        path = "%s/f%d" % (top, i)
        with open(path, "wb") as f:
            f.write(data)
        cid = must(["add", "-Q", path], record=True).strip()
        facts.append((os.path.getsize(log), cid, data))
        facts += together(6)
        name = "/d%d/f%d" % (i % 3, i)
        must(["files", "write", "-e", "-p", name, path], record=True)
        facts.append((os.path.getsize(log), name, data))
        if i % 4 == 2:
            gone[name] = os.path.getsize(log)
            must(["files", "mv", name, "/moved%d" % i], record=True)
            facts.append((os.path.getsize(log), "/moved%d" % i, data))
        if i % 4 == 3:
            gone["/moved%d" % (i - 1)] = os.path.getsize(log)
            must(["files", "rm", "/moved%d" % (i - 1)], record=True)
            victim = rng.choice([c for _, c, _ in facts if c not in gone and c[0] != "/"])
            gone[victim] = os.path.getsize(log)
            must(["pin", "rm", victim], record=True)
            must(["gc"], record=True)
        if i == 9:
            must(["block", "put", "-"], input=b"loose", record=True)
    return facts, gone


def events(raw):
    at = 0
    while at < len(raw):
        (n,) = struct.unpack_from("<I", raw, at)
        body = raw[at + 4:at + 4 + n]
        at += 4 + n
        op, p = chr(body[0]), 1
        strs = []
        for _ in range({"R": 2, "L": 2, "A": 0}.get(op, 1)):
            (l,) = struct.unpack_from("<H", body, p)
            strs.append(body[p + 2:p + 2 + l].decode())
            p += 2 + l
        num = flag = None
        if op in "WT":
            (num,) = struct.unpack_from("<Q", body, p)
            p += 8
        if op == "W":
            flag = body[p]
            p += 1
        yield at, op, strs, num, flag, body[p:]


class File:
    """Durable bytes, and the writes since the last sync."""

    def __init__(self, data=b""):
        self.data, self.pending = bytearray(data), []

    @staticmethod
    def apply(data, op, num, bytes_):
        if op == "T":
            if num < len(data):
                del data[num:]
            else:
                data.extend(bytes(num - len(data)))
        else:
            if len(data) < num:
                data.extend(bytes(num - len(data)))
            data[num:num + len(bytes_)] = bytes_

    def sync(self):
        for w in self.pending:
            self.apply(self.data, *w)
        self.pending = []

    def cut(self):
        """One possible content after the cut."""
        data = bytearray(self.data)
        mode = rng.randrange(4)
        some = list(self.pending)
        if mode == 0:
            some = []                             # nothing reached the disk
        elif mode == 1:
            some = some[:rng.randrange(len(some) + 1)]
        else:
            some = [w for w in some if rng.random() < 0.5]
            rng.shuffle(some)
        for op, num, b in some:
            if op == "W" and len(b) > SECTOR and rng.random() < 0.3:
                b = b[:rng.randrange(len(b) // SECTOR + 1) * SECTOR]
            self.apply(data, op, num, b)
        return data


class Disk:
    """Names as they are (now) and as they are sure to be (durable); inodes below both."""

    def __init__(self, start):
        self.now, self.journal, self.gone = {}, [], set()
        for d, dirs, files in os.walk(start):
            rel = os.path.relpath(d, start)
            rel = "" if rel == "." else rel
            self.now[rel] = "dir"
            for f in files:
                with open(os.path.join(d, f), "rb") as h:
                    self.now[os.path.join(rel, f)] = File(h.read())
        self.durable = dict(self.now)

    @staticmethod
    def rename_in(names, a, b):
        for k in [k for k in names if k == a or k.startswith(a + "/")]:
            names[b + k[len(a):]] = names.pop(k)

    def change(self, names, entry):
        op, a, b, inode = entry
        if op in "CD":
            names[a] = inode
        elif op == "R":
            if a in names:
                for k in [k for k in names if k == b or k.startswith(b + "/")]:
                    del names[k]
                self.rename_in(names, a, b)
        elif op == "L":
            names[b] = inode
        elif op == "U":
            for k in [k for k in names if k == a or k.startswith(a + "/")]:
                del names[k]

    def event(self, op, strs, num, flag, data):
        # who makes a file says so after it, and meanwhile another may have found it, and written to it
        if op == "C" and isinstance(self.now.get(strs[0]), File):
            return
        if op in "WT" and strs[0] not in self.now and strs[0] not in self.gone:
            self.event("C", strs, None, None, b"")
        if op in "CDRLU":
            a = strs[0]
            b = strs[1] if len(strs) > 1 else None
            inode = File() if op == "C" else "dir" if op == "D" else self.now.get(a)
            entry = (op, a, b, inode)
            self.change(self.now, entry)
            if op in "RU":
                self.gone.add(a)
            self.journal.append(entry)
        elif op in "WT":
            f = self.now.get(strs[0])
            if isinstance(f, File):
                f.pending.append((op, num, data))
                if flag:                          # O_DSYNC: this very write is durable
                    f.apply(f.data, *f.pending.pop())
        elif op == "S":
            f = self.now.get(strs[0])
            if isinstance(f, File):
                f.sync()
            elif f == "dir":
                self.sync_names(strs[0])

    def sync_names(self, d):
        """Changes to names in folder d become durable, in order (others stay pending)."""
        rest = []
        for e in self.journal:
            dirs = {os.path.dirname(x) for x in e[1:3] if x is not None}
            if d in dirs:
                self.change(self.durable, e)
            else:
                rest.append(e)
        self.journal = rest

    def build(self, where):
        names = dict(self.durable)
        for e in self.journal[:rng.randrange(len(self.journal) + 1)]:
            self.change(names, e)
        os.mkdir(where)
        for name in sorted(names):
            path = os.path.join(where, name)
            if names[name] == "dir":
                os.makedirs(path, exist_ok=True)
                if name in ("key", "token"):      # modes are not what this test cuts
                    os.chmod(path, 0o700)
            elif os.path.isdir(os.path.dirname(path)):
                with open(path, "wb") as f:
                    f.write(names[name].cut())


must(["init"])
start = top + "/start"
shutil.copytree(store, start)
open(log, "wb").close()
facts, gone = work()
raw = open(log, "rb").read()
all_events = list(events(raw))
print("# %d events, %d bytes of log" % (len(all_events), len(raw)))
bad = 0
for r in range(rounds):
    cut = rng.randrange(len(all_events))
    disk = Disk(start)
    for _, op, strs, num, flag, data in all_events[:cut]:
        disk.event(op, strs, num, flag, data)
    at = all_events[cut - 1][0] if cut else 0
    where = "%s/cut%d" % (top, r)
    disk.build(where)
    why = []
    f = run(["fsck"], store_at=where)
    if f.returncode:
        why.append("fsck %d: %s" % (f.returncode, (f.stdout + f.stderr).decode()[:500]))
    if r % 4 == 3:                                # what only the index knows must outlive it, if it can be read
        again = run(["reindex"], store_at=where)
        if again.returncode > 1:                  # 1: there is what was never finished
            why.append("reindex %d: %s" % (again.returncode, (again.stdout + again.stderr).decode()[:500]))
    pins = run(["pin", "ls", "-q"], store_at=where)
    pinned = set(pins.stdout.decode().split())
    for acked, cid, data in facts:
        if acked > at or at > gone.get(cid, len(raw)):
            continue
        got = run(["files", "read", cid] if cid[0] == "/" else ["cat", cid], store_at=where)
        if got.returncode or got.stdout != data:
            why.append("lost %s: %s" % (cid, got.stderr.decode().strip()))
        if cid[0] != "/" and cid not in pinned:
            why.append("unpinned " + cid)
    more = run(["add", "-Q", top + "/f0"], store_at=where)
    if more.returncode:
        why.append("cannot add afterwards: " + more.stderr.decode())
    if why:
        bad += 1
        print("# seed %d round %d, cut after event %d: %s" % (seed, r, cut, "\n#   ".join(why)))
        keep = os.environ.get("KEEP")
        if keep:
            shutil.copytree(where, "%s/cut%d" % (keep, r))
    shutil.rmtree(where)
shutil.rmtree(top)
print("%s - power cut: %d cuts, %d bad" % ("not ok" if bad else "ok", rounds, bad))
sys.exit(1 if bad else 0)
