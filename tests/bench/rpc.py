"""rpc.py quick|full - Kubo's RPC as ours answers it, in both modes, beside a daemon of Kubo's, in one run on loopback.

Every server has a store of its own and gets the same requests, in turn; each figure is the median of several.  The
load is curl for what is large, wrk for what is small, and a client of one connection for what comes one after the
other.  Kubo is a daemon without a network; what is missing here is left out by name.  What ours has answered is on the
disk; Kubo by default does not wait for that, so where writes are compared there is one more that does (kubo-sync), and one
of ours that does not (pool-U).
"""
import base64
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

here = sys.path.pop(0)      # the bench beside this one is not that http
import http.client          # noqa: E402
sys.path.insert(0, here)
from rig import BIN, IPFS, end, env, free_port, kubo, memory, random_file, sh, start, top   # noqa: E402

full = len(sys.argv) > 1 and sys.argv[1] == "full"
RUNS, SECONDS = 3, 4 if full else 2
BIG = (1 << 30) if full else (256 << 20)
TREE = 10000 if full else 2000
WRITES = 10000 if full else 1000
PINS = 100000 if full else 10000
LEAF = b"a leaf of the pins, number %d\n"


class Server:
    def __init__(self, name, port, proc):
        self.name, self.port, self.pid = name, port, proc.pid
        self.url = "http://127.0.0.1:%d/api/v0/" % port
        self.con = http.client.HTTPConnection("127.0.0.1", port, timeout=900)

    def connect(self):
        """anew, after others had their turn"""
        self.con.close()
        self.con.connect()

    def post(self, path, body=None, headers={}):
        """on one connection that is kept; the answer's bytes"""
        self.con.request("POST", "/api/v0/" + path, body, headers)
        r = self.con.getresponse()
        data = r.read()
        if r.status != 200:
            raise RuntimeError("%s: %s: %d %s" % (self.name, path, r.status, data[:200]))
        return data


