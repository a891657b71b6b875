"""ipld.py [full] - archives and codecs: ours, Kubo's and other libraries', the machine's limit, in one run.
libipld and cbrrr are looked for where Python finds them ($PYTHONPATH)."""
import importlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BIN, BUILD = os.environ["BIN"], os.environ["BUILD"]
IPFS = os.environ.get("IPFS")
full = len(sys.argv) > 1 and sys.argv[1] == "full"
top = tempfile.mkdtemp(prefix="ipfrs-bench.", dir=os.environ.get("TMPDIR"))
env = dict(os.environ, IPFRS_PATH=top + "/store", IPFS_PATH=top + "/kubo", IPFS_TELEMETRY="off",
           PATH=BIN + ":" + os.environ["PATH"])
here = os.path.dirname(os.path.abspath(__file__))


def sh(cmd):
    r = subprocess.run(["sh", "-c", cmd], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if r.returncode:
        print("# failed (%d): %s: %s" % (r.returncode, cmd, r.stderr.decode()[:300]))
    return r.stdout.decode().strip()


def timed(cmd):
    t = time.perf_counter()
    p = subprocess.Popen(["sh", "-c", cmd], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    err = p.stderr.read()
    _, status, ru = os.wait4(p.pid, 0)
    if status:
        print("# failed (%d): %s: %s" % (status, cmd, err.decode()[:300]))
    return time.perf_counter() - t, ru.ru_maxrss


def race(name, budget, runs, before=None, **cmds):
    """Competing commands in turn; the slowest `limit…` is the limit."""
    got = {k: [] for k in cmds if cmds[k]}
    for _ in range(runs):
        for k in got:
            if before:
                before(k)
            got[k].append(timed(cmds[k]))
    med = {k: statistics.median(t for t, _ in v) for k, v in got.items()}
    limit = max(v for k, v in med.items() if k.startswith("limit"))
    kubo = med.get("kubo")
    print("%s\t%.3f\t%s\t%.3f\t%s\t%.2fx\t%.1f\t%s" % (
        name, med["ours"], "%.3f" % kubo if kubo else "-", limit, "%.1fx" % (kubo / med["ours"]) if kubo else "-",
        med["ours"] / limit, max(m for _, m in got["ours"]) / 1024, budget))
    sys.stdout.flush()


def fresh(who=None):
    if who in (None, "ours"):
        shutil.rmtree(top + "/store", ignore_errors=True)
        sh("ipfrs-init -q")
    if IPFS and who in (None, "kubo"):
        shutil.rmtree(top + "/kubo", ignore_errors=True)
        sh(IPFS + " init --empty-repo")
    os.sync()


def kubo(cmd):
    return "%s %s" % (IPFS, cmd) if IPFS else None


print("what\tours s\tKubo s\tlimit s\tKubo/ours\tours/limit\tours MiB\tbudget")
size = 1024 if full else 256
sh("head -c %dM /dev/urandom > %s/big" % (size, top))
fresh()
cid = sh("ipfrs-add -Q -O raw-leaves=yes %s/big" % top)
if IPFS:
    sh(IPFS + " add -Q --raw-leaves --progress=false %s/big" % top)
car = top + "/big.car"
sh("ipfrs-car export -1 -o %s %s" % (car, cid))
race("car export %d MiB to /dev/null" % size, "5x Kubo, 1.5x cat", 5, ours="ipfrs-car export " + cid,
     kubo=kubo("dag export --progress=false " + cid), limit="cat " + car)
race("car export %d MiB into a pipe" % size, "5x Kubo, 1.5x cat", 5, ours="ipfrs-car export %s | cat" % cid,
     kubo=IPFS and kubo("dag export --progress=false %s | cat" % cid), limit="cat %s | cat" % car)
race("car import %d MiB, durable" % size, "5x Kubo, bound by hashing", 3, before=fresh,
     ours="ipfrs-car import " + car, kubo=kubo("dag import --pin-roots=false " + car),
     limit="cp %s %s/copy; sync %s/copy; openssl dgst -sha256 %s" % (car, top, top, car))
fresh()
race("car verify %d MiB" % size, "hashing speed", 3, ours="ipfrs-car verify " + car,
     limit="openssl dgst -sha256 " + car)
race("car index %d MiB" % size, "-", 3, ours="ipfrs-car index -o %s/v2.car %s" % (top, car),
     limit="cp %s %s/copy; sync %s/copy" % (car, top, top))
os.unlink(top + "/big")

print()
sh("mkdir %s/docs; python3 %s/docs.py %s/docs" % (top, here, top))
docs = ["%s/docs/%s.json" % (top, n) for n in ("canada", "citm", "twitter")]
print(sh("%s/bench/codec -o %s %s" % (BUILD, top, " ".join(docs))).replace(top + "/docs/", ""))


def rate(fn, size):
    best = end = 9e9
    end = time.perf_counter() + .4
    while time.perf_counter() < end:
        t = time.perf_counter()
        fn()
        best = min(best, time.perf_counter() - t)
    return "%.0f" % (size / best / 1e6)


for name, decode in (("libipld", "decode_dag_cbor"), ("cbrrr", "decode_dag_cbor")):
    try:
        lib = importlib.import_module(name)
    except ImportError:
        print("# %s is not here" % name)
        continue
    for doc in docs:
        data = open("%s/%s.cbor" % (top, os.path.basename(doc)), "rb").read()
        print("%s\t%s: dag-cbor to Python\t%s MB/s" % (os.path.basename(doc), name,
                                                        rate(lambda: getattr(lib, decode)(data), len(data))))

print()
print(sh("%s/bench/caridx %s %d" % (BUILD, top, 5000000 if full else 1000000)))
shutil.rmtree(top)
