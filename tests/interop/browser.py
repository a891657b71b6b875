"""browser.py [FOLDER] - headless Chromium opens what our server serves: listings, a small web site under a name of
its own, its _redirects, sound that is jumped in, nodes.  Pictures of the pages are left in FOLDER."""
import json
import os
import struct
import sys
from urllib.parse import unquote

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))
from chromium import Chromium, Trouble, found  # noqa: E402
from server import Server, run  # noqa: E402

failed = 0
SHOTS = sys.argv[1] if len(sys.argv) > 1 else None
SECONDS, RATE = 600, 8000
SITE = {
    "index.html": b"""<!doctype html><title>site</title><meta charset=utf-8><link rel=icon href=data:,><link rel=stylesheet href=css/style.css>
<h1 id=head>a site</h1><a id=next href=pages/next.html>next</a> <a id=root href=/pages/next.html>the same</a>
<img id=image src=image.svg><p id=said></p><script type=module src=app.mjs></script>""",
    "css/style.css": b"#head { color: rgb(1, 2, 3) } body { background: url(../image.svg) }",
    "app.mjs": b"""import { greet } from './lib/greet.mjs'
const data = await (await fetch('data.json')).json()
const wasm = await WebAssembly.instantiateStreaming(fetch('empty.wasm'))
document.getElementById('said').textContent = greet(data.name) + (wasm.instance ? ' wasm' : '')""",
    "lib/greet.mjs": b"export const greet = name => 'hello ' + name",
    "data.json": b'{"name": "\xc5\xbc\xc3\xb3\xc5\x82w"}', "empty.wasm": b"\0asm\1\0\0\0",
    "image.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20"/></svg>',
    "pages/next.html": b"<!doctype html><title>next</title><a id=back href=../>back</a>",
    "404.html": b"<!doctype html><title>custom</title><h1>our own 404</h1>",
    "_redirects": b"/old /pages/next.html 301\n/app/* /index.html 200\n/blog/:year/:slug /posts/:slug?y=:year 302\n/* /404.html 404\n",
    "posts/one": b"<!doctype html><title>post</title>post one",
    "tone.wav": b"RIFF" + struct.pack("<I", 36 + SECONDS * RATE) + b"WAVEfmt " +
                struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE, 1, 8) + b"data" + struct.pack("<I", SECONDS * RATE) +
                bytes((i % 40) + 108 for i in range(40)) * (SECONDS * RATE // 40),
}
LISTED = {"a file.txt": b"one", "\u0105/\u0119/file-\u017a\u0142.txt": b"inner", "<b>bold & 'quoted' \"twice\".txt": b"escaped",
          "per%41cent?#.txt": b"odd", "sub/x.bin": b"\0\1\2", "a-rather-long-name-" + "of-many-words-" * 9 + ".txt": b"long",
          "big.bin": bytes(3000000)}


def ok(good, name, why=""):
    global failed
    failed += not good
    print("%s - %s" % ("ok" if good else "not ok", name))
    if not good:
        print("# " + str(why)[:500].replace("\n", "\n# "))
    sys.stdout.flush()


def add(folder, files):
    for name, data in files.items():
        os.makedirs(os.path.dirname(folder + "/" + name), exist_ok=True)
        with open(folder + "/" + name, "wb") as f:
            f.write(data)
    return run("ipfrs-add", "-rQ", "-O", "cid-version=1", folder).stdout.decode().strip()


def shot(b, name):
    if SHOTS:
        b.look("%s/%s-light.png" % (SHOTS, name))
        b.look("%s/%s-dark.png" % (SHOTS, name), dark=True)
        b.look("%s/%s-phone.png" % (SHOTS, name), width=390, height=844, scale=2)


