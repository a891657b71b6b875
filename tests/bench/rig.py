"""rig.py - what benches of servers share: a scratch folder, servers in it, and how much memory they take"""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BIN = os.environ["BIN"]
IPFS = os.environ.get("IPFS")
top = tempfile.mkdtemp(prefix="ipfrs-bench.", dir=os.environ.get("TMPDIR"))
os.chmod(top, 0o755)
env = dict(os.environ, IPFRS_PATH=top + "/store", IPFS_PATH=top + "/kubo", IPFS_TELEMETRY="off", PATH=BIN + ":" + os.environ["PATH"])
procs = []


def sh(cmd, environ=env):
    r = subprocess.run(["sh", "-c", cmd], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if r.returncode:
        print("# failed: %s: %s" % (cmd, r.stderr.decode()[:300]))
    return r.stdout.decode()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(.01)
    return False


def start(cmd, port, environ=env):
    p = subprocess.Popen(cmd, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    procs.append(p)
    if not wait_for(port):
        print("# did not start: %s" % cmd)
    return p


def memory(pid):
    """proportional memory of a process and those below it, bytes"""
    total, todo = 0, [pid]
    while todo:
        p = todo.pop()
        try:
            with open("/proc/%d/smaps_rollup" % p) as f:
                total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M)[1]) << 10
            with open("/proc/%d/task/%d/children" % (p, p)) as f:
                todo += [int(x) for x in f.read().split()]
        except (OSError, TypeError):
            pass
    return total


def kubo(gateway, api, environ=env):
    """a repository of Kubo's for a daemon without a network"""
    sh(IPFS + " init --profile=test --empty-repo", environ)
    sh(IPFS + " config Addresses.Gateway /ip4/127.0.0.1/tcp/%d" % gateway, environ)
    sh(IPFS + " config Addresses.API /ip4/127.0.0.1/tcp/%d" % api, environ)
    sh(IPFS + " config --json Addresses.Swarm '[]'", environ)


def random_file(path, n):
    with open(path, "wb") as f:
        while n:
            f.write(os.urandom(min(n, 1 << 20)))
            n -= min(n, 1 << 20)


def end():
    for p in procs:
        p.send_signal(signal.SIGTERM)
    for p in procs:
        try:
            p.wait(timeout=30)
        except subprocess.TimeoutExpired:
            p.kill()
    shutil.rmtree(top, ignore_errors=True)
