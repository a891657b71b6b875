"""go_core.py - the public tests of Kubo's CoreAPI, through its own RPC client, on servers of ours (TAP).  Those that want
several nodes skip themselves.  $GOCORE: the program made of tests/interop/go/core; RPC_TARGETS="fork pool" picks servers
(kubo is one, to see which of them pass offline)."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# names are published to nodes of a network; files that are not copied are a setting, off by default
SKIP = "TestCore/Name|TestCore/Unixfs/TestAdd/(simpleNoCopy|noCopyNoPath)"
LEAST = 100     # of them pass when all of them ran


def suite(target):
    env = dict(os.environ, RPC_SERVE="%s %s/rpc_serve.py %s" % (sys.executable, HERE, target))
    out = subprocess.run([os.environ["GOCORE"], "-test.v", "-test.timeout", "15m", "-test.skip", SKIP], env=env,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode(errors="replace")
    passed, bad = 0, False
    for line in out.splitlines():
        m = re.match(r"\s*--- (PASS|FAIL|SKIP): TestCore/(\S+)", line)
        if m:
            passed += m[1] == "PASS"
            bad = bad or m[1] == "FAIL"
            print("%s - %s: CoreAPI: %s%s" % ("not ok" if m[1] == "FAIL" else "ok", target, m[2],
                                              " # SKIP wants several nodes" if m[1] == "SKIP" else ""))
    if bad or passed < LEAST:
        print("%sok - %s: CoreAPI: %d pass" % ("not " if passed < LEAST else "", target, passed))
        said = [x for x in out.splitlines() if not re.match(r"\s*(--- (PASS|SKIP)|===)", x)]
        print("# " + "\n# ".join(x[:300] for x in said[:60]))
    return passed >= LEAST and not bad


good = [suite(target) for target in os.environ.get("RPC_TARGETS", "fork pool").split()]
sys.exit(0 if all(good) else 1)
