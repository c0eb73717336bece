import { dirname } from 'node:path'
import { isBrokerError } from '../../kernel/plugin.ts'
import { fileOn } from '../../storage-plugins/file/index.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { quietHost } from '../support/storage-host.ts'
import type { Parser } from './parser.ts'

const records = 60
const keys = 7
const options = { directory: '/data', segment: 4_096, snapshot: 4_096 }
const everything = { records: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER }
const recordOf = (i: number) => Buffer.from(`record ${i} `.padEnd(100 + (i % 50), 'r'))
const rowOf = (i: number) => Buffer.from(`${i} `.padEnd(100, 'v'))

/**
 * A data directory, one file of which is damaged at one place: it is refused as what it is, or what it holds is what was
 * written, at most without the end that was damaged. An input says which file, where, and what becomes of it.
 */
export async function damagedStorage(): Promise<Parser> {
  const sound = await written()
  const originals = filesOf(sound).map(path => [path, Buffer.from(sound.bytes(path))] as const)
  const format = Buffer.from(sound.bytes('/data/format'))
  return {
    seeds: Array.from({ length: 16 }, (_, i) => Buffer.from([i * 16, i * 7, i * 37, i % 4, i])),
    words: [Buffer.from([0]), Buffer.from([255]), Buffer.from([3])],
    read: async bytes => {
      const [which = 0, high = 0, low = 0, how = 0, value = 0] = bytes
      const disk = await filled([...originals, ['/data/format', format]])
      const files = filesOf(disk)
      const path = files[which % files.length] as string
      const at = (high * 256 + low) % Math.max(1, disk.bytes(path).length)
      const damage = (['flip', 'set', 'cut', 'add'] as const)[how % 4] as Damage
      apply(disk, path, at, damage, value)
      return judge(disk, `${path}: ${damage} ${value} at ${at}`, { path, damage })
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

type Damage = 'flip' | 'set' | 'cut' | 'add'

async function filled(files: readonly (readonly [path: string, bytes: Buffer])[]): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(1)
  for (const [path, bytes] of files) {
    await disk.makeDirectory(dirname(path))
    const file = await disk.open(path, 'create')
    await file.write(bytes, 0)
    await file.close()
  }
  return disk
}

async function written(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(1)
  const storage = await fileOn(disk).open(quietHost(), options)
  const log = await storage.log('log')
  const table = await storage.table('table')
  for (let i = 1; i <= records; i++) {
    await log.append([recordOf(i)])
    await table.write([
      { key: `k${i % keys}`, value: rowOf(i) },
      { key: 'n', value: Buffer.from(String(i)) },
    ])
  }
  await storage.close()
  return disk
}

function filesOf(disk: SimulatedDisk): string[] {
  return disk
    .names('/data')
    .filter(name => /^(log|table)-/.test(name))
    .flatMap(folder => disk.names(`/data/${folder}`).map(name => `/data/${folder}/${name}`))
}

function apply(disk: SimulatedDisk, path: string, at: number, damage: Damage, value: number): void {
  const bytes = disk.bytes(path)
  if (damage === 'cut') disk.replace(path, bytes.subarray(0, at))
  else if (damage === 'add') disk.replace(path, Buffer.concat([bytes, Buffer.alloc(value + 1, value)]))
  else bytes[at] = damage === 'set' ? value : (bytes[at] as number) ^ (1 << (value % 8))
}

async function judge(
  disk: SimulatedDisk,
  what: string,
  { path, damage }: { path: string; damage: Damage },
): Promise<string> {
  // Only a file that ends early may cost more than its last commit: that is how a torn write looks.
  const most = damage === 'cut' ? records : damage === 'add' ? 0 : 1
  const last = (name: string) =>
    filesOf(disk)
      .filter(one => one.startsWith(`/data/${name}/`))
      .at(-1) === path
  let storage: Storage | undefined
  try {
    storage = await fileOn(disk).open(quietHost(), options)
    const lost = records - (await readLog(storage, what))
    if (lost > (path.includes('/log-log/') && last('log-log') ? most : 0))
      throw new Error(`${what}: ${lost} records are lost silently`)
    const rows = records - (await readTable(storage, what))
    if (rows > (path.includes('/table-table/') ? most : 0)) throw new Error(`${what}: ${rows} writes are lost silently`)
    return `${lost} ${rows}`
  } catch (error) {
    if (!isBrokerError(error, 'STORAGE_CORRUPT') && !isBrokerError(error, 'STORAGE_FORMAT')) throw error
    return error.message.replace(/\d+/g, '')
  } finally {
    await storage?.close()
  }
}

type Storage = Awaited<ReturnType<ReturnType<typeof fileOn>['open']>>

/** How many records are there, of which none is another than was written. */
async function readLog(storage: Storage, what: string): Promise<number> {
  const log = await storage.log('log')
  const found = (await log.read(0, everything)).records
  for (const [i, record] of found.entries()) {
    if (!recordOf(i + 1).equals(record)) throw new Error(`${what}: record ${i + 1} is another`)
  }
  return found.length
}

/** After how many writes the table was as it is. */
async function readTable(storage: Storage, what: string): Promise<number> {
  const table = await storage.table('table')
  const n = Number(Buffer.from((await table.get('n'))?.value ?? []).toString() || 0)
  for (let i = Math.max(1, n - keys + 1); i <= n; i++) {
    const row = (await table.get(`k${i % keys}`))?.value
    if (!row || !rowOf(i).equals(row))
      throw new Error(`${what}: after ${n} writes, row k${i % keys} is not that of write ${i}`)
  }
  return n
}
