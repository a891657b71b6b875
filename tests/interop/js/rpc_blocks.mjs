// rpc_blocks.mjs - block, dag, pin, refs, resolve, object: calls for both libraries
import { all, bytes, fails, same, some, text, yes } from './rpc_tap.mjs'
import { blockCid, dagCbor, dagPb, fileCid, nodeCid, parse, tree } from './rpc_cid.mjs'

const ABSENT = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const data = some(1000, 20)
const parts = [{ path: 'd/one', content: text('one\n') }, { path: 'd/sub/two', content: some(700000, 21) }]
const short = async (ipfs, n) => (await ipfs.add(some(20, n), { pin: false })).cid
const pins = async (ipfs, options) => (await all(ipfs.pin.ls(options))).map(p => [String(p.cid), p.type])

const block = [
  ['block.put', async ({ ipfs }) => same(String(await ipfs.block.put(data)), await blockCid(data))],
  ['block.put: as dag-pb, version 0', async ({ ipfs }) => {
    const node = dagPb.encode({ Data: text('x'), Links: [] })
    same(String(await ipfs.block.put(node, { format: 'v0' })), await blockCid(node, 'dag-pb', 'sha2-256', 0))
    same(String(await ipfs.block.put(node, { cidCodec: 'dag-pb' })), await blockCid(node, 'dag-pb'))
  }],
  ['block.put: format dag-cbor, by its old name', async ({ ipfs }) => {
    const node = dagCbor.encode({ a: 1 })
    same(String(await ipfs.block.put(node, { format: 'dag-cbor', version: 1 })), await blockCid(node, 'dag-cbor'))
  }],
  ['block.put: another hash', async ({ ipfs }) => same(String(await ipfs.block.put(data, { mhtype: 'sha2-512' })), await blockCid(data, 'raw', 'sha2-512'))],
  ['block.put: pinned', async ({ ipfs }) => {
    const cid = await ipfs.block.put(some(30, 22), { pin: true })
    same(await pins(ipfs, { paths: cid }), [[String(cid), 'recursive']])
  }],
  ['block.put: a hash that is none', async ({ ipfs }) => { await fails(ipfs.block.put(data, { mhtype: 'nonsense' }), /unrecognized multihash function: nonsense|unknown multihash/) }],
  ['block.put: too big', async ({ ipfs }) => { await fails(ipfs.block.put(some((2 << 20) + 1, 1)), /produced block is over 2MiB/) }],
  ['block.put: too big and allowed', async ({ ipfs }) => {
    const big = some((2 << 20) + 1, 1)
    same(String(await ipfs.block.put(big, { allowBigBlock: true })), await blockCid(big))
  }],
  ['block.get', async ({ ipfs }) => same(await ipfs.block.get(parse(await blockCid(data))), data)],
  ['block.get: absent', async ({ ipfs }) => { await fails(ipfs.block.get(parse(ABSENT), { timeout: 5000 }), /ipld: could not find bafkrei/) }],
  ['block.stat', async ({ ipfs }) => same(await ipfs.block.stat(parse(await blockCid(data))).then(s => [String(s.cid), s.size]), [await blockCid(data), 1000])],
  ['block.stat: absent', async ({ ipfs }) => { await fails(ipfs.block.stat(parse(ABSENT), { timeout: 5000 }), /ipld: could not find bafkrei/) }],
  ['block.rm', async ({ ipfs }) => {
    const cid = await ipfs.block.put(some(50, 23))
    const got = await all(ipfs.block.rm(cid))
    same(got.map(r => [String(r.cid), r.error]), [[String(cid), undefined]])
    await fails(ipfs.block.get(cid, { timeout: 5000 }), /could not find/)
  }],
  ['block.rm: several, one pinned and one absent', async ({ ipfs }) => {
    const [a, b] = [await ipfs.block.put(some(50, 24)), await ipfs.block.put(some(50, 25), { pin: true })]
    const got = await all(ipfs.block.rm([a, b, parse(ABSENT)]))
    const by = Object.fromEntries(got.map(r => [String(r.cid), r.error?.message]))
    same(by[String(a)], undefined)
    yes(/pinned/.test(by[String(b)]), by[String(b)])
    yes(/could not find/.test(by[ABSENT]), by[ABSENT])
    same(await ipfs.block.get(b), some(50, 25))
  }],
  ['block.rm: absent and forced', async ({ ipfs }) => same((await all(ipfs.block.rm(parse(ABSENT), { force: true }))).filter(r => r.error), [])],
  ['block.rm: quiet', async ({ ipfs }) => same(await all(ipfs.block.rm(await ipfs.block.put(some(50, 26)), { quiet: true })), [])]
]

