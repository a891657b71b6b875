"""rpc_ipfshttpclient.py HOST:PORT BYTES - calls of ipfshttpclient on the RPC at an address; TAP.  BYTES: the size of
the big file."""
import hashlib
import io
import os
import shutil
import sys
import tempfile
import warnings

import ipfshttpclient
import calls
from calls import call, cid, directory, fails, file, same, some, yes

HOST, PORT = sys.argv[1].split(":")
BIG = int(sys.argv[2])
ADDRESS = "/ip4/%s/tcp/%s/http" % (HOST, PORT)
ABSENT = cid(b"nobody has this")
EMPTY = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
OFFLINE = "must be run in online mode"
warned = []

with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    c = ipfshttpclient.connect(ADDRESS, session=True, timeout=60)
top = tempfile.mkdtemp(prefix="rpc-py.")
tree = {"a.txt": b"a\n", "empty": b"", "sub/b.bin": some(600000, 6), "sub/z \u017c%+&.x": b"odd name\n", ".hidden": b"hidden\n"}
for name, data in tree.items():
    os.makedirs(os.path.dirname(top + "/tree/" + name), exist_ok=True)
    with open(top + "/tree/" + name, "wb") as f:
        f.write(data)
sub = directory({"b.bin": file(tree["sub/b.bin"]), "z \u017c%+&.x": file(b"odd name\n")})
root = directory({".hidden": file(b"hidden\n"), "a.txt": file(b"a\n"), "empty": file(b""), "sub": sub})


def big():
    for at in range(0, BIG, 1 << 20):
        yield some(min(1 << 20, BIG - at), at)


def node():
    def version():
        v = c.version()
        yes(all(k in v for k in ("Version", "Commit", "Repo", "System", "Golang")), v)
        [int(x) for x in v["Version"].split("-")[0].split(".")]
        yes(all(issubclass(w.category, Warning) for w in warned), "it only warns")
        yes(any("version" in str(w.message).lower() for w in warned), "and does, of a version of today: %s" % warned)
    call("connect, version", version)

    def who():
        i = c.id()
        yes(i["ID"].startswith(("12D3", "Qm")) and i["PublicKey"] and i["AgentVersion"], i)
    call("id", who)
    call("config.get", lambda: yes("Datastore" in c.config.get() and "PrivKey" not in c.config.get()["Identity"], "its sections"))

    def setting():
        before = c.config.set("Datastore.StorageMax")["Value"]
        same(c.config.set("Datastore.StorageMax", "30GB"), {"Key": "Datastore.StorageMax", "Value": "30GB"})
        same(c.config.set("Datastore.StorageMax")["Value"], "30GB")
        c.config.set("Datastore.StorageMax", before)
    call("config.set", setting)

    def bootstrap():
        addr = "/ip4/127.0.0.1/tcp/4999/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"
        same(c.bootstrap.add(addr)["Peers"], [addr])
        yes(addr in [str(p) for p in c.bootstrap.list()["Peers"]], "listed")
        same(c.bootstrap.rm(addr)["Peers"], [addr])
    call("bootstrap.add, list, rm", bootstrap)
    call("swarm.peers: offline", lambda: fails(c.swarm.peers, OFFLINE))
    call("swarm.addrs: offline", lambda: fails(c.swarm.addrs, OFFLINE))
    call("bitswap.stat: offline", lambda: fails(c.bitswap.stat, OFFLINE))
    call("pubsub.ls: not enabled", lambda: fails(c.pubsub.ls, "pubsub feature not enabled", "online mode"))
    call("dht.findpeer: removed", lambda: fails(lambda: c.dht.findpeer("x"), "removed", OFFLINE))
    call("dns: removed", lambda: fails(lambda: c.dns("ipfs.tech"), "404"))
    call("unstable.log.ls, level", lambda: yes("Changed log level" in c.unstable.log.level(c.unstable.log.ls()["Strings"][0], "error")["Message"], "changed"))


