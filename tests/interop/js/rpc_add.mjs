// rpc_add.mjs - add, addAll, cat, get, ls: calls for both libraries
import { all, bytes, fails, noise, same, sha256, some, text, yes } from './rpc_tap.mjs'
import { blockCid, fileCid, tree } from './rpc_cid.mjs'
import { globSource } from './rpc_lib.mjs'
import { extract } from './rpc_tar.mjs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { gunzipSync } from 'node:zlib'

const BIG = Number(process.env.RPC_BIG ?? 1 << 30)
const MANY = Number(process.env.RPC_MANY ?? 10000)
const hello = text('hello world\n')
const mid = some(3000000, 5)
const site = [
  { path: 'site/a.txt', content: text('a\n') },
  { path: 'site/empty', content: new Uint8Array() },
  { path: 'site/sub/b.bin', content: some(600000, 6) },
  { path: 'site/sub/deep/z ż%+&.txt', content: text('odd name\n') }
]
const many = []
for (let i = 0; i < MANY; i++) {
  many.push({ path: `many/file-${String(i).padStart(5, '0')}.txt`, content: text(`this is file ${i}\n`) })
}

// what an addAll gives has to be what an import without a server gives, name by name
async function sameTree (got, entries, options) {
  const want = await tree(entries, options)
  for (const e of got) {
    same(String(e.cid), want.get(e.path)?.cid, `CID of '${e.path}'`)
    same(e.size, want.get(e.path).size, `size of '${e.path}'`)
  }
  same(got.map(e => e.path).sort(), [...want.keys()].sort(), 'names')
  return want
}

