"""A headless Chromium for a test, told what to do over two pipes (the DevTools protocol), and heard."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def found():
    return next((p for p in map(shutil.which, NAMES) if p), None)


class Trouble(Exception):
    pass


class Chromium:
    PATIENCE = 60       # seconds until something that never comes is given up

    def __init__(self, *options):
        self.dir = tempfile.mkdtemp(prefix="ipfrs-chromium-")
        to, self.to = os.pipe()
        self.back, back = os.pipe()

        def ours():     # the pipes are 3 and 4 to it
            a, b = os.dup(to), os.dup(back)
            os.dup2(a, 3)
            os.dup2(b, 4)
            os.set_inheritable(3, True)
            os.set_inheritable(4, True)
        self.err = open(self.dir + "/err", "wb")
        self.proc = subprocess.Popen(
            [found(), "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--user-data-dir=" + self.dir + "/profile",
             "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
             "--no-first-run", "--no-proxy-server", "--autoplay-policy=no-user-gesture-required", "--hide-scrollbars", *options,
             "about:blank"],
            preexec_fn=ours, close_fds=False, stdin=subprocess.DEVNULL, stdout=self.err, stderr=self.err,
            env=dict(os.environ, HOME=self.dir))
        os.close(to)
        os.close(back)
        self.buf, self.last, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for room in ("Page", "Runtime", "Network", "Log"):
            self.call(room + ".enable")

    def hear(self, until):
        """the next message, or Trouble"""
        while b"\0" not in self.buf:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                raise Trouble("Chromium says nothing more")
            got = os.read(self.back, 1 << 20)
            if not got:
                raise Trouble("Chromium has ended")
            self.buf += got
        line, self.buf = self.buf.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, **params):
        self.last += 1
        what = {"id": self.last, "method": method, "params": params}
        if self.session:
            what["sessionId"] = self.session
        os.write(self.to, json.dumps(what).encode() + b"\0")
        until = time.monotonic() + self.PATIENCE
        while True:
            m = self.hear(until)
            if m.get("id") == self.last:
                if "error" in m:
                    raise Trouble("%s: %s" % (method, m["error"].get("message")))
                return m["result"]
            self.events.append(m)

    def wait(self, method):
        """the parameters of the next event of this name since open()"""
        until = time.monotonic() + self.PATIENCE
        at = 0
        while True:
            while at < len(self.events):
                if self.events[at].get("method") == method:
                    return self.events[at]["params"]
                at += 1
            self.events.append(self.hear(until))

    def open(self, url):
        """status, type, protocol and fields of the page's own answer"""
        self.events = []
        frame = self.call("Page.navigate", url=url)
        if frame.get("errorText"):
            raise Trouble("%s: %s" % (url, frame["errorText"]))
        self.wait("Page.loadEventFired")
        return self.answers("Document")[-1]

    def run(self, script):
        """the value of an expression, or of what it promises"""
        r = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in r:
            e = r["exceptionDetails"]
            raise Trouble(e.get("exception", {}).get("description") or e["text"])
        return r["result"].get("value")

    def until(self, script):
        """its value as soon as that is true; the page may change meanwhile"""
        end = time.monotonic() + self.PATIENCE
        while True:
            try:
                got = self.run(script)
            except Trouble as e:
                got, why = None, e
            else:
                why = "never: " + script
            if got:
                return got
            if time.monotonic() > end:
                raise Trouble(why)
            time.sleep(.02)

    def click(self, which):
        """on the link with this text, and until what it leads to is there"""
        self.events = []
        self.run("{ const a = [...document.querySelectorAll('a')].find(%s); if (!a) throw new Error('no such link'); a.click() }" % which)
        self.wait("Page.loadEventFired")

    def click_text(self, text):
        self.click("a => a.textContent.trim() === " + json.dumps(text))

    def answers(self, kind=None):
        return [dict(e["params"]["response"], kind=e["params"]["type"]) for e in self.events
                if e.get("method") == "Network.responseReceived" and kind in (None, e["params"]["type"])]

    def complaints(self):
        """what the console shows in red; that a site has no icon comes when the browser pleases, and is no fault of a page"""
        out = [e["params"]["entry"]["text"] for e in self.events if e.get("method") == "Log.entryAdded" and
               e["params"]["entry"]["level"] == "error" and
               not e["params"]["entry"].get("url", "").endswith("/favicon.ico")]
        return out + [e["params"]["exceptionDetails"]["text"] for e in self.events if e.get("method") == "Runtime.exceptionThrown"]

    def look(self, path, width=1100, height=800, dark=False, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def stop(self):
        try:
            self.session = None
            self.call("Browser.close")
        except (Trouble, OSError):
            pass
        try:
            self.proc.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        os.close(self.to)
        os.close(self.back)
        self.err.close()
        shutil.rmtree(self.dir, ignore_errors=True)
