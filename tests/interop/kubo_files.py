"""kubo_files.py - the mutable files become what real Kubo makes of them.

The same commands go to `ipfs files` and to `ipfrs-files`; after each one both must have succeeded, with the same
output and the same root, or failed with the same message.
"""
import hashlib
import os

from peer import IPFS, BIN, Peer

import subprocess

p = Peer()


def noise(n, seed):
    out, i = bytearray(), 0
    while len(out) < n:
        out += hashlib.sha256(seed.encode() + i.to_bytes(8, "little")).digest()
        i += 1
    return bytes(out[:n])


def kubo_words(verb, args):
    """Our options in Kubo's words."""
    names = {"e": "--create", "p": "--parents", "t": "--truncate", "r": "--recursive", "f": "--force", "l": "--long",
             "1": "--cid-version=1"}
    out, args = [verb], list(args)
    while args and args[0].startswith("-") and args[0] != "-":
        a = args.pop(0)
        if a == "-o":
            out.append("--offset=" + args.pop(0))
        elif a == "-n":
            out.append("--count=" + args.pop(0))
        elif a == "-T":
            s, _, frac = args.pop(0).partition(".")
            out.append("--mtime=" + s)
            if frac:
                out.append("--mtime-nsecs=" + str(int(frac.ljust(9, "0"))))
        elif a == "-O":
            key, _, value = args.pop(0).partition("=")
            out.append("--" + key + "=" + {"yes": "true", "no": "false"}.get(value, value))
        else:
            out += [names[c] for c in a[1:]]
    return out + args


