import { beforeEach, expect, test } from 'vitest'
import type { Storage } from '../../kernel/plugin.ts'
import { isBrokerError } from '../../kernel/plugin.ts'
import type { FileOptions } from '../../storage-plugins/file/index.ts'
import { fileOn } from '../../storage-plugins/file/index.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import type { QuietHost } from '../support/storage-host.ts'
import { quietHost } from '../support/storage-host.ts'

const everything = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const segment = '/data/log-log/0000000000000000.log'

let disk: SimulatedDisk
let host: QuietHost

beforeEach(() => {
  disk = new SimulatedDisk(1)
  host = quietHost()
})

function open(options: Partial<FileOptions> = {}): Promise<Storage> {
  return fileOn(disk).open(host, { directory: '/data', ...options })
}

/** Appends each record in a group commit of its own. */
async function fill(records: readonly string[], options: Partial<FileOptions> = {}): Promise<void> {
  const storage = await open(options)
  const log = await storage.log('log')
  for (const record of records) await log.append([Buffer.from(record)])
  await storage.close()
}

/** Damages one bit. */
function flip(path: string, at: number): void {
  const bytes = disk.bytes(path)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x40, at)
}

async function contents(storage: Storage): Promise<string[]> {
  const log = await storage.log('log')
  return (await log.read(0, everything)).records.map(record => Buffer.from(record).toString())
}

test('a frame damaged before the last is refused with its file and byte, and nothing is changed', async () => {
  await fill(['one', 'two', 'three'])
  const frame = 24 + 24 + 4 + 3
  flip(segment, frame + 24 + 4)
  const before = Buffer.from(disk.bytes(segment))
  const storage = await open()
  const opened = storage.log('log')
  await expect(opened).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_CORRUPT'))
  await expect(opened).rejects.toThrow(`${segment} is damaged at byte ${frame}: the checksum of a frame does not match`)
  await expect(opened).rejects.toThrow(/data check.*data repair/)
  expect(disk.bytes(segment)).toEqual(before)
})

test.each([
  ['a length', 4],
  ['an offset', 8],
  ['a count', 16],
  ['a checksum', 20],
  ['the mark', 0],
])('damage to %s in a frame header is found', async (_, at) => {
  await fill(['one', 'two', 'three'])
  const frame = 24 + 24 + 4 + 3
  flip(segment, frame + at)
  const opened = (await open()).log('log')
  await expect(opened).rejects.toThrow(`${segment} is damaged at byte ${frame}`)
})

test('a damaged file header is refused', async () => {
  await fill(['one'])
  flip(segment, 9)
  await expect((await open()).log('log')).rejects.toThrow(`${segment} is damaged at byte 0`)
})

test('damage in a file before the last is refused even at its very end', async () => {
  await fill(
    Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(300)),
    { segment: 4_096 },
  )
  expect(disk.names('/data/log-log').length).toBeGreaterThan(2)
  flip(segment, disk.bytes(segment).byteLength - 1)
  await expect((await open({ segment: 4_096 })).log('log')).rejects.toThrow(`${segment} is damaged at byte`)
})

test('a file missing in the middle is refused with what is missing', async () => {
  await fill(
    Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(300)),
    { segment: 4_096 },
  )
  const [, second, third] = disk.names('/data/log-log')
  await disk.unlink(`/data/log-log/${second}`)
  const opened = (await open({ segment: 4_096 })).log('log')
  await expect(opened).rejects.toThrow(
    `records ${Number.parseInt(second!, 10)} to ${Number.parseInt(third!, 10) - 1} should follow`,
  )
})

test('a torn last frame is cut off, said in the log, and written over', async () => {
  await fill(['one', 'two', 'three'])
  const whole = disk.bytes(segment).byteLength
  for (let size = whole - 1; size > whole - 33; size--) {
    disk = new SimulatedDisk(size)
    host = quietHost()
    await fill(['one', 'two', 'three'])
    await (await disk.open(segment, 'write')).truncate(size)
    const storage = await open()
    expect(await contents(storage)).toEqual(['one', 'two'])
    expect(host.warnings).toMatchObject([
      { fields: { file: segment, at: whole - 33 }, message: expect.stringContaining('interrupted by a crash') },
    ])
    expect(await (await storage.log('log')).append([Buffer.from('again')])).toBe(2)
    await storage.close()
    const reopened = await open()
    expect(await contents(reopened)).toEqual(['one', 'two', 'again'])
    await reopened.close()
  }
})

