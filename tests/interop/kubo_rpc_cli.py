"""kubo_rpc_cli.py - Kubo's own command line as a client of our RPC: the lines of rpc_lines.py against a daemon of
Kubo's and a server of ours in both modes.  What it prints, what it complains about, its exit status and the files it
makes are the same.  $IPFS is Kubo; IPFRS_RPC_PEER=kubo compares Kubo with another Kubo, IPFRS_RPC_FAMILIES="add pin"
runs some families (those in front of them are run unseen, for the state they leave)."""
import base64
import gzip
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import stat
import string
import subprocess
import tarfile
import tempfile

import rpc_lines
from rpc_lines_node import FAMILIES
from rpc_sides import IPFS, Kubo, Tap, put, sides, sides_are_kubo

# What is not compared: whose node it is (Side.spelled), and where a step asks for it:
NORMS = {
    "sort": "lines in any order: Kubo's are in that of a hash table",
    "ids": "ids of keys that were just made up",
    "bar": "lines of progress, which are drawn when there is time",
    "time": "times",
    "sizes": "what a store takes on disk, and how many blocks",
    "machine": "facts of the machine and settings of the node: only the names of the first level",
    "running": "commands that have ended, ids and times",
    "processed": "how many blocks there are: folders on the way to a file are not kept by both",
    "changes": "settings that stay as they are",
    "via": "which of several pins holds a block",
}
# Where ours is not Kubo's on purpose: (fields, pattern, why), see Tap.
KNOWN = [
    ("status stderr", r"dag put bad\.json|dag import (empty|-)\n", "the error `EOF' is the end of the answer for Kubo"),
    ("stderr", r"dag put|dag get --output-codec", "what is wrong with a node, in words of Go's libraries"),
    ("stderr", r"dag get .*/a/x", "a letter is no place in a list: no such key"),
    ("status stdout stderr", r"key (gen|rm) bad/name", "names of keys have no slash"),
    ("stderr", r"kubo [^\n]*(proto: cannot parse|record is missing)", "what is wrong with a protobuf, in words of Go's libraries"),
    ("status stdout stderr", r"name get", "name get needs no network for what is here"),
    ("status stdout stderr", r"name put --allow-offline --force \$EDKEY hello.txt", "what is no record is not kept as one"),
    ("stdout", r"files ls -l /tree/b\n", "files mv leaves what it moved for Kubo's ls"),
    ("stderr", r"LookupBySegment", "a step that leads nowhere, in words of Go's libraries"),
    ("status stdout stderr", r"name put (--allow-offline |--quiet )*\$EDKEY theirs.record\n", "name put looks at the record it has, without a network, too"),
    ("status stdout stderr", r"log level (core|nonsense debug)\n", "the log has subsystems of our own"),
    ("stderr", r"invalid character|unmarshal json", "what is wrong with JSON, in words of Go's libraries"),
]
IDS = rb"\b(k[0-9a-z]{50,64}|12D3KooW\w{44}|16Uiu2HA\w{45}|Qm\w{44})\b"


def norm_sort(text):
    return b"".join(sorted(text.splitlines(True)))


def norm_ids(text):
    return re.sub(IDS, b"<ID>", text)


def norm_bar(text):
    return re.sub(rb"(?m)^.*[0-9?] ?([KM]i?B)?/s.*$", b"<PROGRESS>", text)