def call(argv, data):
    r = subprocess.run(argv, input=data, env=p.env, cwd=p.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return r.returncode, r.stdout, r.stderr.decode("utf-8", "replace")


def message(text, program, paths):
    """The message of the last line that has one, without who says it and of which operand."""
    lines = [s for s in text.splitlines() if s.startswith(program)]
    last = lines[-1][len(program):] if lines else text
    for path in paths:
        if program != "Error: " and last.startswith(path + ": "):
            last = last[len(path) + 2:]
    return last


def root():
    a = call([IPFS, "files", "stat", "--hash", "/"], b"")[1].decode().strip()
    b = call([BIN + "/ipfrs-files", "flush"], b"")[1].decode().strip()
    return a, b


def do(verb, *args, data=b"", words=True):
    """One command for both.  words: a message must be the same, too."""
    label = " ".join((verb,) + args)
    a = call([IPFS, "files"] + kubo_words(verb, args), data)
    b = call([BIN + "/ipfrs-files", verb, *args], data)
    why = ""
    if (a[0] == 0) != (b[0] == 0):
        why = "kubo %d %s\nours %d %s" % (a[0], a[2], b[0], b[2])
    elif a[0] and words:
        x, y = message(a[2], "Error: ", args), message(b[2], "ipfrs-files: ", args)
        if x != y:
            why = "kubo: %s\nours: %s" % (x, y)
    elif verb in ("read", "ls") and a[1] != b[1]:
        why = "kubo %r\nours %r" % (a[1][:300], b[1][:300])
    x, y = root()
    if not why and (x != y or not x):
        why = "root: kubo %s\nours %s" % (x, y)
    p.ok(not why, label, why)


def stat(path):
    """All that `stat` tells, both ways."""
    form = "<hash> <size> <cumulsize> <childs> <type> <mode-octal> <mtime-secs> <mtime-nsecs>"
    a = call([IPFS, "files", "stat", "--format=" + form, path], b"")[1].decode().split()
    out = call([BIN + "/ipfrs-files", "stat", path], b"")[1].decode()
    f = dict(s.split("\t") for s in out.splitlines())
    a = " ".join(a).replace("not set", "-").split()
    mode = f.get("mode", "-")
    b = [f["cid"], f["size"], f["cumulative"], f["links"], f["type"], mode, "-", "-"]
    a[6:] = b[6:] = []
    if a[5] == "0777" and mode == "-":      # a symlink has this one in Kubo's stat
        a[5] = "-"
    p.ok(a == b, "stat " + path, "kubo %s\nours %s" % (a, b))


def same_add(data, *flags):
    """The same content in both, by add; the CID."""
    cid = p.kubo("add", "-Q", *flags, input=data).decode().strip()
    assert p.ours("add", "-q", *[{"--cid-version=1": "-1"}.get(f, f) for f in flags], "-",
                  input=data).decode().strip() == cid
    return cid


# ---- a life of files ----
do("ls", "/")
do("mkdir", "/a")
do("mkdir", "/a")
do("mkdir", "/")
do("mkdir", "-p", "/")
do("mkdir", "/x/y/z")
do("mkdir", "-p", "/x/y/z")
do("mkdir", "-p", "/x/y/z")
do("mkdir", "x")
do("mkdir", "")
do("mkdir", "/x//y/./q/../w/")
do("write", "/a/f", data=b"none")
do("write", "-e", "/a/f", data=b"ipfs rocks\n")
do("write", "-o", "5", "/a/f", data=b"is super cool\n")
do("read", "/a/f")
do("read", "-o", "5", "-n", "2", "/a/f")
do("read", "-o", "999", "/a/f")
do("read", "/a")
do("read", "/a/none")
do("read", "/a/f/g", words=False)
stat("/a/f")
stat("/a")
stat("/")
do("write", "-t", "/a/f", data=b"fish\n")
do("write", "-o", "20", "/a/f", data=b"beyond the end\n")
do("write", "-n", "4", "-o", "1", "/a/f", data=b"count")
do("write", "-e", "-p", "/new/dirs/here/f", data=b"testing\n")
do("write", "-e", "/no/dirs/here/f", data=b"testing\n")
do("write", "-e", "/a", data=b"a directory\n")
do("write", "-e", "/a/empty", data=b"")
do("write", "-t", "/a/empty", data=b"")
do("write", "-e", "-O", "raw-leaves=yes", "/a/raw", data=b"hello world\n")
do("write", "-o", "6", "/a/raw", data=b"there, and longer\n")
do("write", "-e", "-1", "/a/v1", data=b"hello world\n")
do("write", "-o", "6", "/a/v1", data=b"there\n")
do("write", "-o", "100000", "/a/v1", data=b"far\n")
do("write", "-e", "-O", "hash=blake2b-256", "/a/b2", data=b"hello world\n")
do("write", "-e", "-O", "hash=nonsense", "/a/b3", data=b"hello world\n", words=False)
do("write", "-o", "6", "/a/b2", data=b"there\n")
do("ls", "/a")
do("ls", "-l", "/a")
do("ls", "-l", "/a/v1")
do("ls", "/none")
do("ls", "")

# ---- sizes around chunks ----
for n in (1, 262143, 262144, 262145, 524288, 1048577, 2000000):
    do("write", "-e", "/big%d" % n, data=noise(n, "big"))
    do("write", "-e", "-1", "/big1-%d" % n, data=noise(n, "big"))
do("write", "-o", "262140", "/big262145", data=noise(300000, "over"))
do("write", "-o", "262140", "/big1-262145", data=noise(300000, "over"))
do("write", "-o", "10", "/big2000000", data=noise(500000, "over"))
do("write", "-t", "/big1048577", data=noise(300000, "again"))
do("write", "-o", "1500000", "/big524288", data=b"hole before\n")
do("read", "-o", "262100", "-n", "100", "/big262145")
for path in ("/big1", "/big1-1", "/big262145", "/big1-262145", "/big2000000", "/big524288"):
    stat(path)

# ---- cp ----
file0 = same_add(b"foo\n")
file1 = same_add(b"foo one\n", "--cid-version=1")
large = same_add(noise(700000, "large"))
do("cp", "/ipfs/" + file0, "/cp0")
do("cp", "/ipfs/" + file0, "/cp0")
do("cp", "-f", "/ipfs/" + file1, "/cp0")
do("cp", "/ipfs/" + file1, "/a/")
do("cp", "ipfs://" + file1, "/byuri")
do("cp", "/ipfs/" + large, "/deep/er/large")
do("cp", "-p", "/ipfs/" + large, "/deep/er/large")
do("write", "-o", "262100", "/deep/er/large", data=noise(300, "into"))
do("write", "-o", "700000", "/deep/er/large", data=noise(300, "behind"))
do("write", "-o", "1", "/cp0", data=b"OO")
do("cp", "/a", "/a2")
do("cp", "/a", "/a2")
do("cp", "-f", "/a/f", "/a2")
do("cp", "/a/f", "/a2/")
do("cp", "/a/none", "/n")
do("cp", "/a/f", "/none/n")
do("cp", "/", "/all")
do("cp", "a", "/n")
do("cp", "/a/f", "n")

# ---- mv ----
do("mv", "/cp0", "/moved")
do("mv", "/none", "/moved")
do("mv", "/moved", "/a2/")
do("mv", "/a2/moved", "/a2/f")
do("mv", "/a2", "/x")
do("mv", "/x/a2/f", "/x/y/z/f")
do("mv", "/x/y", "/nowhere/y")
do("mv", "/x/y/z/f", "/x/y/z/f")
do("mv", "/byuri", "/a")
do("mv", "/", "/a")
do("mv", "/all", "/none/")

# ---- rm ----
do("rm", "/all", words=False)
do("rm", "-r", "/all")
do("rm", "/a/f")
do("rm", "/a/f", words=False)
do("rm", "-f", "/a/f")
do("rm", "-f", "/a/none/at/all")
do("rm", "/", words=False)
do("rm", "/x/a2/", words=False)
do("rm", "-r", "/x/a2/")
do("rm", "a", words=False)
do("rm", "/big1", "/nope", "/big1-1", words=False)
do("rm", "-f", "/x")

# ---- names, modes, times ----
do("mkdir", "-1", "/v1")
do("mkdir", "/v1/inner")
do("mkdir", "-p", "-1", "/v1/in/ner")
do("write", "-e", "/v1/file", data=b"in v1\n")
do("write", "-e", "-p", "-1", "/v1/q/file", data=b"in v1\n")
do("mkdir", "-O", "hash=blake2b-256", "/v1/b2")
do("mkdir", "-O", "cid-version=2", "/v1/bad", words=False)
do("chcid", "-1", "/a")
do("chcid", "-O", "cid-version=0", "/v1")
do("chcid", "-O", "hash=sha2-512", "/v1/q")
do("chcid", "-1", "/a/v1")
do("chcid", "-1", "/")
do("chcid", "-1", "/none")
do("chcid", "/a")
do("chmod", "0644", "/a/v1")
do("chmod", "755", "/a")
do("chmod", "0", "/a")
do("chmod", "07777", "/a/raw")
do("chmod", "74000644", "/a/b2")
do("chmod", "9", "/a", words=False)
do("chmod", "0644", "/none")
do("touch", "-T", "1630937926", "/a/v1")
do("touch", "-T", "1630937926.5", "/a")
do("touch", "-T", "-5", "/v1")
do("touch", "-T", "1630937926", "/none")
do("touch", "-T", "1234567890", "/")
do("chmod", "0700", "/")
stat("/a/v1")
stat("/a")
stat("/")
do("cp", "/ipfs/" + file1, "/rawfile")
do("chmod", "0600", "/rawfile")
do("touch", "-T", "99", "/rawfile")
do("cp", "/ipfs/" + large, "/meta")
do("chmod", "0600", "/meta")
do("read", "-n", "10", "/meta")
do("cp", "/a/v1", "/a/copy")

def is_hamt(path):
    cid = p.ours("files", "flush", path).decode().strip()
    return b"layout\thamt" in p.ours("stat", cid)


# ---- until a directory becomes a HAMT, and back ----
names = ["%s-%04d" % ("n" * 160, i) for i in range(1315)]
tree = p.dir + "/tree"
os.mkdir(tree)
for n in names:
    with open(os.path.join(tree, n), "w") as f:
        f.write(n[-4:])
tree_cid = p.kubo("add", "-r", "-Q", tree).decode().strip()
p.ok(p.ours("add", "-r", "-q", tree).decode().strip() == tree_cid, "add of a wide directory")
do("cp", "/ipfs/" + tree_cid, "/wide")
p.ok(not is_hamt("/wide"), "/wide is one block")
for i in range(1315, 1321):
    do("write", "-e", "/wide/%s-%04d" % ("n" * 160, i), data=b"one more\n")
p.ok(is_hamt("/wide"), "/wide is a HAMT")
stat("/wide")
do("chmod", "0755", "/wide")
do("touch", "-T", "1630937926", "/wide")
do("cp", "/wide", "/wide1")
do("chcid", "-1", "/wide1")
for i in range(3):
    do("write", "-e", "/wide1/new%d" % i, data=b"in a directory named otherwise\n")
do("rm", "/wide1/" + names[5])
do("chmod", "0", "/wide1")
do("mkdir", "-p", "/wide1/sub/sub")
do("mv", "/wide1/new1", "/wide1/sub/sub/")
do("cp", "-f", "/wide1/new2", "/wide1/new0")
do("ls", "/wide1/sub/sub")
do("rm", "/wide/" + names[0])
for i in range(1, 8):
    do("rm", "/wide/" + names[i])
p.ok(not is_hamt("/wide"), "/wide is one block again")
do("mkdir", "/wide/dir")
do("write", "-e", "/wide/dir/f", data=b"below\n")
do("mv", "/wide/dir/f", "/wide/f")
do("rm", "-r", "/wide/dir")
stat("/wide")

# ---- settings ----
p.kubo("config", "--json", "Import.CidVersion", "1")
p.ours("config", "set", "import.cid-version", "1")
do("mkdir", "/set1")
do("write", "-e", "/set1/f", data=b"by the settings\n")
do("write", "-e", "/set1/g", data=noise(300000, "set"))
do("write", "-e", "-O", "cid-version=0", "/set1/h", data=b"v0\n")
do("write", "-e", "-O", "raw-leaves=no", "/set1/i", data=b"no raw\n")
p.kubo("config", "Import.UnixFSChunker", "size-1000")
p.ours("config", "set", "import.chunker", "size-1000")
do("write", "-e", "/set1/j", data=noise(5000, "chunks"))
p.kubo("config", "--json", "Import.UnixFSRawLeaves", "false")
p.ours("config", "set", "import.raw-leaves", "no")
do("write", "-e", "/set1/k", data=noise(5000, "chunks"))
do("write", "-e", "-O", "cid-version=0", "/set1/l", data=noise(5000, "chunks"))

p.end()
