#!/usr/bin/env python3
"""gateway.py CAR STATE - a trustless gateway on loopback that can lie, for the tests of ipfrs-fetch.

Serves the blocks of an archive.  Writes its port to STATE/port and a line for each request to STATE/log.  The first
segment of the path says how it behaves, so that one server is many gateways: http://127.0.0.1:PORT/good, /wrong, ...
With a certificate and key in STATE/tls.pem it serves the same over TLS, too, at the port in STATE/tlsport.
Ends when its standard input does.

Records of names are STATE/records/NAME.  `gateway.py record KEYFILE VALUE SECONDS` prints a name and writes its
record, signed with the Ed25519 seed in KEYFILE and good for so long (negative: it has expired), to records/NAME.
"""
import base64
import hashlib
import http.server
import os
import socket
import ssl
import sys
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def varint(b, i):
    v = shift = 0
    while True:
        c = b[i]
        i += 1
        v |= (c & 127) << shift
        shift += 7
        if c < 128:
            return v, i


def uvarint(v):
    out = b""
    while v > 127:
        out += bytes([v & 127 | 128])
        v >>= 7
    return out + bytes([v])


def cid_bytes(text):
    if text.startswith("Qm"):
        n = 0
        for c in text:
            n = n * 58 + B58.index(c)
        return n.to_bytes(34, "big")
    body = text[1:].upper()
    return base64.b32decode(body + "=" * (-len(body) % 8))


def cid_len(b, i):
    if b[i] == 0x12:
        return 34
    _, j = varint(b, i)
    _, j = varint(b, j)
    _, j = varint(b, j)
    n, j = varint(b, j)
    return j + n - i


def codec(cid):
    return 0x70 if cid[0] == 0x12 else varint(cid, varint(cid, 0)[1])[0]


def digest(cid):
    return cid[-32:]


def fields(b):
    i = 0
    while i < len(b):
        key, i = varint(b, i)
        if key & 7 == 2:
            n, i = varint(b, i)
            yield key >> 3, b[i:i + n]
            i += n
        else:
            v, i = varint(b, i)
            yield key >> 3, v


def links(cid, block):
    """(name, CID) of the links of a dag-pb block."""
    if codec(cid) != 0x70:
        return
    for number, value in fields(block):
        if number == 2:
            link = dict(fields(value))
            yield link.get(2, b"").decode(), link[1]


class Blocks:
    def __init__(self, path):
        self.of = {}
        b = open(path, "rb").read() if path else b""
        if not b:
            return
        n, i = varint(b, 0)
        i += n
        while i < len(b):
            n, i = varint(b, i)
            k = cid_len(b, i)
            self.of[digest(b[i:i + k])] = b[i + k:i + n]
            i += n

    def get(self, cid):
        return self.of.get(digest(cid))

    def walk(self, cid, scope, seen):
        """Blocks in the order of a walk."""
        block = self.get(cid)
        if cid in seen or block is None:
            return
        seen.add(cid)
        yield cid, block
        for name, to in links(cid, block):
            if scope == "all" or scope == "entity" and name == "":
                yield from self.walk(to, scope, seen)


def section(cid, block):
    return uvarint(len(cid) + len(block)) + cid + block


def header(root):
    body = b"\xa2eroots\x81\xd8*X" + bytes([len(root) + 1]) + b"\0" + root + b"gversion\1"
    return uvarint(len(body)) + body


def archive(blocks, root, path, scope):
    seen = set()
    out = header(root)
    for name in path:
        block = blocks.get(root)
        if block is None:
            break
        if root not in seen:
            out += section(root, block)
            seen.add(root)
        root = dict(links(root, block)).get(name)
        if root is None:
            return out
    return out + b"".join(section(c, b) for c, b in blocks.walk(root, scope, seen))


# ---- Ed25519 (RFC 8032, section 5.1 and appendix A), for records ----

P = 2 ** 255 - 19
Q = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, E = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return ((B - A) * (E - C) % P, (E + C) * (B + A) % P, (E - C) * (E + C) % P, (B - A) * (B + A) % P)


def times(n, p):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, p)
        p = add(p, p)
        n >>= 1
    return out


def base():
    y = 4 * pow(5, P - 2, P) % P
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 else x
    return (x, y, 1, x * y % P)