const adding = [
  ['add: a string', async ({ ipfs }) => {
    const r = await ipfs.add('hello world\n')
    same(r, { path: r.path, cid: r.cid, size: 20 })
    same(String(r.cid), await fileCid(hello))
    same(r.path, String(r.cid))
  }],
  ['add: bytes', async ({ ipfs }) => same((await ipfs.add(hello)).cid.toString(), await fileCid(hello))],
  ['add: nothing at all in it', async ({ ipfs }) => {
    const r = await ipfs.add(new Uint8Array())
    same(String(r.cid), await fileCid(new Uint8Array()))
    same(r.size, 6)
  }],
  ['add: a name', async ({ ipfs }) => {
    const r = await ipfs.add({ path: 'a b+é.txt', content: hello })
    same([r.path, String(r.cid)], ['a b+é.txt', await fileCid(hello)])
  }],
  ['add: an iterable of pieces', async ({ ipfs }) => {
    same(String((await ipfs.add((function * () { for (let i = 0; i < mid.length; i += 70001) yield mid.subarray(i, i + 70001) })())).cid),
      await fileCid(mid))
  }],
  ['add: several blocks', async ({ ipfs }) => same(String((await ipfs.add(mid)).cid), await fileCid(mid))],
  ['add: cidVersion 1', async ({ ipfs }) => {
    same(String((await ipfs.add(mid, { cidVersion: 1 })).cid), await fileCid(mid, { cidVersion: 1 }))
    same(String((await ipfs.add(hello, { cidVersion: 1 })).cid), await blockCid(hello))
  }],
  ['add: cidVersion 1 without raw leaves', async ({ ipfs }) =>
    same(String((await ipfs.add(mid, { cidVersion: 1, rawLeaves: false })).cid), await fileCid(mid, { cidVersion: 1, rawLeaves: false }))],
  ['add: raw leaves', async ({ ipfs }) =>
    same(String((await ipfs.add(mid, { rawLeaves: true })).cid), await fileCid(mid, { rawLeaves: true }))],
  ['add: a chunker', async ({ ipfs }) =>
    same(String((await ipfs.add(mid, { chunker: 'size-1000' })).cid), await fileCid(mid, { chunk: 1000 }))],
  ['add: trickle', async ({ ipfs }) => same(String((await ipfs.add(mid, { trickle: true })).cid), await fileCid(mid, { trickle: true }))],
  ['add: another hash', async ({ ipfs }) => {
    const r = await ipfs.add(hello, { cidVersion: 1, rawLeaves: true, hashAlg: 'sha2-512' })
    same(String(r.cid), await blockCid(hello, 'raw', 'sha2-512'))
  }],
  ['add: only hash', async ({ ipfs }) => {
    const data = some(500000, 77)
    const r = await ipfs.add(data, { onlyHash: true })
    same(String(r.cid), await fileCid(data))
    await fails(ipfs.block.get(r.cid, { timeout: 2000 }), /not find|not found|Timeout/)
  }],
  ['add: wrapped in a directory', async ({ ipfs }) => {
    const r = await ipfs.add({ path: 'w.txt', content: hello }, { wrapWithDirectory: true })
    const want = await tree([{ path: 'w.txt', content: hello }], { wrapWithDirectory: true })
    same([r.path, String(r.cid)], ['', want.get('').cid])
  }],
  ['add: pinned, and not', async ({ ipfs }) => {
    const [a, b] = [await ipfs.add(some(10, 101)), await ipfs.add(some(10, 102), { pin: false })]
    same((await all(ipfs.pin.ls({ paths: a.cid }))).map(p => [String(p.cid), p.type]), [[String(a.cid), 'recursive']])
    await fails(all(ipfs.pin.ls({ paths: b.cid })), /is not pinned/)
  }],
  ['add: mode and mtime', async ({ ipfs }) => {
    const file = { path: 'm.txt', content: hello, mode: 0o640, mtime: { secs: 1600000000, nsecs: 5 } }
    const r = await ipfs.add(file, { preserveMode: true, preserveMtime: true })
    same([r.mode, r.mtime], [0o640, { secs: 1600000000, nsecs: 5 }])
    const plain = await ipfs.add({ path: 'm.txt', content: hello })
    yes(String(plain.cid) !== String(r.cid), 'they are part of the block')
    const s = await ipfs.files.stat('/ipfs/' + r.cid)
    same([s.mode, s.mtime], [0o640, { secs: 1600000000, nsecs: 5 }])
  }],
  ['add: a wrong chunker is an error', async ({ ipfs }) => { await fails(ipfs.add(hello, { chunker: 'nonsense' }), /chunker|unrecognized/) }],
  ['add: a wrong hash is an error', async ({ ipfs }) => { await fails(ipfs.add(hello, { hash: 'nonsense' }), /hash/) }],
  ['add: progress of small files', async ({ ipfs }) => {
    const told = []
    await ipfs.add({ path: 'p', content: hello }, { progress: (n, name) => told.push([n, name]) })
    same(told, [[12, 'p']])
  }],
  [`add: a stream of ${BIG >> 20} MiB with progress`, async ({ ipfs, keep }) => {
    const told = []
    const r = await ipfs.add({ path: 'big', content: noise(BIG) }, { progress: n => told.push(n) })
    keep.big = r.cid
    same(String(r.cid), await fileCid(noise(BIG)))
    same(told.at(-1), BIG, 'the last of its progress')
    yes(told.length >= BIG >> 24, `told often enough: ${told.length}`)
    yes(told.every((n, i) => i === 0 || n >= told[i - 1]), 'and never backwards')
  }],
  ['add: abort while it goes', async ({ ipfs }) => {
    const stop = new AbortController()
    const endless = (async function * () {
      for (let i = 0; i < 1000; i++) {
        yield some(1 << 16, i)
        await new Promise(resolve => setTimeout(resolve, 10))
        if (i === 20) stop.abort()
      }
    })()
    const start = Date.now()
    await fails(ipfs.add(endless, { signal: stop.signal }), /abort/i)
    yes(Date.now() - start < 5000, 'ended soon')
    same(String((await ipfs.add(hello)).cid), await fileCid(hello), 'and the next one works')
  }],
  ['add: an input that fails', async ({ ipfs }) => {
    const broken = (async function * () { yield hello; throw new Error('no more of it') })()
    await fails(ipfs.add(broken), /no more of it|abort|fetch failed/i)
    same(String((await ipfs.add(hello)).cid), await fileCid(hello), 'and the next one works')
  }],
  ['addAll: a tree', async ({ ipfs, keep }) => {
    const got = await all(ipfs.addAll(site))
    const want = await sameTree(got, site)
    same(got.at(-1).path, 'site', 'the root is last')
    keep.site = want.get('site').cid
  }],
  ['addAll: a tree, cidVersion 1', async ({ ipfs }) => { await sameTree(await all(ipfs.addAll(site, { cidVersion: 1 })), site, { cidVersion: 1 }) }],
  ['addAll: wrapped', async ({ ipfs }) => {
    const two = [{ path: 'x', content: hello }, { path: 'y/z', content: mid }]
    await sameTree(await all(ipfs.addAll(two, { wrapWithDirectory: true })), two, { wrapWithDirectory: true })
  }],
  ['addAll: progress of each', async ({ ipfs }) => {
    const last = {}
    await all(ipfs.addAll(site, { progress: (n, name) => { last[name] = n } }))
    same(last, Object.fromEntries(site.map(e => [e.path, e.content.length])))
  }],
  ['addAll: a folder from disk', async ({ ipfs, lib }) => {
    const dir = await mkdtemp(tmpdir() + '/rpc-js.')
    try {
      await mkdir(dir + '/d/sub', { recursive: true })
      await writeFile(dir + '/d/one', hello)
      await writeFile(dir + '/d/sub/two', mid)
      const got = await all(ipfs.addAll(globSource(lib)(dir, '**/*')))
      const want = await tree([{ path: 'd/one', content: hello }, { path: 'd/sub/two', content: mid }])
      same(String(got.find(e => e.path === 'd').cid), want.get('d').cid)
    } finally {
      await rm(dir, { recursive: true })
    }
  }],
  [`addAll: a directory of ${MANY} files, which is sharded`, async ({ ipfs, keep }) => {
    const got = await all(ipfs.addAll(many, { pin: false }))
    const want = await tree(many)
    same(got.length, MANY + 1)
    same(got.at(-1).path, 'many')
    same(String(got.at(-1).cid), want.get('many').cid)
    const odd = got.filter(e => String(e.cid) !== want.get(e.path)?.cid)
    same(odd.map(e => e.path), [], 'others')
    keep.many = String(got.at(-1).cid)
  }]
]

