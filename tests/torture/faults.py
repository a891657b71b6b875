"""faults.py [STEP [VERB ...]] - make each malloc, write, sync, rename, commit and read fail in turn.

Every verb is run on a copy of one small store with fault.c preloaded: the 1st call of a kind fails,
then the 2nd, and so on until a run in which no call was left to fail.  Whatever happens: no signal, a
documented exit status, a message with every failure, and afterwards a store that ipfrs-fsck finds
good, with everything that was acknowledged before or during the run.  STEP > 1 tries every STEPth.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

BIN = os.environ["BIN"]
FAULT = os.environ["FAULT"]
step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
top = tempfile.mkdtemp(prefix="ipfrs-faults.")
base = top + "/base"


def run(args, path, fault=None, input=None):
    env = dict(os.environ, IPFRS_PATH=path)
    if fault:
        env.update(LD_PRELOAD=FAULT, FAULT_KIND=fault[0], FAULT_NTH=str(fault[1]),
                   FAULT_HITS=top + "/hits")
    return subprocess.run([BIN + "/ipfrs-" + args[0]] + args[1:], env=env, input=input,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def must(args, path, input=None):
    r = run(args, path, input=input)
    if r.returncode:
        sys.exit("%r: status %d: %s" % (args, r.returncode, r.stderr.decode()))
    return r.stdout


# a tree of several files and a HAMT, an old pin to remove, garbage to collect
tree = top + "/tree"
os.makedirs(tree + "/sub")
for i in range(12):
    with open("%s/sub/f%d" % (tree, i), "wb") as f:
        f.write(b"%d" % i * 100)
with open(tree + "/big", "wb") as f:
    f.write(bytes(range(256)) * 3000)
must(["init"], base)
kept = must(["add", "-r", "-Q", tree], base).decode().strip()
old = must(["add", "-Q", __file__], base).decode().strip()
loose = must(["add", "-P", "-Q", FAULT], base).decode().strip()
must(["files", "cp", "-p", "/ipfs/" + kept, "/dir/kept"], base)
must(["files", "write", "-e", "/old"], base, b"old")
new = top + "/new"
shutil.copytree(tree, new)
with open(new + "/more", "wb") as f:
    f.write(b"more" * 70000)

# a model with a header that is worth keeping
head = {"w": {"dtype": "F32", "shape": [500, 100], "data_offsets": [0, 200000]}}
head.update({"layer.%d.weight" % i: {"dtype": "U8", "shape": [1], "data_offsets": [200000 + i, 200001 + i]} for i in range(2000)})
with open(top + "/model", "wb") as f:
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    f.write(struct.pack("<Q", len(text)) + text + struct.pack("<50000f", *range(50000)) + bytes(2000))
model = must(["add", "-Q", top + "/model"], base).decode().strip()
with open(top + "/csv", "w") as f:
    f.write("id,name,price,day\n" + "".join('%d,"a ""%d""",%f,2024-01-31\n' % (i, i, i / 7) for i in range(3000)) + ",,,\n")
csv = must(["add", "-Q", top + "/csv"], base).decode().strip()
with open(top + "/jsonl", "w") as f:
    f.write("".join('{"id":%d,"list":[%d,null],"more":{"x":[%d]}}\n' % (i, i, i) for i in range(1000)))
jsonl = must(["add", "-Q", top + "/jsonl"], base).decode().strip()

verbs = {
    "add": ["add", "-r", "-Q", new],
    "add-cache": ["add", "-r", "-c", "-Q", new],
    "add-tensors": ["add", "-T", "-Q", top + "/model"],
    "pin-add": ["pin", "add", loose],
    "pin-rm": ["pin", "rm", old],
    "gc": ["gc"],
    "reindex": ["reindex"],
    "cat": ["cat", kept + "/big"],
    "get": ["get", "-o", top + "/out", kept],
    "ls": ["ls", kept],
    "files-write": ["files", "write", "-t", "/old", new + "/more"],
    "files-new": ["files", "write", "-e", "-p", "/a/new", tree + "/big"],
    "files-cp": ["files", "cp", "-f", "/ipfs/" + loose, "/a-copy"],
    "files-mv": ["files", "mv", "/old", "/dir/"],
    "files-rm": ["files", "rm", "-r", "/old"],
    "files-read": ["files", "read", "/dir/kept/big"],
    "tensor": ["tensor", "-v", model, "w", "layer.5.weight"],
    "slice": ["slice", "-f", "json", model, "w", "3:400:7,::-1"],
    "slice-out": ["slice", "-f", "npy", "-o", top + "/out/w", model, "w", ":,50"],
    "slice-list": ["slice", "-i", "-f", "safetensors", "-o", top + "/out/w", model],
    "arrow": ["arrow", "-b", "8", model, "layer.0.weight", "layer.1.weight"],
    "arrow-csv": ["arrow", "-f", "csv", "-b", "1000", "-o", top + "/out/w", csv],
    "arrow-jsonl": ["arrow", "-f", "jsonl", "-b", "300", "-o", top + "/out/w", jsonl],
}
verbs = {k: v for k, v in verbs.items() if k in sys.argv[2:] or not sys.argv[2:]}
given = {"slice-list": b"w\t0\nlayer.7.weight\nw\t:,1:3\tcolumns\n"}
# what a change of the files leaves, when it says yes and when it says no: path, length
changed = {
    "files-write": (("/old", 280000), ("/old", 3)),
    "files-new": (("/a/new", 768000), ("/a/new", None)),
    "files-cp": (("/a-copy", os.path.getsize(FAULT)), ("/a-copy", None)),
    "files-mv": (("/dir/old", 3), ("/old", 3)),
    "files-rm": (("/old", None), ("/old", 3)),
}


