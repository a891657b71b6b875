// rpc_tar.mjs - the entries of a tar, with the names PAX gives long ones
const field = (b, at, n) => { const s = b.subarray(at, at + n); const end = s.indexOf(0); return s.subarray(0, end < 0 ? n : end).toString() }

function pax (body) {
  const out = {}
  for (let at = 0; at < body.length;) {
    const n = parseInt(body.subarray(at, body.indexOf(32, at)).toString(), 10)
    const line = body.subarray(body.indexOf(32, at) + 1, at + n - 1).toString()
    out[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1)
    at += n
  }
  return out
}

export function extract (tar) {
  const out = []
  let more = {}
  let at = 0
  for (; at + 512 <= tar.length && tar[at] !== 0;) {
    const head = tar.subarray(at, at + 512)
    const sum = head.reduce((a, c, i) => a + (i >= 148 && i < 156 ? 32 : c), 0)
    if (sum !== parseInt(field(head, 148, 8), 8)) throw new Error(`tar: wrong sum at ${at}`)
    const type = String.fromCharCode(head[156] || 48)
    const size = parseInt(more.size ?? field(head, 124, 12), more.size ? 10 : 8)
    const body = tar.subarray(at + 512, at + 512 + size)
    if (body.length !== size) throw new Error('tar: cut off')
    const prefix = field(head, 345, 155)
    const name = more.path ?? (prefix ? prefix + '/' : '') + field(head, 0, 100)
    if (type === 'x') more = pax(body)
    else {
      out.push({ name, type, body, mode: parseInt(field(head, 100, 8), 8), link: more.linkpath ?? field(head, 157, 100) })
      more = {}
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  if (tar.length < at + 1024) throw new Error('tar: no end')
  return out
}
