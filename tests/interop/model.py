"""model.py - a model with the layers of a transformer of 1.1 thousand million parameters, as safetensors files, one or
several with an index.  Nobody trained it: every tensor is what `fill` says, or a hole where the filesystem has holes.

	python3 model.py FOLDER [-s SHARDS] [-d F32|BF16] [-l LAYERS] [-r]     -r: random bytes, no holes
"""
import argparse
import json
import os
import random
import struct

SIZE = {"F32": 4, "BF16": 2}
HIDDEN, INNER, KV, VOCAB, LAYERS = 2048, 5632, 256, 32000, 22


def shapes(layers=LAYERS):
    """name -> shape, in the order of a checkpoint"""
    out = {"model.embed_tokens.weight": [VOCAB, HIDDEN]}
    for i in range(layers):
        at = "model.layers.%d." % i
        out.update({at + "input_layernorm.weight": [HIDDEN], at + "mlp.down_proj.weight": [HIDDEN, INNER],
                    at + "mlp.gate_proj.weight": [INNER, HIDDEN], at + "mlp.up_proj.weight": [INNER, HIDDEN],
                    at + "post_attention_layernorm.weight": [HIDDEN], at + "self_attn.k_proj.weight": [KV, HIDDEN],
                    at + "self_attn.o_proj.weight": [HIDDEN, HIDDEN], at + "self_attn.q_proj.weight": [HIDDEN, HIDDEN],
                    at + "self_attn.v_proj.weight": [KV, HIDDEN]})
    out.update({"model.norm.weight": [HIDDEN], "lm_head.weight": [VOCAB, HIDDEN]})
    return out


def count(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def write(path, tensors, dtype, fill):
    """one file; fill(name, n) gives its n bytes in pieces, or None: a hole"""
    at, head = 0, {"__metadata__": {"format": "pt"}}
    for name, shape in tensors.items():
        n = count(shape) * SIZE[dtype]
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + n]}
        at += n
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        start = f.tell()
        for name in tensors:
            begin, end = head[name]["data_offsets"]
            pieces = fill(name, end - begin)
            if pieces is not None:
                f.seek(start + begin)
                for piece in pieces:
                    f.write(piece)
        f.truncate(start + at)
    return at


def holes(name, n):
    return None


TAME = bytes(0x3f if b & 1 else 0xbf for b in range(256))


def noise(name, n):
    """the same for the same name; numbers between -2 and 2 of F32, since the exponents are tame; no part of it twice"""
    r = random.Random(name)
    while n:
        page = bytearray(r.randbytes(min(n, 1 << 20)))
        page[3::4] = page[3::4].translate(TAME)
        n -= len(page)
        yield page


def model(folder, shards=1, dtype="BF16", layers=LAYERS, fill=holes):
    """the files of it; their names"""
    os.makedirs(folder, exist_ok=True)
    todo, total = shapes(layers), 0
    if shards == 1:
        write(folder + "/model.safetensors", todo, dtype, fill)
        return ["model.safetensors"]
    limit = sum(count(s) for s in todo.values()) / shards
    parts, have = [{}], 0
    for name, shape in todo.items():
        if have >= limit and len(parts) < shards:
            parts.append({})
            have = 0
        parts[-1][name] = shape
        have += count(shape)
    where, names = {}, []
    for i, part in enumerate(parts):
        name = "model-%05d-of-%05d.safetensors" % (i + 1, len(parts))
        total += write(folder + "/" + name, part, dtype, fill)
        where.update({t: name for t in part})
        names.append(name)
    with open(folder + "/model.safetensors.index.json", "w") as f:
        json.dump({"metadata": {"total_size": total}, "weight_map": where}, f, indent=2)
    return names


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("-s", type=int, default=1)
    p.add_argument("-d", default="BF16", choices=SIZE)
    p.add_argument("-l", type=int, default=LAYERS)
    p.add_argument("-r", action="store_true")
    a = p.parse_args()
    print("\n".join(model(a.folder, a.s, a.d, a.l, noise if a.r else holes)))
