import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import type { Storage } from '../../kernel/plugin.ts'
import { isBrokerError } from '../../kernel/plugin.ts'
import { check } from '../../storage-plugins/file/check.ts'
import { fileOn } from '../../storage-plugins/file/index.ts'
import { repair } from '../../storage-plugins/file/repair.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { quietHost } from '../support/storage-host.ts'

const directory = '/data'
const segment = '/data/log-log/0000000000000000.log'
const frameBytes = 24 + 4 + 100

let disk: SimulatedDisk

beforeEach(async () => {
  disk = await filled(40)
})

/** A log whose record n is alone in frame n, 31 to a file, and a table of rows k0, k1, ... with a snapshot and a journal. */
async function filled(records: number): Promise<SimulatedDisk> {
  const made = new SimulatedDisk(1)
  const storage = await open(made)
  const log = await storage.log('log')
  const table = await storage.table('table')
  for (let i = 0; i < records; i++) {
    await log.append([Buffer.from(`${i}`.padEnd(100))])
    await table.write([{ key: `k${String(i).padStart(3, '0')}`, value: Buffer.from(`${i}`.padEnd(100)) }])
  }
  await storage.close()
  return made
}

function open(on: SimulatedDisk): Promise<Storage> {
  return fileOn(on).open(quietHost(), { directory, segment: 4_096, snapshot: 4_096 })
}

/** What can be read, by offset. */
async function readable(storage: Storage): Promise<number[]> {
  const log = await storage.log('log')
  const found: number[] = []
  for (let next = log.first; next < log.next; ) {
    const { offset, records } = await log.read(next, { records: 7, bytes: 1_000_000 })
    if (records.length === 0) break
    for (const [index, record] of records.entries()) {
      expect(Number(Buffer.from(record).toString())).toBe(offset + index)
      found.push(offset + index)
    }
    next = offset + records.length
  }
  return found
}

async function keys(storage: Storage): Promise<string[]> {
  const found: string[] = []
  for await (const row of (await storage.table('table')).range('')) found.push(row.key)
  return found
}

function all(except: readonly number[] = []): number[] {
  return Array.from({ length: 40 }, (_, i) => i).filter(i => !except.includes(i))
}

function damage(path: string, at: number): void {
  const bytes = disk.bytes(path)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x40, at)
}

test('a sound directory has no problems and a repair leaves every byte alone', async () => {
  const before = disk.names('/data/log-log').map(name => Buffer.from(disk.bytes(`/data/log-log/${name}`)))
  const report = await check(directory, disk)
  expect(report.problems).toEqual([])
  expect(report.files).toBeGreaterThan(3)
  expect(await repair(directory, disk)).toEqual({ repaired: [], copies: [] })
  expect(disk.names('/data/log-log').map(name => disk.bytes(`/data/log-log/${name}`))).toEqual(before)
})

test('a damaged frame is named by file and byte, and a repair loses its records only, keeping all offsets', async () => {
  const at = 24 + 5 * frameBytes
  damage(segment, at + 50)
  const original = Buffer.from(disk.bytes(segment))
  const { problems } = await check(directory, disk)
  expect(problems).toEqual([
    {
      file: segment,
      offset: at,
      problem: 'the checksum of a frame does not match',
      lost: '1 records of log "log": 5 to 5',
      severity: 'damage',
    },
  ])
  expect(await repair(directory, disk)).toEqual({ repaired: problems, copies: [`${segment}.damaged-1`] })
  expect(disk.bytes(`${segment}.damaged-1`)).toEqual(original)
  expect((await check(directory, disk)).problems).toEqual([])
  const storage = await open(disk)
  expect(await readable(storage)).toEqual(all([5]))
  const log = await storage.log('log')
  expect((await log.read(5, { records: 1, bytes: 1 })).offset).toBe(6)
  expect((await log.read(3, { records: 9, bytes: 1_000 })).records).toHaveLength(2)
  expect(await log.append([Buffer.from('40')])).toBe(40)
})

test('the first and the last frame of a file before the last can be given up', async () => {
  const end = disk.bytes(segment).byteLength
  const perFile = (end - 24) / frameBytes
  damage(segment, 24 + 50)
  damage(segment, end - 1)
  expect((await check(directory, disk)).problems.map(problem => problem.offset)).toEqual([24, end - frameBytes])
  await repair(directory, disk)
  expect(await readable(await open(disk))).toEqual(all([0, perFile - 1]))
})

test('a damaged file header is made anew without loss', async () => {
  damage(segment, 9)
  expect((await check(directory, disk)).problems).toMatchObject([{ file: segment, offset: 0, severity: 'damage' }])
  await repair(directory, disk)
  expect(await readable(await open(disk))).toEqual(all())
})

test('a file of nothing but noise is given up whole', async () => {
  disk.bytes(segment).fill(0x5a)
  const { problems } = await check(directory, disk)
  const second = Number.parseInt(disk.names('/data/log-log')[1]!, 10)
  expect(problems).toMatchObject([
    { file: segment, offset: 0, lost: `${second} records of log "log": 0 to ${second - 1}` },
  ])
  await repair(directory, disk)
  expect(await readable(await open(disk))).toEqual(all().slice(second))
})