def adding():
    with open(top + "/file", "wb") as f:
        f.write(some(3000000, 5))
    call("add: a file", lambda: same(c.add(top + "/file").as_json(),
                                     {"Name": "file", "Hash": file(some(3000000, 5)).cid, "Size": str(file(some(3000000, 5)).total)}))
    call("add: an open file", lambda: same(c.add(open(top + "/file", "rb"))["Hash"], file(some(3000000, 5)).cid))
    call("add: two files", lambda: same([r["Name"] for r in c.add(top + "/file", top + "/tree/a.txt")], ["file", "a.txt"]))

    def folder():
        got = {r["Name"]: r["Hash"] for r in c.add(top + "/tree", recursive=True)}
        want = {"tree/" + n: file(d).cid for n, d in tree.items()}
        want.update({"tree": root.cid, "tree/sub": sub.cid})
        same(got, want)
    call("add: a directory", folder)
    call("add: a directory by a pattern", lambda: same([r["Name"] for r in c.add(top + "/tree", pattern="*.txt", recursive=True)],
                                                       ["tree/a.txt", "tree"]))
    call("add: wrapped", lambda: same([(r["Name"], r["Hash"]) for r in c.add(top + "/tree/a.txt", wrap_with_directory=True)],
                                      [("a.txt", file(b"a\n").cid), ("", directory({"a.txt": file(b"a\n")}).cid)]))
    call("add: a chunker", lambda: same(c.add(top + "/file", chunker="size-100000")["Hash"], file(some(3000000, 5), 100000).cid))
    call("add: CID version 1", lambda: same(c.add(top + "/tree/a.txt", cid_version=1, raw_leaves=True)["Hash"], cid(b"a\n")))
    call("add: only the hash", lambda: fails(lambda: c.block.get(c.add_bytes(some(99, 1), opts={"only-hash": True})), "could not find"))
    call("add_bytes, add_str, add_json", lambda: same([c.add_bytes(b"hello\n"), c.add_str("h\u00e9"), c.add_json({"a": [1]})],
                                                      [file(b"hello\n").cid, file("h\u00e9".encode()).cid, file(b'{"a":[1]}').cid]))
    call("get_json", lambda: same(c.get_json(c.add_json({"a": [1, "x"]})), {"a": [1, "x"]}))
    call("add: a chunker that is none", lambda: fails(lambda: c.add(top + "/file", chunker="nonsense"), "chunker", "unrecognized"))

    def large():
        sums = [hashlib.sha256(), hashlib.sha256()]
        for piece in big():
            sums[0].update(piece)
        for piece in c.cat(c.add_bytes(big()), stream=True):
            sums[1].update(piece)
        same(sums[1].hexdigest(), sums[0].hexdigest())
    call("add_bytes, cat: %d MiB" % (BIG >> 20), large)


def reading():
    call("cat", lambda: same(c.cat(root.cid + "/sub/b.bin"), tree["sub/b.bin"]))
    call("cat: an odd name", lambda: same(c.cat(root.cid + "/sub/z \u017c%+&.x"), b"odd name\n"))
    call("cat: offset and length", lambda: same(c.cat(root.cid + "/sub/b.bin", offset=262140, length=10), tree["sub/b.bin"][262140:262150]))
    call("cat: a directory", lambda: fails(lambda: c.cat(root.cid), "this dag node is a directory"))
    call("cat: no such name", lambda: fails(lambda: c.cat(root.cid + "/nope"), 'no link named "nope"'))
    call("cat: no such CID", lambda: fails(lambda: c.cat(ABSENT), "could not find " + ABSENT))

    def get():
        c.get(root.cid, target=top + "/out")
        for name, data in tree.items():
            with open("%s/out/%s/%s" % (top, root.cid, name), "rb") as f:
                same(f.read(), data, name)
    call("get: a directory", get)

    def get_file():
        c.get(root.cid + "/a.txt", target=top + "/out")
        with open(top + "/out/a.txt", "rb") as f:
            same(f.read(), b"a\n")
    call("get: a file", get_file)

    def ls():
        o = c.ls(root.cid)["Objects"]
        same([len(o), o[0]["Hash"]], [1, root.cid])
        same([(x["Name"], x["Hash"], x["Size"], x["Type"]) for x in o[0]["Links"]],
             [(".hidden", file(b"hidden\n").cid, 7, 2), ("a.txt", file(b"a\n").cid, 2, 2), ("empty", file(b"").cid, 0, 2), ("sub", sub.cid, 0, 1)])
    call("ls", ls)
    call("ls: an empty directory", lambda: same(c.ls(c.object.patch.add_link(EMPTY, "d", EMPTY)["Hash"] + "/d")["Objects"][0]["Links"], []))
    call("resolve", lambda: same(c.resolve("/ipfs/" + root.cid + "/sub")["Path"], "/ipfs/" + sub.cid))
    call("unstable.refs", lambda: same([r["Ref"] for r in c.unstable.refs(root.cid)],
                                       [n.cid for _, n in root.links]))
    call("unstable.refs.local", lambda: yes({cid(file(b"a\n").block)} <= {r["Ref"] for r in c.unstable.refs.local()}, "with a.txt"))


