"""http.py quick|full - the gateway beside nginx and Kubo's, wrk as the load, in one run on loopback.

Each figure is the median of several, ours and theirs in turn.  nginx serves the same bytes as files, with
sendfile, as many processes as there are processors; Kubo is a daemon without a network.  What is missing here
is left out by name.
"""
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

from rig import BIN, IPFS, end, env, free_port, kubo, memory, random_file, sh, start, top

full = len(sys.argv) > 1 and sys.argv[1] == "full"
SECONDS, RUNS = (4, 3) if full else (2, 3)
BIG = (1 << 30) if full else (256 << 20)


def ours(*options):
    port = free_port()
    p = start([BIN + "/ipfrs-serve", "-q", "-a", "127.0.0.1:%d" % port, "-o", "serve.log=off", *options], port)
    return port, p


def wrk(port, path, conns=32, header=None, threads=2):
    cmd = ["wrk", "-t%d" % threads, "-c%d" % conns, "-d%ds" % SECONDS, "--latency"]
    cmd += ["-H", header] if header else []
    out = subprocess.run(cmd + ["http://127.0.0.1:%d%s" % (port, path)], stdout=subprocess.PIPE).stdout.decode()
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    bytes_ = re.search(r"Transfer/sec:\s+([\d.]+)(KB|MB|GB|B)", out)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad:
        print("# %s of %s were no good answers" % (bad[1], path))
    unit = {"us": 1e-3, "ms": 1, "s": 1e3}
    size = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
    return (float(rate[1]) if rate else 0, float(p99[1]) * unit[p99[2]] if p99 else 0,
            float(bytes_[1]) * size[bytes_[2]] if bytes_ else 0)


def race(which, **targets):
    """name -> median of one of wrk's figures, in turn"""
    got = {k: [] for k in targets}
    for _ in range(RUNS):
        for k, a in targets.items():
            got[k].append(wrk(*a[0], **a[1])[which])
    return {k: statistics.median(v) for k, v in got.items()}


def of(port, path, **kw):
    return ((port, path), kw)


def row(name, got, budget, unit="/s"):
    o = got.get("pool") or got.get("ours") or got.get("fork")
    text = "%-34s" % name
    for k, v in got.items():
        text += " %s %s" % (k, ("%.0f" % v) + unit if unit != "ms" else "%.2f ms" % v)
    ratios = ["%.2fx %s" % (o / v, k) for k, v in got.items() if k in ("nginx", "kubo") and v]
    print(text + "  [" + ", ".join(ratios) + "]  (" + budget + ")", flush=True)


def nginx(root):
    if not shutil.which("nginx") and not os.path.exists("/usr/sbin/nginx"):
        print("# nginx is not installed here")
        return None
    port = free_port()
    with open(top + "/nginx.conf", "w") as f:
        f.write("""daemon off; user root; worker_processes auto; pid %s/nginx.pid; error_log /dev/null;
events { worker_connections 20000; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type application/octet-stream;
  open_file_cache max=100; etag on;
  server { listen 127.0.0.1:%d backlog=4096; root %s; } }
""" % (top, port, root))
    start([shutil.which("nginx") or "/usr/sbin/nginx", "-c", top + "/nginx.conf"], port)
    return port


def kubo_gateway():
    if not IPFS:
        print("# Kubo is not here (scripts/interop builds it)")
        return None
    port, api = free_port(), free_port()
    kubo(port, api)
    for name in ("small", "mid", "big"):
        sh(IPFS + " add -q --raw-leaves=false %s/www/%s" % (top, name))
    start([IPFS, "daemon", "--offline"], port)
    return port


def files():
    os.mkdir(top + "/www")
    for name, n in (("small", 1024), ("mid", 8192), ("big", BIG)):
        random_file("%s/www/%s" % (top, name), n)
    os.mkdir(top + "/many")
    for i in range(100000 if full else 20000):
        open("%s/many/file-%06d.txt" % (top, i), "w").close()
    sh("ipfrs-init")
    return {n: sh("ipfrs-add -q %s/www/%s" % (top, n)).strip() for n in ("small", "mid", "big")}, \
        sh("ipfrs-add -r -q %s/many" % top).strip()