const reading = [
  ['cat: a file', async ({ ipfs }) => same(await bytes(ipfs.cat((await ipfs.add(mid)).cid)), mid)],
  ['cat: by path', async ({ ipfs, keep }) => same(await bytes(ipfs.cat(`/ipfs/${keep.site}/sub/b.bin`)), site[2].content)],
  ['cat: an odd name', async ({ ipfs, keep }) => same(String(await bytes(ipfs.cat(`${keep.site}/sub/deep/z ż%+&.txt`))), 'odd name\n')],
  ['cat: nothing', async ({ ipfs, keep }) => same((await bytes(ipfs.cat(`${keep.site}/empty`))).length, 0)],
  ['cat: offset and length', async ({ ipfs }) => {
    const cid = (await ipfs.add(mid)).cid
    for (const [offset, length] of [[0, 1], [262140, 20], [2999990, 100], [1000000, 1000000], [5, 0]]) {
      same(await bytes(ipfs.cat(cid, { offset, length })), mid.subarray(offset, offset + length), `${offset}+${length}`)
    }
    same(await bytes(ipfs.cat(cid, { offset: 2500000 })), mid.subarray(2500000))
  }],
  [`cat: ${BIG >> 20} MiB`, async ({ ipfs, keep }) => {
    same(await sha256(ipfs.cat(keep.big)), await sha256(noise(BIG)))
  }],
  ['cat: abort while it goes', async ({ ipfs, keep }) => {
    const stop = new AbortController()
    let n = 0
    await fails((async () => {
      for await (const piece of ipfs.cat(keep.big, { signal: stop.signal })) {
        n += piece.length
        if (n > 1 << 20) stop.abort()
      }
    })(), /abort/i)
    yes(n < BIG, 'before its end')
    same(String(await bytes(ipfs.cat(`${keep.site}/a.txt`))), 'a\n', 'and the next one works')
  }],
  ['cat: break off the loop', async ({ ipfs, keep }) => {
    for await (const piece of ipfs.cat(keep.big)) if (piece.length > 0) break
    same(String(await bytes(ipfs.cat(`${keep.site}/a.txt`))), 'a\n', 'and the next one works')
  }],
  ['cat: a directory is an error', async ({ ipfs, keep }) => { await fails(bytes(ipfs.cat(keep.site)), /this dag node is a directory/) }],
  ['cat: no such name', async ({ ipfs, keep }) => { await fails(bytes(ipfs.cat(`${keep.site}/nope`)), /no link named "nope" under/) }],
  ['cat: no such CID', async ({ ipfs }) => {
    await fails(bytes(ipfs.cat('QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN', { timeout: 5000 })), /could not find QmYz|not found|Timeout/)
  }],
  ['cat: no CID', async ({ ipfs }) => { await fails(bytes(ipfs.cat('nonsense')), /invalid path|invalid cid|cid/i) }],
  ['get: a file is a tar', async ({ ipfs }) => {
    const cid = (await ipfs.add(mid)).cid
    const got = extract(await bytes(ipfs.get(cid)))
    same(got.map(e => e.name), [String(cid)])
    same(got[0].body, mid)
  }],
  ['get: a tree', async ({ ipfs, keep }) => {
    const got = extract(await bytes(ipfs.get(keep.site)))
    same(got.map(e => e.name).sort(), [keep.site, ...site.map(e => e.path.replace('site', keep.site)),
      keep.site + '/sub', keep.site + '/sub/deep'].sort())
    for (const e of site) same(got.find(g => g.name === e.path.replace('site', keep.site)).body, e.content, e.path)
    same(got.find(g => g.name === keep.site).type, '5')
  }],
  ['get: an archive asked for', async ({ ipfs, keep }) =>
    same(extract(await bytes(ipfs.get(`${keep.site}/a.txt`, { archive: true }))).map(e => [e.name, String(e.body)]), [['a.txt', 'a\n']])],
  ['get: compressed', async ({ ipfs, keep }) => {
    same(gunzipSync(await bytes(ipfs.get(`${keep.site}/sub/b.bin`, { compress: true, compressionLevel: 5 }))), site[2].content)
    same(extract(gunzipSync(await bytes(ipfs.get(keep.site, { archive: true, compress: true })))).length, 7)
  }],
  ['get: compression out of range', async ({ ipfs, keep }) => {
    await fails(bytes(ipfs.get(keep.site, { compress: true, compressionLevel: 10 })), /compression level must be between 1 and 9/)
  }],
  ['get: no such name', async ({ ipfs, keep }) => { await fails(bytes(ipfs.get(`${keep.site}/nope`)), /no link named "nope"/) }],
  ['ls: a tree', async ({ ipfs, keep }) => {
    const want = await tree(site)
    const got = await all(ipfs.ls(keep.site))
    same(got.map(e => [e.name, e.type, e.size, String(e.cid), e.path]), [
      ['a.txt', 'file', 2, want.get('site/a.txt').cid, keep.site + '/a.txt'],
      ['empty', 'file', 0, want.get('site/empty').cid, keep.site + '/empty'],
      ['sub', 'dir', 0, want.get('site/sub').cid, keep.site + '/sub']])
  }],
  ['ls: below it, streamed', async ({ ipfs, keep }) =>
    same((await all(ipfs.ls(`/ipfs/${keep.site}/sub`, { stream: true }))).map(e => [e.name, e.type, e.size]),
      [['b.bin', 'file', 600000], ['deep', 'dir', 0]])],
  [`ls: ${MANY} names`, async ({ ipfs, keep }) => {
    const got = await all(ipfs.ls(keep.many, { stream: true }))
    same(got.map(e => e.name).sort(), many.map(e => e.path.slice(5)).sort())
    yes(got.every(e => e.type === 'file' && e.size > 10), 'files with their sizes')
  }],
  ['ls: a file by its path', async ({ ipfs, keep }) => {
    const got = await all(ipfs.ls(`/ipfs/${keep.site}/a.txt`))
    same(got.length, 1)
    same(String(got[0].cid), await fileCid(site[0].content))
  }],
  ['ls: the blocks of a file', async ({ ipfs }) => same((await all(ipfs.ls((await ipfs.add(mid)).cid))).length, Math.ceil(mid.length / 262144))],
  ['ls: no such name', async ({ ipfs, keep }) => { await fails(all(ipfs.ls(`${keep.site}/nope`)), /no link named "nope"/) }]
]

const links = [
  ['get: a symbolic link from disk', async ({ ipfs, lib }) => {
    const dir = await mkdtemp(tmpdir() + '/rpc-js.')
    try {
      await writeFile(dir + '/target', hello)
      await symlink('target', dir + '/link')
      const got = await all(ipfs.addAll(globSource(lib)(dir, '*'), { wrapWithDirectory: true }))
      const root = String(got.at(-1).cid)
      const entries = extract(await bytes(ipfs.get(root)))
      yes(entries.some(e => e.name === root + '/target' && e.type === '0'), 'the file is there')
      yes(entries.some(e => e.name === root + '/link'), 'and what it is linked as')
    } finally {
      await rm(dir, { recursive: true })
    }
  }]
]

export default [...adding, ...reading, ...links]
