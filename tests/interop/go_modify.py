"""go_modify.py - files modified as boxo's DagModifier does it: random edits of random files, CID by CID, and the
bytes of every result.  $GOMODIFY is the program made of tests/interop/gomodify, $OURS that of modify.c."""
import hashlib
import os
import random
import subprocess

from peer import Ours

p = Ours()
R = random.Random(int(os.environ.get("SEED", "7")))
M = (1 << 64) - 1
made = {}


def noise(seed, n):
    """The first n bytes both programs make of a seed."""
    out, state = made.get(seed, (bytearray(), seed))
    if len(out) < n:
        for _ in range(n - len(out)):
            state = (state * 6364136223846793005 + 1442695040888963407) & M
            out.append(state >> 56)
        made[seed] = out, state
    return out[:n]


class Side:
    def __init__(self, program, yes, no):
        self.run = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.words = {True: yes, False: no, None: "-"}

    def ask(self, *words):
        line = " ".join(self.words.get(w, str(w)) if w is None or isinstance(w, bool) else str(w) for w in words)
        self.run.stdin.write(line + "\n")
        self.run.stdin.flush()
        return self.run.stdout.readline().strip()

    def end(self):
        self.run.stdin.close()
        return self.run.wait()


ours = Side(os.environ["OURS"], "yes", "no")
boxo = Side(os.environ["GOMODIFY"], "1", "0")


class File:
    """A file on both sides, and the bytes it should have."""

    def __init__(self, layout, version, raw, hash, chunker, width, n, seed=1):
        what = ("add", layout, version, raw, hash, chunker, width, seed, n)
        self.history = [what]
        self.data = noise(seed, n)
        self.cid = ours.ask(*what)
        self.alike = self.cid == boxo.ask(*what)

    def edit(self, raw, chunker, cut=None, off=None, seed=1, n=0):
        """None: alike; "lost": boxo lost bytes, or failed, where we do not; else what is wrong."""
        line = ["edit", self.cid, raw, chunker]
        if cut is not None:
            line += ["t", cut]
            self.data = self.data[:cut] + bytes(max(0, cut - len(self.data)))
        if off is not None:
            line += ["w", off, seed, n]
            self.data += bytes(max(0, off - len(self.data)))
            self.data[off:off + n] = noise(seed, n)
        self.history.append(tuple(line))
        a, b = ours.ask(*line), boxo.ask(*line)
        if a.startswith("error"):
            return a
        self.cid = a
        want = hashlib.sha256(self.data).hexdigest()
        if ours.ask("read", a) != want:
            return "the bytes of %s" % a
        if a == b:
            return None
        # bytes in a dag-pb root are lost when that gets links; leaves take no links; identity is too long
        if b.startswith("error") or boxo.ask("read", b) != want:
            return "lost"
        return "boxo %s\nours %s" % (b, a)

    def look(self):
        kind, n = ours.ask("look", self.cid).split()
        return kind, int(n)


def place(size, chunk):
    """Somewhere in or near a file."""
    return max(0, R.choice((0, size, size, size - 1, size + 1, size // 2, R.randrange(size + 1),
                            R.randrange(size + 1) // chunk * chunk, size // chunk * chunk,
                            size + R.choice((5, 4095, 4096, 4097, 10000, 3)))))


def some_edits(f, n, chunk, lens, chunkers):
    for _ in range(n):
        raw, how = R.choice((None, None, False, True)), R.choice("wwwwtza")
        size, ln = len(f.data), R.choice(lens + [max(0, len(f.data) - R.randrange(len(f.data) + 1))])
        off = size if how == "a" else place(size, chunk)
        if how == "t":
            wrong = f.edit(raw, R.choice(chunkers), cut=off)
        else:
            wrong = f.edit(raw, R.choice(chunkers), cut=0 if how == "z" else None, off=off,
                           seed=R.randrange(9), n=ln)
        yield wrong
        if wrong:
            return


def family(name, n, make, lens, chunkers):
    """n files with a few edits each; a case is a file."""
    lost = 0
    for i in range(n):
        f, chunk = make()
        wrong = None if f.alike else "added otherwise"
        for w in () if wrong else some_edits(f, R.randrange(1, 6), chunk, lens(chunk), chunkers(chunk)):
            lost += w == "lost"
            wrong = None if w == "lost" else w
        p.ok(wrong is None, "%s, file %d, %d edits" % (name, i, len(f.history) - 1),
             "%s\n%s" % (wrong, f.history))
    print("# %s: boxo loses bytes or fails %d times" % (name, lost))


def layout():
    return R.choice(("balanced", "balanced", "trickle"))


