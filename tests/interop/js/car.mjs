// car.mjs - archives and codecs as the JavaScript libraries read and write them.
//   read FILE            roots, then "cid length" of every block, hashed
//   write FILE N         N blocks of raw, dag-cbor and dag-json; the last links to all
//   recode               lines "codec base64" in: decode strictly, encode, print base64 or "error"
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { CarBlockIterator, CarWriter, CarIndexer } from '@ipld/car'
import * as cbor from '@ipld/dag-cbor'
import * as json from '@ipld/dag-json'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'

const [verb, file, count] = process.argv.slice(2)

async function read () {
  const it = await CarBlockIterator.fromIterable(createReadStream(file))
  for (const root of await it.getRoots()) console.log('root', root.toString())
  for await (const { cid, bytes } of it) {
    if (cid.multihash.code === sha256.code) {
      const sum = await sha256.digest(bytes)
      if (Buffer.compare(sum.bytes, cid.multihash.bytes)) throw new Error('wrong hash ' + cid)
    }
    console.log(cid.toString(), bytes.length)
  }
  if (it.version === 1) {
    let n = 0
    for await (const { cid } of await CarIndexer.fromBytes(readFileSync(file))) n += cid ? 1 : 0
    console.log('indexed', n)
  }
}

async function write () {
  const blocks = []
  const add = async (codec, value) => {
    const bytes = codec.encode(value)
    const cid = CID.createV1(codec.code, await sha256.digest(bytes))
    blocks.push({ cid, bytes })
    return cid
  }
  const links = []
  for (let i = 0; i < Number(count); i++) {
    const which = [raw, cbor, json][i % 3]
    links.push(await add(which, i % 3 === 0 ? new TextEncoder().encode('block ' + i)
      : { i, text: 'é\u2028' + i, half: i / 2, bytes: new Uint8Array([i, 255]), link: links[i - 1] }))
  }
  const root = await add(cbor, { links })
  const { writer, out } = CarWriter.create([root])
  const done = new Promise((resolve, reject) =>
    Readable.from(out).pipe(createWriteStream(file)).on('finish', resolve).on('error', reject))
  for (const b of blocks) await writer.put(b)
  await writer.close()
  await done
  console.log(root.toString())
}

function recode () {
  for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
    const [name, text] = line.split(' ')
    const codec = name === 'dag-cbor' ? cbor : json
    try {
      console.log(Buffer.from(codec.encode(codec.decode(new Uint8Array(Buffer.from(text ?? '', 'base64'))))).toString('base64'))
    } catch (e) {
      console.log('error')
    }
  }
}

await { read, write, recode }[verb]()
