"""kubo_rpc_http.py - the same HTTP requests to the RPC of a daemon of Kubo's and of ours in both modes: status, the
fields that mean something to clients, bodies and trailers are the same.  $IPFS is Kubo; IPFRS_RPC_PEER=kubo compares
Kubo with another Kubo."""
import io
import json
import re
import string
import tarfile

from rpc_requests import BOUNDARY, WORLDS
from rpc_sides import Kubo, Tap, sides, sides_are_kubo
from http_raw import Client  # rpc_sides tells where it is

FIELDS = ["content-type", "x-chunked-output", "x-stream-output", "x-content-length", "trailer", "allow", "vary", "location",
          "access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
          "access-control-expose-headers", "access-control-allow-credentials", "x-content-type-options", "x-stream-error",
          "x-custom", "www-authenticate"]

# Where ours is not Kubo's on purpose: (fields, pattern, why), see Tap.
KNOWN = [
    ("body", r"encoding=text.*kubo b.&\{", "values without a text form: Kubo prints how Go shows a struct"),
    ("body content-type", r"GET /api/v0 \n", "a redirection has no page"),
    ("access-control-allow-origin access-control-allow-credentials", r"LOCALHOST|GET /api/v0/repo/version Origin: (http|null)",
     "Kubo says nothing of origins where the method is wrong, and something where the case of letters is"),
    ("status", r"config\?arg=API.Authorizations", "who may ask is not told to those who ask"),
    ("status", r"/add\?cut=short&", "an upload that is cut short is not added"),
    ("body", r"malformed MIME header", "what is wrong with the head of a part"),
    ("body content-type status", r"b=base10", "the bases we know beyond Kubo's"),
    ("body", r"(failed to decode multibase|must be multibase encoded): ", "what is wrong with text in a base"),
    ("status", r"name/resolve.*stream=true", "a name that cannot be resolved is an error, in a stream, too"),
    ("status", r"dag/put .*b'\{'", "the error `EOF' is the end of the answer for Kubo"),
    ("body", r"(name/inspect|key/import).*proto: cannot", "what is wrong with a protobuf, in words of Go's libraries"),
    ("body", r"LookupBySegment", "a step that leads nowhere, in words of Go's libraries"),
    ("body", r"encoding=xml", "no answers in XML"),
    ("x-content-length", r"/get.*compress=true", "the length of what is not sent"),
    ("status", r"//api/v0/version|/\.\.?/", "paths are to be clean"),
    ("status", r"not/a/type;;", "the type of a part says only whether it is a directory or a link"),
    ("body", r"dag/stat.*NumBlocks", "dag/stat tells when it is done, not of each block"),
]


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
    """the commands that can be asked, but for profiles of Go's runtime"""
    def paths(c, at):
        yield at
        for sub in c.get("Subcommands") or []:
            yield from paths(sub, at + "/" + sub["Name"])

    local = r"/(daemon|init|update|key/(export|rotate)|config/edit|repo/migrate|diag/(datastore|profile)|files/chroot|commands/completion)\b"
    return "\n".join(sorted(p for p in paths(json.loads(body), "") if not re.match(local, p))).encode()


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


def world(tap, api, families):
    """Kubo and each of ours, with the same settings"""
    kubo = Kubo(api)
    try:
        kubo.know()
        theirs = [[ask(kubo, q) for q in asked] for _, asked in families]
    finally:
        kubo.stop()
    for maker in sides():
        side = maker(api)
        try:
            side.know()
            for (family, asked), expected in zip(families, theirs):
                for q, a in zip(asked, expected):
                    tap.same("%s, %s" % (side.name, name(family, q)), a, ask(side, q))
        finally:
            side.stop()


def main():
    tap = Tap([] if sides_are_kubo() else KNOWN)
    for api, families in WORLDS:
        world(tap, api, families)
    tap.end()


if __name__ == "__main__":
    main()
