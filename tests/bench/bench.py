"""bench.py quick|full - one table: ours, Kubo's, the machine's limit; ratios in one run, medians.

Competing commands are run in turn (A B C A B C …), so that a machine that drifts drifts for all.
Peak memory is the largest resident set of the command itself.  Kubo's columns are empty where
$IPFS is not set.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BIN, GROW = os.environ["BIN"], os.environ["GROW"]
IPFS = os.environ.get("IPFS")
full = len(sys.argv) > 1 and sys.argv[1] == "full"
top = tempfile.mkdtemp(prefix="ipfrs-bench.", dir=os.environ.get("TMPDIR"))
env = dict(os.environ, IPFRS_PATH=top + "/store", IPFS_PATH=top + "/kubo", IPFS_TELEMETRY="off",
           PATH=BIN + ":" + os.environ["PATH"])
CORES = len(os.sched_getaffinity(0))


def sh(cmd, **kw):
    return subprocess.run(["sh", "-c", cmd], env=kw.pop("env", env), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **kw)


def timed(cmd):
    """(seconds, peak KiB) of a shell command"""
    t = time.perf_counter()
    p = subprocess.Popen(["sh", "-c", "exec " + cmd if ";" not in cmd and "|" not in cmd else cmd],
                         env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    err = p.stderr.read()
    _, status, ru = os.wait4(p.pid, 0)
    if status:
        print("# failed (%d): %s: %s" % (status, cmd, err.decode()[:300]))
    return time.perf_counter() - t, ru.ru_maxrss


def race(runs, before=None, **cmds):
    """Median seconds and peak of each command, in turn; `before` resets the scene."""
    got = {k: [] for k in cmds if cmds[k]}
    for _ in range(runs):
        for k in got:
            if before:
                before(k)
            got[k].append(timed(cmds[k]))
    return {k: (statistics.median(x[0] for x in v), max(x[1] for x in v)) for k, v in got.items()}


def fresh(who=None):
    shutil.rmtree(top + "/store", ignore_errors=True)
    sh("ipfrs-init")
    if IPFS and who in (None, "kubo"):
        shutil.rmtree(top + "/kubo", ignore_errors=True)
        sh(IPFS + " init --empty-repo")
    os.sync()


rows = []


def row(name, r, limit_keys, budget):
    ours = r["ours"][0]
    limit = max((r[k][0] for k in limit_keys if k in r), default=None)
    kubo = r.get("kubo", (None,))[0]

    def s(x, f="%.3f"):
        return "-" if x is None else f % x
    rows.append((name, s(ours), s(kubo), s(limit), s(kubo and kubo / ours, "%.1fx"),
                 s(limit and ours / limit, "%.2fx"), "%.1f" % (r["ours"][1] / 1024), budget))
    print("\t".join(rows[-1]))
    sys.stdout.flush()


def kubo(cmd):
    return "%s %s" % (IPFS, cmd) if IPFS else None


print("what\tours s\tKubo s\tlimit s\tKubo/ours\tours/limit\tours MiB\tbudget")
# ---- one large file ----
size = 1024 if full else 256
sh("head -c %dM /dev/urandom > %s/big" % (size, top))
sh("split -n %d %s/big %s/part." % (CORES, top, top))
parts = sorted(p for p in os.listdir(top) if p.startswith("part."))
hash_all = "; ".join(["%s dgst -sha256 %s/%s &" % ("openssl", top, p) for p in parts]).replace("&;", "&") + " wait"
r = race(3, fresh, ours="ipfrs-add -Q %s/big" % top, kubo=kubo("add -Q --progress=false %s/big" % top),
         hash=hash_all, write="dd if=%s/big of=%s/copy bs=1M conv=fsync; rm %s/copy" % (top, top, top))
row("add %d MiB, durable" % size, r, ["hash", "write"], "1.25x limit")
print("#   hashing on all cores %.3f s, writing and fsync %.3f s" % (r["hash"][0], r["write"][0]))
fresh()
cid = sh("ipfrs-add -Q %s/big" % top).stdout.decode().strip()
if IPFS:
    sh(IPFS + " add -Q --progress=false %s/big" % top)
r = race(5, None, ours="ipfrs-cat " + cid, kubo=kubo("cat " + cid), limit="cat %s/big" % top)
row("cat %d MiB to /dev/null" % size, r, ["limit"], "5x Kubo")
r = race(5, None, ours="ipfrs-cat %s | cat" % cid, kubo=IPFS and kubo("cat %s | cat" % cid),
         limit="cat %s/big | cat" % top)
row("cat %d MiB into a pipe" % size, r, ["limit"], "5x Kubo, 1.3x cat")
for p in parts:
    os.unlink(top + "/" + p)

# ---- start-up ----
sh("cd %s && git init -q g && cd g && echo hello > f && git add f && git hash-object -w f" % top)
blob = sh("cd %s/g && git hash-object f" % top).stdout.decode().strip()
fresh()
small = sh("echo hello | ipfrs-add -Q -").stdout.decode().strip()
if IPFS:
    sh("echo hello | %s add -Q" % IPFS)
n = 100
r = race(5, None, ours="i=0; while [ $i -lt %d ]; do ipfrs-cat %s; i=$((i+1)); done" % (n, small),
         kubo=IPFS and "i=0; while [ $i -lt %d ]; do %s cat %s; i=$((i+1)); done" % (n // 10, IPFS, small),
         limit="cd %s/g; i=0; while [ $i -lt %d ]; do git cat-file blob %s; i=$((i+1)); done" % (top, n, blob))
if "kubo" in r:
    r["kubo"] = (r["kubo"][0] * 10, r["kubo"][1])
row("%d x cat of a small file" % n, r, ["limit"], "2x git, 30x Kubo")

# ---- many small files ----
files = 100000 if full else 20000
os.mkdir(top + "/many")
for i in range(files):
    if i % 1000 == 0:
        d = "%s/many/d%04d" % (top, i // 1000)
        os.mkdir(d)
    with open("%s/f%05d" % (d, i), "wb") as f:
        f.write(os.urandom(4096))
r = race(3, fresh, ours="ipfrs-add -r -Q %s/many" % top,
         kubo=kubo("add -r -Q --progress=false %s/many" % top),
         limit="tar cf %s/t.tar -C %s many; sync %s/t.tar; rm %s/t.tar" % (top, top, top, top))
row("add -r %d files of 4 KiB" % files, r, ["limit"], "10x Kubo, 2x tar")
fresh()
sh("ipfrs-add -r -c -Q %s/many" % top)
time.sleep(3)       # let the files grow old enough to be trusted
sh("ipfrs-add -r -c -Q %s/many" % top)
r = race(5, None, ours="ipfrs-add -r -c -Q %s/many" % top, limit="find %s/many -size +100k" % top)
row("add -r -c, unchanged", r, ["limit"], "2x find")
fresh()

# ---- growth ----
print("\nblocks\topen+get ms\thas ms\tput ms\tpin ms\tstat ms\tseg MiB\tfiles\tbytes/block")
at, last = 0, None
for target in [10**4, 10**5, 10**6] + ([10**7] if full else []):
    t = time.perf_counter()
    out = sh("%s put %d %d" % (GROW, target - at, at))
    if out.returncode:
        print("# grow failed: " + out.stderr.decode())
        break
    took = time.perf_counter() - t
    last = out.stdout.decode().strip()
    rate = (target - at) / took
    at = target
    ms = []
    for cmd in ("ipfrs-block get " + last, "ipfrs-block has " + last,
                "sh -c 'echo put-%d-$$-$(date +%%N) | ipfrs-block put -'" % at,
                "ipfrs-pin add " + last, "ipfrs-stat -a"):
        ms.append("%.2f" % (1000 * statistics.median(timed(cmd)[0] for _ in range(9))))
    segs = sum(os.path.getsize(os.path.join(top, "store/seg", f)) for f in os.listdir(top + "/store/seg"))
    nfiles = sum(len(f) for _, _, f in os.walk(top + "/store"))
    payload = at * 127.5
    print("%d\t%s\t%.1f\t%d\t%.1f\t(%.0f blocks/s)" % (at, "\t".join(ms), segs / 2**20, nfiles,
                                                       (segs - payload) / at, rate))
    sys.stdout.flush()
print("\npins\tadd ms\tls first ms\trm ms")
done = 0
for target in [10, 10**4] + ([10**6] if full else [10**5]):
    sh("%s pin %d 0" % (GROW, target))
    add = statistics.median(timed("ipfrs-pin add " + last)[0] for _ in range(5))
    ls = statistics.median(timed("ipfrs-pin ls | head -n 1")[0] for _ in range(5))
    rm = statistics.median(timed("ipfrs-pin rm %s; ipfrs-pin add %s" % (last, last))[0] for _ in range(5))
    print("%d\t%.2f\t%.2f\t%.2f" % (target, add * 1000, ls * 1000, rm * 1000))
    sys.stdout.flush()

# ---- collection while four writers add ----
fresh()
n = 10**6 if full else 10**5
sh("%s put %d 0" % (GROW, n))
sh("%s tree %d 0" % (GROW, n // 2))
lat, stop = {"before": [], "during": []}, False
phase = "before"


def writer(k):
    i = 0
    while not stop:
        i += 1
        t = time.perf_counter()
        r = subprocess.run([BIN + "/ipfrs-block", "put", "-"], input=b"w%d %d %f" % (k, i, t), env=env,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        lat[phase].append(time.perf_counter() - t)
        if r.returncode:
            print("# writer: " + r.stderr.decode())


ws = [threading.Thread(target=writer, args=(k,)) for k in range(4)]
for w in ws:
    w.start()
time.sleep(10 if full else 3)
phase = "during"
t, peak = timed("ipfrs-gc")
stop = True
for w in ws:
    w.join()


def p99(x):
    return sorted(x)[int(len(x) * 0.99)] * 1000 if x else 0


print("\ngc of half of %d blocks with four writers: %.2f s, %.1f MiB; writers' p50/p99 ms before %.1f/%.1f "
      "(%d puts), during %.1f/%.1f (%d puts)" % (
          n, t, peak / 1024, statistics.median(lat["before"]) * 1000, p99(lat["before"]), len(lat["before"]),
          statistics.median(lat["during"] or [0]) * 1000, p99(lat["during"]), len(lat["during"])))

# ---- memory: every verb on its largest input, under ulimit -v ----
# 64 MiB, and what is mapped of the index (it counts against -v, and is the page cache's)
fresh()
big = sh("ipfrs-add -Q %s/big" % top).stdout.decode().strip()
many = sh("ipfrs-add -r -Q %s/many" % top).stdout.decode().strip()
n = 10**6 if full else 10**5
sh("%s put %d 0" % (GROW, n))
sh("tar cf %s/many.tar -C %s many" % (top, top))
os.mkdir(top + "/wide")
for i in range(10**6 if full else 10**5):
    os.close(os.open("%s/wide/name-%d" % (top, i), os.O_CREAT | os.O_WRONLY, 0o644))
index = os.path.getsize(top + "/store/index/data.mdb") // 1024
limit = 64 * 1024 + 2 * index + 64 * 1024
print("\nverb under ulimit -v %d MiB\tpeak MiB\texit" % (limit // 1024))
for cmd in ("ipfrs-add -Q %s/big" % top, "ipfrs-add -r -Q %s/many" % top,
            "ipfrs-add -r -n -Q %s/wide" % top, "ipfrs-add -r -Q %s/wide" % top,
            "ipfrs-add -a -Q %s/many.tar" % top, "ipfrs-cat " + big, "ipfrs-get -o %s/out %s" % (top, many),
            "ipfrs-get -t tar " + many, "ipfrs-ls -r " + many, "ipfrs-refs -r -u " + many, "ipfrs-stat -b " + many,
            "ipfrs-pin ls", "ipfrs-pin verify", "ipfrs-fsck", "ipfrs-reindex", "ipfrs-gc"):
    t = subprocess.Popen(["sh", "-c", "ulimit -v %d; exec %s" % (limit, cmd)], env=env,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    err = t.stderr.read()
    _, status, ru = os.wait4(t.pid, 0)
    print("%s\t%.1f\t%d%s" % (cmd.replace(top, ""), ru.ru_maxrss / 1024, os.waitstatus_to_exitcode(status),
                              "\t" + err.decode()[:200] if status else ""))
    sys.stdout.flush()
shutil.rmtree(top)
