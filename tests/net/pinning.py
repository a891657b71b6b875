#!/usr/bin/env python3
"""pinning.py [TEST ...] - pins a service keeps: ipfrs-remote, and pin/remote of the RPC (TAP).  Loopback only."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from pinning_service import KEY, Service  # noqa: E402
from server import BIN, Server  # noqa: E402

EMPTY = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
RAW = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


# ---- the program ----

def remote(service, *args, key=KEY, stdin=None):
    env = dict(os.environ, IPFRS_PINNING_URL=service.url)
    if key is not None:
        env["IPFRS_PINNING_KEY"] = key
    p = subprocess.run([os.path.join(BIN, "ipfrs-remote")] + list(args), env=env, input=stdin, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, timeout=60)
    return p.returncode, p.stdout, p.stderr


def adds(s):
    """add waits until it is pinned; with -b it does not; ls, stat and rm"""
    if remote(s, "add", "-n", "first", RAW) != (0, "pinned\t%s\tfirst\n" % RAW, ""):
        return remote(s, "ls")
    rc, out, _ = remote(s, "add", "-b", "-j", EMPTY)
    pin = json.loads(out)
    if rc or pin["status"] != "queued" or pin["cid"] != EMPTY or pin["name"] != "" or pin["id"] != "id/2":
        return out
    if remote(s, "ls")[1] != "pinned\t%s\tfirst\n" % RAW:
        return "ls"
    if remote(s, "ls", "-s", "queued,pinned")[1].splitlines() != ["queued\t%s\t" % EMPTY, "pinned\t%s\tfirst" % RAW]:
        return "the order of ls"
    if remote(s, "ls", "-n", "nope") != (0, "", "") or remote(s, "ls", EMPTY) != (0, "", ""):
        return "filters"
    if json.loads(remote(s, "stat", "-j")[1]) != {"queued": 1, "pinning": 0, "pinned": 1, "failed": 0}:
        return "stat"
    rc, _, err = remote(s, "rm", "-s", "queued,pinned")
    if rc != 1 or "multiple remote pins" not in err or len(s.pins) != 2:
        return err
    if remote(s, "rm", RAW)[0] or [p["pin"]["cid"] for p in s.pins] != [EMPTY]:
        return "rm of one"
    return remote(s, "rm", "-f", "-s", "queued")[0] or s.pins


def keys(s):
    """the key comes from a file, standard input or the environment; a wrong one is refused in the service's words"""
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(KEY + "\nmore\n")
        f.flush()
        if remote(s, "ls", "-k", f.name, key=None)[0] or remote(s, "ls", "-k", "-", key=None, stdin=KEY + "\n")[0]:
            return "the right key"
    rc, _, err = remote(s, "ls", key="wrong")
    return rc != 4 or 'reason: "UNAUTHORIZED", details: "Access denied"' not in err


