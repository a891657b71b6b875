"""kubo_modify.py - `ipfs files write`, chmod and touch against ours: random edits, the CID after each.  $OURS is the
program made of modify.c."""
import os
import random
import subprocess

from peer import Peer

p = Peer()
R = random.Random(int(os.environ.get("SEED", "11")))
M = (1 << 64) - 1
ours = subprocess.Popen([os.environ["OURS"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
made = {}


def noise(seed, n):
    """The first n bytes our program makes of a seed."""
    out, state = made.get(seed, (bytearray(), seed))
    if len(out) < n:
        for _ in range(n - len(out)):
            state = (state * 6364136223846793005 + 1442695040888963407) & M
            out.append(state >> 56)
        made[seed] = out, state
    return bytes(out[:n])


def ask(*words):
    ours.stdin.write(" ".join(map(str, words)) + "\n")
    ours.stdin.flush()
    return ours.stdout.readline().strip()


def hash_of(path):
    return p.kubo("files", "stat", "--hash", path).decode().strip()


def chunker(n):
    p.kubo("config", "Import.UnixFSChunker", "size-%d" % n)


class File:
    def __init__(self, path, cid, size):
        self.path, self.cid, self.size, self.history = path, cid, size, [cid]

    def write(self, chunk, off, n, seed, truncate=False, raw=None, count=None):
        """One `files write`; a case."""
        args = ["--offset", str(off)] + (["--truncate"] if truncate else [])
        args += [] if raw is None else ["--raw-leaves=%s" % str(raw).lower()]
        given, data = n, noise(seed, n)
        if count is not None:
            args += ["--count", str(count)]
            given = min(n, count)
        line = ["edit", self.cid, "-" if raw is None else "yes" if raw else "no", "size-%d" % chunk]
        line += (["t", 0] if truncate else []) + ["w", off, seed, given]
        self.history.append(" ".join(map(str, line[2:])))
        self.cid = ask(*line)
        # from a file: where a longer write is cut into buffers depends on how the input is read
        with open(p.dir + "/data", "wb") as out:
            out.write(data)
        p.kubo("files", "write", *args, self.path, p.dir + "/data")
        theirs = hash_of(self.path)
        p.ok(self.cid == theirs, "write %s" % self.history[-1],
             "kubo %s\nours %s\n%s" % (theirs, self.cid, self.history))
        self.size = max(0 if truncate else self.size, off + given)

    def meta(self, mode, mtime, nsec=0):
        self.history.append("meta %s %s %s" % (mode, mtime, nsec))
        self.cid = ask("meta", self.cid, mode, mtime, nsec)
        if mode != "-":
            p.kubo("files", "chmod", mode, self.path)
        if mtime != "-":
            p.kubo("files", "touch", "--mtime=%s" % mtime, "--mtime-nsecs=%s" % nsec, self.path)
        theirs = hash_of(self.path)
        p.ok(self.cid == theirs, self.history[-1], "kubo %s\nours %s\n%s" % (theirs, self.cid, self.history))


number = 0


def added(layout, version, raw, chunk, n, seed):
    """A file that was added, and copied into the files."""
    global number
    number += 1
    args = ["--trickle"] if layout == "trickle" else []
    cid = p.kubo("add", "-Q", *args, "--chunker=size-%d" % chunk, "--cid-version=%d" % version,
                 "--raw-leaves=%s" % str(raw).lower(), input=noise(seed, n)).decode().strip()
    mine = ask("add", layout, version, "yes" if raw else "no", "sha2-256", "size-%d" % chunk, 174, seed, n)
    if cid != mine:
        raise RuntimeError("added otherwise: kubo %s, ours %s" % (cid, mine))
    f = File("/f%d" % number, cid, n)
    p.kubo("files", "cp", "/ipfs/" + cid, f.path)
    # copying is a write of nothing: a root that has but one raw leaf becomes that leaf
    f.cid, theirs = ask("edit", cid, "-", "size-64", "w", 0, 1, 0), hash_of(f.path)
    p.ok(f.cid == theirs, "copied, %s v%d %d bytes" % (layout, version, n), "kubo %s\nours %s" % (theirs, f.cid))
    return f


def created(version):
    """A new file, as --create makes it."""
    global number
    number += 1
    path = "/f%d" % number
    p.kubo("files", "write", "--create", "--cid-version=%d" % version, path, input=b"")
    f = File(path, ask("add", "balanced", version, "no", "sha2-256", "size-64", 174, 1, 0), 0)
    theirs = hash_of(path)
    p.ok(f.cid == theirs, "created, v%d" % version, "kubo %s\nours %s" % (theirs, f.cid))
    return f


def random_edits(f, chunk, n):
    for _ in range(n):
        near = (0, f.size, f.size, f.size + R.choice((1, 5000)), max(0, f.size - 1), f.size // 2,
                R.randrange(f.size + 1), f.size // chunk * chunk)
        off, length = R.choice(near), R.choice((0, 1, chunk, chunk + 1, R.randrange(3000), 176 * chunk, 900 * chunk))
        raw, truncate = R.choice((None, None, True, False)), R.random() < .2
        kind, have = ask("look", f.cid).split()
        # Kubo loses the bytes of a dag-pb root that gets links (our DagModifier tests look at that)
        if kind == "leaf" and int(have) > 0 and not truncate:
            off, length = min(off, f.size), min(length, f.size - min(off, f.size))
        f.write(chunk, off, length, R.randrange(5), truncate, raw, R.choice((None, None, None, length // 2)))


for layout in ("balanced", "trickle"):
    for version, raw in ((0, False), (0, True), (1, True), (1, False)):
        for chunk in (16, 100):
            chunker(chunk)
            for leaves in R.sample((0, 1, 2, 5, 173, 174, 175, 349, 900), 3):
                n = max(0, leaves * chunk - R.choice((0, 0, 1, 7)))
                random_edits(added(layout, version, raw, chunk, n, R.randrange(5)), chunk, 4)
for version in (0, 1):
    chunker(262144)
    f = created(version)
    # longer than the buffer it writes through
    f.write(262144, 0, 5000000, 1)
    f.write(262144, 2000000, 2129920, 2)
    f.write(262144, 5000000, 2129921, 3)
    chunker(1000)
    random_edits(f, 1000, 3)
    f = created(version)
    chunker(100)
    random_edits(f, 100, 5)

# mode and time: a raw block gets a node around it; what has one keeps its links
for layout, version, raw, n in (("balanced", 0, False, 50), ("balanced", 1, True, 50), ("balanced", 1, True, 0),
                                ("balanced", 1, True, 5000), ("trickle", 1, False, 5000), ("trickle", 0, False, 1)):
    for mode, mtime, nsec in (("644", "-", 0), ("-", "1604320482", 0), ("755", "1604320482", 54321)):
        f = added(layout, version, raw, 100, n, 3)
        f.meta(mode, mtime, nsec)
        f.meta("600", "-")
        f.meta("0", "-1", 7)
ours.stdin.close()
p.ok(ours.wait() == 0, "our program ends well")
p.end()
