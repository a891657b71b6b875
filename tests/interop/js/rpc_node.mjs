// rpc_node.mjs - the node itself, its keys, names and settings: calls for both libraries
import { all, bytes, fails, same, some, text, yes } from './rpc_tap.mjs'
import { blockCid, fileCid } from './rpc_cid.mjs'
import { multiaddr, open } from './rpc_lib.mjs'

const OFFLINE = /must be run in online mode|not online|offline|no network/
const ED = { type: 'ed25519' }      // the older library would say Ed25519, which no server knows any more
const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'

const keys = [
  ['key.gen: ed25519', async ({ ipfs, keep }) => {
    const k = await ipfs.key.gen('alpha', ED)
    same(k.name, 'alpha')
    yes(/^k51qzi5uqu5d[a-z0-9]{50}$/.test(k.id), k.id)
    keep.alpha = k.id
  }],
  ['key.gen: rsa, secp256k1', async ({ ipfs }) => {
    yes(/^k2k4r8/.test((await ipfs.key.gen('rsa', { type: 'rsa', size: 2048 })).id), 'the digest of a key')
    yes(/^kzwfwjn5ji4p/.test((await ipfs.key.gen('secp', { type: 'secp256k1' })).id), 'the key itself')
  }],
  ['key.gen: a name that is taken', async ({ ipfs }) => { await fails(ipfs.key.gen('alpha', ED), /key with name 'alpha' already exists/) }],
  ['key.gen: self', async ({ ipfs }) => { await fails(ipfs.key.gen('self', ED), /cannot create key with name 'self'/) }],
  ['key.gen: a type that is none', async ({ ipfs }) => { await fails(ipfs.key.gen('odd', { type: 'nonsense' }), /unrecognized key type: nonsense/) }],
  ['key.list', async ({ ipfs, keep }) => {
    const got = await ipfs.key.list()
    same(got[0].name, 'self')
    same(got.find(k => k.name === 'alpha').id, keep.alpha)
    same(got.map(k => k.name).sort(), ['alpha', 'rsa', 'secp', 'self'])
  }],
  ['key.rename', async ({ ipfs, keep }) => {
    same(await ipfs.key.rename('secp', 'beta').then(r => [r.was, r.now, r.overwrite]), ['secp', 'beta', false])
    await fails(ipfs.key.rename('nope', 'gamma'), /no key/)
    await fails(ipfs.key.rename('beta', 'alpha'), /already exists/)
    same((await ipfs.key.rename('beta', 'rsa', { force: true })).overwrite, true)
  }],
  ['key.rm', async ({ ipfs }) => {
    same((await ipfs.key.rm('rsa')).name, 'rsa')
    await fails(ipfs.key.rm('rsa'), /no key/)
    same((await ipfs.key.list()).map(k => k.name).sort(), ['alpha', 'self'])
  }],
  ['key.rm: self', async ({ ipfs }) => { await fails(ipfs.key.rm('self'), /cannot remove key with name 'self'/) }],
  ['key.import: without a body', async ({ ipfs }) => { await fails(ipfs.key.import('pem', 'no pem', 'x'), /file argument 'key' is required/) }]
]

