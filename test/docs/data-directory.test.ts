import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { recordKind } from '../../kernel/spool/record.ts'
import { formatNumber } from '../../storage-plugins/file/frame.ts'

const root = path.join(import.meta.dirname, '../..')
const page = readFileSync(path.join(root, 'docs/reference/data-directory.md'), 'utf8')
const fixture = path.join(root, `test/faults/fixtures/format-${formatNumber}`)
const files = readdirSync(fixture, { recursive: true, encoding: 'utf8' }).filter(name => /\.\w+$|^format$/.test(name))
const framed = files.filter(name => name !== 'format')

/** The rows of the table that follows a text. */
function rowsAfter(text: string): string[][] {
  const lines = page.slice(page.indexOf(text)).split('\n')
  const from = lines.findIndex(line => line.startsWith('|---'))
  const rows = lines.slice(from + 1)
  const end = rows.findIndex(line => !line.startsWith('|'))
  return rows.slice(0, end).map(row =>
    row
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )
}

/** Reads fields where the page says they are. */
class Layout {
  readonly #fields: Map<string, { at: number; bytes: number }>

  constructor(title: string) {
    const fields = rowsAfter(title).map(
      ([at, bytes, field = '']) => [field, { at: Number(at), bytes: Number(bytes) }] as const,
    )
    this.#fields = new Map(fields)
  }

  get bytes(): number {
    return Math.max(...[...this.#fields.values()].map(({ at, bytes }) => at + bytes))
  }

  read(file: Buffer, from: number, field: string): number {
    const found = [...this.#fields].find(([name]) => name.startsWith(field))
    if (!found) throw new Error(`the page has no field ${field}`)
    return Number(file.readUIntLE(from + found[1].at, Math.min(6, found[1].bytes)))
  }
}

const segment = new Layout('segment header, 24 bytes')
const frame = new Layout('frame header, 24 bytes')

/** The records of a file, by the page alone; fails where the page does not fit. */
function recordsOf(name: string): Buffer[] {
  const file = readFileSync(path.join(fixture, name))
  expect(file.subarray(0, 4).toString()).toBe('RMQ1')
  expect(segment.read(file, 0, 'format')).toBe(formatNumber)
  expect(segment.read(file, 0, 'CRC')).toBe(crc32(file.subarray(0, 20)))
  const digits = Number(/(\d{16})\.log$/.exec(name)?.[1] ?? 0)
  expect(segment.read(file, 0, 'first offset')).toBe(digits)
  const records: Buffer[] = []
  for (let at = segment.bytes; at < file.length; ) {
    expect(frame.read(file, at, 'mark')).toBe(segment.read(file, 0, 'mark'))
    expect(frame.read(file, at, 'first offset')).toBe(digits + records.length)
    const body = file.subarray(at + frame.bytes, at + frame.bytes + frame.read(file, at, 'body bytes'))
    expect(frame.read(file, at, 'CRC')).toBe(crc32(body, crc32(file.subarray(at, at + 20))))
    let count = 0
    for (let place = 0; place < body.length; count++) {
      const length = body.readUInt32LE(place)
      records.push(body.subarray(place + 4, place + 4 + length))
      place += 4 + length
    }
    expect(frame.read(file, at, 'record count')).toBe(count)
    at += frame.bytes + body.length
  }
  return records
}

test('the page is of the format that this version writes', () => {
  expect(page).toContain(`This is format ${formatNumber};`)
  expect(readFileSync(path.join(fixture, 'format'), 'utf8')).toBe(`${formatNumber}\n`)
})

test('every file of a data directory is on the page', () => {
  const patterns = rowsAfter('## Files').flatMap(([names = '']) => names.match(/`[^`*]+`/g) ?? [])
  const expressions = patterns.map(
    pattern =>
      new RegExp(`^${pattern.slice(1, -1).replace('.', '\\.').replace('NAME', '[a-z]+').replace('/N', '/\\d{16}')}$`),
  )
  expect(files.filter(name => !expressions.some(expression => expression.test(name)))).toEqual([])
  const named = /Logs: `(.+?)`\. Tables: (.+?)\. /.exec(page)
  const parts = readdirSync(fixture).filter(name => name !== 'format')
  const tables = named?.[2]?.match(/[a-z]+/g)?.map(name => `table-${name}`)
  expect([`log-${named?.[1]}`, ...(tables ?? [])].sort()).toEqual(parts.sort())
})

test.each(framed)('%s reads as the page says', name => {
  expect(recordsOf(name).length).toBeGreaterThan(0)
})

test('the kinds of records of the spool are those of the page', () => {
  const rows = rowsAfter('## Records of the spool')
  expect(Object.fromEntries(rows.map(([kind, record]) => [record, Number(kind)]))).toEqual(recordKind)
  const found = framed.filter(name => name.startsWith('log-spool')).flatMap(recordsOf)
  for (const record of found) expect(Object.values(recordKind)).toContain(record[0])
})

test('rows of tables read as the page says', () => {
  for (const name of framed.filter(one => one.startsWith('table-'))) {
    const records = recordsOf(name)
    if (name.endsWith('.snapshot')) {
      const last = records.pop()!
      expect([last[0], last.readDoubleLE(1)]).toEqual([0, records.length])
      for (const row of records) expect(row.toString('utf8', 13, 13 + row.readUInt32LE(9))).toMatch(/\0/)
      continue
    }
    for (const record of records) {
      let at = 0
      while (at < record.length) {
        const set = record[at] === 1
        at += 5 + record.readUInt32LE(at + 1)
        if (set) at += 4 + record.readUInt32LE(at)
      }
      expect(at).toBe(record.length)
    }
  }
})
