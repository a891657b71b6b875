"""kubo_fetch.py - trees and names from Kubo's gateway, by ipfrs-fetch and by the programs that read with -g."""
import filecmp
import os
import subprocess
import time

from peer import IPFS, Peer

p = Peer()
for key, value in (("Addresses.Swarm", "[]"), ("Addresses.API", '"/ip4/127.0.0.1/tcp/0"'),
                   ("Addresses.Gateway", '"/ip4/127.0.0.1/tcp/0"'), ("Bootstrap", "[]"),
                   ("Import.UnixFSHAMTDirectorySizeThreshold", '"4KiB"')):
    p.kubo("config", "--json", key, value)
work = p.dir + "/tree"
os.makedirs(work + "/sub/deeper")
os.makedirs(work + "/many")
for name, size in (("empty", 0), ("small", 100), ("two", 262145), ("big", 5000000)):
    with open("%s/%s" % (work, name), "wb") as f:
        f.write(os.urandom(size))
for i in range(300):
    with open("%s/many/file number %d" % (work, i), "wb") as f:
        f.write(b"%d\n" % i)
for name in ("with space", "ünïcode", "a%20b", "#hash?x=1"):
    with open("%s/sub/deeper/%s" % (work, name), "wb") as f:
        f.write(name.encode())

roots = {label: p.kubo("add", "-r", "-Q", *args, work).decode().strip()
         for label, args in (("v0", []), ("v1", ["--cid-version=1"]), ("small chunks", ["--chunker=size-4096"]))}
data = p.kubo("dag", "put", input=('{"a":{"/":"%s"},"b":[1,2]}' % roots["v1"]).encode()).decode().strip()

daemon = subprocess.Popen([IPFS, "daemon", "--offline"], env=p.env, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)


def gateway():
    for _ in range(600):
        try:
            with open(p.dir + "/kubo/gateway") as f:
                url = f.read().strip()
            if url:
                return url
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("Kubo's gateway does not start")


def fresh(n=[0]):
    n[0] += 1
    p.env["IPFRS_PATH"] = "%s/ours%d" % (p.dir, n[0])
    p.ours("init")


def same_tree(a, b):
    c = filecmp.dircmp(a, b)
    return (not c.left_only and not c.right_only and
            not filecmp.cmpfiles(a, b, c.common_files, shallow=False)[1] and
            all(same_tree(a + "/" + d, b + "/" + d) for d in c.common_dirs))


def attempt(name, test):
    try:
        p.ok(test(), name)
    except RuntimeError as e:
        p.ok(False, name, str(e))


def fetched(root, form):
    fresh()
    got = p.ours("fetch", "-t", form, "-p", "-g", url, root).decode().strip()
    out = p.env["IPFRS_PATH"] + ".out"
    p.ours("get", "-o", out, root)
    return got == root and same_tree(work, out) and not p.ours("fetch", "-n", root)


def refs(path):
    return sorted(set(p.kubo("refs", "-r", "-u", path).decode().split()))


try:
    url = gateway()
    for label, root in roots.items():
        for form in ("auto", "raw", "car"):
            attempt("%s, %s: the whole tree" % (label, form), lambda: fetched(root, form))
    fresh()
    attempt("dag-cbor and what it links to", lambda: p.ours("fetch", "-g", url, data).decode().strip() == data and
            sorted(set(p.ours("refs", "-r", "-u", data).decode().split())) == refs(data))
    root = roots["v1"]
    for path in ("/sub/deeper/with space", "/sub/deeper/a%20b", "/sub/deeper/#hash?x=1", "/sub/deeper/ünïcode",
                 "/many/file number 77", "/empty"):
        fresh()
        attempt("one file: %s" % path, lambda: p.ours("fetch", "-g", url, root + path).decode().strip() ==
                p.kubo("resolve", "/ipfs/" + root + path).decode().strip().replace("/ipfs/", ""))
        fresh()
        p.same("cat -g: %s" % path, lambda: p.kubo("cat", root + path), lambda: p.ours("cat", "-g", url, root + path))
    for start, length in ((0, 1), (262144, 1), (262143, 2), (4999999, 10), (1000000, 1000000)):
        fresh()
        p.ours("fetch", "-g", url, "-s", str(start), "-l", str(length), root + "/big")
        p.same("bytes %d, %d of a file" % (start, length),
               lambda: p.kubo("cat", "--offset=%d" % start, "--length=%d" % length, root + "/big"),
               lambda: p.ours("cat", "-s", str(start), "-l", str(length), root + "/big"))
    for kind in ("ed25519", "rsa"):
        key = p.kubo("key", "gen", "--type=" + kind, "k-" + kind).decode().strip()
        p.kubo("name", "publish", "--allow-offline", "--key=k-" + kind, "/ipfs/" + root + "/sub")
        fresh()
        p.same("a name, %s" % kind, lambda: p.kubo("cat", root + "/sub/deeper/a%20b"),
               lambda: p.ours("cat", "-g", url, "/ipns/%s/deeper/a%%20b" % key))
        attempt("the tree of a name, %s" % kind, lambda: p.ours("fetch", "-g", url, "/ipns/" + key).decode().strip() ==
                p.kubo("resolve", "/ipfs/" + root + "/sub").decode().strip().replace("/ipfs/", ""))
    fresh()
    p.same("ls -g", lambda: b"".join(sorted(l + b"\n" for l in os.listdir(os.fsencode(work + "/many")))),
           lambda: b"".join(sorted(p.ours("ls", "-1", "-g", url, root + "/many").splitlines(True))))
    absent = "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
    r = subprocess.run([os.environ["BIN"] + "/ipfrs-fetch", "-R", "1", "-g", url, absent], env=p.env,
                       stderr=subprocess.PIPE)
    p.ok(r.returncode == 1, "what it has not got is status 1", r.stderr.decode())
finally:
    daemon.terminate()
    daemon.wait()
p.end()