test('a payload that holds frames does not pass for one', async () => {
  await fill(['one', 'two'])
  const frames = Buffer.from(disk.bytes(segment).subarray(24))
  disk = new SimulatedDisk(2)
  const storage = await open()
  const log = await storage.log('log')
  await log.append([Buffer.from('first')])
  await log.append([Buffer.concat([frames, frames, frames])])
  await storage.close()
  const torn = disk.bytes(segment).byteLength - 1
  await (await disk.open(segment, 'write')).truncate(torn)
  expect(await contents(await open())).toEqual(['first'])
})

test('a full disk refuses the append, keeps what was acknowledged, and takes the next one when there is room', async () => {
  const storage = await open()
  const log = await storage.log('log')
  await log.append([Buffer.from('kept')])
  disk.capacity = disk.bytes(segment).byteLength + disk.bytes('/data/format').byteLength + 50
  const size = disk.bytes(segment).byteLength
  await expect(log.append([Buffer.alloc(100)])).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FULL'))
  expect(disk.bytes(segment).byteLength).toBe(size)
  expect(log.next).toBe(1)
  expect(host.failures).toEqual([])
  expect((await storage.usage()).freeBytes).toBe(50)
  expect(await log.append([Buffer.from('small')])).toBe(1)
  disk.capacity = Number.POSITIVE_INFINITY
  expect(await log.append([Buffer.from('later')])).toBe(2)
  await storage.close()
  expect(await contents(await open())).toEqual(['kept', 'small', 'later'])
})

test('what waits behind a refused append is refused with it, so that no offset is promised twice', async () => {
  const storage = await open()
  const log = await storage.log('log')
  disk.capacity = 200
  const outcomes = await Promise.allSettled([
    log.append([Buffer.alloc(1_000)]),
    new Promise(resolve => setImmediate(resolve)).then(() => log.append([Buffer.from('behind')])),
  ])
  expect(outcomes.map(outcome => outcome.status)).toEqual(['rejected', 'rejected'])
  expect(await log.append([Buffer.from('next')])).toBe(0)
})

test('a full disk at the start of a new file leaves no file behind and is recovered from', async () => {
  const options = { segment: 4_096 }
  const storage = await open(options)
  const log = await storage.log('log')
  await log.append([Buffer.alloc(3_000)])
  disk.capacity = 3_000 + 24 + 24 + 4 + 2 + 10
  await expect(log.append([Buffer.alloc(2_000)])).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FULL'))
  expect(disk.names('/data/log-log')).toEqual(['0000000000000000.log'])
  disk.capacity = Number.POSITIVE_INFINITY
  expect(await log.append([Buffer.from('small')])).toBe(1)
  expect(await log.append([Buffer.alloc(2_000)])).toBe(2)
  await storage.close()
  expect((await contents(await open(options))).map(record => record.length)).toEqual([3_000, 5, 2_000])
})

test('a full disk refuses a table write and its expectations go back to what is durable', async () => {
  const storage = await open()
  const table = await storage.table('table')
  await table.write([{ key: 'k', value: Buffer.from('old') }])
  disk.capacity = 100
  const refused = table.write([{ key: 'k', value: Buffer.alloc(1_000) }])
  const behind = table.write([{ key: 'k', value: Buffer.from('x') }], [{ key: 'k', revision: 1 }])
  await expect(refused).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FULL'))
  await expect(behind).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FULL'))
  disk.capacity = Number.POSITIVE_INFINITY
  expect(await table.get('k')).toMatchObject({ revision: 1 })
  await expect(table.write([], [{ key: 'k', revision: 2 }])).rejects.toSatisfy(error =>
    isBrokerError(error, 'CONFLICT'),
  )
  expect(await table.write([{ key: 'k', value: Buffer.from('new') }], [{ key: 'k', revision: 1 }])).toBe(2)
})

test('without room for a snapshot a table goes on, and writes one when there is room again', async () => {
  const options = { snapshot: 4_096 }
  const storage = await open(options)
  const table = await storage.table('table')
  disk.fault = (operation, path) => (operation === 'write' && path.endsWith('.tmp') ? 'ENOSPC' : undefined)
  for (let i = 0; i < 30; i++) await table.write([{ key: `${i}`, value: Buffer.alloc(300) }])
  expect(host.warnings[0]?.message).toMatch(/no room for a snapshot/)
  disk.fault = () => undefined
  for (let i = 30; i < 60; i++) await table.write([{ key: `${i}`, value: Buffer.alloc(300) }])
  await storage.close()
  expect(disk.names('/data/table-table').filter(name => name.endsWith('.snapshot'))).toHaveLength(1)
  expect((await (await open(options)).table('table')).size).toBe(60)
})

