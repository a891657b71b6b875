"""kubo_move.py - a repository of Kubo's comes to us by the commands of the manual (ipfrs-rpc(7), MIGRATION): what it
pinned, its files and its keys are then here.
"""
import os
import subprocess

from peer import BIN, IPFS, Peer

p = Peer()
page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "man", "ipfrs-rpc.7")


def commands():
    """the lines of the example below Bringing the content"""
    text = open(page).read().split(".Ss Bringing the content", 1)[1]
    text = text.split(".Bd", 1)[1].split("\n", 1)[1].split(".Ed", 1)[0]
    return "".join(line[2:] + "\n" for line in text.replace("\\e", "\\").splitlines() if line.startswith("$ "))


def text(b):
    return b.decode().strip()


def tree():
    os.mkdir(p.dir + "/d")
    for i in range(20):
        with open("%s/d/%d" % (p.dir, i), "wb") as f:
            f.write(os.urandom(100000 * (i % 4) + i))


tree()
roots = [text(p.kubo("add", "-r", "-Q", "d"))] + [text(p.kubo("add", "-Q", "--cid-version=1", "d/%d" % i)) for i in (1, 7)]
p.kubo("files", "mkdir", "/docs")
p.kubo("files", "cp", "/ipfs/" + text(p.kubo("add", "-Q", "--pin=false", "d/3")), "/docs/three")
p.kubo("files", "write", "--create", "/a note", "d/2")
p.kubo("key", "gen", "blog")
script = commands().replace("~/.ipfs", p.dir + "/kubo")
bin_dir = p.dir + "/bin"
os.mkdir(bin_dir)
os.symlink(os.path.abspath(IPFS) if os.sep in IPFS else subprocess.check_output(["which", IPFS], text=True).strip(),
           bin_dir + "/ipfs")
env = dict(p.env, PATH="%s:%s:%s" % (os.path.abspath(BIN), bin_dir, os.environ["PATH"]))
r = subprocess.run(["sh", "-ec", script], env=env, cwd=p.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
p.ok(r.returncode == 0 and script.count("\n") >= 5, "moving: the commands of the manual", r.stdout.decode("utf-8", "replace"))
pins = text(p.ours("pin", "ls")).split()
for root in roots:
    p.ok(root in pins, "moving: pin of " + root)
    p.same("moving: what is below " + root, lambda r=root: p.kubo("refs", "-r", "-u", r), lambda r=root: p.ours("refs", "-r", "-u", r))
p.same("moving: the files", lambda: p.kubo("files", "stat", "--hash", "/"),
       lambda: p.ours("files", "flush", "/"))
p.same("moving: a file", lambda: p.kubo("files", "read", "/a note"), lambda: p.ours("files", "read", "/a note"))
p.same("moving: the id of a key", lambda: p.kubo("key", "list", "-l", "--ipns-base=base36").split(b"\n")[1].split()[0],
       lambda: p.ours("key", "id", "blog").strip())
p.same("moving: the id of the node", lambda: p.kubo("id", "-f", "<id>").strip(), lambda: p.ours("key", "id", "-p", "self").strip())
p.end()