def length(path, name):
    """Of a file among the mutable ones; None: there is none."""
    r = run(["files", "read", name], path)
    return None if r.returncode == 1 else len(r.stdout) if r.returncode == 0 else r.stderr.decode()


kinds = ["write", "sync", "rename", "commit", "read", "malloc"]
total = bad = 0
want_big = must(["cat", kept + "/big"], base)
want = {}


def sliced():
    """What stands in the folder of slices."""
    return {n: open(top + "/out/" + n, "rb").read() for n in os.listdir(top + "/out")}


for verb in verbs:
    if verb.split("-")[0] in ("tensor", "slice", "arrow"):
        os.makedirs(top + "/out", exist_ok=True)
        want[verb] = must(verbs[verb], base, given.get(verb)), sliced()
        shutil.rmtree(top + "/out")
        shutil.rmtree(base + "/cache", ignore_errors=True)
for verb, args in verbs.items():
    for kind in kinds:
        nth, runs, wrong = 1, 0, []
        while nth < 20000:
            path = top + "/store"
            shutil.rmtree(path, ignore_errors=True)
            shutil.rmtree(top + "/out", ignore_errors=True)
            shutil.copytree(base, path)
            if verb in want:
                os.mkdir(top + "/out")
            r = run(args, path, (kind, nth), given.get(verb))
            try:
                seen = int(open(top + "/hits").read())
            except (OSError, ValueError):
                seen = nth
            if seen < nth:
                break
            runs += 1
            why = []
            if r.returncode < 0:
                why.append("killed by signal %d" % -r.returncode)
            elif r.returncode not in (0, 1, 3, 4):
                why.append("status %d" % r.returncode)
            if r.returncode and not r.stderr:
                why.append("status %d without a word" % r.returncode)
            f = run(["fsck"], path)
            if f.returncode:
                why.append("fsck %d: %s" % (f.returncode, (f.stdout + f.stderr).decode()[:300]))
            big = run(["cat", kept + "/big"], path)
            if big.returncode or big.stdout != want_big:
                why.append("kept file lost: " + big.stderr.decode())
            pins = run(["pin", "ls", "-q"], path).stdout.decode().split()
            if kept not in pins:
                why.append("pin of the kept tree lost")
            if verb == "add-tensors" and r.returncode == 0 and r.stdout != must(["add", "-n"] + args[1:], base):
                why.append("cut elsewhere")
            if verb in ("add", "add-cache", "add-tensors") and r.returncode == 0:
                cid = r.stdout.decode().strip()
                if cid not in pins:
                    why.append("acknowledged, not pinned: " + cid)
                if run(["refs", "-r", cid], path).returncode:
                    why.append("acknowledged, not whole: " + cid)
            if verb == "pin-add" and r.returncode == 0 and loose not in pins:
                why.append("acknowledged pin lost")
            if verb == "pin-rm" and r.returncode == 0 and old in pins:
                why.append("acknowledged unpin lost")
            if verb != "pin-rm" and old not in pins:
                why.append("old pin lost")
            if verb == "cat" and r.returncode == 0 and r.stdout != want_big:
                why.append("cat wrote something else and said yes")
            if verb == "files-read" and r.returncode == 0 and r.stdout != want_big:
                why.append("read wrote something else and said yes")
            if verb in want and r.returncode == 0 and (r.stdout, sliced()) != want[verb]:
                why.append("something else than the slices, and said yes")
            if verb in want and r.returncode and sliced():
                why.append("left something: %s" % list(sliced()))
            if verb in want and run(["slice", "-f", "json", model, "layer.77.weight"], path).stdout != b"[0]\n":
                why.append("what is kept of the header is wrong")
            if run(["files", "read", "/dir/kept/big"], path).stdout != want_big:
                why.append("mutable file lost")
            if verb in changed:
                yes, no = changed[verb]
                if length(path, yes[0]) != yes[1] and (r.returncode == 0 or length(path, no[0]) != no[1]):
                    why.append("neither before nor after the change")
            elif length(path, "/old") != 3:
                why.append("/old is not what it was")
            if why:
                wrong.append(nth)
                print("# %s, %s %d (status %d, %s):\n#   %s" % (
                    verb, kind, nth, r.returncode, r.stderr.decode().strip()[:200], "\n#   ".join(why)))
            nth += step
        total += runs
        bad += len(wrong)
        if not runs:                     # nothing was tried: no test
            print("# %s: makes no call of the kind %s" % (verb, kind))
            continue
        print("%s - faults: %s, %d x %s" % ("not ok" if wrong else "ok", verb, runs, kind))
        sys.stdout.flush()
shutil.rmtree(top)
print("# %d faults injected, %d bad" % (total, bad))
sys.exit(1 if bad else 0)