def many(s):
    """a list of more pages than one is told whole, each pin once"""
    for i in range(230):
        s.made += 1
        s.pins.append({"requestid": "id/%d" % s.made, "status": "pinned", "pin": {"cid": RAW, "name": "n%d" % i},
                       "created": "2026-11-26T%02d:%02d:00.000Z" % (s.made // 60, s.made % 60)})
    names = [line.split("\t")[2] for line in remote(s, "ls")[1].splitlines()]
    s.pins.clear()
    return names != ["n%d" % i for i in reversed(range(230))]


def misbehaves(s):
    """answers that make no sense, are too long or never end are one error each"""
    s.pins.append({"requestid": "a", "status": "pinned", "pin": {"cid": RAW}, "created": "2026-11-26T00:00:00Z"})
    bad = []
    for mood, rc, words in (("garbage", 4, "the answer of the remote pinning service"), ("long", 4, "too long"),
                            ("nocid", 4, "a pin without a CID")):
        s.mood = mood
        got = remote(s, "ls")
        if got[0] != rc or words not in got[2] or got[1]:
            bad.append((mood, got))
    s.mood = "loop"
    s.pins *= 150
    if remote(s, "ls")[0] or len(s.seen) > 500:
        bad.append("loop")
    s.pins.clear()
    s.mood = "fails"
    got = remote(s, "add", RAW)
    if got[0] != 1 or not got[1].startswith("failed\t") or "remote service failed to pin" not in got[2]:
        bad.append(got)
    s.mood = ""
    s.pins.clear()
    rc, _, err = remote(type("Gone", (), {"url": "http://127.0.0.1:1"}), "ls")
    if rc != 4 or 'empty response from remote pinning service: Get "http://127.0.0.1:1/pins?' not in err:
        bad.append(err)
    for url in ("ftp://x", "nonsense", "http://x/pins/"):
        if remote(type("Wrong", (), {"url": url}), "ls")[0] != 2:
            bad.append(url)
    return bad


# ---- the RPC ----

def call(server, command, **args):
    query = urllib.parse.urlencode([(k.replace("_", "-"), x) for k, v in args.items()
                                    for x in (v if isinstance(v, list) else [v])])
    c = Client(server.rpc)
    a = c.ask("POST", "/api/v0/pin/remote/%s?%s" % (command, query), "x", body=b"")
    c.close()
    return a.status, [json.loads(line) for line in a.body.decode().splitlines()]


def message(server, command, **args):
    status, values = call(server, command, **args)
    return values[0]["Message"] if status == 500 else (status, values)


def services(server, s):
    """services are added, listed with their counts, and removed; their keys are not told"""
    if call(server, "service/ls") != (200, [{"RemoteServices": []}]):
        return "none yet"
    if call(server, "service/add", arg=["x", s.url, KEY]) != (200, []) or \
            message(server, "service/add", arg=["x", s.url, KEY]) != "service already present":
        return "adding"
    call(server, "service/add", arg=["a.b", "http://127.0.0.1:1", "k"])
    if call(server, "service/ls", stat="true")[1][0]["RemoteServices"] != [
            {"Service": "a.b", "ApiEndpoint": "http://127.0.0.1:1", "Stat": {"Status": "invalid"}},
            {"Service": "x", "ApiEndpoint": s.url, "Stat": {"Status": "valid", "PinCount": {
                "Queued": 0, "Pinning": 0, "Pinned": 0, "Failed": 0}}}]:
        return call(server, "service/ls", stat="true")
    for url, why in (("nourl", "must be a valid HTTP URL"), ("http://x/pins", "without the /pins suffix")):
        if why not in message(server, "service/add", arg=["y", url, "k"]):
            return url
    c = Client(server.rpc)
    shown = c.ask("POST", "/api/v0/config/show", "x", body=b"").body
    c.close()
    if KEY.encode() in shown or s.url.encode() not in shown:
        return "config/show"
    if call(server, "service/rm", arg="a.b") != (200, []) or call(server, "service/rm", arg="nope") != (200, []):
        return "removing"
    return [x["Service"] for x in call(server, "service/ls")[1][0]["RemoteServices"]] != ["x"]


def pins(server, s):
    """pins are asked for, listed and given up through a worker that has no network"""
    if call(server, "add", service="x", arg=EMPTY, name="hi <&>") != (
            200, [{"Status": "pinned", "Cid": EMPTY, "Name": "hi <&>"}]):
        return "add"
    if call(server, "add", service="x", arg="/ipfs/" + EMPTY, background="true")[1][0]["Status"] != "queued":
        return "in the background"
    if len(call(server, "ls", service="x", status=["queued", "pinned"])[1]) != 2 or \
            len(call(server, "ls", service="x", cid=[EMPTY])[1]) != 1 or call(server, "ls", service="x", name="no") != (200, []):
        return "ls"
    if "multiple remote pins" not in message(server, "rm", service="x", status=["queued", "pinned"]):
        return "rm of several"
    if call(server, "rm", service="x", status=["queued", "pinned"], force="true") != (200, []) or s.pins:
        return "rm"
    if message(server, "ls") != "a service name must be passed" or message(server, "ls", service="n") != "service not known":
        return "which service"
    if message(server, "ls", service="x", status="bad") != 'status "bad" is not valid':
        return "a state that is none"
    return "cannot be parsed" not in message(server, "ls", service="x", cid="bad")


def no_program(server, s):
    """a program that is not there is an error of each call, and never an answer without pins"""
    where = tempfile.mkdtemp(prefix="ipfrs-net-")
    shutil.copy(os.path.join(BIN, "ipfrs-serve"), where)
    alone = subprocess.Popen([os.path.join(where, "ipfrs-serve"), "-u", "-a", "none", "-r", "127.0.0.1:0"],
                             env=dict(server.env, PATH="/nonexistent"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        alone.rpc = Rpc.parse(alone.stdout.readline().decode().strip())
        bad = [c for c in ("ls", "rm", "add") if message(alone, c, service="x", arg=EMPTY) != "ipfrs-remote ended with status 127"]
        if call(alone, "service/ls", stat="true")[1][0]["RemoteServices"][0]["Stat"] != {"Status": "invalid"}:
            bad.append("stat")
        return bad
    finally:
        alone.terminate()
        alone.wait(timeout=60)
        shutil.rmtree(where, ignore_errors=True)


def tell(name, t, *args):
    try:
        why = t(*args)
    except (OSError, EOFError, ValueError, KeyError, IndexError, subprocess.SubprocessError) as e:
        why = repr(e)
    print("%sok - pinning, %s: %s" % ("not " if why else "", name, t.__doc__), flush=True)
    if why:
        print("# %s: %s" % (t.__name__, why))
    return bool(why)


class Rpc(Server):
    def __init__(self, *options):
        super().__init__("-r", "127.0.0.1:0", "-a", "none", *options)
        self.rpc = self.parse(self.url)

    @staticmethod
    def parse(url):
        host, port = url.split("//")[1].split("/")[0].rsplit(":", 1)
        return host, int(port)


def main():
    bad = 0
    s = Service()
    for t in (adds, keys, many, misbehaves):
        bad += tell("ipfrs-remote", t, s)
    for mode in ("pool", "fork"):
        server = Rpc("-m", mode)
        for t in (services, pins, no_program):
            bad += tell(mode, t, server, s)
        rc = server.stop()
        bad += rc != 0
        print("%sok - pinning, %s: the server ends well" % ("not " if rc else "", mode))
    s.stop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
