#!/usr/bin/env python3
"""rpc_node.py [TEST ...] - the node through Kubo's RPC over HTTP: its key, its config, its log, its end (TAP).  Loopback only."""
import json
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from rpc import Both, begin, settled, tell, values  # noqa: E402
from server import run  # noqa: E402


def ask(address, path, fields=""):
    c = Client(address)
    c.send(("POST /api/v0/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n%s\r\n" % (path, fields)).encode())
    a = c.read("POST")
    c.close()
    return a


def all_at_once(n, fn):
    got = [None] * n

    def one(i):
        got[i] = fn(i)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    return got


def one_key(server):
    """many who ask for the first time are told of one key, which is durable and nobody else's to read"""
    ids = all_at_once(12, lambda i: values(ask(server.rpc, "id"))[0]["ID"])
    if len(set(ids)) != 1:
        return "told of %d nodes" % len(set(ids))
    mode = os.stat(os.path.join(server.env["IPFRS_PATH"], "key", "self")).st_mode & 0o777
    if mode != 0o600:
        return "mode %o" % mode
    return None if run("ipfrs-key", "id", "-p", "self").stdout.decode().strip() == ids[0] else "it is another one's"


def config(server):
    """changes from many workers at once are all there, in a file of mode 0600"""
    bad = [a.status for a in all_at_once(12, lambda i: ask(server.rpc, "config?arg=Internal.N%d&arg=%d&json=1" % (i, i)))
           if a.status != 200]
    if bad:
        return "answered %r" % bad
    path = os.path.join(server.env["IPFRS_PATH"], "token", "kubo.json")
    with open(path) as f:
        here = json.load(f)["Internal"]
    if here != {"N%d" % i: i for i in range(12)}:
        return "the file says %r" % here
    if os.stat(path).st_mode & 0o777 != 0o600:
        return "others may read it"
    shown = values(ask(server.rpc, "config/show"))[0]
    return None if shown["Internal"] == here and shown["Identity"]["PeerID"] else "it is not shown"


def levels(server):
    """a level is that of all workers, and who listens hears what others say"""
    c = Client(server.rpc)
    begin(c, "log/tail", 0)
    head = c.until(b"\r\n\r\n")
    if b" 200 " not in head:
        return "answered %r" % head
    if ask(server.rpc, "log/level?arg=kubo&arg=info").status != 200:
        return "it is not changed"
    for _ in range(4):
        told = values(ask(server.rpc, "log/level?arg=kubo"))
        if told != [{"Levels": {"kubo": "info"}}]:
            return "told %r" % told
    ask(server.rpc, "version")
    line = c.until(b'"msg":"version for ')
    c.close()
    ask(server.rpc, "log/level?arg=all&arg=warn")
    return None if b'"logger":"kubo"' in line else "heard %r" % line


def guarded(server):
    """what is set through it guards it from the next start on, and is never shown"""
    secret = '{"a":{"AuthSecret":"bearer:s3cret","AllowedPaths":["/api/v0"]}}'.replace('"', "%22")
    secret = secret.replace("{", "%7B").replace("}", "%7D")
    a = ask(server.rpc, "config?arg=API.Authorizations&json=1&arg=" + secret)
    if a.status != 200 or b"s3cret" in a.body or b"s3cret" in ask(server.rpc, "config/show").body:
        return "answered %d %r" % (a.status, a.body)
    server.proc.send_signal(signal.SIGHUP)
    if not settled(lambda: ask(server.rpc, "id").status, lambda s: s == 403, 10):
        return "anybody is answered"
    return None if ask(server.rpc, "id", "Authorization: Bearer s3cret\r\n").status == 200 else "nobody is answered"


def shutdown(server):
    """shutdown ends all of the server, as SIGTERM does, when the client has its answer"""
    a = ask(server.rpc, "shutdown", "Authorization: Bearer s3cret\r\n")
    if a.status != 200 or a.body:
        return "answered %d %r" % (a.status, a.body)
    for _ in range(300):
        if server.proc.poll() is not None:
            return None if server.proc.returncode == 0 else "it ended with %d" % server.proc.returncode
        time.sleep(.1)
    return "it goes on"


TESTS = [one_key, config, levels, guarded, shutdown]


def main():
    wanted = sys.argv[1:]
    bad = 0
    for mode in ("pool", "fork"):
        server = Both("-m", mode, settings=[("serve.log", "off")])
        for t in TESTS:
            if not wanted or t.__name__ in wanted:
                bad += tell(mode, t, server)
        said = server.said()
        rc = server.stop() or "Sanitizer" in said or "runtime error" in said
        bad += rc != 0
        print("%sok - rpc, %s: the server of the node ends well" % ("not " if rc else "", mode))
        if bad:
            print("# " + "\n# ".join(said.splitlines()[-20:]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