def blocks():
    data = some(1000, 20)
    call("block.put, stat, get", lambda: [same(c.block.put(io.BytesIO(data))["Key"], cid(data)), same(c.block.get(cid(data)), data),
                                          same(c.block.stat(cid(data)).as_json(), {"Key": cid(data), "Size": 1000})])
    call("block.put: as an old client says", lambda: same(c.block.put(io.BytesIO(directory({}).block), opts={"format": "v0"})["Key"], EMPTY))
    call("block.get: absent", lambda: fails(lambda: c.block.get(ABSENT), "could not find " + ABSENT))
    node = b"\xa1aa\x82\x01\x02"
    call("dag.put, get", lambda: [same(c.dag.put(io.BytesIO(b'{"a":[1,2]}'))["Cid"]["/"], cid(node, 0x71)),
                                  same(c.dag.get(cid(node, 0x71)).as_json(), {"a": [1, 2]})])
    call("dag.get: below a node", lambda: fails(lambda: c.dag.get(cid(node, 0x71) + "/nope").as_json(), "no link", "not found", "nope"))
    call("dag.get: a directory", lambda: same(len(c.dag.get(root.cid)["Links"]), 4))
    call("dag.resolve", lambda: same(c.dag.resolve(root.cid + "/sub").as_json(), {"Cid": {"/": sub.cid}, "RemPath": ""}))

    def archive():
        car = c.dag.export(root.cid)
        yes(b"roots" in car[:60] and len(car) > 600000, "an archive")
        same(c.dag.imprt(io.BytesIO(car))["Root"], {"Cid": {"/": root.cid}, "PinErrorMsg": ""})
    call("dag.export, imprt", archive)
    call("dag.imprt: no archive", lambda: fails(lambda: c.dag.imprt(io.BytesIO(b"no archive")), "import failed", "EOF", "invalid"))
    call("object.add_link, rm_link, diff", lambda: [
        same(c.object.patch.add_link(EMPTY, "a.txt", file(b"a\n").cid)["Hash"], directory({"a.txt": file(b"a\n")}).cid),
        same(c.object.diff(EMPTY, directory({"a.txt": file(b"a\n")}).cid)["Changes"],
             [{"Type": 0, "Path": "a.txt", "Before": None, "After": {"/": file(b"a\n").cid}}]),
        same(c.object.patch.rm_link(directory({"a.txt": file(b"a\n")}).cid, "a.txt")["Hash"], EMPTY)])
    call("object.get, new, stat: removed", lambda: [fails(lambda: c.object.get(EMPTY), "removed, use"), fails(lambda: c.object.new(), "removed, use"),
                                                    fails(lambda: c.object.stat(EMPTY), "removed, use")])


def pins():
    one, two = cid(some(50, 1)), cid(some(50, 2))
    for seed in (1, 2):
        c.block.put(io.BytesIO(some(50, seed)))
    call("pin.add", lambda: same(c.pin.add(one)["Pins"], [one]))
    call("pin.ls", lambda: [same(c.pin.ls(one)["Keys"][one]["Type"], "recursive"), yes(root.cid in c.pin.ls(type="recursive")["Keys"], "the tree"),
                            same(c.pin.ls()["Keys"][sub.cid]["Type"], "indirect")])
    call("pin.ls: not pinned", lambda: fails(lambda: c.pin.ls(two), "is not pinned"))
    call("pin.update", lambda: [same(c.pin.update(one, two)["Pins"], [one, two]), fails(lambda: c.pin.ls(one), "is not pinned"),
                                fails(lambda: c.pin.update(one, two), "'from' cid was not recursively pinned already")])
    call("pin.verify", lambda: [same([(x["Cid"], x["Ok"]) for x in c.pin.verify(two, verbose=True) if x["Cid"] == two], [(two, True)])])
    call("pin.rm", lambda: [same(c.pin.rm(two)["Pins"], [two]), fails(lambda: c.pin.rm(two), "not pinned or pinned indirectly")])

    def gc():
        got = [k["Key"]["/"] for k in c.repo.gc()]
        yes(one in got and two in got, "what nothing holds: %r" % got[:9])
        yes(cid(file(b"a\n").block) not in got, "and not the tree")
    call("repo.gc", gc)
    call("repo.stat", lambda: yes(c.repo.stat()["NumObjects"] > 5 and c.repo.stat()["RepoSize"] > 600000 and
                                  c.repo.stat()["Version"].startswith("fs-repo@"), c.repo.stat()))