const dag = [
  ['dag.put: cbor', async ({ ipfs, CID }) => {
    const value = { a: [1, -2, 'x'], b: text('bytes'), c: { d: null, e: true, f: 1.5 } }
    const cid = await ipfs.dag.put(value)
    same(String(cid), await nodeCid(value))
    same(await ipfs.dag.get(cid).then(r => r.value), value)
  }],
  ['dag.put: a link', async ({ ipfs, CID, keep }) => {
    const leaf = await ipfs.dag.put({ leaf: 7 })
    const value = { name: 'root', to: CID.parse(String(leaf)), list: [CID.parse(String(leaf)), 2] }
    keep.leaf = String(leaf)
    keep.root = String(await ipfs.dag.put(value))
    same(keep.root, await nodeCid({ name: 'root', to: parse(leaf), list: [parse(leaf), 2] }))
  }],
  ['dag.put: json', async ({ ipfs }) => same(String(await ipfs.dag.put({ a: 1 }, { storeCodec: 'dag-json' })), await nodeCid({ a: 1 }, 'dag-json'))],
  ['dag.put: pb', async ({ ipfs }) => {
    const value = { Data: text('some data'), Links: [] }
    same(String(await ipfs.dag.put(value, { storeCodec: 'dag-pb' })), await nodeCid(value, 'dag-pb'))
  }],
  ['dag.put: another hash', async ({ ipfs }) => same(String(await ipfs.dag.put({ a: 1 }, { hashAlg: 'sha2-512' })), await nodeCid({ a: 1 }, 'dag-cbor', 'sha2-512'))],
  ['dag.put: pinned', async ({ ipfs }) => {
    const cid = await ipfs.dag.put({ pinned: 1 }, { pin: true })
    same(await pins(ipfs, { paths: cid }), [[String(cid), 'recursive']])
  }],
  ['dag.put: json in, cbor stored', async ({ ipfs }) =>
    same(String(await ipfs.dag.put(text('{"z":1,"a":[true,null]}'), { inputCodec: 'dag-json', storeCodec: 'dag-cbor' })), await nodeCid({ z: 1, a: [true, null] }))],
  ['dag.put: json that is none', async ({ ipfs }) => { await fails(ipfs.dag.put(text('{"z":'), { inputCodec: 'dag-json', storeCodec: 'dag-cbor' }), /EOF|decod|invalid|json/i) }],
  ['dag.get: by a path, over a link', async ({ ipfs, CID, keep }) => {
    same(await ipfs.dag.get(CID.parse(keep.root), { path: 'to/leaf' }).then(r => r.value), 7)
    same(await ipfs.dag.get(CID.parse(keep.root), { path: '/list/1' }).then(r => r.value), 2)
  }],
  ['dag.get: a file', async ({ ipfs }) => {
    const node = (await ipfs.dag.get((await ipfs.add(some(600000, 27))).cid)).value
    same(node.Links.length, 3)
    same(String(node.Links[0].Hash), await fileCid(some(600000, 27).subarray(0, 262144)))
  }],
  ['dag.get: absent', async ({ ipfs, CID }) => { await fails(ipfs.dag.get(CID.parse(ABSENT), { timeout: 5000 }), /ipld: could not find/) }],
  ['dag.resolve', async ({ ipfs, keep }) => {
    same(await ipfs.dag.resolve(`${keep.root}/to/leaf`).then(r => [String(r.cid), r.remainderPath]), [keep.leaf, '/leaf'])
    same(await ipfs.dag.resolve(keep.root).then(r => [String(r.cid), r.remainderPath]), [keep.root, ''])
  }],
  ['dag.resolve: no such name', async ({ ipfs, keep }) => {
    await fails(ipfs.dag.resolve(`${keep.root}/nope/x`), /no link|nope|not found|resolve/)
  }],
  ['dag.export and dag.import', async ({ ipfs, CID, keep }) => {
    const car = await bytes(ipfs.dag.export(CID.parse(keep.root)))
    yes(car.length > 100 && car.includes(Buffer.from('roots')), 'an archive')
    const got = await all(ipfs.dag.import([car]))
    same(got.map(r => [String(r.root.cid), r.root.pinErrorMsg]), [[keep.root, '']])
    same(await pins(ipfs, { paths: keep.root }), [[keep.root, 'recursive']])
  }],
  ['dag.import: without pinning', async ({ ipfs }) => {
    const cid = await ipfs.dag.put({ not: 'pinned' })
    const car = await bytes(ipfs.dag.export(cid))
    same((await all(ipfs.dag.import([car], { pinRoots: false }))).length, 0)
    await fails(pins(ipfs, { paths: cid }), /is not pinned/)
  }],
  ['dag.export: of a tree, and back after its blocks are gone', async ({ ipfs }) => {
    const root = (await all(ipfs.addAll(parts, { pin: false }))).at(-1).cid
    const car = await bytes(ipfs.dag.export(root))
    const refs = (await all(ipfs.refs(root, { recursive: true, unique: true }))).map(r => parse(r.ref))
    await all(ipfs.block.rm([parse(root), ...refs]))
    await fails(bytes(ipfs.cat(`${root}/one`, { timeout: 5000 })), /could not find/)
    same((await all(ipfs.dag.import([car]))).map(r => String(r.root.cid)), [String(root)])
    same(await bytes(ipfs.cat(`${root}/sub/two`)), parts[1].content)
  }],
  ['dag.import: not an archive', async ({ ipfs }) => { await fails(all(ipfs.dag.import([text('no archive at all')])), /import failed|car|EOF/i) }],
  ['dag.import: a root whose blocks are not there', async ({ ipfs, CID, keep }) => {
    const leaf = await ipfs.dag.put({ missing: Math.random() })
    const root = await ipfs.dag.put({ to: leaf })
    const car = await bytes(ipfs.dag.export(root))
    await all(ipfs.block.rm([root, leaf]))
    const cut = car.subarray(0, car.length - 36 - 1 - lastBlock())
    const got = await all(ipfs.dag.import([cut]))
    same(String(got[0].root.cid), String(root))
    yes(/could not find|not found/.test(got[0].root.pinErrorMsg), got[0].root.pinErrorMsg)
  }]
]