const names = [
  ['name.publish: with a key', async ({ ipfs, keep }) => {
    const { cid } = await ipfs.add('what a name means')
    keep.meant = `/ipfs/${cid}`
    const got = await ipfs.name.publish(cid, { key: 'alpha', allowOffline: true })
    same([got.name, got.value], [keep.alpha, keep.meant])
  }],
  ['name.publish: as oneself, for an hour', async ({ ipfs, keep }) => {
    const got = await ipfs.name.publish(keep.meant, { lifetime: '1h', ttl: '10s', resolve: true, allowOffline: true })
    same(got.value, keep.meant)
    keep.self = got.name
  }],
  ['name.publish: a key that is none', async ({ ipfs, keep }) => { await fails(ipfs.name.publish(keep.meant, { key: 'nope', allowOffline: true }), /no key by the given name|not a known key|no key named/) }],
  ['name.publish: a path that is none', async ({ ipfs }) => { await fails(ipfs.name.publish('nonsense', { allowOffline: true }), /invalid path|cid/i) }],
  ['name.resolve', async ({ ipfs, keep }) => {
    same(await all(ipfs.name.resolve(`/ipns/${keep.alpha}`, { offline: true })), [keep.meant])
    same(await all(ipfs.name.resolve(keep.self)), [keep.meant])
  }],
  ['name.resolve: of a name of a name', async ({ ipfs, keep }) => {
    const k = await ipfs.key.gen('outer', ED)
    await ipfs.name.publish(`/ipns/${keep.alpha}`, { key: 'outer', resolve: false, allowOffline: true })
    same((await all(ipfs.name.resolve(k.id, { recursive: true }))).at(-1), keep.meant)
    same((await all(ipfs.name.resolve(k.id, { recursive: false }))).at(-1), `/ipns/${keep.alpha}`)
    await ipfs.key.rm('outer')
  }],
  ['cat: by name', async ({ ipfs, keep }) => same(String(await bytes(ipfs.cat(`/ipns/${keep.alpha}`))), 'what a name means')],
  ['resolve: a name', async ({ ipfs, keep }) => same(await ipfs.resolve(`/ipns/${keep.alpha}`), keep.meant)],
  ['name.resolve: never published', async ({ ipfs }) => {
    const k = await ipfs.key.gen('silent', ED)
    const got = await all(ipfs.name.resolve(k.id, { timeout: 5000 })).catch(e => e)
    yes(got.length === 0 || /could not resolve name|not found|Timeout/.test(got.message), `nothing: ${got}`)
    await ipfs.key.rm('silent')
  }],
  ['name.pubsub.subs: not enabled', async ({ ipfs }) => { await fails(ipfs.name.pubsub.subs(), /IPNS pubsub subsystem is not enabled/) }],
  ['name.pubsub.state: not enabled', async ({ ipfs }) => same(await ipfs.name.pubsub.state().then(s => s.enabled), false)]
]

const node = [
  ['id', async ({ ipfs }) => {
    const id = await ipfs.id()
    yes(/^12D3KooW/.test(String(id.id)) || /^Qm/.test(String(id.id)), String(id.id))
    yes(/kubo|ipfrs/.test(id.agentVersion), id.agentVersion)
    yes(id.publicKey.length > 40, 'a key')
    const self = (await ipfs.key.list()).find(k => k.name === 'self').id
    same((await ipfs.id({ peeridBase: 'base36', peerId: undefined })).publicKey, id.publicKey)
    yes(self.startsWith('k'), self)
  }],
  ['isOnline', async ({ ipfs }) => same(await ipfs.isOnline(), false)],
  ['version', async ({ ipfs }) => {
    const v = await ipfs.version()
    yes(/^\d+\.\d+\.\d+/.test(v.version), v.version)
    yes(v.system.includes('/') && v.golang != null && /^\d+$/.test(v.repo), 'its other parts')
  }],
  ['commands', async ({ ipfs }) => {
    const got = await ipfs.commands()
    const by = Object.fromEntries(got.Subcommands.map(c => [c.Name, c.Subcommands.map(s => s.Name)]))
    for (const c of ['add', 'block', 'cat', 'dag', 'files', 'id', 'key', 'ls', 'name', 'pin', 'refs', 'repo', 'version']) yes(c in by, c)
    yes(['get', 'put', 'rm', 'stat'].every(c => by.block.includes(c)), 'block/…')
  }],
  ['commands: with their options', async ({ ipfs }) => {
    const got = await ipfs.commands({ flags: true })
    const add = got.Subcommands.find(c => c.Name === 'add')
    yes(add.Options.some(o => o.Names.includes('cid-version')), 'cid-version of add')
    yes(add.Options.some(o => o.Names.includes('w') && o.Names.includes('wrap-with-directory')), 'and its letters')
  }],
  ['repo.stat', async ({ ipfs }) => {
    const before = await ipfs.repo.stat()
    await ipfs.block.put(some(100, Math.random()))
    const after = await ipfs.repo.stat()
    same(after.numObjects - before.numObjects, 1)
    yes(after.repoSize > 0n && after.storageMax > after.repoSize, 'its sizes')
    yes(/^fs-repo@\d+$/.test(after.version) && after.repoPath.startsWith('/'), after.version)
  }],
  ['stats.repo', async ({ ipfs }) => same((await ipfs.stats.repo()).numObjects, (await ipfs.repo.stat()).numObjects)],
  ['repo.version', async ({ ipfs }) => yes(/^\d+$/.test(String(await ipfs.repo.version())), 'a number')],
  ['repo.gc', async ({ ipfs }) => {
    const loose = await ipfs.add(some(1000, 60), { pin: false, cidVersion: 1, rawLeaves: true })
    const kept = await ipfs.add(some(1000, 61), { cidVersion: 1, rawLeaves: true })
    const got = await all(ipfs.repo.gc())
    yes(got.every(r => r.err == null), 'no errors')
    yes(got.some(r => String(r.cid) === String(loose.cid)), 'what nothing holds is gone')
    yes(!got.some(r => String(r.cid) === String(kept.cid)), 'what is pinned is not')
    await fails(ipfs.block.get(loose.cid, { timeout: 5000 }), /could not find/)
    same(await ipfs.block.get(kept.cid), some(1000, 61))
  }],
  ['repo.gc: quiet', async ({ ipfs }) => {
    await ipfs.block.put(some(100, 62))
    yes((await all(ipfs.repo.gc({ quiet: true }))).every(r => r.err == null), 'no errors')
  }],
  ['bootstrap.add, list, rm', async ({ ipfs, lib }) => {
    const addr = `/ip4/127.0.0.1/tcp/4999/p2p/${PEER}`
    const own = multiaddr(lib)(addr)
    same((await ipfs.bootstrap.add(own)).Peers.map(String), [addr])
    yes((await ipfs.bootstrap.list()).Peers.map(String).includes(addr), 'in the list')
    same((await ipfs.bootstrap.rm(own)).Peers.map(String), [addr])
    await ipfs.bootstrap.add(own)
    if (ipfs.bootstrap.clear == null) return
    yes((await ipfs.bootstrap.clear()).Peers.map(String).includes(addr), 'and cleared')
  }],
  ['bootstrap.add: no address', async ({ ipfs }) => { await fails(ipfs.bootstrap.add('nonsense'), /multiaddr|invalid/i) }],
  ['log.ls', async ({ ipfs }) => yes((await ipfs.log.ls()).length > 3, 'several')],
  ['log.level', async ({ ipfs }) => {
    const one = (await ipfs.log.ls())[0]
    yes(/Changed log level of/.test((await ipfs.log.level(one, 'error')).message), 'changed')
    await fails(ipfs.log.level(one, 'nonsense'), /level|unrecognized/i)
    await ipfs.log.level('all', 'error')
  }],
  ['diag.cmds', async ({ ipfs }) => {
    const got = await ipfs.diag.cmds()
    yes(Array.isArray(got) && got.every(c => typeof (c.Command ?? c.command) === 'string'), 'commands')
  }],
  ['diag.sys', async ({ ipfs }) => {
    const got = await ipfs.diag.sys()
    for (const k of ['diskinfo', 'environment', 'ipfs_version', 'memory', 'net', 'runtime']) yes(k in got, k)
  }]
]

