"""kill9.py ROUNDS SEED - kill -9 at random moments.

In every round several processes work on one store at once (adding, pinning, unpinning, collecting, changing
the mutable files, now and then rebuilding the index); after a random time all are killed with SIGKILL.  Then
ipfrs-fsck must find the store good and everything acknowledged so far (a CID printed, a pin confirmed, a file
written) is there.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BIN = os.environ["BIN"]
rounds, seed = int(sys.argv[1]), int(sys.argv[2])
rng = random.Random(seed)
top = tempfile.mkdtemp(prefix="ipfrs-kill9.")
os.environ["IPFRS_PATH"] = store = top + "/store"
os.environ["PATH"] = BIN + ":" + os.environ["PATH"]


def run(*args, **kw):
    return subprocess.run([BIN + "/ipfrs-" + args[0], *args[1:]], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **kw)


# A worker acknowledges by appending a line to its file only after the program has said yes.
ADD = r"""
i=0
while :; do
	i=$((i+1))
	head -c $((1000 + (i * 7919 + $1 * 104729) % 400000)) /dev/urandom > "$2/data.$1.$i"
	cid=$(ipfrs-add -Q "$2/data.$1.$i") && echo "$cid data.$1.$i" >> "$2/acked.$1"
done
"""
PIN = r"""
i=0
while :; do
	i=$((i+1))
	cid=$(echo "loose $1 $i $3" | ipfrs-block put -) && ipfrs-pin add "$cid" >/dev/null && echo "$cid" >> "$2/pinned.$1"
	ipfrs-pin add "$cid" >/dev/null 2>&1
	x=$(echo "gone $1 $i $3" | ipfrs-add -Q -) && ipfrs-pin rm "$x" >/dev/null 2>&1
done
"""
FILES = r"""
i=0
while :; do
	i=$((i+1))
	echo "$1 $i $3" | ipfrs-files write -e -p "/r$3/$1/$i" && echo "$1 $i $3" >> "$2/files.$1"
	ipfrs-files mv "/r$3/$1/$i" "/r$3/both-$1-$i" && ipfrs-files cp "/r$3/both-$1-$i" "/r$3/$1/$i"
done
"""
GC = "while :; do ipfrs-gc >/dev/null 2>&1; done"
REINDEX = "while :; do ipfrs-reindex >/dev/null 2>&1; sleep 0.01; done"

assert run("init").returncode == 0
acked, bad = {}, 0
begin = time.time()
for r in range(rounds):
    data = "%s/r%d" % (top, r)
    os.mkdir(data)
    scripts = [(ADD, "1"), (ADD, "2"), (PIN, "3"), (GC, "4"), (FILES, "6"), (FILES, "7")]
    if r % 5 == 4:
        scripts.append((REINDEX, "5"))
    procs = [subprocess.Popen(["sh", "-c", s, "sh", who, data, str(r)], preexec_fn=os.setsid,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
             for s, who in scripts]
    time.sleep(rng.uniform(0.02, 0.35))
    for p in procs:
        os.killpg(p.pid, signal.SIGKILL)
    for p in procs:
        p.wait()
    why = []
    f = run("fsck")
    if f.returncode:
        why.append("fsck %d: %s" % (f.returncode, (f.stdout + f.stderr).decode()[:600]))
    fresh = {}
    for name in os.listdir(data):
        if name.startswith(("acked.", "pinned.")):
            for line in open(os.path.join(data, name)):
                if line.endswith("\n"):
                    w = line.split()
                    fresh[w[0]] = open(os.path.join(data, w[1]), "rb").read() if len(w) > 1 else None
        if name.startswith("files."):
            for line in open(os.path.join(data, name)):
                who, i, _ = line.split()
                got = [run("files", "read", "/r%d/" % r + where).stdout for where in
                       ("%s/%s" % (who, i), "both-%s-%s" % (who, i))]
                if line.endswith("\n") and line.encode() not in got:
                    why.append("lost: file %s/%s" % (who, i))
    acked.update({c: None for c in fresh})
    pins = set(run("pin", "ls", "-q").stdout.decode().split())
    for c in acked:
        if c not in pins:
            why.append("unpinned: " + c)
    some = list(fresh) + rng.sample(sorted(acked), min(10, len(acked)))
    for c in some:
        got = run("cat", c)
        if got.returncode or (fresh.get(c) is not None and got.stdout != fresh[c]):
            why.append("lost: %s %s" % (c, got.stderr.decode()))
    if why:
        bad += 1
        print("# seed %d round %d: %s" % (seed, r, "\n#   ".join(why)))
        if os.environ.get("KEEP"):
            shutil.copytree(store, "%s/kill9.%d" % (os.environ["KEEP"], r))
            break
    shutil.rmtree(data)
    if len(acked) > 600:                 # keep fsck short: begin anew
        shutil.rmtree(store)
        assert run("init").returncode == 0
        acked = {}
shutil.rmtree(top)
print("%s - kill -9: %d rounds in %d s, %d bad" % ("not ok" if bad else "ok", rounds,
                                                   time.time() - begin, bad))
sys.exit(1 if bad else 0)