def idle(port, pid, path):
    """10,000 connections kept alive: memory for each, how many were dropped, p99 of a small GET meanwhile"""
    n = 10000
    resource.setrlimit(resource.RLIMIT_NOFILE, (n + 1000, max(n + 1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    wrk(port, path, conns=8)
    before = memory(pid)
    socks = []
    request = ("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path).encode()
    for _ in range(n):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(request)
        socks.append(s)
    for s in socks:
        s.settimeout(20)
        s.recv(65536)
    time.sleep(1)
    each = (memory(pid) - before) / n
    p99 = wrk(port, path, conns=8)[1]
    dropped = 0
    for s in socks:
        s.setblocking(False)
        try:
            dropped += s.recv(100) == b""
        except BlockingIOError:
            pass
        s.close()
    print("%-34s %.1f KB each, %d dropped, p99 %.2f ms meanwhile  (under 16 KB, 0, under 10 ms)" %
          ("10,000 idle connections", each / 1e3, dropped, p99), flush=True)


def slow_readers(port, big, path):
    socks = []
    for _ in range(1000):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", port))
        s.sendall(("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % big).encode())
        socks.append(s)
    time.sleep(5)
    p99 = wrk(port, path, conns=8)[1]
    for s in socks:
        s.close()
    print("%-34s p99 %.2f ms meanwhile  (under 10 ms)" % ("1,000 slow readers", p99), flush=True)


def dribblers(port, path):
    socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(1000)]
    stop = threading.Event()

    def drip():
        for s in socks:
            s.sendall(b"GET / HTTP/1.1\r\nX: ")
        while not stop.is_set():
            for s in socks:
                try:
                    s.send(b"a")
                except OSError:
                    pass
            stop.wait(.5)
    t = threading.Thread(target=drip)
    t.start()
    p99 = wrk(port, path, conns=8)[1]
    stop.set()
    t.join()
    for s in socks:
        s.close()
    print("%-34s p99 %.2f ms meanwhile  (under 10 ms)" % ("1,000 clients that dribble", p99), flush=True)


def first_answer(cid):
    got = []
    for _ in range(10):
        port = free_port()
        t = time.perf_counter()
        p = subprocess.Popen([BIN + "/ipfrs-serve", "-q", "-a", "127.0.0.1:%d" % port, "-o", "serve.log=off"], env=env,
                             stderr=subprocess.DEVNULL)
        while True:
            try:
                s = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(.0005)
        s.sendall(("GET /ipfs/%s HTTP/1.1\r\nHost: x\r\n\r\n" % cid).encode())
        s.recv(100)
        got.append(time.perf_counter() - t)
        s.close()
        p.terminate()
        p.wait()
    print("%-34s %.1f ms" % ("start to first 200", statistics.median(got) * 1e3), flush=True)


def whole(port, path, header=None, n=1, split=0):
    """bytes a second: n clients, or `split` ranges at once"""
    def curl(extra):
        return subprocess.Popen(["curl", "-s", "-o", "/dev/null", *extra, "http://127.0.0.1:%d%s" % (port, path)])
    t = time.perf_counter()
    if split:
        step = BIG // split
        ps = [curl(["-r", "%d-%d" % (i * step, (i + 1) * step - 1)]) for i in range(split)]
    else:
        ps = [curl([]) for _ in range(n)]
    for p in ps:
        p.wait()
    return BIG * (1 if split else n) / (time.perf_counter() - t)


def throughput(name, budget, **targets):
    got = {k: [] for k in targets}
    for _ in range(RUNS):
        for k, (port, path, kw) in targets.items():
            got[k].append(whole(port, path, **kw))
    med = {k: statistics.median(v) / 1e9 for k, v in got.items()}
    o = med["ours"]
    print("%-34s " % name + " ".join("%s %.2f GB/s" % x for x in med.items()) + "  [" +
          ", ".join("%.2fx %s" % (o / v, k) for k, v in med.items() if k != "ours") + "]  (" + budget + ")", flush=True)


def main():
    cids, many = files()
    pool, _ = ours("-m", "pool")
    fork, _ = ours("-m", "fork")
    ng, ku = nginx(top + "/www"), kubo_gateway()

    def targets(name, **kw):
        t = {"pool": of(pool, "/ipfs/" + cids[name], **kw), "fork": of(fork, "/ipfs/" + cids[name], **kw)}
        if ng:
            t["nginx"] = of(ng, "/" + name, **kw)
        if ku:
            t["kubo"] = of(ku, "/ipfs/" + cids[name], **kw)
        return t

    row("GET 1 KiB, keep-alive", race(0, **targets("small")), "pool: 5x Kubo, half of nginx; fork: no slower than Kubo")
    row("GET 8 KiB, keep-alive", race(0, **targets("mid")), "")
    t = targets("small", header='If-None-Match: "%s"' % cids["small"])
    t.pop("nginx", None)
    row("304", race(0, **t), "")
    port = {"ours": (pool, "/ipfs/" + cids["big"], {})}
    if ng:
        port["nginx"] = (ng, "/big", {})
    if ku:
        port["kubo"] = (ku, "/ipfs/" + cids["big"], {})
    throughput("whole file of %d MiB" % (BIG >> 20), "over 1 GB/s, within 1.25x of nginx", **port)
    throughput("the same in 8 ranges at once", "over 1 GB/s, within 1.25x of nginx",
               **{k: (p, path, {"split": 8}) for k, (p, path, _) in port.items()})
    cars = {"ours": (pool, "/ipfs/%s?format=car" % cids["big"], {})}
    if ku:
        cars["kubo"] = (ku, "/ipfs/%s?format=car" % cids["big"], {})
    throughput("CAR of it", "over 1 GB/s", **cars)
    t = time.perf_counter()
    subprocess.run(["curl", "-s", "-o", top + "/listing", "http://127.0.0.1:%d/ipfs/%s/" % (pool, many)])
    print("%-34s %.0f ms, %.1f MB" % ("listing of %d entries" % (100000 if full else 20000), (time.perf_counter() - t) * 1e3,
                                      os.path.getsize(top + "/listing") / 1e6))
    slow_readers(pool, "/ipfs/" + cids["big"], "/ipfs/" + cids["small"])
    dribblers(pool, "/ipfs/" + cids["small"])
    fresh, fresh_proc = ours("-m", "pool")
    idle(fresh, fresh_proc.pid, "/ipfs/" + cids["small"])
    first_answer(cids["small"])


try:
    if not shutil.which("wrk"):
        print("# wrk is not installed here")
        sys.exit(4)
    main()
finally:
    end()