def squeeze(p):
    z = pow(p[2], P - 2, P)
    return (p[1] * z % P | (p[0] * z % P & 1) << 255).to_bytes(32, "little")


def sign(seed, message):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    public = squeeze(times(a, base()))
    r = int.from_bytes(hashlib.sha512(h[32:] + message).digest(), "little") % Q
    big = squeeze(times(r, base()))
    k = int.from_bytes(hashlib.sha512(big + public + message).digest(), "little") % Q
    return big + ((r + k * a) % Q).to_bytes(32, "little"), public


def field(number, value):
    return bytes([number << 3 | 2]) + uvarint(len(value)) + value


def base36(b):
    n, out = int.from_bytes(b, "big"), ""
    while n:
        n, r = divmod(n, 36)
        out = "0123456789abcdefghijklmnopqrstuvwxyz"[r] + out
    return "k" + out


def cbor(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")


def record(keyfile, value, seconds):
    seed = open(keyfile, "rb").read(32)
    value = value.encode()
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)).encode()
    data = (b"\xa5cTTL" + cbor(0, 60 * 10 ** 9) + b"eValue" + cbor(2, len(value)) + value +
            b"hSequence" + cbor(0, max(0, seconds)) + b"hValidity" + cbor(2, len(ends)) + ends + b"lValidityType\0")
    signature, public = sign(seed, b"ipns-signature:" + data)
    name = base36(b"\1\x72\0\x24\x08\1\x12\x20" + public)
    os.makedirs("records", exist_ok=True)
    with open("records/" + name, "wb") as f:
        f.write(field(8, signature) + field(9, data))
    print(name)


