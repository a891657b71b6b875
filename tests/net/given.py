#!/usr/bin/env python3
"""given.py - servers started by others: inetd, systemd, tcpserver (TAP)."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from server import BIN, run  # noqa: E402

SMALL = "bafkqabtimvwgy3yk"
SERVE = os.path.join(BIN, "ipfrs-serve")


def listening():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(64)
    return s, s.getsockname()


def port_for_another():
    s, address = listening()
    s.close()
    return address[1]


def asks(address, times=3):
    """None, or what went wrong"""
    for _ in range(times):
        for _ in range(100):
            try:
                c = Client(address)
                break
            except OSError:
                time.sleep(.05)
        else:
            return "nobody listens"
        for _ in range(2):
            a = c.ask("GET", "/ipfs/" + SMALL, "x")
            if a.status != 200 or a.body != b"hello\n":
                return "answered %d %r" % (a.status, a.body[:100])
        c.close()
    return None


def ended(proc):
    proc.terminate()
    try:
        return proc.wait(timeout=60)
    except subprocess.TimeoutExpired:
        proc.kill()
        return 1


def fd0_listens():
    """a socket that listens on descriptor 0 (inetd wait)"""
    s, address = listening()
    proc = subprocess.Popen([SERVE, "-i", "-q", "-o", "serve.log=off"], stdin=s, stdout=s, stderr=s)
    s.close()
    why = asks(address)
    rc = ended(proc)
    return why or (rc and "it ended with %d" % rc)


def listen_fds():
    """LISTEN_FDS, two sockets (systemd, Accept=no)"""
    a, at_a = listening()
    b, at_b = listening()
    # dup2 to 3 and 4, and the pid that only the child knows
    script = 'LISTEN_PID=$$ exec "$0" -i -q -o serve.log=off -m pool'
    low = [os.dup(a.fileno()), os.dup(b.fileno())]

    def place():
        os.dup2(low[0], 30)
        os.dup2(low[1], 31)
        os.dup2(30, 3)
        os.dup2(31, 4)
    proc = subprocess.Popen(["sh", "-c", script, SERVE], stdin=subprocess.DEVNULL, close_fds=False, preexec_fn=place,
                            env=dict(os.environ, LISTEN_FDS="2"))
    for fd in low:
        os.close(fd)
    a.close()
    b.close()
    why = asks(at_a) or asks(at_b)
    rc = ended(proc)
    return why or (rc and "it ended with %d" % rc)


def inetd(kind):
    port = port_for_another()
    with open("inetd.conf", "w") as f:
        f.write("127.0.0.1:%d stream tcp %s root %s ipfrs-serve -i -q -o serve.log=off -S %s\n" % (port, kind, SERVE, os.environ["IPFRS_PATH"]))
    proc = subprocess.Popen([shutil.which("inetd") or "/usr/sbin/inetd", "-i", "inetd.conf"], stdin=subprocess.DEVNULL)
    why = asks(("127.0.0.1", port))
    kids = open("/proc/%d/task/%d/children" % (proc.pid, proc.pid)).read().split()
    proc.terminate()
    proc.wait(timeout=30)
    for pid in kids:			# a server of inetd lives on behind it
        try:
            os.kill(int(pid), 15)
        except OSError:
            pass
    return why


def inetd_nowait():
    """openbsd-inetd, nowait: a process for each client"""
    return inetd("nowait")


def inetd_wait():
    """openbsd-inetd, wait: one server gets the socket"""
    return inetd("wait")


def tcpserver():
    """tcpserver (ucspi-tcp)"""
    port = port_for_another()
    proc = subprocess.Popen(["tcpserver", "-H", "-R", "127.0.0.1", str(port), SERVE, "-i", "-q", "-o", "serve.log=off"], stdin=subprocess.DEVNULL)
    why = asks(("127.0.0.1", port))
    proc.terminate()
    proc.wait(timeout=30)
    return why


def activate(*options):
    port = port_for_another()
    proc = subprocess.Popen(["systemd-socket-activate", "-l", "127.0.0.1:%d" % port, "-E", "IPFRS_PATH", *options, SERVE, "-i",
                             "-q", "-o", "serve.log=off"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    why = asks(("127.0.0.1", port))
    proc.terminate()
    proc.wait(timeout=60)
    return why


def systemd_one():
    """systemd-socket-activate, Accept=no"""
    return activate()


def systemd_each():
    """systemd-socket-activate, Accept=yes"""
    return activate("--accept", "--inetd")


def main():
    have_inetd = "/usr/sbin/inetd" if os.path.exists("/usr/sbin/inetd") else None
    tests = [(fd0_listens, SERVE), (listen_fds, SERVE), (inetd_nowait, have_inetd if os.geteuid() == 0 else None),
             (inetd_wait, have_inetd if os.geteuid() == 0 else None), (tcpserver, shutil.which("tcpserver")),
             (systemd_one, shutil.which("systemd-socket-activate")), (systemd_each, shutil.which("systemd-socket-activate"))]
    top = tempfile.mkdtemp(prefix="ipfrs-given-")
    os.chdir(top)
    os.environ["IPFRS_PATH"] = os.path.join(top, "store")
    run("ipfrs-init")
    bad = 0
    for t, needs in tests:
        if not needs:
            print("ok - given: %s # SKIP it is not installed here, or needs root" % t.__doc__)
            continue
        try:
            why = t()
        except (OSError, EOFError, subprocess.TimeoutExpired) as e:
            why = repr(e)
        print("%sok - given: %s" % ("not " if why else "", t.__doc__), flush=True)
        if why:
            bad = 1
            print("# " + str(why))
    os.chdir("/")
    shutil.rmtree(top, ignore_errors=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
