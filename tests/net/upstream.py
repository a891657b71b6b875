#!/usr/bin/env python3
"""upstream.py - a gateway that knows only what another one tells it (TAP).  Two servers, loopback only."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_raw import Client  # noqa: E402
from server import Server, run  # noqa: E402

NOBODY = "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"


class Pair:
    def __init__(self, mode):
        self.far = Server("-m", "pool", "-o", "serve.log=json", fill=self.fill)
        self.far_store = self.far.env["IPFRS_PATH"]
        self.near = Server("-m", mode, "-o", "gateway.upstream=yes", "-o", "fetch.gateways=" + self.far.url)

    def fill(self):
        self.key = run("ipfrs-key", "gen", "self").stdout.decode().split()[0]
        self.publish("one", "1s")

    def publish(self, text, ttl):
        path = os.path.join(os.path.dirname(os.environ["IPFRS_PATH"]), "file")
        with open(path, "w") as f:
            f.write(text)
        cid = run("ipfrs-add", "-q", path).stdout.decode().strip()
        run("ipfrs-name", "publish", "-T", ttl, "/ipfs/" + cid)

    def again(self, text, ttl):
        was = os.environ["IPFRS_PATH"]
        os.environ["IPFRS_PATH"] = self.far_store
        self.publish(text, ttl)
        os.environ["IPFRS_PATH"] = was

    def asked(self):
        """how often the far one was asked for a record"""
        time.sleep(.2)
        return self.far.said().count("ipns-record")

    def get(self, path, fields=""):
        c = Client(self.near.address)
        c.send(("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (path, fields)).encode())
        a = c.read("GET")
        c.close()
        return a


def only_cached(p):
    """nothing is asked for who wants only what is here"""
    a = p.get("/ipns/" + p.key, "Cache-Control: only-if-cached\r\n")
    return None if a.status == 412 and p.asked() == 0 else "%d, asked %d times" % (a.status, p.asked())


def content(p):
    """a name is resolved that only the upstream knows"""
    a = p.get("/ipns/" + p.key)
    return None if a.status == 200 and a.body == b"one" else "%d %r" % (a.status, a.body[:200])


def changed(p):
    """when the time to live of a record is over, a newer one counts; until then nobody is asked"""
    p.again("two", "1h")
    time.sleep(1.5)
    a = p.get("/ipns/" + p.key)
    if a.body != b"two":
        return "%d %r" % (a.status, a.body[:200])
    p.again("three", "1h")
    n = p.asked()
    for _ in range(5):
        a = p.get("/ipns/" + p.key)
    if a.body != b"two" or p.asked() != n:
        return "%r, asked %d times" % (a.body[:200], p.asked() - n)
    return None if "max-age=3" in (a.get("cache-control") or "") else "kept for %s" % a.get("cache-control")


def record(p):
    """the record itself"""
    a = p.get("/ipns/%s?format=ipns-record" % p.key)
    if a.status != 200 or a.get("content-type") != "application/vnd.ipfs.ipns-record":
        return "%d %s" % (a.status, a.get("content-type"))
    return None


def unknown(p):
    """a name nobody knows is no name, and is not asked for again at once"""
    n = p.asked()
    a = p.get("/ipns/" + NOBODY)
    once = p.asked()
    b = p.get("/ipns/" + NOBODY)
    if a.status != 500 or b.status != 500 or b"no record" not in a.body:
        return "%d %d %r" % (a.status, b.status, a.body[:200])
    return None if once > n and p.asked() == once else "asked %d and %d times" % (once - n, p.asked() - once)


def gone(p):
    """without the upstream, what was learned stays"""
    p.far.proc.terminate()
    p.far.proc.wait(60)
    a = p.get("/ipns/" + p.key)
    return None if a.status == 200 and a.body == b"two" else "%d %r" % (a.status, a.body[:200])


def main():
    bad = 0
    for mode in "pool", "fork":
        p = Pair(mode)
        for test in only_cached, content, changed, record, unknown, gone:
            try:
                why = test(p)
            except (OSError, EOFError) as e:
                why = repr(e)
            print("%sok - upstream, %s: %s" % ("not " if why else "", mode, test.__doc__), flush=True)
            if why:
                bad = 1
                print("# " + why)
        if p.near.stop() != 0:
            bad = 1
            print("not ok - upstream, %s: it ends" % mode)
        p.far.stop()
    return bad


if __name__ == "__main__":
    sys.exit(main())
