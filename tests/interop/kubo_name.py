"""kubo_name.py - keys and names go to real Kubo and come back: the same ids, and records that both take.
"""
import base64
import re

from peer import BIN, IPFS, Peer

p = Peer()
VALUE = "/ipfs/bafkqaddwgevxmmraojswg33smq"
OTHER = "/ipfs/bafkqadtwgiww63tmpeqhezldn5zgi"


def text(b):
    return b.decode().strip()


def path(name):
    return p.dir + "/" + name


def case(name, fn):
    try:
        fn()
    except (RuntimeError, AssertionError) as e:
        p.ok(False, name, str(e))
    else:
        p.ok(True, name)


def equal(a, b):
    assert a == b, "%r is not %r" % (a, b)


def ours_to_kubo(t):
    """a key of ours, its id, and records signed with it"""
    mine = text(p.ours("key", "gen", "-t", t, t))
    p.ours("key", "export", "-o", path(t + ".key"), t)
    # Kubo lists ids of its keys in the form we print
    equal(text(p.kubo("key", "import", "--allow-any-key-type", "--ipns-base=base36", t, path(t + ".key"))), mine)
    for flags in [], ["-2"]:
        p.ours("name", "publish", "-k", t, "-f", *flags, VALUE if not flags else OTHER)
        p.ours("name", "get", "-o", path(t + ".rec"), mine)
        with open(path(t + ".rec"), "rb") as f:
            said = p.run([IPFS, "name", "inspect", "--verify=" + mine], input=f.read()).decode()
        assert re.search(r"Valid:\s*true", said), said
        p.kubo("routing", "put", "--allow-offline", "/ipns/" + mine, path(t + ".rec"))
        equal(text(p.kubo("name", "resolve", "--offline", mine)), OTHER if flags else VALUE)


def record_of(name):
    """the record Kubo keeps of a key: without a network, its data store has it but `name get` does not"""
    ids = text(p.kubo("key", "list", "-l", "--ipns-base=base16")).splitlines()
    cid = bytes.fromhex([line.split()[0] for line in ids if line.split()[1] == name][0][1:])
    return p.kubo("diag", "datastore", "get", "/ipns/" + base64.b32encode(cid[2:]).decode().rstrip("="))


def kubo_to_ours(t):
    """one of Kubo's"""
    name = "kubo-" + t
    theirs = text(p.kubo("key", "gen", "--type=" + t, "--ipns-base=base36", name))
    p.kubo("key", "export", "-o", path(name + ".key"), name)
    equal(text(p.ours("key", "import", name, path(name + ".key"))), theirs)
    # what is exported again is the same file
    with open(path(name + ".key"), "rb") as f:
        equal(p.ours("key", "export", name), f.read())
    equal(text(p.ours("key", "id", "-p", name)),
          [line.split()[0] for line in text(p.kubo("key", "list", "-l", "--ipns-base=b58mh")).splitlines()
           if line.split()[1] == name][0])
    p.kubo("name", "publish", "--allow-offline", "--resolve=false", "--key=" + name, VALUE)
    record = record_of(name)
    p.run([BIN + "/ipfrs-name", "put", theirs], input=record)
    equal(text(p.ours("name", "resolve", theirs)), VALUE)
    # ours goes on from there, and Kubo follows
    p.ours("name", "publish", "-k", name, "-f", OTHER)
    p.ours("name", "get", "-o", path(name + ".rec"), name)
    p.kubo("routing", "put", "--allow-offline", "/ipns/" + theirs, path(name + ".rec"))
    equal(text(p.kubo("name", "resolve", "--offline", theirs)), OTHER)


def pem_both_ways():
    p.ours("key", "export", "-P", "-o", path("a.pem"), "ed25519")
    equal(text(p.kubo("key", "import", "--format=pem-pkcs8-cleartext", "--ipns-base=base36", "pem", path("a.pem"))),
          text(p.ours("key", "id", "ed25519")))
    p.kubo("key", "export", "--format=pem-pkcs8-cleartext", "-o", path("b.pem"), "pem")
    with open(path("a.pem"), "rb") as a, open(path("b.pem"), "rb") as b:
        equal(a.read(), b.read())
    equal(text(p.ours("key", "import", "pem", path("b.pem"))), text(p.ours("key", "id", "ed25519")))


def same_sequence():
    """the same value keeps its sequence, another takes the next: as Kubo counts"""
    equal(text(p.ours("name", "publish", "-k", "kubo-ed25519", "-f", OTHER)).split("\t")[1], OTHER)
    said = p.run([BIN + "/ipfrs-name", "inspect"],
                 input=p.ours("name", "get", "kubo-ed25519")).decode()
    assert "sequence\t1\n" in said, said


for kind in "ed25519", "rsa", "secp256k1":
    case("a key of ours, %s, and its records" % kind, lambda k=kind: ours_to_kubo(k))
for kind in "ed25519", "rsa", "secp256k1":
    case("a key of Kubo's, %s, and its records" % kind, lambda k=kind: kubo_to_ours(k))
case("a key as PEM, both ways", pem_both_ways)
case("sequences", same_sequence)
p.end()
