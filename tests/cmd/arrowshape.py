#!/usr/bin/env python3
"""arrowshape.py - the messages of an Arrow IPC stream on standard input, and how many rows each batch has."""
import struct
import sys


def field(b, table, slot):
    vtable = table - struct.unpack_from("<i", b, table)[0]
    size = struct.unpack_from("<H", b, vtable)[0]
    off = struct.unpack_from("<H", b, vtable + 4 + 2 * slot)[0] if 4 + 2 * slot < size else 0
    return table + off if off else None


def main():
    stream = sys.stdin.buffer
    while True:
        mark, size = struct.unpack("<II", stream.read(8))
        if mark != 0xFFFFFFFF:
            sys.exit("no message")
        if size == 0:
            break
        b = stream.read(size)
        root = struct.unpack_from("<I", b, 0)[0]
        kind = b[field(b, root, 1)]
        at = field(b, root, 2)
        header = at + struct.unpack_from("<I", b, at)[0]
        at = field(b, root, 3)
        stream.read(struct.unpack_from("<q", b, at)[0] if at else 0)
        if kind == 1:
            print("schema")
        else:
            at = field(b, header, 0)
            print("batch", struct.unpack_from("<q", b, at)[0] if at else 0)
    if stream.read(1):
        sys.exit("something behind the end")


main()