class Peak:
    """the most memory a server and its processes had at one time while this was open"""

    def __init__(self, server):
        self.pid, self.most, self.stop = server.pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.stop.wait(.1):
            self.most = max(self.most, memory(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.most = max(self.most, memory(self.pid))


def servers():
    out = []
    for name, mode, more in ("pool", "pool", []), ("fork", "fork", []), ("pool-U", "pool", ["-U"]):
        own = dict(env, IPFRS_PATH="%s/store-%s" % (top, name))
        sh("ipfrs-init", own)
        port = free_port()
        out.append(Server(name, port, start([BIN + "/ipfrs-serve", "-q", "-a", "127.0.0.1:%d" % free_port(), "-r", "127.0.0.1:%d" % port,
                                             "-o", "serve.log=off", "-m", mode] + more, port, own)))
    if not IPFS:
        print("# Kubo is not here (scripts/interop builds it)")
        return out
    return out + [kubo_server("kubo", False), kubo_server("kubo-sync", True)]


def kubo_server(name, sync):
    port, repo = free_port(), top + "/" + name
    own = dict(env, IPFS_PATH=repo)
    kubo(free_port(), port, own)
    with open(repo + "/config") as f:
        config = json.load(f)
    for mount in config["Datastore"]["Spec"]["mounts"]:
        if mount["type"] == "flatfs":
            mount["sync"] = sync
    with open(repo + "/config", "w") as f:
        json.dump(config, f)
    return Server(name, port, start([IPFS, "daemon", "--offline"], port, own))


def plain(servers_):
    """without those that only differ in writes"""
    return [s for s in servers_ if s.name not in ("kubo-sync", "pool-U")]


def row(name, got, unit="/s", less=False):
    """name -> figure; the ratios say how many times better ours are than each Kubo"""
    text = "%-36s" % name
    for k, v in got.items():
        text += " %s %s" % (k, "%.*f%s" % (0 if v >= 100 or unit == "/s" else 2 if v < 10 else 1, v, unit))
    theirs = [k for k in got if k.startswith("kubo")]
    ratios = ["%s %s" % (k, ", ".join("%.2fx %s" % (got[t] / v if less else v / got[t], t) for t in theirs if v and got[t]))
              for k, v in got.items() if k not in theirs]
    print(text + ("  [%s]" % "; ".join(ratios) if theirs else ""), flush=True)


def curl(server, path, *extra, to="/dev/null", want=None):
    """seconds of one request, whose answer has so many bytes"""
    t = time.perf_counter()
    r = subprocess.run(["curl", "-sS", "-f", "-X", "POST", "-o", to, "-w", "%{size_download}", *extra, server.url + path],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    took = time.perf_counter() - t
    if r.returncode or want not in (None, int(r.stdout)):
        print("# %s: %s: %s bytes %s" % (server.name, path, r.stdout.decode(), r.stderr.decode().strip()))
    return took


def part(name, data):
    return (b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: application/octet-stream\r\n\r\n'
            % name.encode() + data + b"\r\n")


FORM = ["-H", "Content-Type: multipart/form-data; boundary=x", "-H", "Expect:"]
HEAD = {"Content-Type": "multipart/form-data; boundary=x"}


def adding(all_):
    """files and trees nobody has seen before, to every server"""
    took, peaks = {s.name: [] for s in all_}, {s.name: 0 for s in all_}
    for i in range(RUNS):
        random_file(top + "/big", BIG)
        for s in all_:
            with Peak(s) as p:
                took[s.name].append(curl(s, "add?cid-version=1", "-F", "file=@%s/big" % top, "-H", "Expect:", to=top + "/answer"))
            peaks[s.name] = max(peaks[s.name], p.most)
    cid = re.search('"Hash":"([^"]+)"', open(top + "/answer").read())[1]
    row("add of %d MiB" % (BIG >> 20), {k: BIG / statistics.median(v) / 1e6 for k, v in took.items()}, unit=" MB/s")
    row("  memory at most", {k: v / 1e6 for k, v in peaks.items()}, unit=" MB", less=True)
    took, peaks = {s.name: [] for s in all_}, {s.name: 0 for s in all_}
    for i in range(RUNS):
        with open(top + "/tree", "wb") as f:
            for j in range(TREE):
                f.write(part("tree%%2Fd%02d%%2Ff%05d" % (j % 50, j), b"file %d of tree %d: " % (j, i) + hashlib.sha512(b"%d %d" % (i, j)).digest() * 60))
            f.write(b"--x--\r\n")
        for s in all_:
            with Peak(s) as p:
                took[s.name].append(curl(s, "add?cid-version=1", "-T", top + "/tree", *FORM))
            peaks[s.name] = max(peaks[s.name], p.most)
    row("add of a tree of %d files" % TREE, {k: TREE / statistics.median(v) for k, v in took.items()}, unit=" files/s")
    row("  memory at most", {k: v / 1e6 for k, v in peaks.items()}, unit=" MB", less=True)
    return cid


def reading(all_, cid):
    took, peaks = {s.name: [] for s in all_}, {s.name: 0 for s in all_}
    for i in range(RUNS):
        for s in all_:
            with Peak(s) as p:
                took[s.name].append(curl(s, "cat?arg=" + cid, want=BIG))
            peaks[s.name] = max(peaks[s.name], p.most)
    row("cat of %d MiB" % (BIG >> 20), {k: BIG / statistics.median(v) / 1e6 for k, v in took.items()}, unit=" MB/s")
    row("  memory at most", {k: v / 1e6 for k, v in peaks.items()}, unit=" MB", less=True)


def wrk(server, script, conns=16):
    with open(top + "/load.lua", "w") as f:
        f.write(script)
    out = subprocess.run(["wrk", "-t%d" % min(conns, 2), "-c%d" % conns, "-d%ds" % SECONDS, "-s", top + "/load.lua", server.url], stdout=subprocess.PIPE).stdout.decode()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad:
        print("# %s: %s were no good answers" % (server.name, bad[1]))
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    return float(rate[1]) if rate else 0


PUT = """
mine = 0
local n, threads = 0, 0
function setup(thread) threads = threads + 1; thread:set("mine", threads) end
function request()
  n = n + 1
  local data = string.format("--x\\r\\nContent-Disposition: form-data; name=\\"file\\"\\r\\n\\r\\nblock %d %d of run {run}{rest}\\r\\n--x--\\r\\n", mine, n)
  return wrk.format("POST", "/api/v0/block/put", {{["Content-Type"] = "multipart/form-data; boundary=x"}}, data)
end
"""


def small(all_):
    data = os.urandom(1024)
    cids = {s.name: s.post("block/put", part("f", data) + b"--x--\r\n", HEAD) for s in all_}
    cid = re.search(b'"Key":"([^"]+)"', next(iter(cids.values())))[1].decode()
    rate, version = {s.name: [] for s in plain(all_)}, {s.name: [] for s in plain(all_)}
    for _ in range(RUNS):
        for s in plain(all_):
            rate[s.name].append(wrk(s, 'wrk.method = "POST"\nwrk.path = "/api/v0/block/get?arg=%s"\n' % cid))
            version[s.name].append(wrk(s, 'wrk.method = "POST"\nwrk.path = "/api/v0/version"\n'))
    row("version, keep-alive", {k: statistics.median(v) for k, v in version.items()})
    row("block/get of 1 KiB, keep-alive", {k: statistics.median(v) for k, v in rate.items()})
    for conns in 1, 8, 32:
        rate = {s.name: [] for s in all_}
        for run in range(RUNS):
            for s in all_:
                rate[s.name].append(wrk(s, PUT.format(run="%d of %d" % (run, conns), rest="." * 200), conns))
        row("block/put of 250 bytes, %d clients" % conns, {k: statistics.median(v) for k, v in rate.items()})


def writing(all_):
    got, peaks = {}, {}
    for s in all_:
        s.connect()
        s.post("files/mkdir?arg=/bench")
        with Peak(s) as p:
            t = time.perf_counter()
            for i in range(WRITES):
                s.post("files/write?arg=/bench/f%05d&create=true" % i, part("arg", b"written %d\n" % i) + b"--x--\r\n", HEAD)
            got[s.name] = WRITES / (time.perf_counter() - t)
        peaks[s.name] = p.most
    row("files/write of %d files, one by one" % WRITES, got)
    row("  memory at most", {k: v / 1e6 for k, v in peaks.items()}, unit=" MB", less=True)


def uvarint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def leaves():
    """an archive of blocks, and their CIDs, a line each"""
    names = []
    with open(top + "/leaves.car", "wb") as f:
        for i in range(PINS):
            block = LEAF % i
            cid = b"\x01\x55\x12\x20" + hashlib.sha256(block).digest()
            if i == 0:
                head = b"\xa2eroots\x81\xd8\x2aX\x25\x00" + cid + b"gversion\x01"
                f.write(uvarint(len(head)) + head)
            f.write(uvarint(len(cid) + len(block)) + cid + block)
            names.append("b" + base64.b32encode(cid).decode().lower().rstrip("="))
    return names


def pins(all_):
    names = leaves()
    added, first, whole, peaks = {}, {}, {}, {}
    for s in all_:
        curl(s, "dag/import?pin-roots=false", "-F", "file=@%s/leaves.car" % top, "-H", "Expect:")
        s.connect()
        t = time.perf_counter()
        for i in range(0, PINS, 10000):
            s.post("pin/add", part("f", "".join(n + "\n" for n in names[i:i + 10000]).encode()) + b"--x--\r\n", HEAD)
        added[s.name] = PINS / (time.perf_counter() - t)
        with Peak(s) as p:
            lines, runs, begins = 0, [], []
            for _ in range(RUNS):
                t = time.perf_counter()
                s.con.request("POST", "/api/v0/pin/ls?type=recursive&stream=true")
                r = s.con.getresponse()
                r.readline()
                begins.append(time.perf_counter() - t)
                lines = 1 + sum(piece.count(b"\n") for piece in iter(lambda: r.read1(1 << 16), b""))
                runs.append(time.perf_counter() - t)
        first[s.name], whole[s.name], peaks[s.name] = statistics.median(begins) * 1e3, statistics.median(runs) * 1e3, p.most
        if lines < PINS:
            print("# %s: pin/ls: %d lines" % (s.name, lines))
    row("pin/add of %d, 10,000 at a time" % PINS, added)
    row("pin/ls of %d pins, the first line" % PINS, first, unit=" ms", less=True)
    row("  all of them", whole, unit=" ms", less=True)
    row("  memory at most", {k: v / 1e6 for k, v in peaks.items()}, unit=" MB", less=True)


def main():
    all_ = servers()
    only = sys.argv[2:] or ["adding", "small", "writing", "pins"]
    if "adding" in only:
        reading(plain(all_), adding(all_))
    for name, fn in (("small", small), ("writing", writing), ("pins", pins)):
        if name in only:
            fn(all_)


try:
    for program in ("wrk", "curl"):
        if not shutil.which(program):
            print("# %s is not installed here" % program)
            sys.exit(4)
    main()
finally:
    end()