test('a file that is gone is reported, and the log goes on around it', async () => {
  const three = await filled(100)
  disk = three
  const [, second, third] = disk.names('/data/log-log')
  await disk.unlink(`/data/log-log/${second}`)
  const { problems } = await check(directory, disk)
  expect(problems).toMatchObject([{ file: segment, offset: disk.bytes(segment).byteLength }])
  await repair(directory, disk)
  expect((await check(directory, disk)).problems).toEqual([])
  const [from, to] = [Number.parseInt(second!, 10), Number.parseInt(third!, 10)]
  expect(await readable(await open(disk))).toEqual(
    Array.from({ length: 100 }, (_, i) => i).filter(i => i < from || i >= to),
  )
})

test('a write that a crash interrupted is told apart from damage and left to the next start', async () => {
  const last = `/data/log-log/${disk.names('/data/log-log').at(-1)}`
  await (await disk.open(last, 'write')).truncate(disk.bytes(last).byteLength - 10)
  expect((await check(directory, disk)).problems).toMatchObject([{ file: last, severity: 'interrupted' }])
  expect(await repair(directory, disk)).toEqual({ repaired: [], copies: [] })
  expect(await readable(await open(disk))).toEqual(all([39]))
})

test('a damaged snapshot loses the rows of its damaged frame; a damaged journal the writes of its', async () => {
  const names = disk.names('/data/table-table')
  const journal = `/data/table-table/${names.filter(name => name.endsWith('.log')).at(-1)}`
  const snapshot = `/data/table-table/${names.find(name => name.endsWith('.snapshot'))}`
  // In the last frame but one, which is younger than the snapshot.
  damage(journal, disk.bytes(journal).byteLength - 200)
  expect((await check(directory, disk)).problems).toMatchObject([
    { file: journal, lost: expect.stringContaining('1 writes of table "table"') },
  ])
  await repair(directory, disk)
  const storage = await open(disk)
  const kept = await keys(storage)
  expect(kept).toHaveLength(39)
  expect(kept).not.toContain('k038')
  await storage.close()

  damage(snapshot, 100)
  expect((await check(directory, disk)).problems).toMatchObject([
    { file: snapshot, lost: expect.stringContaining('rows of the snapshot') },
  ])
  await repair(directory, disk)
  expect((await check(directory, disk)).problems).toEqual([])
  expect((await keys(await open(disk))).length).toBeGreaterThan(0)
})

test('a table without its snapshot keeps what its journal says', async () => {
  const names = disk.names('/data/table-table')
  const snapshot = names.find(name => name.endsWith('.snapshot'))!
  await disk.unlink(`/data/table-table/${snapshot}`)
  expect((await check(directory, disk)).problems).toMatchObject([{ lost: expect.stringContaining('writes of table') }])
  await repair(directory, disk)
  expect((await check(directory, disk)).problems).toEqual([])
  expect((await keys(await open(disk))).at(-1)).toBe('k039')
})

test('a table whose journal ends before its snapshot goes on from the snapshot', async () => {
  const names = disk.names('/data/table-table')
  for (const name of names) if (name.endsWith('.log')) await disk.unlink(`/data/table-table/${name}`)
  const revision = Number.parseInt(names.find(name => name.endsWith('.snapshot'))!, 10)
  expect((await check(directory, disk)).problems).toHaveLength(1)
  await repair(directory, disk)
  expect((await check(directory, disk)).problems).toEqual([])
  const table = await (await open(disk)).table('table')
  expect(table.size).toBeGreaterThanOrEqual(revision)
  expect(await table.write([])).toBe(revision + 1)
})

test('whatever bytes are damaged, a repair makes the directory open again and invents nothing', async () => {
  const hit = fc.record({ file: fc.nat(20), at: fc.nat(5_000), xor: fc.integer({ min: 1, max: 255 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(hit, { minLength: 1, maxLength: 6 }), async hits => {
      disk = await filled(40)
      const paths = ['/data/log-log', '/data/table-table'].flatMap(path =>
        disk.names(path).map(name => `${path}/${name}`),
      )
      for (const { file, at, xor } of hits) {
        const bytes = disk.bytes(paths[file % paths.length]!)
        const place = at % bytes.byteLength
        bytes.writeUInt8(bytes.readUInt8(place) ^ xor, place)
      }
      await repair(directory, disk)
      expect((await check(directory, disk)).problems.filter(problem => problem.severity === 'damage')).toEqual([])
      const storage = await open(disk)
      const found = await readable(storage)
      expect(found).toEqual([...new Set(found)].sort((a, b) => a - b))
      expect(found.length).toBeGreaterThan(0)
      for (const key of await keys(storage)) expect(key).toMatch(/^k0[0-3]\d$/)
      await storage.close()
    }),
    { numRuns: 60 },
  )
})

test('a directory that is none of ours is not touched', async () => {
  const empty = new SimulatedDisk(1)
  await empty.makeDirectory('/data')
  await expect(check('/data', empty)).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FORMAT'))
  await expect(repair('/data', empty)).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FORMAT'))
  expect(empty.names('/data')).toEqual([])
})
