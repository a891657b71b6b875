// rpc_lib.mjs - the libraries by name
import * as kubo from 'kubo-rpc-client'
import * as http from 'ipfs-http-client'

const libs = { 'kubo-rpc-client': kubo, 'ipfs-http-client': http }

export const open = (lib, options) => libs[lib].create(options)
export const globSource = lib => libs[lib].globSource
export const cids = lib => libs[lib].CID
export const multiaddr = lib => libs[lib].multiaddr
