"""peer.py - what the interop tests share: running programs, scratch stores, TAP."""
import os
import shutil
import subprocess
import sys
import tempfile

BIN = os.environ["BIN"]
IPFS = os.environ.get("IPFS", "ipfs")


class Ours:
    """A scratch folder with a store of ours."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="ipfrs-interop.")
        self.count = self.failed = 0
        self.env = dict(os.environ, IPFRS_PATH=self.dir + "/ours", IPFS_PATH=self.dir + "/kubo",
                        IPFS_TELEMETRY="off", LC_ALL="C.UTF-8")
        self.ours("init")

    def run(self, args, input=None, env=None):
        r = subprocess.run(args, input=input, env=env or self.env, cwd=self.dir,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if r.returncode:
            raise RuntimeError("%s: status %d: %s" % (" ".join(map(str, args))[:300], r.returncode,
                                                      r.stderr.decode("utf-8", "replace")[:500]))
        return r.stdout

    def ours(self, verb, *args, **kw):
        return self.run([BIN + "/ipfrs-" + verb, *args], **kw)

    def ok(self, good, name, why=""):
        self.count += 1
        if not good:
            self.failed += 1
        print("%s - %s" % ("ok" if good else "not ok", name))
        if not good and why:
            print("# " + why.replace("\n", "\n# "))
        sys.stdout.flush()

    def same(self, name, theirs, ours):
        """Run both, compare what they print."""
        try:
            a, b = theirs(), ours()
        except RuntimeError as e:
            return self.ok(False, name, str(e))
        self.ok(a == b, name, "kubo %r\nours %r" % (a, b) if a != b else "")

    def end(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        sys.exit(1 if self.failed else 0)


class Peer(Ours):
    """… and a repository of Kubo's."""

    def __init__(self):
        super().__init__()
        self.kubo("init", "--empty-repo")

    def kubo(self, *args, **kw):
        return self.run([IPFS, *args], **kw)
