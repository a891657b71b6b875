// rpc_tap.mjs - a call a line: a name and a function, which throws where an answer is not what it has to be.
import { createCipheriv, createHash } from 'node:crypto'
import { inspect, isDeepStrictEqual } from 'node:util'

const LIMIT = 300000    // a call that is never answered ends the program

export class Calls {
  failed = 0

  // run each of a table of [name, function]; a text that comes back is why a call was left out
  async run (table, ...context) {
    for (const [name, fn] of table) {
      const late = setTimeout(() => {
        console.log(`not ok - ${name}\n# no answer in ${LIMIT / 1000} s`)
        process.exit(1)
      }, LIMIT)
      try {
        const why = await fn(...context)
        console.log(`ok - ${name}${typeof why === 'string' ? ` # SKIP ${why}` : ''}`)
      } catch (e) {
        this.failed++
        const text = e?.stack ?? inspect(e)
        console.log(`not ok - ${name}\n# ${text.slice(0, 900).replaceAll('\n', '\n# ')}`)
      }
      clearTimeout(late)
    }
  }
}

// 1 and 1n are the same, so are a CID and its text
const plain = v => typeof v === 'bigint' ? Number(v) : v?.asCID || v?.['/'] instanceof Uint8Array ? String(v) : v

export function same (got, want, what = 'value') {
  got = plain(got)
  want = plain(want)
  if (got instanceof Uint8Array && want instanceof Uint8Array) {
    if (Buffer.compare(got, want) !== 0) throw new Error(`${what}: ${got.length} bytes, wanted ${want.length} others`)
  } else if (!isDeepStrictEqual(got, want)) {
    throw new Error(`${what}: ${inspect(got, { depth: 5 })}, wanted ${inspect(want, { depth: 5 })}`)
  }
}

export function yes (good, what) {
  if (!good) throw new Error(`not so: ${what}`)
}

export async function fails (promise, pattern) {
  let got
  try {
    got = await promise
  } catch (e) {
    if (!pattern.test(`${e.name}: ${e.message}`)) throw new Error(`failed as "${e.name}: ${e.message}", wanted ${pattern}`)
    return e
  }
  throw new Error(`did not fail: ${inspect(got)}`)
}

export async function all (source) {
  const out = []
  for await (const item of source) out.push(item)
  return out
}

export async function bytes (source) {
  return Buffer.concat(await all(source))
}

export const text = s => new TextEncoder().encode(s)

// n bytes, the same every time for a seed, a piece at a time
export function * noise (n, seed = 1, piece = 1 << 20) {
  const cipher = createCipheriv('aes-128-ctr', createHash('md5').update(String(seed)).digest(), Buffer.alloc(16))
  const zeros = Buffer.alloc(piece)
  for (; n > 0; n -= piece) yield cipher.update(n < piece ? zeros.subarray(0, n) : zeros)
}

export const some = (n, seed) => Buffer.concat([...noise(n, seed)])

export async function sha256 (source) {
  const hash = createHash('sha256')
  let length = 0
  for await (const piece of source) {
    hash.update(piece)
    length += piece.length
  }
  return { hash: hash.digest('hex'), length }
}