const config = [
  ['config.get and config.set: a text', async ({ ipfs }) => {
    const before = await ipfs.config.get('Datastore.StorageMax')
    yes(/^\d+(\.\d+)?([KMGT]?i?B)?$/.test(before), before)
    await ipfs.config.set('Datastore.StorageMax', '20GB')
    same(await ipfs.config.get('Datastore.StorageMax'), '20GB')
    await ipfs.config.set('Datastore.StorageMax', before)
  }],
  ['config.getAll', async ({ ipfs }) => {
    const got = await ipfs.config.getAll()
    yes(got.Identity.PeerID.length > 40, 'its peer ID')
    same(got.Identity.PrivKey, undefined, 'and no private key')
    yes(got.Datastore.StorageMax != null && got.Addresses != null, 'its sections')
  }],
  ['config.get: no such key', async ({ ipfs }) => { await fails(ipfs.config.get('No.Such.Key'), /failed to get config value|key not found|no such key/i) }],
  ['config.get: the private key', async ({ ipfs }) => { await fails(ipfs.config.get('Identity.PrivKey'), /cannot show or change private key through API/) }]
]

const unplugged = [
  ['swarm.peers: offline', async ({ ipfs }) => { await fails(ipfs.swarm.peers(), OFFLINE) }],
  ['swarm.addrs: offline', async ({ ipfs }) => { await fails(ipfs.swarm.addrs(), OFFLINE) }],
  ['swarm.localAddrs: offline', async ({ ipfs }) => { await fails(ipfs.swarm.localAddrs(), OFFLINE) }],
  ['swarm.connect: offline', async ({ ipfs, lib }) => { await fails(ipfs.swarm.connect(multiaddr(lib)(`/ip4/127.0.0.1/tcp/4/p2p/${PEER}`)), OFFLINE) }],
  ['bitswap.stat: offline', async ({ ipfs }) => { await fails(ipfs.bitswap.stat(), OFFLINE) }],
  ['bitswap.wantlist: offline', async ({ ipfs }) => { await fails(ipfs.bitswap.wantlist(), OFFLINE) }],
  ['stats.bw: offline', async ({ ipfs }) => { await fails(all(ipfs.stats.bw()), OFFLINE) }],
  ['ping: offline', async ({ ipfs }) => { await fails(all(ipfs.ping(PEER)), OFFLINE) }],
  ['pubsub.ls', async ({ ipfs }) => { await fails(ipfs.pubsub.ls(), /experimental pubsub feature not enabled|online mode/) }],
  ['pubsub.publish', async ({ ipfs }) => { await fails(ipfs.pubsub.publish('topic', text('x')), /experimental pubsub feature not enabled|online mode/) }],
  ['pubsub.subscribe', async ({ ipfs }) => { await fails(ipfs.pubsub.subscribe('topic', () => {}), /experimental pubsub feature not enabled|online mode/) }],
  ['routing: find providers', async ({ ipfs }) => {
    const cid = (await ipfs.add('provided by nobody')).cid
    await fails(all((ipfs.routing ?? ipfs.dht).findProvs(cid)), ipfs.routing ? OFFLINE : /removed|online mode/)
  }],
  ['routing: find a peer', async ({ ipfs }) => { await fails(all((ipfs.routing ?? ipfs.dht).findPeer(PEER)), ipfs.routing ? OFFLINE : /removed|online mode/) }],
  ['routing: provide', async ({ ipfs }) => {
    const cid = (await ipfs.add('provided by nobody')).cid
    await fails(all((ipfs.routing ?? ipfs.dht).provide(cid)), ipfs.routing ? OFFLINE : /removed|online mode/)
  }],
  ['what servers removed: dns, object.get, object.data, object.new', async ({ ipfs, CID, lib }) => {
    if (lib === 'kubo-rpc-client') return 'not in this library any more'
    const cid = CID.parse('QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn')
    await fails(ipfs.object.get(cid), /removed, use 'ipfs dag'/)
    await fails(ipfs.object.data(cid), /removed, use 'ipfs dag'/)
    await fails(ipfs.object.new(), /removed, use 'ipfs dag'/)
    await fails(ipfs.object.patch.setData(cid, text('x')), /removed, use 'ipfs/)
    await fails(ipfs.dns('ipfs.tech'), /404/)
  }]
]

const manners = [
  ['a timeout on the server', async ({ ipfs }) => {
    const start = Date.now()
    await fails(all(ipfs.cat('QmYzfKSE55XCjD1MW128RfciAf2DViABhEiXfgVFMabSjN', { timeout: 300 })), /could not find|Timeout|deadline/)
    yes(Date.now() - start < 5000, 'soon')
  }],
  ['an abort before anything was sent', async ({ ipfs }) => { await fails(ipfs.id({ signal: AbortSignal.abort() }), /abort/i) }],
  ['an option nobody knows', async ({ ipfs }) => { yes((await ipfs.version({ noSuchOption: 'x', another: 3 })).version, 'ignored') }],
  ['an option of the wrong kind', async ({ ipfs }) => { await fails(ipfs.refs('QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn', { recursive: 'perhaps' }).next(), /could not convert value "perhaps" to type "bool"/) }],
  ['a header of one\'s own', async ({ lib, url }) => { yes((await open(lib, { url, headers: { 'X-Mine': 'yes' } }).version()).version, 'no harm') }],
  ['an address in its parts', async ({ lib, url }) => {
    const u = new URL(url)
    yes((await open(lib, { protocol: 'http', host: u.hostname, port: u.port }).version()).version, 'the same server')
  }],
  ['twenty calls at once', async ({ ipfs }) => {
    const datas = Array.from({ length: 20 }, (_, i) => some(300000 + i, i))
    const cids = await Promise.all(datas.map(d => ipfs.add(d).then(r => String(r.cid))))
    same(cids, await Promise.all(datas.map(d => fileCid(d))))
    const back = await Promise.all(cids.map(c => bytes(ipfs.cat(c))))
    back.forEach((b, i) => same(b, datas[i]))
  }],
  ['a hundred small ones, one after the other', async ({ ipfs }) => {
    for (let i = 0; i < 100; i++) {
      const cid = await ipfs.block.put(text(`block ${i}`))
      same(String(cid), await blockCid(text(`block ${i}`)))
      same(String(Buffer.from(await ipfs.block.get(cid))), `block ${i}`)
    }
  }]
]

export default [...keys, ...names, ...node, ...config, ...unplugged, ...manners]