def norm_time(text):
    return re.sub(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(Z| \+0000 UTC)?", b"<TIME>", text)


def norm_sizes(text):
    text = re.sub(rb"((RepoSize|StorageMax|NumObjects)\"?: ?\s*)[\d.]+( [kMGTPE]?B)?", rb"\1<SIZE>", text)
    return text


def norm_machine(text):
    try:
        return json.dumps(sorted(json.loads(text))).encode()
    except (ValueError, TypeError):
        return text


def norm_running(text):
    try:
        return json.dumps([{k: c[k] for k in ("Command", "Options", "Args")} for c in json.loads(text) if c["Active"]]).encode()
    except (ValueError, TypeError, KeyError):
        return text


def norm_processed(text):
    return re.sub(rb"\d+ blocks processed\.\r", b"", text)


def norm_changes(text):
    return b"\n".join(line for line in text.split(b"\n") if b"<<" in line or b">>" in line)


def norm_via(text):
    return re.sub(rb"(through|via) \w+", rb"\1 <PIN>", text)


def archive(path, when):
    """what is in an archive or a packed file, in lines"""
    with open(path, "rb") as f:
        data = f.read()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    if not re.search(r"\.tar|\.tgz", path):
        return hashlib.sha256(data).hexdigest()
    lines = []
    for m in tarfile.open(fileobj=io.BytesIO(data)):
        body = hashlib.sha256(tarfile.open(fileobj=io.BytesIO(data)).extractfile(m).read()).hexdigest() if m.isreg() else m.linkname
        lines.append("%s %o %s%s %s" % (m.type.decode(), m.mode, m.name, " %d" % m.mtime if when else "", body))
    return "\n".join(lines)


def tree(path, when):
    """what is at a path, in lines"""
    def line(at, name):
        try:
            st = os.lstat(at)
        except OSError:
            return "%s: nothing" % name
        mark = stat.filemode(st.st_mode)
        if stat.S_ISREG(st.st_mode) and re.search(r"\.(tar|gz)$", at):
            return "%s %s\n%s" % (mark, name, archive(at, when))
        if when and not stat.S_ISDIR(st.st_mode):
            mark += " %d" % st.st_mtime
        if stat.S_ISLNK(st.st_mode):
            return "%s %s -> %s" % (mark, name, os.readlink(at))
        if stat.S_ISREG(st.st_mode):
            with open(at, "rb") as f:
                return "%s %s %s" % (mark, name, hashlib.sha256(f.read()).hexdigest())
        return "%s %s" % (mark, name)

    lines = [line(path, "")]
    for at, dirs, names in os.walk(path):
        dirs.sort()
        lines += [line(at + "/" + n, (at + "/" + n)[len(path):]) for n in sorted(dirs + names)]
    return "\n".join(lines).encode()


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def keys(folder):
    """key files and a record, made once: {name: bytes}"""
    env = dict(os.environ, IPFS_PATH=folder + "/keys", IPFS_TELEMETRY="off")

    def ipfs(*args):
        return subprocess.run([IPFS, *args], env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout

    made = {}
    ipfs("init", "--empty-repo")
    for kind, name in ("ed25519", "ed"), ("rsa", "rsa"), ("secp256k1", "secp"):
        ipfs("key", "gen", "--type=" + kind, name)
        ipfs("key", "export", "-o", folder + "/k", name)
        with open(folder + "/k", "rb") as f:
            made[name + ".key"] = f.read()
    ipfs("key", "gen", "pem")
    ipfs("key", "export", "--format=pem-pkcs8-cleartext", "-o", folder + "/k", "pem")
    with open(folder + "/k", "rb") as f:
        made["ed.pem"] = f.read()
    ipfs("name", "publish", "--allow-offline", "--resolve=false", "--key=ed", "/ipfs/" + rpc_lines.EMPTY_DIR)
    cid = [line.split()[0] for line in ipfs("key", "list", "-l", "--ipns-base=base16").decode().splitlines() if line.split()[1] == "ed"]
    name = base64.b32encode(bytes.fromhex(cid[0][1:])[2:]).decode().rstrip("=")
    made["theirs.record"] = ipfs("diag", "datastore", "get", "/ipns/" + name)
    return made


def begin(side, made):
    """who the server is, and the files all get"""
    for name, data in made.items():
        put(side.cwd + "/" + name, data)
    side.vars = dict(rpc_lines.FIXED, **side.know())


def answer(side, step):
    """one step at one server: {"status", "stdout", "stderr", "files"}, normalised"""
    args = [string.Template(a).safe_substitute(side.vars) for a in shlex.split(step["line"])]
    rc, out, err = side.ipfs(args, step["stdin"])
    if step["save"]:
        side.vars[step["save"]] = out.decode("utf-8", "replace").split()[-1] if out.split() else "nothing"
    if step["out"]:
        put(side.cwd + "/" + step["out"], out)
    seen = {"status": str(rc).encode(), "stdout": side.spelled(out), "stderr": side.spelled(err)}
    for name in step["norm"]:
        for what in "stdout", "stderr":
            seen[what] = globals()["norm_" + name](seen[what])
    if step["tree"]:
        path, *when = string.Template(step["tree"]).safe_substitute(side.vars).split()
        seen["files"] = tree(side.cwd + "/" + path, when)
        remove(side.cwd + "/" + path)
    return seen


def compare(tap, side, families, theirs):
    """all lines at one of ours; theirs is what Kubo answered"""
    slow = 0
    for (family, steps), expected in zip(families, theirs):
        for step, a in zip(steps, expected):
            b = answer(side, step)
            if family in WANTED:
                tap.same("%s, %s: ipfs %s" % (side.name, family, step["line"][:120]), a, b)
            slow += b["status"].startswith(b"no end")
            if slow > 5:
                return tap.ok(False, "%s: an end" % side.name, "too many that have none")
    if families[-1][0] == "store":
        tap.ok(side.ended(), "%s: shutdown ends the server" % side.name, "it runs on")
    return None


WANTED = os.environ.get("IPFRS_RPC_FAMILIES", " ".join(f for f, _ in FAMILIES)).split()


def main():
    tap = Tap([] if sides_are_kubo() else KNOWN)
    folder = tempfile.mkdtemp(prefix="ipfrs-rpc.")
    last = max(i for i, (f, _) in enumerate(FAMILIES) if f in WANTED)
    families = FAMILIES[:last + 1]
    kubo = None
    try:
        made = keys(folder)
        kubo = Kubo()
        begin(kubo, made)
        theirs = [[answer(kubo, step) for step in steps] for _, steps in families]
        for maker in sides():
            side = maker()
            try:
                begin(side, made)
                compare(tap, side, families, theirs)
            finally:
                side.stop()
    finally:
        if kubo:
            kubo.stop()
        shutil.rmtree(folder, ignore_errors=True)
    tap.end()


if __name__ == "__main__":
    main()
