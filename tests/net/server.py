"""A server of ours on loopback, with a store of its own, for the length of a test."""
import os
import shutil
import signal
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("BIN", os.path.join(ROOT, "bin"))
GOLDEN = os.path.join(ROOT, "tests", "golden", "gateway-conformance")


def run(*args, **kw):
    return subprocess.run([os.path.join(BIN, args[0])] + list(args[1:]), check=kw.pop("check", True),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)


def fixtures():
    """every archive and record of the conformance suite, into the store of $IPFRS_PATH"""
    for folder, _, names in sorted(os.walk(GOLDEN)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(".car"):
                run("ipfrs-car", "import", "-q", path)
            elif name.endswith(".ipns-record"):
                # three of them are wrong on purpose and are refused
                run("ipfrs-name", "put", name.split("_")[0].replace(".ipns-record", ""), path, check=False)


class Server:
    def __init__(self, *options, fill=None, settings=(), env=None):
        self.dir = tempfile.mkdtemp(prefix="ipfrs-net-")
        self.env = dict(os.environ, IPFRS_PATH=os.path.join(self.dir, "store"), **(env or {}))
        os.environ["IPFRS_PATH"] = self.env["IPFRS_PATH"]
        run("ipfrs-init")
        for key, value in settings:
            run("ipfrs-config", "set", key, value)
        if fill:
            fill()
        self.err = open(os.path.join(self.dir, "err"), "w+")
        if not any(o == "-a" for o in options):
            options += ("-a", "127.0.0.1:0")
        self.options = list(options)
        self.start()

    def start(self):
        """again, with the same store, when it has ended"""
        self.proc = subprocess.Popen([os.path.join(BIN, "ipfrs-serve"), "-u"] + self.options, env=self.env,
                                     stdout=subprocess.PIPE, stderr=self.err, stdin=subprocess.DEVNULL)
        self.url = self.proc.stdout.readline().decode().strip()
        if not self.url:
            self.proc.wait()
            raise RuntimeError("no server: " + self.said())
        self.netloc = self.url.split("//")[1].split("/")[0]
        if self.netloc.startswith("unix:"):
            self.address = self.netloc[5:]
        else:
            host, port = self.netloc.rsplit(":", 1)
            self.address = (host.strip("[]"), int(port))

    def said(self):
        self.err.flush()
        with open(os.path.join(self.dir, "err")) as f:
            return f.read()

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        rc = self.proc.wait(timeout=60)
        self.err.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        return rc
