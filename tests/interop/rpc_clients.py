"""rpc_clients.py CLIENT - the calls of a client library on RPC servers, each fresh: a daemon of Kubo's where it is
here, which shows that a call is right, then ours in both modes.

CLIENT is kubo-rpc-client, ipfs-http-client ($RPC_JS: where they are installed), kubo-client-rpc ($GORPC), go-ipfs-api
($GOAPI: programs made of tests/interop/go), ipfshttpclient or requests ($RPC_PY: a Python that has them).
RPC_TARGETS="kubo fork pool" picks servers; RPC_BIG is the size of the big file, RPC_MANY how many the many files are."""
import glob
import os
import shutil
import subprocess
import sys

from rpc_sides import Kubo, Ours

HERE = os.path.dirname(os.path.abspath(__file__))
BIG = os.environ.get("RPC_BIG", str(1 << 30))
LIMIT = 1800    # seconds all calls of a client may take


def js(name):
    """its scripts stand where the packages do: that is how they are found"""
    for path in glob.glob(HERE + "/js/rpc*.mjs"):
        shutil.copy(path, os.environ["RPC_JS"])
    return lambda address: ["node", os.environ["RPC_JS"] + "/rpc.mjs", name, "http://" + address]


def go(program):
    return lambda address: [os.environ[program], address, BIG]


def py(script):
    return lambda address: [os.environ["RPC_PY"], "%s/py/%s" % (HERE, script), address, BIG]


CLIENTS = {"kubo-rpc-client": lambda: js("kubo-rpc-client"), "ipfs-http-client": lambda: js("ipfs-http-client"),
           "kubo-client-rpc": lambda: go("GORPC"), "go-ipfs-api": lambda: go("GOAPI"),
           "ipfshttpclient": lambda: py("rpc_ipfshttpclient.py"), "requests": lambda: py("rpc_requests.py")}


def run(command, prefix):
    """its TAP, each line with what it ran against; how many lines, and whether all of it was good"""
    proc = subprocess.Popen(["timeout", str(LIMIT), *command], stdout=subprocess.PIPE, text=True)
    calls, failed = 0, False
    for line in proc.stdout:
        for begin in ("ok - ", "not ok - "):
            if line.startswith(begin):
                calls += 1
                failed = failed or begin != "ok - "
                line = begin + prefix + line[len(begin):]
        print(line, end="", flush=True)
    rc = proc.wait()
    if rc != 0 and not failed:
        print("not ok - %sended with status %d after %d calls" % (prefix, rc, calls))
    elif calls == 0:
        print("not ok - %smade no call" % prefix)
    return rc == 0 and calls > 0


def main():
    name = sys.argv[1]
    command = CLIENTS[name]()
    good = True
    for target in os.environ.get("RPC_TARGETS", "kubo fork pool").split():
        if target == "kubo" and not os.environ.get("IPFS"):
            continue
        server = Kubo() if target == "kubo" else Ours(target)
        try:
            good = run(command("%s:%d" % server.address), "%s: %s: " % (target, name)) and good
            said = server.said()
        finally:
            server.stop()
        if server.proc.returncode != 0:
            print("not ok - %s: %s: the server ended with status %d" % (target, name, server.proc.returncode))
            print("# " + said[-2000:].replace("\n", "\n# "))
            good = False
    sys.exit(0 if good else 1)


main()
