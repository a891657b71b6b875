"""rpc_sides.py - the two sides of a comparison of RPC servers: a daemon of Kubo's and a server of ours, each with a
store and a working folder of its own, the same files in both folders.  $IPFS is Kubo."""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

IPFS = os.environ.get("IPFS", "ipfs")
BIN = os.environ.get("BIN", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bin"))
WHEN = 1600000000


def put(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def files(folder):
    """what the command lines find in their working folder"""
    r = random.Random(7)
    put(folder + "/hello.txt", b"hello\n")
    put(folder + "/empty", b"")
    put(folder + "/lines.txt", b"".join(b"line %d\n" % i for i in range(100)))
    put(folder + "/big.bin", r.randbytes(700000))
    put(folder + "/sp ace+%25é.txt", b"strange name\n")
    put(folder + "/patch.bin", b"PATCH")
    put(folder + "/tree/a.txt", b"a\n")
    put(folder + "/tree/b/c.txt", b"c\n")
    put(folder + "/tree/b/d/e.txt", b"eee\n")
    put(folder + "/tree/b/run.sh", b"#!/bin/sh\n", 0o755)
    put(folder + "/tree/.hidden", b"hidden\n")
    put(folder + "/tree/.dot/inside", b"inside\n")
    put(folder + "/tree/log.tmp", b"temporary\n")
    put(folder + "/tree/ünï code.txt", b"unicode\n")
    os.makedirs(folder + "/tree/void")
    os.symlink("a.txt", folder + "/tree/link")
    os.symlink("nowhere", folder + "/dangling")
    os.symlink("hello.txt", folder + "/good-link")
    put(folder + "/rules", b"*.tmp\nb/d\n")
    for i in range(40):
        put(folder + "/many/file-%02d" % i, b"%d\n" % i)
    put(folder + "/node.json", b'{"a":[1,2,{"b":"text"}],"link":{"/":"QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"},'
                               b'"bytes":{"/":{"bytes":"aGVsbG8"}},"f":1.5,"n":null,"t":true}')
    put(folder + "/small.json", b'{"x":{"y":7},"z":"<&>"}')
    put(folder + "/list.json", b"[1,-2,3]")
    put(folder + "/bad.json", b'{"a":')
    put(folder + "/pb.json", b'{"Data":{"/":{"bytes":"CAE"}},"Links":[{"Hash":{"/":'
                             b'"QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN"},"Name":"h","Tsize":14}]}')
    put(folder + "/small.cbor", bytes.fromhex("a1616101"))
    put(folder + "/bad.cbor", bytes.fromhex("a16161"))
    put(folder + "/junk.car", b"this is no archive at all\n")
    put(folder + "/two-mib.bin", r.randbytes(2 * 1024 * 1024 + 1))
    for at, dirs, names in os.walk(folder):
        for name in dirs + names:
            os.utime(at + "/" + name, (WHEN, WHEN), follow_symlinks=False)


class Side:
    """one server: .address of its RPC, .dir, .cwd; api: what its configuration has in its section of that name"""

    name = "nobody"

    def __init__(self, api=None):
        self.api = api or {}
        self.dir = tempfile.mkdtemp(prefix="ipfrs-rpc.")
        self.cwd = self.dir + "/cwd"
        self.repo = self.dir + "/repo"
        self.client = dict(os.environ, IPFS_PATH=self.dir + "/none", IPFS_TELEMETRY="off", LC_ALL="C.UTF-8", TZ="UTC",
                           HOME=self.dir)
        os.makedirs(self.cwd)
        os.umask(0o022)
        files(self.cwd)
        self.err = open(self.dir + "/err", "w+")
        self.proc = None
        self.own = []
        try:
            self.address = self.start()
        except BaseException:
            self.stop()
            raise

    def run(self, env, *args):
        r = subprocess.run(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if r.returncode:
            raise RuntimeError("%s: %s" % (" ".join(args), r.stderr.decode("utf-8", "replace")[:400]))
        return r.stdout

    def said(self):
        with open(self.dir + "/err") as f:
            return f.read()

    def ipfs(self, args, stdin=b"", timeout=60):
        """Kubo's command line with this server: (status, stdout, stderr)"""
        try:
            r = subprocess.run([IPFS, "--api", "/ip4/127.0.0.1/tcp/%d" % self.address[1], *args], input=stdin, env=self.client,
                               cwd=self.cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        except subprocess.TimeoutExpired as e:
            return "no end in %d s" % timeout, e.stdout or b"", e.stderr or b""
        return r.returncode, r.stdout, r.stderr

    def know(self):
        """learn who it is: the words of command lines that stand for it"""
        rc, out, _ = self.ipfs(["id", "--enc=json"])
        if rc != 0:
            return {}
        who = json.loads(out)
        names = {base: self.ipfs(["id", "--peerid-base=" + base, "-f", "<id>"])[1].strip()
                 for base in ("base36", "base32", "base16", "base58btc")}
        self.own = [(name, b"<SELF>") for name in (who["ID"].encode(), who["PublicKey"].encode(), *names.values()) if name]
        self.own.append((who["AgentVersion"].encode(), b"<AGENT>"))
        return {"SELF": who["ID"], "SELFK": names["base36"].decode()}

    def spelled(self, text):
        """the text, with the same words in place of what tells one node from another: its id in any base and its public
        key, program and version, the folder of its store, its port"""
        for word, instead in self.own:
            text = text.replace(word, instead)
        text = text.replace(self.repo.encode(), b"<REPO>").replace(self.dir.encode(), b"<DIR>")
        return re.sub(rb"(?i)(tcp/|127\.0\.0\.1:|localhost:|\[::1\]:)%d\b" % self.address[1], rb"\1<PORT>", text)

    def ended(self, seconds=20):
        """by itself, and without a complaint"""
        try:
            return self.proc.wait(timeout=seconds) == 0
        except subprocess.TimeoutExpired:
            return False

    def stop(self):
        if self.proc:
            self.proc.terminate()
            try:
                self.proc.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        self.err.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Kubo(Side):
    name = "kubo"

    def start(self):
        env = dict(self.client, IPFS_PATH=self.repo)
        self.run(env, IPFS, "init", "--empty-repo", "--profile=test")
        self.run(env, IPFS, "pin", "rm", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")  # which init pins, empty or not
        for key, value in self.api.items():
            self.run(env, IPFS, "config", "--json", "API." + key, json.dumps(value))
        self.run(env, IPFS, "config", "Addresses.API", "/ip4/127.0.0.1/tcp/0")
        self.run(env, IPFS, "config", "--json", "Addresses.Gateway", "[]")
        self.run(env, IPFS, "config", "--json", "Addresses.Swarm", "[]")
        self.proc = subprocess.Popen([IPFS, "daemon", "--offline"], env=env, stdout=subprocess.PIPE, stderr=self.err)
        address = None
        for line in self.proc.stdout:
            m = re.match(rb"RPC API server listening on /ip4/127.0.0.1/tcp/(\d+)", line)
            address = ("127.0.0.1", int(m[1])) if m else address
            if line.startswith(b"Daemon is ready"):
                break
        if not address:
            raise RuntimeError("Kubo's daemon did not start: " + self.said())
        return address


class Ours(Side):
    """a server of ours in one of its modes"""

    def __init__(self, mode, api=None):
        self.mode = self.name = mode
        super().__init__(api)

    def start(self):
        env = dict(self.client, IPFRS_PATH=self.repo)
        self.run(env, BIN + "/ipfrs-init")
        if self.api:
            put(self.repo + "/token/kubo.json", json.dumps({"API": self.api}).encode(), 0o600)
        api = self.dir + "/api"
        self.proc = subprocess.Popen([BIN + "/ipfrs-serve", "-m", self.mode, "-a", "127.0.0.1:0", "-r", "127.0.0.1:0",
                                      "-o", "rpc.api-file=" + api], env=env, stdin=subprocess.DEVNULL, stderr=self.err)
        for _ in range(200):
            if os.path.exists(api):
                with open(api) as f:
                    self.address = ("127.0.0.1", int(f.read().strip().split("/")[4]))
                return self.settle()
            if self.proc.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("our server did not start: " + self.said())


    def settle(self):
        """settings of the node as Kubo's profile `test' has them"""
        for line in ("config --json AutoConf.Enabled false", "bootstrap rm --all", "config Datastore.StorageMax 10GB"):
            self.ipfs(line.split())
        return self.address


def sides_are_kubo():
    return os.environ.get("IPFRS_RPC_PEER") == "kubo"


def sides():
    """the makers of the servers Kubo is compared with: IPFRS_RPC_PEER=kubo is a second Kubo, to see that what is
    compared is the same every time"""
    if sides_are_kubo():
        return [Kubo]
    return [lambda api=None, m=m: Ours(m, api) for m in os.environ.get("IPFRS_RPC_MODES", "fork pool").split()]


class Tap:
    """what was compared.  known: [(fields, pattern, why)], differences that are there on purpose; the pattern is looked
    for in the case's name and both values, as unlike() puts them"""

    def __init__(self, known=()):
        self.known, self.used, self.failed = known, set(), 0

    def ok(self, good, name, why=""):
        self.failed += not good
        print("%s - %s" % ("ok" if good else "not ok", name.replace("#", "\\#")))
        if not good:
            print("# " + why.replace("\n", "\n# "))
        sys.stdout.flush()

    def explained(self, name, what, text):
        for i, (fields, pattern, _) in enumerate(self.known):
            if what in fields.split() and re.search(pattern, name + "\n" + text, re.S):
                self.used.add(i)
                return True
        return False

    def same(self, name, kubo, ours):
        """two answers, {field: bytes}; where the status differs, only that is a matter of its own"""
        bad = []
        for what in sorted(kubo.keys() | ours.keys(), key=lambda k: (k != "status", k)):
            a, b = kubo.get(what, b""), ours.get(what, b"")
            if a == b:
                continue
            text = unlike(what, a, b)
            if not self.explained(name, what, text):
                bad.append(text)
            elif what == "status":
                break
        self.ok(not bad, name, "\n".join(bad))

    def end(self):
        for i, (_, _, why) in enumerate(self.known):
            self.ok(i in self.used, "still different: " + why)
        sys.exit(1 if self.failed else 0)


def unlike(what, kubo, ours):
    """two lines on where two byte strings begin to differ"""
    at = len(os.path.commonprefix([kubo, ours]))
    at = 0 if max(len(kubo), len(ours)) < 600 else max(0, at - 100)

    def shown(data):
        return "%s%r%s" % ("… " if at else "", data[at:at + 600], " … %d bytes" % len(data) if len(data) > at + 600 else "")

    return "%s: kubo %s\n%s  ours %s" % (what, shown(kubo), " " * len(what), shown(ours))
