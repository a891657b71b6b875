#!/usr/bin/env python3
"""fence.py - a server on kernels that lack what fences it in (TAP).  The kernel is one whose calls a filter refuses."""
import ctypes
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from server import BIN, run  # noqa: E402

LANDLOCK, PRCTL = 444, {"x86_64": 157}.get(platform.machine(), 167)
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2
LD, JEQ, RET = 0x20, 0x15, 0x06
ALLOW, ENOSYS, EINVAL = 0x7fff0000, 0x00050000 | 38, 0x00050000 | 22
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


def lose(what):
    """for preexec_fn: this process, and what it becomes, is on a kernel without it"""
    first = [(LD, 0, 0, 0)]
    if what == "Landlock":
        rules = first + [(JEQ, 0, 1, LANDLOCK), (RET, 0, 0, ENOSYS)]
    else:
        rules = first + [(JEQ, 0, 3, PRCTL), (LD, 0, 0, 16), (JEQ, 0, 1, PR_SET_SECCOMP), (RET, 0, 0, EINVAL)]
    code = b"".join(struct.pack("HBBI", *r) for r in rules + [(RET, 0, 0, ALLOW)])
    held = ctypes.create_string_buffer(code, len(code))
    prog = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(held)))

    def become(_held=held):
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
                libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.addressof(prog), 0, 0):
            os._exit(99)
    return become


def serve(sandbox, what, mode):
    run("ipfrs-config", "set", "serve.sandbox", sandbox)
    return subprocess.Popen([os.path.join(BIN, "ipfrs-serve"), "-u", "-m", mode, "-a", "127.0.0.1:0"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            preexec_fn=lose(what))


def refuses(what, mode):
    p = serve("must", what, mode)
    try:
        out, err = p.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
        return "it went on"
    if p.returncode == 0 or p.returncode == 99 or out:
        return "status %d, %r" % (p.returncode, out)
    return None if what.encode() in err else "said %r" % err


def serves(what, mode):
    p = serve("yes", what, mode)
    url = p.stdout.readline().decode().strip()
    try:
        if not url:
            return "no server: %r" % p.stderr.read()
        host, port = url.split("//")[1].strip("/").rsplit(":", 1)
        a = Client((host, int(port))).ask("GET", "/ipfs/bafkqabtimvwgy3yk", "x")
        return None if a.status == 200 and a.body == b"hello\n" else "answered %d" % a.status
    finally:
        p.terminate()
        p.communicate(timeout=60)


def main():
    top = tempfile.mkdtemp(prefix="ipfrs-fence-")
    os.environ["IPFRS_PATH"] = os.path.join(top, "store")
    run("ipfrs-init")
    bad = 0
    for what in "Landlock", "seccomp":
        for mode in "pool", "fork":
            for test, name in (refuses, "no server where there must be %s, mode %s"), (serves, "without %s, mode %s"):
                why = test(what, mode)
                print("%sok - fence: %s" % ("not " if why else "", name % (what, mode)), flush=True)
                if why:
                    bad = 1
                    print("# " + why)
    shutil.rmtree(top, ignore_errors=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
