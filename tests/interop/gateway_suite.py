#!/usr/bin/env python3
"""gateway_suite.py - the public gateway-conformance suite, whole, against our server (TAP).
$CONFORMANCE: its tests as a program; $GATEWAY_CONFORMANCE_HOME: the folder with its fixtures."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
from server import GOLDEN, Server, fixtures  # noqa: E402


def main():
    with open(os.path.join(GOLDEN, "dnslinks.IPFS_NS_MAP")) as f:
        names = f.read().strip()
    server = Server(fill=fixtures, settings=[("gateway.hosts", "localhost subdomains, example.com subdomains inline")],
                    env={"IPFS_NS_MAP": names})
    env = dict(os.environ, GATEWAY_URL=server.url.rstrip("/"),
               SUBDOMAIN_GATEWAY_URL="http://example.com:%d" % server.address[1])
    seen = good = 0
    try:
        out = subprocess.run([os.environ["CONFORMANCE"], "-test.v", "-test.timeout", "15m"], env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, cwd=os.environ["GATEWAY_CONFORMANCE_HOME"]).stdout.decode(errors="replace")
    finally:
        rc = server.stop()
    lines = out.splitlines()
    for i, line in enumerate(lines):
        m = re.match(r"\s*--- (PASS|FAIL|SKIP): (\S+)", line)
        if not m:
            continue
        seen += 1
        good += m[1] == "PASS"
        if m[1] != "PASS":
            print("%s - suite: %s%s" % ("not ok" if m[1] == "FAIL" else "ok", m[2], " # SKIP by the suite" if m[1] == "SKIP" else ""))
            for more in lines[i + 1:i + 6]:
                print("# " + more[:300])
    print("%sok - suite: %d of its %d checks pass" % ("" if seen > 500 and not rc else "not ", good, seen))
    if seen <= 500:
        print("# " + "\n# ".join(lines[-20:]))


if __name__ == "__main__":
    main()
