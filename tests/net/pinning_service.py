"""pinning_service.py - a service of the Pinning Service API for the tests, in memory.  Some of what it says is wrong on
purpose: see `mood`."""
import http.server
import json
import threading
import urllib.parse

KEY = "secret"


class Service:
    """`mood`: "" well; or how it misbehaves: "garbage", "long", "nocid", "loop", "fails", "slow\""""

    def __init__(self):
        self.pins, self.made, self.mood, self.seen = [], 0, "", []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def say(self, code, value=None):
                body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def refuse(self, code, reason, details):
                self.say(code, {"error": {"reason": reason, "details": details}})

            def known(self):
                service.seen.append(self.command + " " + self.path)
                if self.headers.get("Authorization") == "Bearer " + KEY:
                    return True
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.refuse(401, "UNAUTHORIZED", "Access denied")
                return False

            def find(self):
                name = urllib.parse.unquote(self.path[len("/psa/pins/"):])
                return [p for p in service.pins if p["requestid"] == name]

            def do_GET(self):
                if not self.known():
                    return
                if service.mood == "garbage":
                    return self.say(200, b"<html>")
                if service.mood == "long":
                    return self.say(200, b'{"x":"' + b"y" * (9 << 20) + b'"}')
                u = urllib.parse.urlparse(self.path)
                q = {k: v[0] for k, v in urllib.parse.parse_qs(u.query).items()}
                if u.path != "/psa/pins":
                    for p in self.find():
                        p["status"] = "failed" if service.mood == "fails" else "pinned"
                        return self.say(200, p)
                    return self.refuse(404, "NOT_FOUND", "no such pin")
                r = [p for p in reversed(service.pins) if p["status"] in q.get("status", "pinned").split(",")]
                if "cid" in q:
                    r = [p for p in r if p["pin"]["cid"] in q["cid"].split(",")]
                if "name" in q:
                    r = [p for p in r if p["pin"].get("name") == q["name"]]
                if "before" in q and service.mood != "loop":
                    r = [p for p in r if p["created"] < q["before"]]
                count, r = len(r), r[:int(q.get("limit", "10"))]
                if service.mood == "nocid":
                    r = [dict(p, pin={"name": "x"}) for p in r]
                self.say(200, {"count": count, "results": r})

            def do_POST(self):
                if not self.known():
                    return
                pin = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.made += 1
                service.pins.append({"requestid": "id/%d" % service.made, "status": "queued", "pin": pin, "delegates": [],
                                     "created": "2026-11-26T%02d:%02d:00.000Z" % (service.made // 60, service.made % 60)})
                self.say(202, service.pins[-1])

            def do_DELETE(self):
                if not self.known():
                    return
                for p in self.find():
                    service.pins.remove(p)
                    return self.say(202)
                self.refuse(404, "NOT_FOUND", "no such pin")

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                pass			# who was told too much has left

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/psa" % self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
