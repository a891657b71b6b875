// rpc_cid.mjs - the CID something has to have, computed without any server
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { trickle } from 'ipfs-unixfs-importer/layout'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'
import * as dagPb from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256, sha512 } from 'multiformats/hashes/sha2'

export { dagCbor, dagJson, dagPb }
const codecs = { 'dag-cbor': dagCbor, 'dag-json': dagJson, 'dag-pb': dagPb, raw }
const hashers = { 'sha2-256': sha256, 'sha2-512': sha512 }

// blocks are looked at by nobody, except those of a HAMT while it grows
const nowhere = () => ({ put: async cid => cid, get: async () => { throw new Error('no store') }, has: async () => false })

const profile = o => ({
  profile: 'unixfs-v0-2015',
  cidVersion: o.cidVersion ?? 0,
  rawLeaves: o.rawLeaves ?? o.cidVersion === 1,
  wrapWithDirectory: o.wrapWithDirectory ?? false,
  ...(o.chunk ? { chunker: fixedSize({ chunkSize: o.chunk }) } : {}),
  ...(o.trickle ? { layout: trickle({ maxChildrenPerNode: 174 }), leafType: 'raw', reduceSingleLeafToSelf: false } : {})
})

// path -> {cid, size} of everything an import of `entries` makes
export async function tree (entries, options = {}) {
  const made = new Map()
  for await (const e of importer(entries, nowhere(), profile(options))) {
    made.set(e.path ?? '', { cid: String(e.cid), size: Number(e.size) })
  }
  return made
}

export async function fileCid (content, options = {}) {
  const made = [...(await tree([{ path: 'f', content }], options)).values()]
  return made.at(-1).cid
}

export async function blockCid (block, codec = 'raw', hash = 'sha2-256', version = 1) {
  return String(CID.create(version, codecs[codec].code, await hashers[hash].digest(block)))
}

export async function nodeCid (value, codec = 'dag-cbor', hash = 'sha2-256') {
  return blockCid(codecs[codec].encode(value), codec, hash)
}

export const parse = cid => CID.parse(String(cid))