def listing(b, base, root):
    url = "%s/ipfs/%s/" % (base, root)
    a = b.open(url)
    ok(a["status"] == 200 and a["mimeType"] == "text/html", "a listing", a)
    ok("Index of" in b.run("document.title + document.body.innerText"), "says what it is", b.run("document.body.innerText"))
    names = json.loads(b.run("JSON.stringify([...document.querySelectorAll('a')].map(a => a.textContent.trim()))"))
    want = {n.split("/")[0] for n in LISTED}
    ok(want <= set(names), "and all names as they are", want - set(names))
    ok(not b.run("document.querySelectorAll('script').length") and not b.complaints(), "without scripts or complaints", b.complaints())
    ok(b.run("document.documentElement.scrollWidth <= window.innerWidth"), "fits into a window")
    b.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
    wide = b.run("document.documentElement.scrollWidth")
    ok(wide <= 390, "fits onto a phone", wide)
    b.call("Emulation.clearDeviceMetricsOverride")
    shot(b, "listing")
    for name in [n for n in LISTED if "/" not in n and n.endswith(".txt")]:
        b.open(url)
        b.click_text(name)
        ok(b.run("document.body.innerText").strip() == LISTED[name].decode() and
           unquote(b.run("location.pathname")) == "/ipfs/%s/%s" % (root, name), "a click opens %s" % name[:40],
           b.run("location.href + ' ' + document.body.innerText"))
    a = b.open(url + "%C4%85/%C4%99")
    ok(b.run("location.pathname").endswith("/%C4%85/%C4%99/") and "file-\u017a\u0142.txt" in b.run("document.body.innerText"),
       "a directory further down", a)
    shot(b, "deeper")
    b.click_text("..")
    ok(unquote(b.run("location.pathname")).rstrip("/") == "/ipfs/%s/\u0105" % root, "and up again", b.run("location.pathname"))
    a = b.open(url + "none")
    ok(a["status"] == 404 and a["mimeType"] == "text/html" and "none" in b.run("document.body.innerText"), "a page for what is not there", a)
    shot(b, "error")


def site(b, port, root):
    host = "http://%s.ipfs.localhost:%d" % (root, port)
    a = b.open("http://localhost:%d/ipfs/%s" % (port, root))
    ok(b.run("location.href") == host + "/" and a["status"] == 200, "a path leads to a name of its own", b.run("location.href"))
    ok(b.until("document.getElementById('said').textContent") == "hello \u017c\u00f3\u0142w wasm", "its scripts, modules, JSON and wasm run")
    ok(b.run("getComputedStyle(document.getElementById('head')).color") == "rgb(1, 2, 3)", "its style is applied")
    ok(b.run("document.getElementById('image').naturalWidth") == 30, "its image is shown")
    ok(not b.complaints(), "nobody complains", b.complaints())
    kinds = {a["url"].rsplit("/", 1)[1]: a["mimeType"] for a in b.answers()}
    for name, kind in (("app.mjs", "text/javascript"), ("style.css", "text/css"), ("data.json", "application/json"),
                       ("empty.wasm", "application/wasm"), ("image.svg", "image/svg+xml")):
        ok(kinds.get(name) == kind, "%s is %s" % (name, kind), kinds)
    for link in ("next", "root"):
        b.open(host + "/")
        b.click("a => a.id === '%s'" % link)
        ok(b.run("location.href") == host + "/pages/next.html", "the link %s" % link, b.run("location.href"))
    b.click_text("back")
    ok(b.run("location.href") == host + "/", "and back", b.run("location.href"))

    a = b.open(host + "/app/some/where?x=1")
    ok(a["status"] == 200 and b.run("document.title") == "site" and b.run("location.pathname") == "/app/some/where",
       "_redirects: an app of one page", a)
    a = b.open(host + "/old?a=b")
    ok(a["status"] == 200 and b.run("location.href") == host + "/pages/next.html?a=b", "_redirects: 301", b.run("location.href"))
    a = b.open(host + "/blog/2026/one")
    ok(b.run("location.href") == host + "/posts/one?y=2026" and "post one" in b.run("document.body.innerText"), "_redirects: names in a path",
       b.run("location.href"))
    a = b.open(host + "/nothing/here")
    ok(a["status"] == 404 and b.run("document.body.innerText").strip() == "our own 404", "_redirects: a 404 of its own", a)
    a = b.open(host + "/pages/")
    ok(a["status"] == 200 and "next.html" in b.run("document.body.innerText"), "a listing under a name of its own", a)
    b.click_text("next.html")
    ok(b.run("location.href") == host + "/pages/next.html", "whose links stay there", b.run("location.href"))
    b.run("localStorage.setItem('secret', 'x')")
    b.open("http://localhost:%d/ipfs/%s/pages/next.html" % (port, run("ipfrs-add", "-rQ", os.environ["IPFRS_PATH"] + "/../listed").stdout.decode().strip()))
    ok(b.run("localStorage.getItem('secret')") is None, "other content does not see what it stored")


def across(b, base, port, root):
    b.open("%s/ipfs/%s/pages/next.html" % (base, root))
    url = "http://%s.ipfs.localhost:%d/data.json" % (root, port)
    got = b.run("fetch(%s).then(async r => JSON.stringify([r.status, await r.json(), r.headers.get('x-ipfs-path'), r.headers.get('x-ipfs-roots')]))"
                % json.dumps(url))
    got = json.loads(got)
    ok(got[0] == 200 and got[1]["name"] and got[2] == "/ipfs/%s/data.json" % root and root in got[3], "another origin may fetch, and see the fields",
       got)
    got = b.run("fetch(%s, {headers: {Range: 'bytes=2-5', 'X-Requested-With': 'x'}}).then(async r => r.status + await r.text())" % json.dumps(url))
    ok(got == "206name", "also a range, after asking first", got)
    got = b.run("fetch(%s).then(async r => JSON.stringify([r.status, r.type]))" % json.dumps(url.replace("data.json", "none/at/all")))
    ok(json.loads(got) == [404, "cors"], "and see that there is nothing", got)