test.each(['sync', 'write'] as const)(
  'a disk error in a %s stops all logs and tables for ever and tells the host once',
  async operation => {
    const storage = await open()
    const log = await storage.log('log')
    const table = await storage.table('table')
    await log.append([Buffer.from('kept')])
    disk.fault = asked => (asked === operation ? 'EIO' : undefined)
    const failed = (error: unknown) => isBrokerError(error, 'STORAGE_FAILED')
    await expect(log.append([Buffer.from('lost')])).rejects.toSatisfy(failed)
    disk.fault = () => undefined
    await expect(log.append([Buffer.from('never')])).rejects.toSatisfy(failed)
    await expect(table.write([{ key: 'k', value: Buffer.from('never') }])).rejects.toSatisfy(failed)
    expect(host.failures).toHaveLength(1)
    expect(log.next).toBe(1)
    await storage.close()
    const again = await contents(await open())
    expect(again[0]).toBe('kept')
  },
)

test('a snapshot that cannot be synced stops the storage', async () => {
  const storage = await open({ snapshot: 4_096 })
  const table = await storage.table('table')
  disk.fault = (operation, path) => (operation === 'sync' && path.endsWith('.tmp') ? 'EIO' : undefined)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) => table.write([{ key: `${i}`, value: Buffer.alloc(300) }])),
  )
  expect(outcomes.filter(outcome => outcome.status === 'fulfilled')).not.toHaveLength(0)
  await storage.close()
  expect(host.failures).toMatchObject([{ code: 'STORAGE_FAILED' }])
})

test('a damaged snapshot is refused, not guessed', async () => {
  const storage = await open({ snapshot: 4_096 })
  const table = await storage.table('table')
  for (let i = 0; i < 40; i++) await table.write([{ key: `${i}`, value: Buffer.alloc(300) }])
  await storage.close()
  const name = disk.names('/data/table-table').find(each => each.endsWith('.snapshot'))!
  flip(`/data/table-table/${name}`, 100)
  const opened = (await open({ snapshot: 4_096 })).table('table')
  await expect(opened).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_CORRUPT'))
  await expect(opened).rejects.toThrow(name)
})

test('a newer format is refused and left alone', async () => {
  await fill(['one'])
  const format = await disk.open('/data/format', 'create')
  await format.write(Buffer.from('3\n'), 0)
  await expect(open()).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FORMAT'))
  await expect(open()).rejects.toThrow('is of format "3", this version reads format 2')
})

test('format 1, whose delayed messages were a table, is refused and left alone', async () => {
  await fill(['one'])
  const format = await disk.open('/data/format', 'create')
  await format.write(Buffer.from('1\n'), 0)
  await expect(open()).rejects.toThrow('is of format "1", this version reads format 2: use the version that wrote it')
  expect(disk.bytes('/data/format').toString()).toBe('1\n')
})

test('data without its format file is refused', async () => {
  await fill(['one'])
  await disk.unlink('/data/format')
  await expect(open()).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FORMAT'))
})

test('one fsync serves all appends that arrive while the one before it runs', async () => {
  const storage = await open()
  const log = await storage.log('log')
  let syncs = 0
  disk.fault = operation => {
    if (operation === 'sync') syncs++
    return undefined
  }
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => log.append([Buffer.from(`${i}`)])))
  expect(syncs).toBe(1)
})

test('a read that the disk refuses is told with its file, and the log goes on', async () => {
  const storage = await open()
  const log = await storage.log('log')
  await log.append([Buffer.from('one')])
  disk.fault = operation => (operation === 'read' ? 'EIO' : undefined)
  const read = log.read(0, everything)
  await expect(read).rejects.toSatisfy(error => isBrokerError(error, 'STORAGE_FAILED'))
  await expect(read).rejects.toThrow(segment)
  disk.fault = () => undefined
  expect(await contents(storage)).toEqual(['one'])
  expect(host.failures).toEqual([])
})

test('inspect shows where each log and table is', async () => {
  const storage = await open()
  await (await storage.log('log')).append([Buffer.from('one')])
  await (await storage.table('table')).write([{ key: 'k', value: Buffer.from('v') }])
  expect(storage.inspect()).toMatchObject({
    directory: '/data',
    logs: { log: { first: 0, next: 1, files: 1 } },
    tables: { table: { rows: 1, revision: 1 } },
  })
})