# ---- the server ----

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, body=b"", length=None, **more):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def forever(self, make):
        """A body without an end."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        i = 0
        while not self.server.over.is_set():
            self.wfile.write(make(i))
            i += 1

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        try:
            self.answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self):
        url = urlsplit(self.path)
        parts = unquote(url.path).strip("/").split("/")
        args = {k: v[0] for k, v in parse_qs(url.query).items()}
        mode, parts = parts[0], parts[1:]
        count = self.server.note(mode, self.command + " " + self.path)
        if mode == "loop":
            return self.send(302, Location="/loop/%d/%s" % (count, "/".join(parts[-2:])))
        if mode == "away":
            return self.send(302, Location="file:///etc/passwd")
        if mode == "plain":             # away from TLS
            return self.send(302, Location="http://127.0.0.1:%s/good/%s?%s" % (
                self.server.file("port").decode(), "/".join(parts), url.query))
        if mode == "moved":
            return self.send(302, Location="/good/" + "/".join(parts) + "?" + url.query)
        if mode == "gone":
            return self.send(404, b"no such thing\n")
        if mode == "down" or mode == "flaky" and count <= 2:
            return self.send(500, b"sorry\n")
        if mode == "busy" and count <= 1:
            return self.send(429, b"later\n", Retry_After="1")
        if mode == "overrun":
            return self.send(503, b"much later\n", Retry_After="3600")
        if mode == "html":
            return self.send(200, b"<html>welcome to our captive portal</html>")
        if mode == "silent":
            self.server.over.wait(30)
            self.close_connection = True
            return None
        if parts[:1] == ["ipns"]:
            return self.name(mode, parts[1])
        if len(parts) < 2 or parts[0] != "ipfs":
            return self.send(400)
        root = cid_bytes(parts[1])
        if args.get("format") == "car":
            return self.car(mode, root, parts[2:], args)
        return self.block(mode, root)

    def name(self, mode, name):
        if "." in name:
            return self.send(200, X_Ipfs_Roots=self.server.file("dnslink").decode().strip() + ",bafkqaaa")
        body = self.server.file("records/" + name)
        if mode == "forged" and body:
            body = body[:20] + bytes([body[20] ^ 1]) + body[21:]
        return self.send(200, body) if body else self.send(404)

    def block(self, mode, cid):
        block = self.server.blocks.get(cid)
        if block is None:
            return self.send(404, b"block not found\n")
        if mode == "wrong":
            block = b"x" + block[1:]
        if mode == "big":
            block = bytes(40 * 1024 * 1024)
        if mode == "cut":
            self.send(200, block[:len(block) // 2], length=len(block))
            self.close_connection = True
            return None
        if mode == "short":
            block = block[:len(block) // 2]
        if mode == "endless":
            return self.forever(lambda i: bytes(65536))
        if mode == "drip":
            return self.drip(block)
        return self.send(200, block)

    def drip(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for i in range(len(body)):
            if self.server.over.wait(0.2):
                break
            self.wfile.write(body[i:i + 1])
        return None

    def car(self, mode, root, path, args):
        if mode == "raw":
            return self.send(406, b"single blocks only\n")
        if self.server.blocks.get(root) is None:
            return self.send(404, b"block not found\n")
        body = archive(self.server.blocks, root, path, args.get("dag-scope", "all"))
        if mode == "endless":           # the same, over and over
            first = body
            return self.forever(lambda i: first if i == 0 else first[len(header(root)):])
        if mode == "unasked":           # good blocks, of something else
            def other(i):
                block = b"%d" % i + bytes(100000)
                return header(root) if i == 0 else section(
                    b"\1\x55\x12\x20" + hashlib.sha256(block).digest(), block)
            return self.forever(other)
        if mode == "wrong":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if mode == "drip":
            return self.drip(body)
        if mode == "big":
            body = header(root) + uvarint(1 << 40) + bytes(1000)
        if mode == "cut":
            self.send(200, body[:len(body) * 2 // 3], length=len(body))
            self.close_connection = True
            return None
        if mode == "short":
            body = body[:len(body) * 2 // 3]
        return self.send(200, body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, car, state):
        super().__init__(("127.0.0.1", 0), Handler)
        self.blocks = Blocks(car)
        self.state = state
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.counts = {}

    def file(self, name):
        try:
            with open(os.path.join(self.state, name), "rb") as f:
                return f.read()
        except OSError:
            return b""

    def note(self, mode, line):
        with self.lock, open(os.path.join(self.state, "log"), "a") as f:
            f.write(line + "\n")
            self.counts[mode] = self.counts.get(mode, 0) + 1
            return self.counts[mode]

    def handle_error(self, request, address):
        pass


def dns(state):
    """A DNS server that knows the TXT records in STATE/txt: `name TAB text` a line."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    with open(os.path.join(state, "dnsport.new"), "w") as f:
        f.write(str(s.getsockname()[1]))
    os.rename(os.path.join(state, "dnsport.new"), os.path.join(state, "dnsport"))
    while True:
        ask, who = s.recvfrom(2048)
        end = ask.index(0, 12) + 5
        labels, i = [], 12
        while ask[i]:
            labels.append(ask[i + 1:i + 1 + ask[i]].decode())
            i += 1 + ask[i]
        texts = []
        try:
            with open(os.path.join(state, "txt")) as f:
                texts = [l.rstrip("\n").split("\t")[1] for l in f if l.split("\t")[0] == ".".join(labels).lower()]
        except OSError:
            pass
        out = ask[:2] + (b"\x85\x80" if texts else b"\x85\x83") + b"\0\1" + len(texts).to_bytes(2, "big") + b"\0\0\0\0"
        out += ask[12:end]
        for t in texts:
            t = t.encode()
            cut = [t[k:k + 255] for k in range(0, len(t), 255)]
            rdata = b"".join(bytes([len(c)]) + c for c in cut)
            out += b"\xc0\x0c\0\x10\0\1\0\0\0\x3c" + len(rdata).to_bytes(2, "big") + rdata
        s.sendto(out, who)


def tell(state, name, server):
    with open(os.path.join(state, name + ".new"), "w") as f:
        f.write(str(server.server_address[1]))
    os.rename(os.path.join(state, name + ".new"), os.path.join(state, name))


def main():
    if sys.argv[1:2] == ["record"]:
        return record(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    car, state = sys.argv[1:3]
    server = Server(car, state)
    threading.Thread(target=dns, args=(state,), daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if os.path.exists(os.path.join(state, "tls.pem")):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(state, "tls.pem"))
        secure = Server(car, state)
        secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        tell(state, "tlsport", secure)
    tell(state, "port", server)
    sys.stdin.read()
    server.over.set()


main()