def mutable():
    call("files.mkdir, write, read", lambda: [c.files.mkdir("/py/a", parents=True), c.files.write("/py/f", io.BytesIO(b"hello\n"), create=True),
                                              same(c.files.read("/py/f"), b"hello\n"), same(c.files.read("/py/f", offset=1, count=3), b"ell")])
    call("files.write: offset and truncate", lambda: [c.files.write("/py/f", io.BytesIO(b"HE"), offset=1), same(c.files.read("/py/f"), b"hHElo\n"),
                                                      c.files.write("/py/f", io.BytesIO(b"x"), truncate=True), same(c.files.read("/py/f"), b"x")])
    call("files.ls, stat", lambda: [same([e["Name"] for e in c.files.ls("/py")["Entries"]], ["a", "f"]),
                                    same([c.files.stat("/py/a")[k] for k in ("Hash", "Size", "Type", "Blocks")], [EMPTY, 0, "directory", 0])])
    call("files.cp, mv", lambda: [c.files.cp("/ipfs/" + root.cid, "/py/tree"), c.files.mv("/py/tree", "/py/a"),
                                  same(c.files.read("/py/a/tree/sub/b.bin"), tree["sub/b.bin"]), same(c.files.stat("/py/a/tree")["Hash"], root.cid)])
    call("files.read: nothing there", lambda: fails(lambda: c.files.read("/py/none"), "file does not exist"))
    call("files.rm", lambda: [c.files.rm("/py", recursive=True), fails(lambda: c.files.stat("/py"), "file does not exist")])


def names():
    made = {}
    call("key.gen", lambda: made.update(c.key.gen("alpha", "ed25519", size=-1).as_json()))
    call("key.gen: its own size", lambda: fails(lambda: c.key.gen("odd", "ed25519"), "invalid key size 2048: ed25519 keys are always 256 bits"))
    call("key.gen: rsa", lambda: yes(c.key.gen("beta", "rsa")["Id"].startswith("k2k4r8"), "an ID"))
    call("key.list", lambda: same(sorted(k["Name"] for k in c.key.list()["Keys"]), ["alpha", "beta", "self"]))
    call("key.rename", lambda: same(c.key.rename("beta", "gamma")["Now"], "gamma"))
    call("key.rm", lambda: [same(c.key.rm("gamma")["Keys"][0]["Name"], "gamma"), fails(lambda: c.key.rm("gamma"), "no key")])
    call("name.publish", lambda: same(c.name.publish("/ipfs/" + root.cid, key="alpha", allow_offline=True).as_json(),
                                      {"Name": made["Id"], "Value": "/ipfs/" + root.cid}))
    call("name.resolve", lambda: same(c.name.resolve(made["Id"])["Path"], "/ipfs/" + root.cid))
    call("cat: by name", lambda: same(c.cat("/ipns/%s/a.txt" % made["Id"]), b"a\n"))


def manners():
    call("one's own timeout", lambda: same(ipfshttpclient.connect(ADDRESS, timeout=(2, 9)).cat(root.cid + "/a.txt"), b"a\n"))
    call("a user and a password nobody asked for", lambda: same(ipfshttpclient.connect(ADDRESS, username="u", password="p").cat(root.cid + "/a.txt"), b"a\n"))
    call("200 calls on one connection", lambda: [same(c.block.get(c.block.put(io.BytesIO(b"%d" % i))["Key"]), b"%d" % i) for i in range(100)])


warnings.simplefilter("ignore")
for family in (node, adding, reading, blocks, pins, mutable, names, manners):
    family()
shutil.rmtree(top)
sys.exit(1 if calls.failed else 0)