// the last block of an archive made by dag.export of {to: leaf}: {missing: number}, a double
const lastBlock = () => dagCbor.encode({ missing: 0.5 }).length

const pin = [
  ['pin.add and pin.ls', async ({ ipfs }) => {
    const cid = await short(ipfs, 40)
    same(String(await ipfs.pin.add(cid)), String(cid))
    same(await pins(ipfs, { paths: cid }), [[String(cid), 'recursive']])
  }],
  ['pin.add: direct', async ({ ipfs }) => {
    const cid = await short(ipfs, 41)
    await ipfs.pin.add(cid, { recursive: false })
    same(await pins(ipfs, { paths: cid }), [[String(cid), 'direct']])
    yes((await pins(ipfs, { type: 'direct' })).some(p => p[0] === String(cid)), 'in the list')
  }],
  ['pin.add: twice is once', async ({ ipfs }) => {
    const cid = await short(ipfs, 40)
    same(String(await ipfs.pin.add(cid)), String(cid))
    same((await pins(ipfs, { type: 'recursive' })).filter(p => p[0] === String(cid)).length, 1)
  }],
  ['pin.add: direct over recursive', async ({ ipfs }) => { await fails(ipfs.pin.add(await short(ipfs, 40), { recursive: false }), /already pinned recursively/) }],
  ['pin.add: absent', async ({ ipfs }) => { await fails(ipfs.pin.add(ABSENT, { timeout: 5000 }), /could not find|not found/) }],
  ['pin.add: a path', async ({ ipfs }) => {
    const made = await all(ipfs.addAll(parts, { pin: false }))
    const root = made.at(-1).cid
    const want = (await tree(parts)).get('d/sub/two').cid
    same(String(await ipfs.pin.add(`/ipfs/${root}/sub/two`)), want)
  }],
  ['pin.addAll', async ({ ipfs }) => {
    const cids = [await short(ipfs, 42), await short(ipfs, 43)]
    same((await all(ipfs.pin.addAll([{ cid: cids[0] }, { cid: cids[1], recursive: false }]))).map(String), cids.map(String))
    same(await pins(ipfs, { paths: cids[1] }), [[String(cids[1]), 'direct']])
  }],
  ['pin.add: a name', async ({ ipfs, lib }) => {
    const cid = await short(ipfs, 44)
    await ipfs.pin.add(cid, { name: 'site of 44' })
    const got = await all(ipfs.pin.ls({ type: 'recursive', names: true }))
    if (lib === 'kubo-rpc-client') same(got.find(p => String(p.cid) === String(cid)).name, 'site of 44')
    else yes(got.some(p => String(p.cid) === String(cid)), 'listed')
  }],
  ['pin.ls: by a part of a name', async ({ ipfs }) => {
    same(await pins(ipfs, { type: 'all', name: 'of 44', names: true }), [[String(await short(ipfs, 44)), 'recursive']])
    same(await pins(ipfs, { name: 'no such name', names: true }), [])
  }],
  ['pin.ls: recursive, direct, indirect, all', async ({ ipfs }) => {
    const root = (await all(ipfs.addAll(parts))).at(-1).cid
    const count = {}
    for (const type of ['recursive', 'direct', 'indirect']) {
      const got = await pins(ipfs, { type })
      yes(got.every(p => p[1] === type), type)
      count[type] = got.length
    }
    const every = await pins(ipfs, { type: 'all' })
    same(every.length, count.recursive + count.direct + count.indirect)
    const inside = (await tree(parts)).get('d/one').cid
    yes((await pins(ipfs, { type: 'indirect' })).some(p => p[0] === inside), 'what a pin holds')
    same(await pins(ipfs, { paths: inside }), [[inside, `indirect through ${root}`]])
  }],
  ['pin.ls: a type that is none', async ({ ipfs }) => {
    await fails(pins(ipfs, { type: 'nonsense' }), /[iI]nvalid (pin )?type/)
  }],
  ['pin.rm', async ({ ipfs }) => {
    const cid = await short(ipfs, 40)
    same(String(await ipfs.pin.rm(cid)), String(cid))
    await fails(pins(ipfs, { paths: cid }), /is not pinned/)
  }],
  ['pin.rm: not pinned', async ({ ipfs }) => { await fails(ipfs.pin.rm(await short(ipfs, 40)), /not pinned or pinned indirectly/) }],
  ['pin.rm: not recursive of one that is', async ({ ipfs }) => {
    await fails(ipfs.pin.rm(await short(ipfs, 44), { recursive: false }), /is pinned recursively/)
  }],
  ['pin.rmAll', async ({ ipfs }) => {
    const cids = [await short(ipfs, 42), await short(ipfs, 44)]
    same((await all(ipfs.pin.rmAll(cids))).map(String), cids.map(String))
  }],
  ['pin.update', async ({ ipfs }) => {
    if (ipfs.pin.update == null) return 'not in this library'
    const [a, b] = [await short(ipfs, 45), await short(ipfs, 46)]
    await ipfs.pin.add(a)
    same((await ipfs.pin.update(a, b)).map(String), [a, b].map(String))
    same(await pins(ipfs, { paths: b }), [[String(b), 'recursive']])
    await fails(pins(ipfs, { paths: a }), /is not pinned/)
    await fails(ipfs.pin.update(a, b), /'from' cid was not recursively pinned already/)
  }],
  ['pin.remote.service.ls', async ({ ipfs }) => {
    const got = await ipfs.pin.remote.service.ls()
    yes(Array.isArray(got) && got.length === 0, 'none')
  }]
]

