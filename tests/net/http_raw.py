"""HTTP by hand, so that a test sees the bytes as they are: requests as written, answers as sent."""
import socket


class Answer:
    def __init__(self, status, reason, lines, body, clean, raw):
        self.status, self.reason, self.lines, self.body, self.clean, self.raw = status, reason, lines, body, clean, raw

    def values(self, name):
        return [v for k, v in self.lines if k.lower() == name.lower()]

    def get(self, name):
        v = self.values(name)
        return ", ".join(v) if v else None


class Client:
    """One connection.  clean of an answer: it came to its end as its framing says."""

    def __init__(self, address, timeout=20, wrap=None):
        self.sock = socket.create_connection(address, timeout=timeout) if isinstance(address, tuple) else None
        if self.sock is None:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(address)
        if wrap:
            self.sock = wrap(self.sock)
        self.buf = b""

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        got = self.sock.recv(65536)
        self.buf += got
        return bool(got)

    def until(self, mark):
        while mark not in self.buf:
            if not self.more():
                return None
        head, self.buf = self.buf.split(mark, 1)
        return head

    def exactly(self, n):
        while len(self.buf) < n:
            if not self.more():
                got, self.buf = self.buf, b""
                return got, False
        got, self.buf = self.buf[:n], self.buf[n:]
        return got, True

    def chunks(self):
        body = b""
        while True:
            line = self.until(b"\r\n")
            if line is None:
                return body, [], False
            n = int(line.split(b";")[0], 16)
            if n == 0:
                break
            part, ok = self.exactly(n)
            body += part
            if not ok or self.until(b"\r\n") != b"":
                return body, [], False
        trailers = []
        while True:
            line = self.until(b"\r\n")
            if line is None:
                return body, trailers, False
            if not line:
                return body, trailers, True
            k, v = line.split(b":", 1)
            trailers.append((k.decode("latin1"), v.strip().decode("latin1")))

    def read(self, method="GET"):
        head = self.until(b"\r\n\r\n")
        if head is None:
            raise EOFError("no answer")
        first, *rest = head.split(b"\r\n")
        parts = first.decode("latin1").split(" ", 2)
        status = int(parts[1])
        lines = []
        for line in rest:
            k, v = line.split(b":", 1)
            lines.append((k.decode("latin1"), v.strip().decode("utf-8", "replace")))
        a = Answer(status, parts[2] if len(parts) > 2 else "", lines, b"", True, head)
        if 100 <= status < 200:
            return self.read(method)
        if method == "HEAD" or status in (204, 304) or (method == "CONNECT" and status == 200):
            return a
        if (a.get("transfer-encoding") or "").lower() == "chunked":
            a.body, trailers, a.clean = self.chunks()
            a.lines += trailers
        elif a.get("content-length") is not None:
            a.body, a.clean = self.exactly(int(a.get("content-length")))
        else:
            while self.more():
                pass
            a.body, self.buf = self.buf, b""
        return a

    def ask(self, method, target, host, fields=None, body=None):
        text = "%s %s HTTP/1.1\r\nHost: %s\r\n" % (method, target, host)
        for k, v in (fields or {}).items():
            text += "%s: %s\r\n" % (k, v)
        if body is not None:
            text += "Content-Length: %d\r\n" % len(body)
        self.send(text.encode("utf-8") + b"\r\n" + (body or b""))
        return self.read(method)

    def close(self):
        self.sock.close()