def sound(b, port, root):
    b.open("http://%s.ipfs.localhost:%d/pages/next.html" % (root, port))
    b.events = []
    b.run("window.s = new Audio('/tone.wav'); s.preload = 'metadata'; document.body.append(s); "
          "new Promise((y, n) => { s.onloadedmetadata = y; s.onerror = () => n(new Error(s.error.message)) })")
    ok(b.run("s.duration") == SECONDS, "sound is as long as it is", b.run("s.duration"))
    b.run("new Promise((y, n) => { s.onseeked = y; s.onerror = () => n(new Error(s.error.message)); s.currentTime = %d })" % (SECONDS - 20))
    ok(abs(b.run("s.currentTime") - (SECONDS - 20)) < 1, "and can be jumped in", b.run("s.currentTime"))
    b.run("document.title")
    asked = [a for a in b.answers() if a["url"].endswith("tone.wav")]
    far = [a for a in asked if a["status"] == 206 and
           int({k.lower(): v for k, v in a["headers"].items()}["content-range"].split()[1].split("-")[0]) > 3000000]
    ok(far, "by a range", [(a["status"], a["headers"]) for a in asked])


def node(b, base, cid, file):
    a = b.open("%s/ipfs/%s" % (base, cid))
    ok(a["status"] == 200 and a["mimeType"] == "text/html" and b.run("location.pathname") == "/ipfs/%s/" % cid, "a node has a page", a)
    text = b.run("document.body.innerText")
    ok(cid in text or cid[:4] in text, "that names it", text)
    ok("some text" in text, "and shows it", text)
    ok(not b.complaints(), "without complaints", b.complaints())
    shot(b, "node")
    b.click("a => a.getAttribute('href').includes(%s)" % json.dumps(file))
    ok(file in b.run("location.pathname") and b.run("document.body.innerText") == "one", "and its links lead on", b.run("location.pathname"))


def over_tls(root):
    server = Server("-a", "tls:127.0.0.1:0", "-c", "self", fill=lambda: None)
    os.environ["IPFRS_PATH"] = server.env["IPFRS_PATH"]
    b = None
    try:
        again = add(server.dir + "/site", SITE)
        ok(again == root, "the same site in another store", again)
        b = Chromium("--ignore-certificate-errors")
        a = b.open("%sipfs/%s/" % (server.url, root))
        ok(a["status"] == 200 and a["protocol"] == "h2", "over TLS it is HTTP/2", (a["status"], a["protocol"]))
        ok(b.until("document.getElementById('said').textContent").startswith("hello"), "and the site runs")
    finally:
        if b:
            b.stop()
        ok(server.stop() == 0, "and that server ended well")


def main():
    if not found():
        print("ok - Chromium # SKIP there is none here")
        return
    if SHOTS:
        os.makedirs(SHOTS, exist_ok=True)
    server = Server(settings=[("gateway.hosts", "localhost subdomains")])
    port, base = server.address[1], server.url.rstrip("/")
    b = None
    try:
        root = add(server.dir + "/site", SITE)
        listed = add(server.dir + "/listed", LISTED)
        file = run("ipfrs-resolve", "/ipfs/%s/a file.txt" % listed).stdout.decode().split()[0].replace("/ipfs/", "")
        value = {"text": "some text", "list": [1, 2.5, None, True, {"deep": {"deeper": ["x"] * 3}}], "link": {"/": file},
                 "bytes": {"/": {"bytes": "AQIDBA"}}, "<b>html</b>": "<script>alert(1)</script>", "long": "word " * 60}
        nodes = [run("ipfrs-dag", "put", "-c", c, "-", input=json.dumps(value).encode()).stdout.decode().strip() for c in ("dag-json", "dag-cbor")]
        b = Chromium()
        listing(b, base, listed)
        site(b, port, root)
        across(b, base, port, root)
        sound(b, port, root)
        for cid in nodes:
            node(b, base, cid, file)
        b.stop()
        b = None
        over_tls(root)
    except Trouble as e:
        ok(False, "no trouble with the browser", e)
    finally:
        if b:
            b.stop()
        rc = server.stop()
    ok(rc == 0, "the server ended well")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