def kind():
    """version, raw leaves, hash"""
    return R.choice(((0, False, "sha2-256"), (0, True, "sha2-256"), (1, True, "sha2-256"), (1, False, "sha2-256"),
                     (1, True, "blake2b-256"), (1, False, "sha3-512")))


def shaped(leaves, chunks, widths):
    def make():
        ch = R.choice(chunks)
        n = max(0, R.choice(leaves) * ch + R.choice((0, 0, 1, -1, ch // 2)))
        return File(layout(), *kind(), "size-%d" % ch, R.choice(widths), min(n, 60000), R.randrange(9)), ch
    return make


def sizes(ch):
    return ["size-%d" % c for c in (ch, ch, R.choice((1, 4, 16, 64, 100, 1000)))]


rounds = int(os.environ.get("ROUNDS", "1"))
family("small", 150 * rounds,
       shaped((0, 1, 2, 3, 5, 10, 100, 173, 174, 175, 176, 348, 349, 500, 870, 871, 1000, 2000), (1, 3, 4, 16, 64, 100),
              (174, 174, 5, 3, 2, 170)),
       lambda ch: [0, 1, 2, ch, ch + 1, R.randrange(200), R.randrange(5000), 174 * ch, 175 * ch, 900 * ch], sizes)
family("deep", 40 * rounds,
       shaped([174 * n for n in (0, 1, 2, 5, 9, 10, 13, 14, 15, 30, 45, 60, 100)], (1, 2, 3), (174, 4)),
       lambda ch: [n * ch for n in (1, 174, 870, 2000, 174 * 8, 174 * 20, 174 * 60)],
       lambda ch: ["size-%d" % c for c in (ch, 1, 2)])
family("wide", 40 * rounds, shaped((174, 175, 300, 1024, 1025, 2048), (3, 16), (175, 300, 1024)),
       lambda ch: [1, ch, 180 * ch, 900 * ch], sizes)


def large():
    ch = R.choice((262144, 1048576, 100000))
    return File(layout(), *kind(), "size-%d" % ch, 174, R.choice((0, 1, ch, 2 * ch + 1, 2129920, 3000000))), ch


family("large", 25 * rounds, large,
       lambda ch: [100000, 2097152, 2097153, 2129919, 2129920, 2129921, 5000000],
       lambda ch: ["size-262144", "size-1048576", "rabin", "rabin-1000-20000-50000", "buzhash"])

def short():
    ch = R.choice((10, 40))
    return File(layout(), 1, R.choice((True, False)), "identity", "size-%d" % ch, 174,
                R.choice((0, 1, 9, 10, 11, 30)), R.randrange(9)), ch


family("identity", 40 * rounds, short, lambda ch: [0, 1, 5, 20, 150], lambda ch: ["size-%d" % ch])

# times: which edits change one; and modes, which none does
for i in range(80 * rounds):
    ch = R.choice((1, 16))
    f = File(layout(), *kind(), "size-%d" % ch, 174, R.choice((0, 1, 5, 173, 174, 175, 900)) * ch, R.randrange(9))
    if f.look()[0] == "raw":
        continue
    what = ("meta", f.cid, R.choice(("-", "644", "4755")), 1000000, R.choice((0, 54321)))
    a, b = ours.ask(*what), boxo.ask(*what)
    wrong = None if a == b else "boxo %s\nours %s" % (b, a)
    size, (how, n) = len(f.data), f.look()
    off, ln = place(size, ch), R.choice((0, 1, ch, 170 * ch, 200 * ch))
    line = R.choice((("w", off, 1, ln), ("t", off), ("t", 0, "w", off, 1, ln)))
    if line[0] == "t" and len(line) == 2:
        grows = off > size
    else:
        grows = line[0] == "w" and (off > size or off + ln > size)
    lost = how == "leaf" and n > 0 and grows
    a, b = (s.ask("edit", a, None, "size-%d" % ch, *line) for s in (ours, boxo))
    if not lost and not wrong:
        x, y = ours.ask("mtime", a), boxo.ask("mtime", b)
        wrong = None if x == y else "boxo %s %s\nours %s %s" % (b, y, a, x)
        if not wrong and x != "none":       # with the same time they are the same
            x, y = (s.ask("meta", c, "-", 1, 0) for s, c in ((ours, a), (boxo, b)))
            wrong = None if x == y else "boxo %s\nours %s" % (y, x)
    p.ok(wrong is None, "a time, file %d, %s" % (i, " ".join(map(str, line))), "%s\n%s %s" % (wrong, f.history, line))
p.ok(ours.end() == 0 and boxo.end() == 0, "both programs end well")
p.end()
