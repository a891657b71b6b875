"""kubo_rpc_http.py - the same HTTP requests to the RPC of a daemon of Kubo's and of ours in both modes: status, the
fields that mean something to clients, bodies and trailers are the same.  $IPFS is Kubo; IPFRS_RPC_PEER=kubo compares
Kubo with another Kubo."""
import io
import re
import string
import tarfile

from rpc_sides import Kubo, Tap, sides, sides_are_kubo
from http_raw import Client  # rpc_sides tells where it is

FIELDS = ["content-type", "x-chunked-output", "x-stream-output", "x-content-length", "trailer", "allow", "vary", "location",
          "access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
          "access-control-expose-headers", "access-control-allow-credentials", "x-content-type-options", "x-stream-error"]
EMPTY_DIR = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
HELLO = "QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN"
ABSENT = "QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN"
RAW = "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
PEER = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
BOUNDARY = "-----------------------------cut_here-"


def part(data=b"hello\n", filename="hello.txt", kind="application/octet-stream", name="file", more="", disposition="form-data"):
    """one part of a body; filename, kind, name None: not said"""
    head = "Content-Disposition: " + disposition
    head += '; name="%s"' % name if name is not None else ""
    head += '; filename="%s"' % filename if filename is not None else ""
    head += "\r\nContent-Type: " + kind if kind is not None else ""
    return ("--%s\r\n%s\r\n%s\r\n" % (BOUNDARY, head, more)).encode("utf-8", "surrogateescape") + data + b"\r\n"


def folder(name):
    return part(b"", name, "application/x-directory")


def link(name, target):
    return part(target, name, "application/symlink")


def Q(target, *parts, method="POST", norm="", body=None, kind=None, **fields):
    """a request below /api/v0; fields: with _ for -"""
    fields = {k.replace("_", "-"): v for k, v in fields.items()}
    if parts:
        body = b"".join(parts) + ("--%s--\r\n" % BOUNDARY).encode()
        kind = kind or "multipart/form-data; boundary=" + BOUNDARY
    if kind:
        fields["Content-Type"] = kind
    return {"method": method, "target": target if target.startswith("//") else "/api/v0" + target, "fields": fields, "body": body,
            "norm": norm}


METHODS = [
    Q("/version", norm="version"),
    Q("/version", method="GET"),
    Q("/version", method="HEAD"),
    Q("/version", method="PUT"),
    Q("/version", method="DELETE"),
    Q("/version", method="PATCH"),
    Q("/version", method="OPTIONS"),
    Q("/add", part(), method="PUT"),
    Q("/nonsense", method="GET"),
    Q("/nonsense"),
    Q("/"),
    Q(""),
    Q("", method="GET"),
    Q("//api/v0/version"),
    Q("/pin"),
    Q("/pin/"),
    Q("/pin/nonsense"),
    Q("/files"),
    Q("/key/export?arg=self"),
    Q("/config/edit"),
    Q("/repo/migrate"),
    Q("/diag/datastore/count"),
    Q("/daemon"),
    Q("/init"),
    Q("/update/versions"),
    Q("/dns?arg=example.com"),
    Q("/cid/base32/x/y"),
    Q("/../v0/version"),
    Q("/./version"),
    Q("/version/", norm="version"),
    Q("/version/extra", norm="version"),
]

