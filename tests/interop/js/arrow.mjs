// arrow.mjs FOLDER - Arrow streams of ours, read by apache-arrow for JavaScript; TAP.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tableFromIPC } from 'apache-arrow'

const top = process.argv[2]
const env = { ...process.env, IPFRS_PATH: top + '/store' }
let failed = 0
const ours = (verb, ...args) => execFileSync(`${process.env.BIN}/ipfrs-${verb}`, args, { env, maxBuffer: 1 << 28 })
const ok = (good, name, why = '') => {
  if (!good) failed++
  console.log(`${good ? 'ok' : 'not ok'} - ${name}`)
  if (!good) console.log('# ' + String(why).slice(0, 600).replaceAll('\n', '\n# '))
}
const same = (a, b) => a.length === b.length && Array.from(a).every((x, i) => Object.is(x, b[i]) || x === b[i])

// counts up from `first`
const types = {
  I8: Int8Array, U8: Uint8Array, I16: Int16Array, U16: Uint16Array, I32: Int32Array, U32: Uint32Array,
  I64: BigInt64Array, U64: BigUint64Array, F32: Float32Array, F64: Float64Array
}
const make = (type, n, first) => types[type].from({ length: n }, (_, i) => type.endsWith('64') && type[0] !== 'F' ? BigInt(first + i) : first + i)

function file (tensors) {
  const head = {}
  const data = []
  let at = 0
  for (const [name, { type, shape, values }] of Object.entries(tensors)) {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
    head[name] = { dtype: type, shape, data_offsets: [at, at + bytes.length] }
    at += bytes.length
    data.push(bytes)
  }
  let text = JSON.stringify(head)
  text += ' '.repeat((8 - text.length % 8) % 8)
  const n = Buffer.alloc(8)
  n.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([n, Buffer.from(text), ...data])
}

ours('init')
const tensors = {}
for (const type of Object.keys(types)) tensors[type.toLowerCase()] = { type, shape: [6, 4], values: make(type, 24, type[0] === 'U' ? 3 : -5) }
writeFileSync(top + '/t.safetensors', file(tensors))
const cid = ours('add', '-Q', top + '/t.safetensors').toString().trim()
for (const [name, { type, values }] of Object.entries(tensors)) {
  const t = tableFromIPC(ours('slice', '-f', 'arrow', cid, name))
  ok(t.numRows === 24 && t.numCols === 1 && same(t.getChildAt(0).toArray(), values), `${type}: a column`, t.schema)
  const f = t.schema.fields[0]
  ok(f.metadata.get('tensor_shape') === '6,4' && f.metadata.get('tensor_dtype') === type && t.schema.metadata.get('tensor_layout') === 'RowMajor',
    `${type}: its shape and type are told`, JSON.stringify([...f.metadata]))
  const s = tableFromIPC(ours('slice', '-f', 'arrow', cid, name, '1:3,::2'))
  ok(same(s.getChildAt(0).toArray(), [4, 6, 8, 10].map(i => values[i])), `${type}: a slice`, s.getChildAt(0).toArray())
  const rows = tableFromIPC(ours('slice', '-f', 'arrow-rows', cid, name))
  ok(rows.numRows === 6 && same(rows.getChildAt(0).get(2).toArray(), values.slice(8, 12)) &&
    rows.schema.fields[0].metadata.get('ARROW:extension:name') === 'arrow.fixed_shape_tensor', `${type}: a row for each step of the first axis`, rows.schema)
}
const names = Object.keys(tensors)
const several = tableFromIPC(ours('arrow', cid, ...names))
ok(several.numRows === 6 && several.numCols === names.length && names.every((n, i) => several.schema.fields[i].name === n), 'several tensors as columns', several.schema)
ok(names.every((n, i) => [0, 5].every(row => same(several.getChildAt(i).get(row).toArray(), tensors[n].values.slice(4 * row, 4 * row + 4)))), 'and their rows')
writeFileSync(top + '/t.csv', 'id,name,score,when\n1,"a, b",0.5,2024-02-29\n2,,,\n3,é\u{1f600},-1e300,1969-12-31\n')
const csv = tableFromIPC(ours('arrow', top + '/t.csv'))
ok(csv.numRows === 3 && csv.schema.fields.map(f => f.name).join() === 'id,name,score,when', 'CSV: a table', csv.schema)
ok(same(csv.getChild('id').toArray(), [1n, 2n, 3n]) && csv.getChild('name').get(0) === 'a, b' && csv.getChild('name').get(2) === 'é\u{1f600}' &&
  csv.getChild('score').get(1) === null && csv.getChild('score').get(2) === -1e300, 'CSV: values and nulls', csv.toString())
ok(Number(csv.getChild('when').get(0)) === Date.UTC(2024, 1, 29) && Number(csv.getChild('when').get(2)) === -86400000, 'CSV: dates', csv.getChild('when').get(0))
process.exit(failed ? 1 : 0)
