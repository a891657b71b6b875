"""rpc_serve.py kubo|fork|pool FOLDER - a fresh RPC server with its store in FOLDER until standard input ends; prints
HOST:PORT.  For a test that starts many of them."""
import os
import sys

os.environ["TMPDIR"] = sys.argv[2]
from rpc_sides import Kubo, Ours  # noqa: E402

server = Kubo() if sys.argv[1] == "kubo" else Ours(sys.argv[1])
try:
    if sys.argv[1] == "kubo":       # its tests want nothing pinned
        server.ipfs(["pin", "rm", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"])
    print("%s:%d" % server.address, flush=True)
    sys.stdin.read()
finally:
    server.stop()
sys.exit(1 if server.proc.returncode else 0)
