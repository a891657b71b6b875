#!/usr/bin/env python3
"""make.py - what git itself says about a few hundred files of ignore rules.

Writes `cases`: first the paths of a tree, one a line (`d` folder, `f` file, `l` symlink to a folder),
then a line "--", then cases of three lines: the top rules, the rules in the folder `a` (both as hex),
and for every path 1 (left out) or 0.  Run it to make the file anew; needs git.
"""
import os
import random
import subprocess
import tempfile

rnd = random.Random(20150704)
top = tempfile.mkdtemp()
names = ["a", "b", "ab", "a.c", "foo", "foo.o", "#x", "!x", "x y", "x ", "[a]", "b*", "back\\slash", "a-c",
         "\u00e9", "Foo", "1", "_", "q?"]
paths = []


def add(path, kind):
    full = os.path.join(top, path)
    if kind == "d":
        os.mkdir(full)
    elif kind == "l":
        os.symlink(".", full)
    else:
        open(full, "w").close()
    paths.append((kind, path))


for n in names:
    add(n + "~", "f") if n in ("a", "b", "foo", "ab") else add(n, "f")
for d in ("a", "b", "foo", "ab", "a/b", "a/foo", "a/b/c", "a/b/c/foo", "b/a", "foo/bar", "foo/bar/a"):
    add(d, "d")
for d in ("a", "b", "foo", "a/b", "a/foo", "a/b/c", "b/a", "foo/bar", "foo/bar/a", "a/b/c/foo"):
    for n in ("x", "foo.o", "a.c", "1", "foo" if d not in ("a", "a/b/c") else "z"):
        add(d + "/" + n, "f")
add("link", "l")
add("a/link", "l")
subprocess.run(["git", "init", "-q", top], check=True)

atoms = ["a", "b", "c", "foo", "bar", "x", ".", "*", "?", "**", "/", "/", "[a-c]", "[!a]", "[^b]", "[a", "\\*", "\\",
         "[[:alpha:]]", "[[:digit:]x]", "[[:bogus:]]", ".o", "foo.o", "*.c", "[]-a]", "[a\\]]", "[?]", "1",
         " ", "\\ ", "#", "!", "\u00e9", "[\\a-c]", "[[:upper:][:digit:]]", "[--/]", "[+--]", "[:]", "[[:]", "_"]
fixed = ["*", "**", "/*", "*/", "**/", "/**", "a/**", "**/a", "a/**/foo", "**/foo/**", "foo**", "a/foo**", "a/b**", "***",
         "a/***", "**/**/x", "foo/", "/foo", "/foo/", "foo/bar", "foo/bar/", "*.o", "!*.o", "*\n!a", "*\n!*/", "/*\n!/a\n/a/*\n!/a/b",
         "#x", "\\#x", "!x", "\\!x", "x ", "x\\ ", "x y", " ", "", "!", "/", "//", "foo//", "//foo", "a//b", "[", "[]", "[]a]",
         "[!]a]", "[a-]", "[-a]", "\\", "foo\\", "\\f\\o\\o", "b\\*", "back\\\\slash", "[[]a]", "*.[oc]", "a/*/c", "a/*/*/foo",
         "a/?/c", "*/foo", "*/*", "*/*/*", "?", "??", "a?c", "*a*", "*a*c*", "**/*.o", "**/b/*.c", "foo.o\r", "x\t",
         "a/b/c/foo/", "a/b/\n!a/b/c", "b/a/**/x", "a**b", "a**/b", "a/**b", "**a", "**/**", "a/b/**/foo.o", "*[!o]", "*.[!o]",
         "[A-Z]*", "[[:upper:]]*", "[[:lower:]]oo", "*\\?", "q\\?", "\u00e9", "?\u00e9", "??", "link", "link/", "!link\nlink/",
         "/a/b/c/foo\n!/a/b/c/foo", "**/\n!b/", "*~", "/ab", "ab", "ab*", "[^a]", "a[!.]c", "a[-]c", "a[+--]c", "a[.-]c", "1\n!1",
         "\ufeff*.o", "a/link", "a/**/link", "**\\/foo", "a/**\\/foo", "*/b/**", "x\\", "!\\!x\n\\!x"]


def some():
    return "".join(rnd.choice(atoms) for _ in range(rnd.randint(1, 6)))


cases = [(f, "") for f in fixed] + [("", f) for f in fixed[:40]]
for i in range(500):
    lines = [("!" if rnd.random() < .2 else "") + some() for _ in range(rnd.randint(1, 4))]
    nested = [("!" if rnd.random() < .4 else "") + some() for _ in range(rnd.randint(0, 2))]
    cases.append(("\n".join(lines), "\n".join(nested)))

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases"), "w") as out:
    for kind, p in paths:
        out.write("%s %s\n" % (kind, p))
    out.write("--\n")
    for t, n in cases:
        with open(top + "/.gitignore", "wb") as f:
            f.write(t.encode() + b"\n")
        with open(top + "/a/.gitignore", "wb") as f:
            f.write(n.encode() + b"\n")
        r = subprocess.run(["git", "-C", top, "-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index",
                            "-z", "--stdin"],
                           input=b"\0".join(p.encode() for _, p in paths) + b"\0", capture_output=True)
        if r.returncode > 1:
            raise SystemExit(r.stderr)
        hit = set(r.stdout.split(b"\0"))
        out.write("%s\n%s\n%s\n" % ((t + "\n").encode().hex(), (n + "\n").encode().hex(),
                                    "".join("01"[p.encode() in hit] for _, p in paths)))
