// helia.mjs URL - answers of @helia/verified-fetch, whose only source is the gateway at URL.  A request a line
// on standard input, {url, headers, method, options}, its answer a line on standard output; {car: url} reads an
// archive and hashes its blocks.
import { createHeliaLight } from 'helia'
import { withHTTP } from '@helia/http'
import { createVerifiedFetchWithHelia } from '@helia/verified-fetch'
import { CarReader } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'
import * as json from 'multiformats/codecs/json'
import { sha256 } from 'multiformats/hashes/sha2'
import { createInterface } from 'node:readline'

const gateway = process.argv[2]
const asked = []
const outer = globalThis.fetch
globalThis.fetch = (what, init) => {
  asked.push(String(what?.url ?? what))
  return outer(what, init)
}

// nothing is looked up anywhere: the gateway is a fallback, which wants a router before it that finds nothing
async function client () {
  const bare = withHTTP(createHeliaLight({ codecs: [dagCbor, dagJson, json] }),
    { delegatedRouters: [], recursiveGateways: [gateway], allowInsecure: true, allowLocal: true })
  bare.addRouter({ name: 'nothing', async * findProviders () {} })
  const helia = await bare.start()
  return { helia, fetch: await createVerifiedFetchWithHelia(helia) }
}

async function car (url) {
  const reader = await CarReader.fromBytes(new Uint8Array(await (await outer(url)).arrayBuffer()))
  const blocks = []
  for await (const { cid, bytes } of reader.blocks()) {
    if (cid.multihash.code !== sha256.code) throw new Error('unexpected hash of ' + cid)
    const made = await sha256.digest(bytes)
    if (Buffer.compare(made.digest, cid.multihash.digest) !== 0) throw new Error('wrong bytes for ' + cid)
    blocks.push(cid.toString())
  }
  return { roots: (await reader.getRoots()).map(String), blocks }
}

async function answer (ask) {
  if (ask.car != null) return car(ask.car)
  const { helia, fetch } = await client()     // with nothing kept from the request before
  asked.length = 0
  try {
    const got = await fetch(ask.url, { ...ask.options, method: ask.method, headers: ask.headers, allowInsecure: true,
      allowLocal: true, signal: AbortSignal.timeout(30000) })
    return { status: got.status, headers: Object.fromEntries(got.headers),
      body: Buffer.from(await got.arrayBuffer()).toString('base64'), asked: [...asked] }
  } finally {
    await fetch.stop()
    await helia.stop()
  }
}

setInterval(() => {}, 1000)        // a request that is never answered ends by its signal
for await (const line of createInterface({ input: process.stdin })) {
  let out
  try {
    out = await answer(JSON.parse(line))
  } catch (e) {
    out = { error: e.name + ': ' + e.message, asked: [...asked] }
  }
  console.log(JSON.stringify(out))
}
process.exit(0)
