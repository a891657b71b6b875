// rpc.mjs LIBRARY URL [FAMILY ...] - calls of LIBRARY (kubo-rpc-client, ipfs-http-client) on the RPC at URL; TAP
import { Calls } from './rpc_tap.mjs'
import { cids, open } from './rpc_lib.mjs'

const [lib, url, ...some] = process.argv.slice(2)
const families = some.length > 0 ? some : ['add', 'blocks', 'files', 'node']
const calls = new Calls()
const context = { lib, url, ipfs: open(lib, { url }), CID: cids(lib), keep: {} }

for (const family of families) {
  await calls.run((await import(`./rpc_${family}.mjs`)).default, context)
}
process.exit(calls.failed > 0 ? 1 : 0)
