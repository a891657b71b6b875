"""kubo_read.py - trees that Kubo made, read by both: resolve, ls, cat, refs, block stat, and what fails."""
import json
import os
import subprocess

from peer import Peer

p = Peer()
work = p.dir + "/tree"
os.makedirs(work + "/sub/deeper")
os.makedirs(work + "/empty-dir")
for name, size in (("empty", 0), ("small", 100), ("edge", 262144), ("two", 262145), ("big", 3000000)):
    with open("%s/%s" % (work, name), "wb") as f:
        f.write(bytes(range(256)) * (size // 256) + bytes(size % 256))
for i in range(60):
    with open("%s/sub/f%d" % (work, i), "wb") as f:
        f.write(b"%d\n" % i)
for name in ("with space", "ünïcode", "a%20b", "tab\tname", "back\\slash", "line\nbreak", "#hash?x=1"):
    with open("%s/sub/deeper/%s" % (work, name), "wb") as f:
        f.write(name.encode())
os.symlink("small", work + "/link")


def import_from_kubo(root):
    """Every block below root, by name, into our store."""
    cids = [root] + p.kubo("refs", "-r", "-u", root).decode().split()
    lists = {}
    for i, c in enumerate(cids):
        path = "%s/block-%d" % (p.dir, i)
        with open(path, "wb") as f:
            f.write(p.kubo("block", "get", c))
        codec = "v0" if c.startswith("Qm") else "raw" if c.startswith("bafk") else "dag-pb"
        lists.setdefault(codec, []).append((path, c))
    for codec, rows in lists.items():
        got = p.ours("block", "put", "-c", codec, input="".join(r[0] + "\n" for r in rows).encode())
        if got.decode().split() != [r[1] for r in rows]:
            raise RuntimeError("%s blocks changed their names" % codec)
    return cids


def lines(b):
    return b.decode().splitlines()


def our_ls(path):
    """Our listing as `ipfs ls` prints it; both show odd names as Go escapes."""
    return [l.replace("\t", " ") for l in lines(p.ours("ls", path))]


def kubo_ls(path, *args):
    return [" ".join(l.split(maxsplit=2)) for l in lines(p.kubo("ls", *args, path))]


def fails(run):
    try:
        run()
    except RuntimeError as e:
        return str(e).split(": ", 2)[-1].strip()
    return "succeeded"


def sharded(threshold, *args):
    p.kubo("config", "--json", "Import.UnixFSHAMTDirectorySizeThreshold", json.dumps(threshold))
    root = lines(p.kubo("add", "-r", "-Q", "--progress=false", *args, work))[-1]
    p.kubo("config", "--json", "Import.UnixFSHAMTDirectorySizeThreshold", '"256KiB"')
    return root


def compare(label, root):
    for path in ("", "/small", "/sub", "/sub/deeper/with space", "/sub/deeper/a%20b", "/link", "/empty-dir"):
        p.same("%s: resolve %r" % (label, path),
               lambda: p.kubo("resolve", "/ipfs/" + root + path).decode().strip(),
               lambda: "/ipfs/" + p.ours("resolve", root + path).decode().strip())
    for path in ("", "/sub", "/sub/deeper", "/empty-dir"):
        p.same("%s: ls %r" % (label, path), lambda: kubo_ls(root + path),
               lambda: sorted(our_ls(root + path), key=lambda l: l.split(" ", 2)[2].rstrip("/")))
        # Kubo reads shards side by side: their entries come in any order there
        p.same("%s: order of %r" % (label, path),
               lambda: (sorted if label == "sharded" else list)(kubo_ls(root + path, "--stream")),
               lambda: (sorted if label == "sharded" else list)(our_ls(root + path)))
    for path in ("/small", "/big", "/two", "/empty", "/link"):
        for off, n in ((0, None), (1, 5), (262143, 3), (262144, None), (99, 1000000), (2999999, 9)):
            args = ["--offset=%d" % off] + (["--length=%d" % n] if n else [])
            ours = ["-s", str(off)] + (["-l", str(n)] if n else [])
            p.same("%s: cat %s %d %s" % (label, path, off, n), lambda: p.kubo("cat", *args, root + path),
                   lambda: p.ours("cat", *ours, root + path))
    for args, ours in (([], []), (["-r"], ["-r"]), (["-r", "-u"], ["-r", "-u"]), (["-u"], ["-u"]),
                       (["-r", "--max-depth=2"], ["-r", "-d", "2"]),
                       (["-r", "-u", "--max-depth=1"], ["-r", "-u", "-d", "1"]),
                       (["-r", "-u", "--max-depth=3"], ["-r", "-u", "-d", "3"]),
                       (["-r", "-e"], ["-r", "-e"]), (["-r", "-e", "-u"], ["-r", "-e", "-u"]),
                       (["-r", "--format=<src> <dst> <linkname>"],
                        ["-r", "-0", "-f", "<src> <dst> <linkname>"])):
        p.same("%s: refs %s" % (label, " ".join(args)), lambda: p.kubo("refs", *args, root),
               lambda: p.ours("refs", *ours, root).replace(b"\0", b"\n"))
    for path in ("", "/small", "/sub", "/big"):
        cid = p.kubo("resolve", "/ipfs/" + root + path).decode().strip()[6:]
        p.same("%s: block stat %r" % (label, path),
               lambda: p.kubo("block", "stat", cid).decode().split()[1::2],
               lambda: p.ours("block", "stat", cid).decode().split())
        p.same("%s: cumulative size of %r" % (label, path),
               lambda: p.kubo("files", "stat", "--format=<cumulsize> <size>", "/ipfs/" + cid).decode().split(),
               lambda: [dict(l.split("\t") for l in lines(p.ours("stat", cid)))[k]
                        for k in ("cumulative", "size")])
        p.same("%s: blocks below %r" % (label, path),
               lambda: [json.loads(p.kubo("dag", "stat", "--progress=false", "--enc=json", cid)
                                   )["DagStats"][0][k] for k in ("NumBlocks", "Size")],
               lambda: [json.loads(p.ours("stat", "-b", "-j", cid))[k] for k in ("blocks", "bytes")])
    for verb, path, said in (("resolve", "/sub/nope", 'no link named "nope"'),
                             ("resolve", "/small/x", ""),		# Kubo: "func called on wrong kind"
                             ("cat", "/sub", "this dag node is a directory"),
                             ("cat", "/nope", 'no link named "nope"')):
        theirs = fails(lambda: p.kubo(verb, "/ipfs/" + root + path))
        ours = fails(lambda: p.ours(verb, root + path))
        p.ok(said in theirs and said in ours and "succeeded" not in (theirs, ours),
             "%s: %s %s fails alike" % (label, verb, path), theirs + "\n" + ours)


for label, make in (
        ("v0", lambda: sharded("256KiB")),
        ("v1", lambda: sharded("256KiB", "--cid-version=1")),
        ("sharded", lambda: sharded("500B")),
        ("trickle", lambda: sharded("256KiB", "--trickle", "-s", "size-10000"))):
    try:
        root = make()
        import_from_kubo(root)
    except (RuntimeError, subprocess.SubprocessError) as e:
        p.ok(False, label + ": import", str(e))
        continue
    compare(label, root)
p.end()
