// rpc_files.mjs - the mutable file system: calls for both libraries
import { all, bytes, fails, same, some, text, yes } from './rpc_tap.mjs'
import { fileCid, tree } from './rpc_cid.mjs'

const hello = text('hello\n')
const mid = some(1000000, 30)
const names = async (ipfs, path) => (await all(ipfs.files.ls(path))).map(e => e.name)
// what is written grows leaf by leaf: a root with one link even where all of it would fit
const written = content => fileCid(content, { trickle: true })
const read = (ipfs, path, options) => bytes(ipfs.files.read(path, options))

const making = [
  ['files.mkdir', async ({ ipfs }) => {
    await ipfs.files.mkdir('/t')
    const s = await ipfs.files.stat('/t')
    same([String(s.cid), s.size, s.type, s.blocks], [(await tree([{ path: 'e' }])).get('e').cid, 0, 'directory', 0])
  }],
  ['files.mkdir: there already', async ({ ipfs }) => { await fails(ipfs.files.mkdir('/t'), /file already exists/) }],
  ['files.mkdir: parents', async ({ ipfs }) => {
    await fails(ipfs.files.mkdir('/t/a/b/c'), /file does not exist/)
    await ipfs.files.mkdir('/t/a/b/c', { parents: true })
    await ipfs.files.mkdir('/t/a/b/c', { parents: true })
    same(await names(ipfs, '/t/a/b'), ['c'])
  }],
  ['files.mkdir: cidVersion 1', async ({ ipfs }) => {
    await ipfs.files.mkdir('/t/v1', { cidVersion: 1 })
    same(String((await ipfs.files.stat('/t/v1')).cid), 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354')
  }],
  ['files.mkdir: no slash in front', async ({ ipfs }) => { await fails(ipfs.files.mkdir('t/rel'), /paths must start with a leading slash/) }],
  ['files.write: create', async ({ ipfs }) => {
    await ipfs.files.write('/t/hello', hello, { create: true })
    const s = await ipfs.files.stat('/t/hello')
    same([String(s.cid), s.size, s.type, s.cumulativeSize], [await written(hello), 6, 'file', 64])
  }],
  ['files.write: without create', async ({ ipfs }) => { await fails(ipfs.files.write('/t/none', hello), /file does not exist/) }],
  ['files.write: parents', async ({ ipfs }) => {
    await fails(ipfs.files.write('/t/p/q/r', hello, { create: true }), /file does not exist/)
    await ipfs.files.write('/t/p/q/r', hello, { create: true, parents: true })
    same(await read(ipfs, '/t/p/q/r'), hello)
  }],
  ['files.write: a stream of several blocks', async ({ ipfs }) => {
    await ipfs.files.write('/t/mid', (function * () { for (let i = 0; i < mid.length; i += 60000) yield mid.subarray(i, i + 60000) })(), { create: true })
    same(await read(ipfs, '/t/mid'), mid)
    same((await ipfs.files.stat('/t/mid')).blocks, 4)
  }],
  ['files.write: at an offset', async ({ ipfs }) => {
    await ipfs.files.write('/t/mid', text('HERE'), { offset: 262142 })
    const want = Buffer.from(mid)
    want.set(text('HERE'), 262142)
    same(await read(ipfs, '/t/mid'), want)
    same((await ipfs.files.stat('/t/mid')).size, mid.length)
  }],
  ['files.write: over what is there', async ({ ipfs }) => {
    await ipfs.files.write('/t/over', text('a longer text'), { create: true })
    await ipfs.files.write('/t/over', text('SHORT'))
    same(String(await read(ipfs, '/t/over')), 'SHORTger text')
  }],
  ['files.write: truncate', async ({ ipfs }) => {
    await ipfs.files.write('/t/over', text('new'), { truncate: true })
    same(String(await read(ipfs, '/t/over')), 'new')
  }],
  ['files.write: past its end', async ({ ipfs }) => {
    await ipfs.files.write('/t/over', text('end'), { offset: 6 })
    same(String(await read(ipfs, '/t/over')), 'new\0\0\0end')
  }],
  ['files.write: only so much', async ({ ipfs }) => {
    await ipfs.files.write('/t/count', text('0123456789'), { create: true, length: 4 })
    same(String(await read(ipfs, '/t/count')), '0123')
  }],
  ['files.write: raw leaves, cidVersion 1', async ({ ipfs }) => {
    await ipfs.files.write('/t/raw', hello, { create: true, rawLeaves: true, cidVersion: 1 })
    same(String((await ipfs.files.stat('/t/raw')).cid), await fileCid(hello, { cidVersion: 1 }))
  }],
  ['files.write: to a directory', async ({ ipfs }) => { await fails(ipfs.files.write('/t/a', hello), /not a file|is a directory|not a UnixFS file/i) }],
  ['files.write: mode and mtime are no harm', async ({ ipfs }) => {
    await ipfs.files.write('/t/meta', hello, { create: true, mode: 0o600, mtime: { secs: 5, nsecs: 0 } })
    same(await read(ipfs, '/t/meta'), hello)
  }],
  ['files.write: 40 in a row, unflushed, then flush', async ({ ipfs }) => {
    await ipfs.files.mkdir('/t/forty')
    for (let i = 0; i < 40; i++) await ipfs.files.write(`/t/forty/f${i}`, text(`file ${i}`), { create: true, flush: false })
    const cid = await ipfs.files.flush('/t/forty')
    const want = await tree(Array.from({ length: 40 }, (_, i) => ({ path: `d/f${i}`, content: text(`file ${i}`) })), { trickle: true })
    same((await names(ipfs, '/t/forty')).length, 40)
    for (let i = 0; i < 40; i += 13) same(String(await bytes(ipfs.cat(`${cid}/f${i}`))), `file ${i}`)
    same(String(cid), want.get('d').cid)
  }]
]

const reading = [
  ['files.read: offset and length', async ({ ipfs }) => {
    await ipfs.files.write('/t/mid', mid, { truncate: true })
    for (const [offset, length] of [[0, 10], [262140, 10], [999990, 100], [0, 0]]) {
      same(await read(ipfs, '/t/mid', { offset, length, count: length }), mid.subarray(offset, offset + length), `${offset}+${length}`)
    }
  }],
  ['files.read: past its end', async ({ ipfs }) => { await fails(read(ipfs, '/t/hello', { offset: 100 }), /offset was past end of file \(100 > 6\)/) }],
  ['files.read: nothing there', async ({ ipfs }) => { await fails(read(ipfs, '/t/none'), /file does not exist/) }],
  ['files.read: a directory', async ({ ipfs }) => { await fails(read(ipfs, '/t'), /was not a file/) }],
  ['files.ls', async ({ ipfs }) => {
    const got = await all(ipfs.files.ls('/t'))
    same(got.map(e => e.name), ['a', 'count', 'forty', 'hello', 'meta', 'mid', 'over', 'p', 'raw', 'v1'])
    const by = Object.fromEntries(got.map(e => [e.name, [e.type, e.size, String(e.cid)]]))
    same(by.hello, ['file', 6, await written(hello)])
    same(by.a.slice(0, 2), ['directory', 0])
  }],
  ['files.ls: an empty directory', async ({ ipfs }) => same(await all(ipfs.files.ls('/t/a/b/c')), [])],
  ['files.ls: a file', async ({ ipfs }) => same((await all(ipfs.files.ls('/t/hello'))).map(e => [e.name, e.type, e.size]), [['hello', 'file', 6]])],
  ['files.ls: short', async ({ ipfs, lib }) => lib === 'kubo-rpc-client'
    ? 'it insists on a CID'
    : same((await all(ipfs.files.ls('/t/p', { long: false }))).map(e => e.name), ['q'])],
  ['files.ls: nothing there', async ({ ipfs }) => { await fails(all(ipfs.files.ls('/t/none')), /file does not exist/) }],
  ['files.stat: with what is local', async ({ ipfs }) => {
    const s = await ipfs.files.stat('/t/mid', { withLocal: true })
    same([s.withLocality, s.local], [true, true])
    yes(s.sizeLocal > 1000000, 'all of it')
  }],
  ['files.stat: of what is not in it', async ({ ipfs }) => {
    const { cid } = await ipfs.add(mid)
    const s = await ipfs.files.stat(`/ipfs/${cid}`)
    same([String(s.cid), s.size, s.type, s.blocks], [String(cid), 1000000, 'file', 4])
  }],
  ['files.stat: nothing there', async ({ ipfs }) => { await fails(ipfs.files.stat('/t/none'), /file does not exist/) }],
  ['files.stat: hash and size at once', async ({ ipfs }) => { await fails(ipfs.files.stat('/t', { hash: true, size: true }), /Only one format option is allowed/) }]
]

const moving = [
  ['files.cp: inside', async ({ ipfs }) => {
    await ipfs.files.cp('/t/hello', '/t/copy')
    same(String((await ipfs.files.stat('/t/copy')).cid), await written(hello))
  }],
  ['files.cp: from a CID', async ({ ipfs }) => {
    const made = await all(ipfs.addAll([{ path: 'd/one', content: hello }, { path: 'd/sub/two', content: mid }]))
    await ipfs.files.cp(made.at(-1).cid, '/t/tree')
    await ipfs.files.cp(`/ipfs/${made.at(-1).cid}/sub/two`, '/t/two')
    same(await read(ipfs, '/t/tree/sub/two'), mid)
    same(await read(ipfs, '/t/two'), mid)
  }],
  ['files.cp: into a directory', async ({ ipfs }) => {
    await ipfs.files.cp('/t/hello', '/t/a/')
    same(await read(ipfs, '/t/a/hello'), hello)
  }],
  ['files.cp: parents', async ({ ipfs }) => {
    await fails(ipfs.files.cp('/t/hello', '/t/x/y/z'), /file does not exist/)
    await ipfs.files.cp('/t/hello', '/t/x/y/z', { parents: true })
    same(await read(ipfs, '/t/x/y/z'), hello)
  }],
  ['files.cp: there already', async ({ ipfs }) => { await fails(ipfs.files.cp('/t/hello', '/t/copy'), /directory already has entry by that name/) }],
  ['files.cp: there already and forced', async ({ ipfs }) => {
    await ipfs.files.cp('/t/mid', '/t/copy', { force: true })
    same(await read(ipfs, '/t/copy'), mid)
  }],
  ['files.cp: from nothing', async ({ ipfs }) => { await fails(ipfs.files.cp('/t/none', '/t/copy2'), /cannot get node from path/) }],
  ['files.mv', async ({ ipfs }) => {
    await ipfs.files.mv('/t/copy', '/t/moved')
    same(await read(ipfs, '/t/moved'), mid)
    await fails(ipfs.files.stat('/t/copy'), /file does not exist/)
  }],
  ['files.mv: into a directory', async ({ ipfs }) => {
    await ipfs.files.mv('/t/moved', '/t/a')
    same(await names(ipfs, '/t/a'), ['b', 'hello', 'moved'])
  }],
  ['files.mv: from nothing', async ({ ipfs }) => { await fails(ipfs.files.mv('/t/none', '/t/b'), /file does not exist/) }],
  ['files.flush', async ({ ipfs }) => same(String(await ipfs.files.flush('/t')), String((await ipfs.files.stat('/t')).cid))],
  ['files.touch and files.chmod', async ({ ipfs }) => {
    if (ipfs.files.touch == null) return 'not in this library'
    await ipfs.files.touch('/t/hello', { mtime: { secs: 1600000000, nsecs: 0 } })
    same((await ipfs.files.stat('/t/hello')).mtime, { secs: 1600000000, nsecs: 0 })
    // it names the mode an option, which no server knows: one clear error
    await fails(ipfs.files.chmod('/t/hello', 0o600), /argument "path" is required/)
  }],
  ['files.rm', async ({ ipfs }) => {
    await ipfs.files.rm('/t/two')
    await fails(ipfs.files.stat('/t/two'), /file does not exist/)
  }],
  ['files.rm: a directory, not recursive', async ({ ipfs }) => {
    await fails(ipfs.files.rm('/t/a'), /is a directory, use -r/)
    same((await names(ipfs, '/t/a')).length, 3)
  }],
  ['files.rm: nothing there', async ({ ipfs }) => { await fails(ipfs.files.rm('/t/none'), /file does not exist/) }],
  ['files.rm: nothing there and forced', async ({ ipfs }) => { await ipfs.files.rm('/t/none', { force: true }) }],
  ['files.rm: several', async ({ ipfs }) => {
    await ipfs.files.rm(['/t/meta', '/t/count'])
    same((await names(ipfs, '/t')).filter(n => ['meta', 'count'].includes(n)), [])
  }],
  ['files.rm: the root', async ({ ipfs }) => { await fails(ipfs.files.rm('/', { recursive: true }), /cannot delete root/) }],
  ['files.rm: recursive', async ({ ipfs }) => {
    await ipfs.files.rm('/t', { recursive: true })
    same((await names(ipfs, '/')).includes('t'), false)
  }]
]

export default [...making, ...reading, ...moving]