ORIGINS = [
    Q("/repo/version", Origin="http://localhost:$PORT"),
    Q("/repo/version", Origin="http://127.0.0.1:$PORT"),
    Q("/repo/version", Origin="https://127.0.0.1:$PORT"),
    Q("/repo/version", Origin="http://[::1]:$PORT"),
    Q("/repo/version", Origin="http://LOCALHOST:$PORT"),
    Q("/repo/version", Origin="http://localhost:$PORT/"),
    Q("/repo/version", Origin="http://localhost"),
    Q("/repo/version", Origin="http://localhost:1"),
    Q("/repo/version", Origin="null"),
    Q("/repo/version", Origin=""),
    Q("/repo/version", Origin="https://example.com"),
    Q("/repo/version", Origin="chrome-extension://nibjojkomfdiaoajekhjakgkdhaomnch"),
    Q("/repo/version", Origin="chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    Q("/repo/version", method="GET", Origin="http://localhost:$PORT"),
    Q("/repo/version", method="GET", Origin="https://example.com"),
    Q("/nonsense", Origin="http://localhost:$PORT"),
    Q("/nonsense", Origin="https://example.com"),
    Q("/repo/version", Referer="http://localhost:$PORT/webui/x?y"),
    Q("/repo/version", Referer="https://example.com/x"),
    Q("/repo/version", Referer="http://local host/%zz"),
    Q("/repo/version", Referer="http://localhost:$PORT/", Origin="https://example.com"),
    Q("/repo/version", User_Agent="Mozilla/5.0 (X11; Linux x86_64)"),
    Q("/repo/version", User_Agent="Mozilla/5.0 Electron/20"),
    Q("/repo/version", User_Agent="Mozilla/5.0", Origin="http://localhost:$PORT"),
    Q("/repo/version", User_Agent="Mozilla/5.0", Referer="http://127.0.0.1:$PORT/"),
    Q("/repo/version", User_Agent="curl/8.0"),
    Q("/repo/version", User_Agent="/kubo/0.1.0/", norm="version"),
    Q("/repo/version", User_Agent="/go-ipfs/0.4.20/", norm="version"),
    Q("/version", User_Agent="/kubo/0.1.0/", norm="version"),
    Q("/repo/version", User_Agent="kubo/0.1.0"),
    Q("/repo/version", User_Agent="kubo-rpc-client"),
    Q("/add", method="OPTIONS", Origin="http://localhost:$PORT", Access_Control_Request_Method="POST"),
    Q("/add", method="OPTIONS", Origin="http://localhost:$PORT", Access_Control_Request_Method="POST",
      Access_Control_Request_Headers="content-type"),
    Q("/add", method="OPTIONS", Origin="http://localhost:$PORT", Access_Control_Request_Method="POST",
      Access_Control_Request_Headers="accept,content-type,x-requested-with"),
    Q("/add", method="OPTIONS", Origin="http://localhost:$PORT", Access_Control_Request_Method="POST",
      Access_Control_Request_Headers="authorization"),
    Q("/add", method="OPTIONS", Origin="http://localhost:$PORT", Access_Control_Request_Method="PUT"),
    Q("/add", method="OPTIONS", Origin="http://localhost:$PORT", Access_Control_Request_Method="GET"),
    Q("/add", method="OPTIONS", Origin="https://example.com", Access_Control_Request_Method="POST"),
    Q("/add", method="OPTIONS", Origin="https://example.com"),
    Q("/add", method="OPTIONS", Access_Control_Request_Method="POST"),
    Q("/nonsense", method="OPTIONS", Origin="http://localhost:$PORT", Access_Control_Request_Method="POST"),
    Q("/nonsense", method="OPTIONS"),
]

ADDS = [
    Q("/add", part()),
    Q("/add?quiet=true", part()),
    Q("/add?silent=true", part()),
    Q("/add?progress=true", part()),
    Q("/add?progress=true", part(b"", "empty")),
    Q("/add?progress=true", part(b"x" * 600000, "big")),
    Q("/add", part(filename=None, kind=None)),
    Q("/add", part(filename="")),
    Q("/add", part(filename="", name=None, disposition="attachment")),
    Q("/add", part(filename="a%20b%2Bc.txt")),
    Q("/add", part(filename="a+b.txt")),
    Q("/add", part(filename="bad%zz.txt")),
    Q("/add", part(filename="/abs/../x.txt")),
    Q("/add", part(filename="../../up.txt")),
    Q("/add", part(filename="dir%2Fa%20b%2B%C3%A9.txt")),
    Q("/add", part(filename="d/a"), part(b"b", "d/b")),
    Q("/add", part(filename="d/a"), part(b"b", "e"), part(b"c", "d/c")),
    Q("/add", part(filename="r/d/a"), part(b"b", "r/e"), part(b"c", "r/d/c")),
    Q("/add", part(filename="a"), part(b"b", "b")),
    Q("/add?wrap-with-directory=true", part(filename="a"), part(b"b", "b")),
    Q("/add?w=1&progress=1", part(filename="a.txt"), part(b"b.b\n", "b.txt")),
    Q("/add?wrap-with-directory", part(filename=None)),
    Q("/add", folder("d"), part(filename="d/a"), link("d/l", b"a"), folder("d/void")),
    Q("/add", folder("d"), part(filename="d%2Fx%2Fa"), part(filename="d%2Fx%2Fb")),
    Q("/add?empty-dirs=false", folder("d"), part(filename="d/a"), folder("d/void")),
    Q("/add", folder("void")),
    Q("/add", link("l", b"target")),
    Q("/add", part(b"", "m", "multipart/form-data")),
    Q("/add", part(kind="not/a/type;;")),
    Q("/add", part(kind="text/html; charset=utf-8")),
    Q("/add?preserve-mode=true&preserve-mtime=true", part(name="file?mode=0600&mtime=1600000000&mtime-nsecs=5")),
    Q("/add?preserve-mode=true&preserve-mtime=true", part(name="file?mode=0755")),
    Q("/add?preserve-mtime=true", part(name="file?mtime=-5")),
    Q("/add?preserve-mode=true", part(name="file?mode=99")),
    Q("/add?preserve-mtime=true", part(name="file?mtime=x")),
    Q("/add", part(name="file?mode=0600&mtime=1600000000")),
    Q("/add?mode=0640&mtime=1500000000", part()),
    Q("/add?mode=416", part()),
    Q("/add?cid-version=1", part()),
    Q("/add?cid-version=0x1", part()),
    Q("/add?cid-version=one", part()),
    Q("/add?cid-version=", part()),
    Q("/add?cid-version=1&cid-version=0", part()),
    Q("/add?raw-leaves=yes", part()),
    Q("/add?raw-leaves=T", part()),
    Q("/add?raw-leaves=TRUE", part()),
    Q("/add?raw-leaves=", part()),
    Q("/add?raw-leaves", part()),
    Q("/add?unknown=1&r=true&recursive=true", part()),
    Q("/add?arg=ignored", part()),
    Q("/add?chunker=wrong", part()),
    Q("/add?inline=true&inline-limit=0b100000", part()),
    Q("/add?only-hash=true&nocopy=true", part()),
    Q("/add?to-files=/from-http.txt", part()),
    Q("/add"),
    Q("/add", body=b"", kind="multipart/form-data; boundary=x"),
    Q("/add", body=b"just bytes"),
    Q("/add", body=b"a=b", kind="application/x-www-form-urlencoded"),
    Q("/add", body=b"x", kind="multipart/form-data"),
    Q("/add", body=b"--x--\r\n", kind="multipart/form-data; boundary=x"),
    Q("/add", body=b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhel", kind="multipart/form-data; boundary=x"),
    Q("/add", body=b"--x\r\nbad header\r\n\r\nhello\r\n--x--\r\n", kind="multipart/form-data; boundary=x"),
    Q("/add", body=b"preamble\r\n--x\r\n\r\nhello\r\n--x--\r\nepilogue", kind="multipart/form-data; boundary=x"),
    Q("/add", body=b"--x\r\n\r\nhello\r\n--x--\r\n", kind="multipart/mixed; boundary=x"),
    Q("/add", body=b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhello\r\n--x--\r\n",
      kind='Multipart/Form-Data; boundary="x"'),
]

READS = [
    Q("/cat?arg=" + HELLO),
    Q("/cat/" + HELLO),
    Q("/cat/" + HELLO + "?arg=" + HELLO),
    Q("/cat?arg=/ipfs/" + HELLO + "&arg=" + HELLO),
    Q("/cat?arg=%2Fipfs%2F" + HELLO),
    Q("/cat"),
    Q("/cat?arg="),
    Q("/cat/"),
    Q("/cat?arg=" + EMPTY_DIR),
    Q("/cat?arg=" + ABSENT),
    Q("/cat?arg=" + HELLO + "&arg=" + ABSENT),
    Q("/cat?arg=notacid"),
    Q("/cat?arg=%zz"),
    Q("/cat?arg=" + HELLO + "&offset=2&length=3"),
    Q("/cat?arg=" + HELLO + "&o=2&l=0"),
    Q("/cat?arg=" + HELLO + "&offset=-1"),
    Q("/cat?arg=" + HELLO + "&offset=x"),
    Q("/cat?arg=" + HELLO + "&offset=1_0"),
    Q("/cat?arg=" + HELLO + "&offset=99999999999999999999"),
    Q("/cat?arg=" + HELLO + "&offset=0o2"),
    Q("/cat?arg=" + HELLO + "&encoding=json"),
    Q("/cat?arg=" + HELLO + "&encoding=text"),
    Q("/cat?arg=" + HELLO + "&encoding=wrong"),
    Q("/cat?arg=" + ABSENT + "&encoding=text"),
    Q("/cat?arg=" + HELLO + "&timeout=1m"),
    Q("/cat?arg=" + HELLO + "&offline=true&stream-channels=true"),
    Q("/cat", part((HELLO + "\n" + HELLO).encode(), None, None)),
    Q("/cat?arg=" + HELLO, part((HELLO + "\r\n").encode(), None, None)),
    Q("/get?arg=" + HELLO, norm="tar"),
    Q("/get?arg=" + HELLO + "&archive=true", norm="tar"),
    Q("/get?arg=" + HELLO + "&compress=true", norm="gzip"),
    Q("/get?arg=" + HELLO + "&compress=true&archive=true", norm="gzip tar"),
    Q("/get?arg=" + EMPTY_DIR, norm="tar"),
    Q("/get?arg=" + EMPTY_DIR + "&compress=true"),
    Q("/get?arg=" + ABSENT),
    Q("/get?arg=" + HELLO + "&compress=true&compression-level=11"),
    Q("/get"),
    Q("/ls?arg=" + EMPTY_DIR),
    Q("/ls?arg=/ipfs/" + EMPTY_DIR + "&stream=true"),
    Q("/ls?arg=" + HELLO),
    Q("/ls?arg=" + HELLO + "&arg=" + EMPTY_DIR),
    Q("/ls?arg=" + EMPTY_DIR + "&encoding=text"),
    Q("/ls?arg=" + ABSENT + "&stream=true"),
    Q("/ls"),
    Q("/refs?arg=" + HELLO),
    Q("/refs?arg=" + EMPTY_DIR + "&encoding=text"),
    Q("/refs?arg=" + HELLO + "&edges=true&format=x"),
    Q("/refs?arg=" + HELLO + "&max-depth=x"),
    Q("/resolve?arg=/ipfs/" + HELLO),
    Q("/resolve?arg=/ipfs/" + HELLO + "&encoding=text"),
    Q("/resolve?arg=/ipfs/" + HELLO + "&encoding=xml"),
    Q("/resolve?arg=/ipfs/" + HELLO + "/x"),
    Q("/block/get?arg=" + HELLO),
    Q("/block/get/" + HELLO),
    Q("/block/get?arg=" + ABSENT),
    Q("/block/stat?arg=" + HELLO),
    Q("/block/stat?arg=" + HELLO + "&cid-base=base32"),
    Q("/block/stat?arg=" + HELLO + "&cid-base=nonsense"),
    Q("/block/stat?arg=" + HELLO + "&upgrade-cidv0-in-output=true"),
    Q("/block/stat?arg=" + HELLO + "&encoding=text"),
    Q("/block/put", part()),
    Q("/block/put", part(), part(b"2", "b")),
    Q("/block/put?format=v0", part(bytes.fromhex("0a020801"))),
    Q("/block/put?mhlen=x", part()),
    Q("/block/put"),
    Q("/block/rm?arg=" + RAW),
    Q("/block/rm?arg=" + RAW + "&quiet=true"),
    Q("/block/rm?arg=" + HELLO + "&force=true"),
    Q("/block/rm?arg=" + HELLO + "&encoding=text"),
    Q("/block/rm"),
    Q("/dag/put", part(b'{"a":{"/":"' + HELLO.encode() + b'"},"<":">"}')),
    Q("/dag/put?store-codec=raw&input-codec=raw", part()),
    Q("/dag/put?store-codec=nonsense", part(b"{}")),
    Q("/dag/put", part(b"{")),
    Q("/dag/put?pin=true", part(b"[1]"), part(b"[2]")),
    Q("/dag/get?arg=" + HELLO),
    Q("/dag/get?arg=" + HELLO + "&output-codec=dag-pb"),
    Q("/dag/get?arg=" + RAW),
    Q("/dag/resolve?arg=" + HELLO),
    Q("/dag/resolve?arg=" + HELLO + "&encoding=text"),
    Q("/dag/stat?arg=" + HELLO),
    Q("/dag/stat?arg=" + HELLO + "&progress=false"),
    Q("/dag/stat?arg=" + HELLO + "&progress=false&encoding=text"),
    Q("/dag/export?arg=" + HELLO),
    Q("/dag/export?arg=" + ABSENT),
    Q("/dag/import"),
    Q("/dag/import", part(b"junk", "x.car")),
    Q("/dag/import?stats=true", part(bytes.fromhex("19a265726f6f7473816776657273696f6e01"), "x.car")),
    Q("/pin/ls"),
    Q("/pin/ls?type=direct"),
    Q("/pin/ls?stream=true&type=direct"),
    Q("/pin/ls?type=wrong"),
    Q("/pin/ls?arg=" + HELLO),
    Q("/pin/ls?arg=" + HELLO + "&type=direct"),
    Q("/pin/ls?arg=" + HELLO + "&names=true&stream=true"),
    Q("/pin/ls?arg=" + HELLO + "&encoding=text"),
    Q("/pin/ls?arg=" + ABSENT),
    Q("/pin/add?arg=" + HELLO),
    Q("/pin/add?arg=" + HELLO + "&name=a%20name"),
    Q("/pin/add?arg=" + HELLO + "&r=false&recursive=false"),
    Q("/pin/add?arg=" + HELLO + "&recursive=maybe"),
    Q("/pin/add?arg=" + HELLO + "&progress=true", norm="last"),
    Q("/pin/add?arg=" + ABSENT),
    Q("/pin/add"),
    Q("/pin/add", part((HELLO + "\n" + EMPTY_DIR + "\n").encode(), None, None)),
    Q("/pin/update?arg=" + HELLO),
    Q("/pin/update?arg=" + HELLO + "&arg=" + HELLO + "&arg=" + HELLO),
    Q("/pin/rm?arg=" + EMPTY_DIR),
    Q("/pin/rm?arg=" + EMPTY_DIR),
    Q("/pin/rm"),
    Q("/pin/verify?verbose=true&quiet=true"),
    Q("/pin/verify"),
    Q("/pin/verify?encoding=text"),
]

CIDS = [
    Q("/cid/format?arg=" + HELLO),
    Q("/cid/format?arg=" + HELLO + "&arg=notacid&arg=" + RAW),
    Q("/cid/format?arg=" + HELLO + "&v=1"),
    Q("/cid/format?arg=" + HELLO + "&v=2"),
    Q("/cid/format?arg=" + RAW + "&v=0"),
    Q("/cid/format?arg=" + HELLO + "&v=0&b=base32"),
    Q("/cid/format?arg=" + HELLO + "&b=base16"),
    Q("/cid/format?arg=" + HELLO + "&b=nonsense"),
    Q("/cid/format?arg=" + HELLO + "&mc=raw&v=1"),
    Q("/cid/format?arg=" + HELLO + "&mc=nonsense"),
    Q("/cid/format?arg=" + RAW + "&f=%25b%20%25B%20%25v%20%25V%20%25c%20%25C%20%25h%20%25H%20%25L%20%25m%20%25M%20%25d%20%25D%20%25s%20%25S%20%25P%20%25%25"),
    Q("/cid/format?arg=" + HELLO + "&f=%25P"),
    Q("/cid/format?arg=" + HELLO + "&f=nopercent"),
    Q("/cid/format?arg=" + HELLO + "&f=%25z"),
    Q("/cid/format?arg=" + HELLO + "&encoding=text"),
    Q("/cid/format?arg=notacid&encoding=text"),
    Q("/cid/format"),
    Q("/cid/format", part((HELLO + "\n" + RAW).encode(), None, None)),
    Q("/cid/base32?arg=" + HELLO),
    Q("/cid/base32/" + HELLO),
    Q("/cid/base32?arg=" + HELLO + "&arg=x"),
    Q("/cid/base32?arg=" + HELLO + "&encoding=text"),
    Q("/cid/inspect?arg=" + HELLO),
    Q("/cid/inspect?arg=" + RAW),
    Q("/cid/inspect?arg=bafkqabtimvwgy3yk"),
    Q("/cid/inspect?arg=" + PEER),
    Q("/cid/inspect?arg=k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe"),
    Q("/cid/inspect?arg=notacid"),
    Q("/cid/inspect?arg=" + HELLO + "&encoding=text"),
    Q("/cid/inspect"),
    Q("/cid/bases", norm="set"),
    Q("/cid/bases?encoding=text"),
    Q("/cid/bases?prefix=true&numeric=true&encoding=text"),
    Q("/cid/codecs", norm="set"),
    Q("/cid/codecs?encoding=text&numeric=true"),
    Q("/cid/codecs?supported=true", norm="set"),
    Q("/cid/hashes", norm="set"),
    Q("/cid/hashes?encoding=text&numeric=true"),
    Q("/cid/hashes?supported=true&encoding=text"),
    Q("/multibase/encode", part(b"hello")),
    Q("/multibase/encode?b=base32", part(b"hello")),
    Q("/multibase/encode?b=base58btc", part(b"\0\0hello")),
    Q("/multibase/encode?b=base10", part(b"hello")),
    Q("/multibase/encode?b=base256emoji", part(b"hello")),
    Q("/multibase/encode?b=nonsense", part(b"hello")),
    Q("/multibase/encode", part(b"")),
    Q("/multibase/encode"),
    Q("/multibase/decode", part(b"uaGVsbG8")),
    Q("/multibase/decode", part(b"f68656c6c6f")),
    Q("/multibase/decode", part(b"f6865g")),
    Q("/multibase/decode", part(b"!x")),
    Q("/multibase/decode", part(b"")),
    Q("/multibase/transcode?b=base16", part(b"uaGVsbG8")),
    Q("/multibase/transcode", part(b"f68656c6c6f")),
    Q("/multibase/transcode?b=nonsense", part(b"f68")),
    Q("/multibase/list", norm="set"),
]

FILES = [
    Q("/files/ls"),
    Q("/files/ls?long=true"),
    Q("/files/ls?arg=/&long=true&stream=true"),
    Q("/files/ls?encoding=text"),
    Q("/files/mkdir?arg=/a"),
    Q("/files/mkdir?arg=/a"),
    Q("/files/mkdir"),
    Q("/files/mkdir?arg="),
    Q("/files/mkdir/%2Fb"),
    Q("/files/ls?arg=/a"),
    Q("/files/write?arg=/a/f&create=true", part()),
    Q("/files/write?arg=/a/f&create=true"),
    Q("/files/write?arg=/a/g", part()),
    Q("/files/write?arg=/a/f&offset=x", part()),
    Q("/files/write?arg=/a/f&offset=3&truncate=true", part(b"XY", "arg")),
    Q("/files/read?arg=/a/f"),
    Q("/files/read?arg=/a/f&offset=1&count=2&length=2"),
    Q("/files/read?arg=/a/f&offset=99"),
    Q("/files/read?arg=/a"),
    Q("/files/read?arg=/none"),
    Q("/files/read"),
    Q("/files/stat?arg=/a/f"),
    Q("/files/stat?arg=/a"),
    Q("/files/stat?arg=/a&encoding=text"),
    Q("/files/stat?arg=/a&hash=true&size=true"),
    Q("/files/stat?arg=/a&with-local=true"),
    Q("/files/stat?arg=/ipfs/" + HELLO),
    Q("/files/stat?arg=/none"),
    Q("/files/stat?arg=relative"),
    Q("/files/cp?arg=/a/f&arg=/a/h&arg=/a/i"),
    Q("/files/cp?arg=/a/f"),
    Q("/files/mv?arg=/a/h&arg=/a/moved"),
    Q("/files/chmod?arg=0600&arg=/a/moved"),
    Q("/files/touch?arg=/a/moved&mtime=1600000000"),
    Q("/files/stat?arg=/a/moved"),
    Q("/files/chcid?arg=/a&cid-version=1"),
    Q("/files/flush"),
    Q("/files/flush?arg=/a&encoding=text"),
    Q("/files/rm?arg=/none"),
    Q("/files/rm?arg=/a"),
    Q("/files/rm?arg=/none&arg=/a&recursive=true"),
    Q("/files/rm?arg=/b&force=true"),
    Q("/files/rm?arg=/x&flush=false"),
    Q("/files/chroot?arg=x"),
]

NODE = [
    Q("/id"),
    Q("/id?encoding=text"),
    Q("/id?format=%3Cid%3E&encoding=text"),
    Q("/id?arg=" + PEER),
    Q("/id?arg=x"),
    Q("/id?encoding=nonsense"),
    Q("/id?enc=json&encoding=json"),
    Q("/id?encoding=json&encoding=text"),
    Q("/id?cid-base=nonsense"),
    Q("/id?debug=x"),
    Q("/version?encoding=text", norm="version"),
    Q("/version?number=true&encoding=text", norm="version"),
    Q("/commands?flags=false", norm="commands"),
    Q("/commands/completion/bash", norm="script"),
    Q("/swarm/peers"),
    Q("/swarm/peers?encoding=text"),
    Q("/bitswap/stat"),
    Q("/bitswap/stat?encoding=text"),
    Q("/stats/bw"),
    Q("/ping?arg=" + PEER),
    Q("/ping"),
    Q("/routing/findprovs?arg=" + HELLO),
    Q("/routing/get?arg=/ipns/" + PEER),
    Q("/dht/get?arg=x"),
    Q("/dht/provide?arg=x"),
    Q("/object/get?arg=" + HELLO),
    Q("/object/new"),
    Q("/object/put", part(b"{}")),
    Q("/object/diff?arg=" + HELLO + "&arg=" + EMPTY_DIR),
    Q("/object/diff?arg=" + HELLO),
    Q("/object/patch/add-link?arg=" + EMPTY_DIR + "&arg=a&arg=" + HELLO),
    Q("/object/patch/set-data?arg=" + HELLO, part()),
    Q("/pubsub/ls"),
    Q("/pubsub/pub?arg=udG9waWM", part()),
    Q("/pubsub/pub?arg=topic", part()),
    Q("/pubsub/sub?arg=udG9waWM"),
    Q("/pubsub/peers?arg=notbase"),
    Q("/p2p/ls"),
    Q("/name/pubsub/state"),
    Q("/name/resolve?arg=" + PEER),
    Q("/name/resolve?arg=" + PEER + "&stream=true"),
    Q("/name/publish?arg=/ipfs/" + HELLO),
    Q("/name/publish"),
    Q("/name/inspect", part(b"junk")),
    Q("/name/inspect"),
    Q("/key/list"),
    Q("/key/list?encoding=text&l=true"),
    Q("/key/gen"),
    Q("/key/gen?arg=x&type=wrong"),
    Q("/key/gen?arg=x&size=many"),
    Q("/key/rm?arg=none"),
    Q("/key/rename?arg=a"),
    Q("/key/import?arg=x", part(b"junk")),
    Q("/key/import", part(b"junk")),
    Q("/key/import?arg=x"),
    Q("/key/sign?key=none", part()),
    Q("/key/verify?signature=x", part()),
    Q("/bootstrap"),
    Q("/bootstrap/list?encoding=text"),
    Q("/bootstrap/add/default"),
    Q("/bootstrap/rm/all"),
    Q("/bootstrap/add?arg=x"),
    Q("/bootstrap/add", part(("/ip4/127.0.0.1/tcp/1/p2p/%s\n" % PEER).encode(), None, None)),
    Q("/config?arg=Nothing"),
    Q("/config?arg=Identity.PrivKey"),
    Q("/config?arg=Datastore.StorageMax"),
    Q("/config?arg=Datastore.StorageMax&arg=12GB"),
    Q("/config?arg=Datastore.StorageGCWatermark&arg=91&json=true"),
    Q("/config"),
    Q("/config/replace"),
    Q("/config/replace", part(b"{")),
    Q("/config/profile/apply?arg=nonsense"),
    Q("/log/level?arg=all&arg=error"),
    Q("/log/level?arg=all&arg=x"),
    Q("/log/level"),
    Q("/repo/version"),
    Q("/repo/version?encoding=text"),
    Q("/repo/version?encoding=text&quiet=true"),
    Q("/repo/stat", norm="sizes"),
    Q("/repo/stat?size-only=true", norm="sizes"),
    Q("/repo/stat?size-only=true&human=true&encoding=text", norm="sizes"),
    Q("/repo/gc?silent=true"),
    Q("/repo/gc?quiet=true"),
    Q("/repo/verify?heal-timeout=x"),
    Q("/repo/verify?encoding=text", norm="processed"),
    Q("/filestore/ls"),
    Q("/provide/clear"),
    Q("/provide/once?arg=" + HELLO),
    Q("/diag/healthy"),
    Q("/diag/cmds/clear"),
    Q("/diag/cmds/set-time"),
    Q("/mount"),
    Q("/pin/remote/service/ls"),
    Q("/pin/remote/service/add?arg=a&arg=b"),
    Q("/pin/remote/service/add?arg=a&arg=notaurl&arg=key"),
    Q("/pin/remote/service/rm?arg=none"),
    Q("/pin/remote/ls"),
    Q("/pin/remote/ls?service=none&status=wrong"),
    Q("/pin/remote/add?arg=" + HELLO),
    Q("/pin/remote/rm?service=none"),
    Q("/repo/version?timeout=100h"),
    Q("/repo/version?local=true&L=true&c=x&config=y&repo-dir=z&api=w&h=false"),
    Q("/repo/version?help=true"),
    Q("/repo/version?quiet=true;x"),
    Q("/repo/version?=x&&&quiet"),
]

# Where ours is not Kubo's on purpose: (fields, pattern, why), see Tap.
KNOWN = [
    ("body", r"encoding=text.*kubo b.&\{", "values without a text form: Kubo prints how Go shows a struct"),
    ("body content-type", r"GET /api/v0 \n", "a redirection has no page"),
    ("access-control-allow-origin", r"LOCALHOST|GET /api/v0/repo/version Origin: http", "what is refused says nothing of origins"),
    ("body content-type status x-chunked-output x-stream-error", r"form-data; boundary=x\n.*NextPart: EOF", "an upload that is cut short is not added"),
    ("body", r"malformed MIME header", "what is wrong with the head of a part"),
    ("body content-type status", r"b=base10", "the bases we know beyond Kubo's"),
    ("body", r"(failed to decode multibase|must be multibase encoded): ", "what is wrong with text in a base"),
    ("status", r"name/resolve.*stream=true", "a name that cannot be resolved is an error, in a stream, too"),
    ("status", r"dag/put .*b'\{'", "the error `EOF' is the end of the answer for Kubo"),
    ("body", r"(name/inspect|key/import).*proto: cannot", "what is wrong with a protobuf, in words of Go's libraries"),
    ("body", r"LookupBySegment", "a step that leads nowhere, in words of Go's libraries"),
    ("body", r"encoding=xml", "no answers in XML"),
    ("x-content-length", r"/get.*compress=true", "the length of what is not sent"),
    ("status", r"User-Agent: /(kubo|go-ipfs)/0", "clients of other versions of Kubo are answered"),
    ("body", r"dag/stat.*NumBlocks", "dag/stat tells when it is done, not of each block"),
]

FAMILIES = [("methods", METHODS), ("origins", ORIGINS), ("add", ADDS), ("read", READS), ("cid", CIDS), ("files", FILES), ("node", NODE)]


def norm_version(body):
    """what differs with versions and machines"""
    body = re.sub(rb"\"Commit\":\"[^\"]*\"", b"<COMMIT>", body)
    body = re.sub(rb"\"Golang\":\"[^\"]*\"|go1\.[\d.]+", b"<COMPILER>", body)
    body = re.sub(rb"(Version\"?: ?\"?|Version: *|^|kubo/)\d+\.\d+\.\d+(-\w+)?", rb"\1<VERSION>", body)
    return re.sub(rb"\b(amd64|arm64)/\w+", b"<MACHINE>", body)


def norm_tar(body):
    """the members of an archive; not the time of making it"""
    try:
        return "\n".join("%s %o %s %s %d" % (m.type.decode(), m.mode, m.name, m.linkname, m.size)
                         for m in tarfile.open(fileobj=io.BytesIO(body))).encode()
    except tarfile.TarError as e:
        return b"no archive: %s: " % str(e).encode() + body


def norm_gzip(body):
    """what is packed"""
    import gzip
    try:
        return gzip.decompress(body)
    except OSError:
        return b"not packed: " + body


def norm_last(body):
    """the last line: how many come before is a matter of time"""
    return b"".join(body.splitlines(True)[-1:])


def norm_set(body):
    """a list in any order"""
    return b"\n".join(sorted(re.findall(rb"\{[^{}]*\}", body))) or body


def norm_sizes(body):
    body = re.sub(rb"((RepoSize|StorageMax|NumObjects)\"?: ?\s*)[\d.]+( [kMGTPE]?B)?", rb"\1<SIZE>", body)
    return body


def norm_processed(body):
    """how many blocks there are: folders on the way to a file are not kept by both"""
    return re.sub(rb"\d+ blocks processed\.\r", b"", body)


def norm_commands(body):
    """the names of commands: the list knows what can be asked"""
    return b"\n".join(sorted(re.findall(rb"\"Name\": ?\"([^\"]*)\"", body)))


def norm_script(body):
    """a script for a shell: that it is one"""
    return b"script" if b"complete" in body else body


def ask(side, q):
    """the answer of one server: {field: bytes}"""
    fill = {"PORT": side.address[1]}
    client = Client(side.address, timeout=30)
    try:
        fields = {k: string.Template(v).safe_substitute(fill) for k, v in q["fields"].items()}
        a = client.ask(q["method"], q["target"], "127.0.0.1:%d" % side.address[1], fields,
                       q["body"] if q["body"] is not None else b"" if q["method"] in ("POST", "PUT", "PATCH") else None)
    except (EOFError, OSError) as e:
        return {"status": b"none: " + str(e).encode()}
    finally:
        client.close()
    seen = {"status": str(a.status).encode()}
    body = a.body
    if a.status == 200:
        for name in q["norm"].split():
            body = globals()["norm_" + name](body)
    elif q["norm"] == "version":
        body = norm_version(body)
    seen["body"] = side.spelled(body) + (b"" if a.clean else b" (and no end)")
    for name in FIELDS:
        if a.values(name):
            seen[name] = side.spelled(", ".join(a.values(name)).encode())
    return seen


def name(family, q):
    """what a request is called: where to, its fields, and what its body looks like"""
    about = ["%s: %s" % f for f in q["fields"].items() if not f[1].endswith(BOUNDARY)]
    for piece in (q["body"] or b"").split(b"--" + BOUNDARY.encode())[1:-1]:
        head, _, data = piece.partition(b"\r\n\r\n")
        head = re.sub(rb"Content-\w+: |form-data; |application/octet-stream", b"", head)
        about.append("[%s] %r" % (" ".join(head.decode("utf-8", "replace").split()), data[:-2][:20]))
    if q["body"] and not about:
        about.append("%r" % q["body"][:60])
    return "%s: %s %s %s" % (family, q["method"], q["target"][:160], " ".join(about)[:200])


def main():
    tap = Tap([] if sides_are_kubo() else KNOWN)
    kubo = Kubo()
    try:
        kubo.know()
        theirs = [[ask(kubo, q) for q in asked] for _, asked in FAMILIES]
        for maker in sides():
            side = maker()
            try:
                side.know()
                for (family, asked), expected in zip(FAMILIES, theirs):
                    for q, a in zip(asked, expected):
                        tap.same("%s, %s" % (side.name, name(family, q)), a, ask(side, q))
            finally:
                side.stop()
    finally:
        kubo.stop()
    tap.end()


if __name__ == "__main__":
    main()