const refs = [
  ['refs: of a tree', async ({ ipfs }) => {
    const want = await tree(parts)
    const root = (await all(ipfs.addAll(parts))).at(-1).cid
    same((await all(ipfs.refs(root))).map(r => r.ref), [want.get('d/one').cid, want.get('d/sub').cid])
    same((await all(ipfs.refs(root, { recursive: true }))).length, 2 + 1 + 3)
    same((await all(ipfs.refs(root, { recursive: true, maxDepth: 2 }))).length, 3)
    same((await all(ipfs.refs(root, { maxDepth: 0, recursive: true }))).length, 0)
  }],
  ['refs: edges and a format', async ({ ipfs }) => {
    const want = await tree(parts)
    const root = want.get('d').cid
    same((await all(ipfs.refs(root, { edges: true }))).map(r => r.ref), [`${root} -> ${want.get('d/one').cid}`, `${root} -> ${want.get('d/sub').cid}`])
    same((await all(ipfs.refs(root, { format: '<linkname>=<src>' }))).map(r => r.ref), [`one=${root}`, `sub=${root}`])
    await fails(all(ipfs.refs(root, { format: '<linkname>', edges: true })), /using format argument with edges is not allowed/)
  }],
  ['refs: unique, of a file of equal blocks', async ({ ipfs }) => {
    const { cid } = await ipfs.add(new Uint8Array(262144 * 4))
    same((await all(ipfs.refs(cid))).length, 4)
    same((await all(ipfs.refs(cid, { unique: true }))).length, 1)
  }],
  ['refs: several roots', async ({ ipfs }) => {
    const want = await tree(parts)
    same((await all(ipfs.refs([want.get('d').cid, want.get('d/sub').cid]))).map(r => r.ref),
      [want.get('d/one').cid, want.get('d/sub').cid, want.get('d/sub/two').cid])
  }],
  ['refs: of cbor', async ({ ipfs, keep }) => same((await all(ipfs.refs(keep.root, { unique: true }))).map(r => r.ref), [keep.leaf])],
  ['refs.local', async ({ ipfs }) => {
    const got = await all(ipfs.refs.local())
    const want = (await blockCid(data))
    yes(got.length > 20 && got.every(r => r.ref.startsWith('bafk') && r.err === ''), 'raw CIDs of version 1')
    yes(got.some(r => r.ref === want), 'with what was put')
    same(new Set(got.map(r => r.ref)).size, got.length, 'each once')
  }],
  ['resolve', async ({ ipfs, keep }) => {
    const want = await tree(parts)
    same(await ipfs.resolve(`/ipfs/${want.get('d').cid}/sub/two`), `/ipfs/${want.get('d/sub/two').cid}`)
    same(await ipfs.resolve(`/ipfs/${keep.root}/to/leaf`), `/ipfs/${keep.leaf}/leaf`)
  }],
  ['resolve: cidBase', async ({ ipfs }) => {
    const want = await tree(parts)
    same(await ipfs.resolve(`/ipfs/${want.get('d').cid}/one`, { cidBase: 'base32' }), `/ipfs/${parse(want.get('d/one').cid).toV1()}`)
  }],
  ['resolve: no such name', async ({ ipfs }) => {
    const want = await tree(parts)
    await fails(ipfs.resolve(`/ipfs/${want.get('d').cid}/nope`), /no link named "nope" under/)
  }]
]

const object = [
  ['object.patch.addLink and rmLink', async ({ ipfs, CID }) => {
    const made = await tree(parts)
    await ipfs.files.mkdir('/object-test', { parents: true })
    const dir = (await ipfs.files.stat('/object-test')).cid
    const leaf = CID.parse(made.get('d/one').cid)
    const one = await ipfs.object.patch.addLink(dir, { Name: 'one', Hash: leaf, Tsize: 12 })
    const want = await tree([{ path: 'p/one', content: parts[0].content }])
    same(String(one), want.get('p').cid)
    same(String(await ipfs.object.patch.rmLink(one, { Name: 'one' })), String(dir))
    await ipfs.files.rm('/object-test', { recursive: true })
  }],
  ['object.patch.rmLink: no such name', async ({ ipfs, CID }) => {
    await fails(ipfs.object.patch.rmLink(CID.parse((await tree(parts)).get('d').cid), { Name: 'nope' }), /not found|no link/)
  }]
]

export default [...block, ...dag, ...pin, ...refs, ...object]
