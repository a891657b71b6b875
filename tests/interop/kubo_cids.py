"""kubo_cids.py - the same bytes get the same names as real Kubo gives them.

Every case is one `ipfs add -n` against one `ipfrs-add -n` with the same options; a case counts each
file or tree compared.
"""
import hashlib
import os

from peer import Peer

p = Peer()
work = p.dir + "/work"
os.mkdir(work)


def noise(n, seed):
    """n bytes that do not repeat, the same in every run (SHA-256 in counter mode)."""
    key = hashlib.sha256(seed.encode()).digest()
    out = bytearray()
    i = 0
    while len(out) < n:
        out += hashlib.sha256(key + i.to_bytes(8, "little")).digest()
        i += 1
    return bytes(out[:n])


def text(n):
    """n bytes that do repeat, for content-defined chunkers."""
    line = b"all happy families are alike; every block is unhappy in its own way\n"
    return (line * (n // len(line) + 1))[:n]


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    return path


def cids(out):
    return out.decode().split()


def kubo_add(flags, paths):
    # -q: one CID a line for each thing added, in order
    return cids(p.kubo("add", "-n", "-q", "--progress=false", *flags, *paths))


def ours_add(flags, paths):
    return cids(p.ours("add", "-n", "-Q", *flags, *paths))


def files(label, kubo_flags, our_flags, paths):
    """Many files in one run of each program; every file is a case."""
    paths = sorted(paths, key=os.path.basename)     # Kubo adds its operands in this order
    try:
        a = kubo_add(kubo_flags, paths)
        b = ours_add(our_flags, paths)
    except RuntimeError as e:
        return p.ok(False, label, str(e))
    for i, path in enumerate(paths):
        x = a[i] if i < len(a) else None
        y = b[i] if i < len(b) else None
        p.ok(x is not None and x == y, "%s: %s" % (label, os.path.basename(path)),
             "kubo %s\nours %s" % (x, y))


def tree(label, kubo_flags, our_flags, path, dry=("-n",)):
    p.same(label,
           lambda: p.kubo("add", *dry, "-Q", "-r", "--progress=false", *kubo_flags, path).strip(),
           lambda: p.ours("add", "-n", "-Q", "-r", *our_flags, path).strip())


# ---- files: sizes around every boundary, under every option that shapes a DAG ----
small = [write("%s/files/n%d" % (work, n), noise(n, "small")) for n in
         (0, 1, 2, 13, 31, 32, 33, 63, 64, 65, 127, 128, 129, 999, 1000, 1001, 1999, 2000, 2001,
          9999, 10000, 10001, 100001)]
edge = [write("%s/files/e%d" % (work, n), noise(n, "edge")) for n in
        (262143, 262144, 262145, 524288, 524289, 1048576, 1048577, 2096896, 3 * 1048576 + 7)]
wide = [write("%s/files/w%d" % (work, n), noise(n, "wide")) for n in
        (174 * 64 - 1, 174 * 64, 174 * 64 + 1, 175 * 64, 174 * 174 * 64, 174 * 174 * 64 + 1)]
prose = [write("%s/files/t%d" % (work, n), text(n)) for n in (200000, 1500000)]
zeros = [write(work + "/files/zeros", bytes(2 * 1024 * 1024 + 5))]

O = "-O"
variants = [
    ("default", [], []),
    ("v1", ["--cid-version=1"], [O, "cid-version=1"]),
    ("v1 noraw", ["--cid-version=1", "--raw-leaves=false"], [O, "cid-version=1,raw-leaves=no"]),
    ("v0 raw", ["--raw-leaves"], [O, "raw-leaves=yes"]),
    ("trickle", ["--trickle"], [O, "layout=trickle"]),
]
for name, k, o in variants:
    files(name, k, o, small + edge)
for name, k, o in variants:
    files(name + " size-64", k + ["-s", "size-64"], o + [O, "chunker=size-64"], small[:8] + wide)
for chunker in ("size-1", "size-1000", "size-1048576", "size-2096896", "rabin",
                "rabin-512-1024-2048", "rabin-262144", "buzhash"):
    some = small[:14] if chunker == "size-1" else small[-4:] + edge + prose + zeros
    files(chunker, ["-s", chunker], [O, "chunker=" + chunker], some)
    files(chunker + " v1", ["-s", chunker, "--cid-version=1"],
          [O, "chunker=%s,cid-version=1" % chunker], some[-3:])
for width in (2, 3, 10, 1024):
    files("links %d" % width, ["-s", "size-64", "--max-file-links=%d" % width],
          [O, "chunker=size-64,max-links=%d" % width], small + wide[:3])
    files("trickle links %d" % width,
          ["-s", "size-64", "--trickle", "--max-file-links=%d" % width],
          [O, "chunker=size-64,layout=trickle,max-links=%d" % width], small + wide[:3])
for h in ("sha1", "sha2-512", "sha3-224", "sha3-256", "sha3-384", "sha3-512", "shake-256",
          "keccak-256", "keccak-512", "blake2b-160", "blake2b-256", "blake2b-512", "blake2s-256",
          "blake3", "dbl-sha2-256"):
    files("hash " + h, ["--hash=" + h], [O, "hash=" + h], [small[0], small[13], edge[2]])
# larger ones Kubo cannot put into the directory it keeps its roots in
files("hash identity", ["--hash=identity"], [O, "hash=identity"], small[:7])
for limit in (1, 32, 64, 128):
    files("inline %d" % limit, ["--inline", "--inline-limit=%d" % limit],
          [O, "inline=%d" % limit], small[:14])
    files("inline %d v1" % limit, ["--inline", "--inline-limit=%d" % limit, "--cid-version=1"],
          [O, "inline=%d,cid-version=1" % limit], small[:14])
for mode in ("0644", "0755", "0600", "0777"):
    files("mode " + mode, ["--mode=" + mode], ["-M", mode], small[:3] + edge[2:3])
for mtime in ("1604320482", "1", "4102444800"):
    files("mtime " + mtime, ["--mtime=" + mtime], ["-t", mtime], small[:3] + edge[2:3])
    files("mtime+ns " + mtime, ["--mtime=" + mtime, "--mtime-nsecs=54321"],
          ["-t", mtime + ".000054321"], small[:3])

# ---- trees: names, links, modes, times ----
names = ["a", "A", "zz", "z", "ü", "日本語", "e\u0301", "\u00e9", "with space", "per%cent", "quo\"te",
         "back\\slash", "tab\there", "semi;colon", "-dash", "#hash", "😀", "x" * 200, "a.b", "a-b", "a b"]
for i, n in enumerate(names):
    write("%s/names/%s" % (work, n), noise(i * 7, "names"))
write(work + "/names/sub/.hidden", b"h")
write(work + "/names/.dot", b"d")
os.makedirs(work + "/names/empty")
os.makedirs(work + "/deep/" + "/".join("d%d" % i for i in range(40)))
write(work + "/links/target", b"t")
os.symlink("target", work + "/links/to-file")
os.symlink("missing", work + "/links/dangling")
os.symlink(".", work + "/links/to-dir")
os.symlink("../" * 20 + "é", work + "/links/far")
for t in ("names", "deep", "links", "files"):
    for name, k, o in variants:
        tree("tree %s %s" % (t, name), k, o, work + "/" + t)
    tree("tree %s inline" % t, ["--inline"], [O, "inline=32"], work + "/" + t)
    tree("tree %s blake2b" % t, ["--hash=blake2b-256"], [O, "hash=blake2b-256"], work + "/" + t)
    tree("tree %s hidden" % t, ["-H"], ["-H"], work + "/" + t)
    tree("tree %s wrapped" % t, ["-w"], ["-w"], work + "/" + t)
for i, n in enumerate(sorted(os.listdir(work + "/names"))):
    f = os.path.join(work, "names", n)
    os.chmod(f, 0o755 if os.path.isdir(f) else (0o644, 0o600, 0o755, 0o444)[i % 4])
    os.utime(f, ns=(0, 1600000000 * 10**9 + i * 12345))
# without -n: Kubo 0.43 misses its own directories there
tree("preserve mode", ["--preserve-mode"], ["-p", "mode"], work + "/names", ())
tree("preserve mtime", ["--preserve-mtime"], ["-p", "mtime"], work + "/names", ())
tree("preserve both", ["--preserve-mode", "--preserve-mtime"], ["-p", "mode,mtime"], work + "/names", ())
tree("preserve both v1", ["--preserve-mode", "--preserve-mtime", "--cid-version=1"],
     ["-p", "mode,mtime", O, "cid-version=1"], work + "/names", ())
tree("mode on a tree", ["--mode=0640"], ["-M", "0640"], work + "/names", ())
tree("mtime on a tree", ["--mtime=1604320482"], ["-t", "1604320482"], work + "/links", ())
tree("wrapped, mode", ["-w", "--mode=0640"], ["-w", "-M", "0640"], work + "/names", ())
tree("wrapped, preserve", ["-w", "--preserve-mode", "--preserve-mtime"], ["-w", "-p", "mode,mtime"],
     work + "/names", ())
tree("dereferenced", ["--dereference-symlinks"], ["-L"], work + "/names")

# ---- directories around the HAMT threshold, both ways of estimating ----
for mode in ("links", "block"):
    p.kubo("config", "Import.UnixFSHAMTDirectorySizeEstimation", mode)
    p.kubo("config", "Import.UnixFSHAMTDirectorySizeThreshold", "2000B")
    for cidv, per in ((0, 34), (1, 36)):
        for n in range(38, 48):
            d = "%s/hamt/%s-%d-%d" % (work, mode, cidv, n)
            for i in range(n):
                write("%s/f%05d%s" % (d, i, "x" * (i % 9)), b"%d" % i)
            tree("hamt %s v%d %d entries" % (mode, cidv, n), ["--cid-version=%d" % cidv],
                 [O, "cid-version=%d,hamt-threshold=2000,hamt-estimate=%s" % (cidv, mode)], d)
        # exactly at and one past the threshold in `links` mode
        d = "%s/exact/%s-%d" % (work, mode, cidv)
        for extra in (0, 1):
            dd = "%s-%d" % (d, extra)
            count = 2000 // (per + 6)
            left = 2000 - count * (per + 6) + extra
            for i in range(count):
                write("%s/n%05d%s" % (dd, i, "y" * left if i == 0 else ""), b"x")
            tree("hamt exact %s v%d +%d" % (mode, cidv, extra), ["--cid-version=%d" % cidv],
                 [O, "cid-version=%d,hamt-threshold=2000,hamt-estimate=%s" % (cidv, mode)], dd)
for i in range(3000):
    write("%s/big/entry-%d" % (work, i), b"%d\n" % i)
for fan in (8, 16, 64, 256, 1024):
    p.kubo("config", "--json", "Import.UnixFSHAMTDirectoryMaxFanout", str(fan))
    tree("hamt fanout %d" % fan, [], [O, "hamt-threshold=2000,hamt-estimate=block,hamt-fanout=%d" % fan],
         work + "/big")
p.kubo("config", "profile", "apply", "unixfs-v1-2025")
for t in ("names", "links", "files", "big"):
    tree("profile unixfs-v1-2025 " + t, [], [O, "profile=unixfs-v1-2025"], work + "/" + t)
p.kubo("config", "profile", "apply", "unixfs-v0-2015")
for t in ("names", "links", "files", "big"):
    tree("profile unixfs-v0-2015 " + t, [], [O, "profile=unixfs-v0-2015"], work + "/" + t)

# ---- what is on every machine ----
for d in ("/usr/include", "/usr/share"):
    if os.path.isdir(d) and not os.environ.get("IPFRS_QUICK"):
        tree(d, [], [], d)
        # the profile applied above says raw-leaves=no
        tree(d + " v1", ["--cid-version=1", "--raw-leaves", "-H"], ["-H", O, "cid-version=1"], d)
p.end()
