import { expect, test } from 'vitest'
import type { Storage } from '../../kernel/plugin.ts'
import { backup, restore } from '../../storage-plugins/file/backup.ts'
import { type FileStorage, fileOn } from '../../storage-plugins/file/index.ts'
import { answer, type Manifest, requestPath, stagedPath, unstage } from '../../storage-plugins/file/staging.ts'
import { writeText } from '../../storage-plugins/file/text-file.ts'
import { Random } from '../support/random.ts'
import { SimulatedDisk } from '../support/simulated-disk.ts'
import { quietHost } from '../support/storage-host.ts'

const directory = '/data'
const id = '0123456789abcdef'

function open(disk: SimulatedDisk, at = directory): Promise<Storage> {
  return fileOn(disk).open(quietHost(), { directory: at, segment: 4_096, batch: 4_096, snapshot: 4_096 })
}

/** The last number in a log, and the one a table holds. */
async function numbersOf(storage: Storage): Promise<{ log: number; table: number }> {
  const log = await storage.log('log')
  const { records } = await log.read(log.next - 1, { records: 1, bytes: 1 })
  const row = await (await storage.table('table')).get('number')
  return { log: numberOf(records[0]), table: numberOf(row?.value) }
}

function numberOf(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? -1 : Number(Buffer.from(bytes).toString())
}

/** Writes numbers, each to the log and then to the table, trimming the one and snapshotting the other by and by. */
class Writer {
  acknowledged = -1
  stopped = false
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  async run(): Promise<void> {
    const log = await this.#storage.log('log')
    const table = await this.#storage.table('table')
    for (let n = 0; !this.stopped; n++) {
      const value = Buffer.from(`${n}`.padEnd(200))
      await log.append([value])
      await table.write([{ key: 'number', value }])
      this.acknowledged = n
      // Not waited for: it waits itself while files are given their second names.
      if (n % 10 === 9) void log.trim(log.next - 5)
    }
  }

  /** Resolves when so many more are acknowledged. */
  async more(numbers: number): Promise<void> {
    const enough = this.acknowledged + numbers
    while (this.acknowledged < enough) await new Promise(resolve => setImmediate(resolve))
  }
}

test('what a running broker is copied to is its data at one moment, with all that was acknowledged before', async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const disk = new SimulatedDisk(seed)
    const random = new Random(seed)
    const storage = await open(disk)
    const writer = new Writer(storage)
    const running = writer.run()
    const link = disk.link.bind(disk)
    disk.link = async (from, to) => {
      await writer.more(random.integer(0, 25))
      await link(from, to)
    }
    for (let snapshot = 0; snapshot < 4; snapshot++) {
      await writer.more(random.integer(1, 60))
      const before = writer.acknowledged
      await writeText(disk, requestPath(directory, id), '', { sync: false })
      await (storage as FileStorage).answerRequests()
      // It goes on, rolls, trims and makes snapshots while it is being copied.
      await writer.more(random.integer(20, 60))
      const manifest = (await answer(disk, directory, id)) as Manifest
      const copy = `/copy-${snapshot}`
      await disk.makeDirectory(copy)
      await writeText(disk, `${copy}/format`, `${manifest.format}\n`, { sync: true })
      for (const [n, { name, bytes }] of manifest.files.entries()) {
        await disk.makeDirectory(`${copy}/${name.split('/')[0]}`)
        const staged = disk.bytes(stagedPath(directory, id, n)).subarray(0, bytes)
        await (await disk.open(`${copy}/${name}`, 'create')).write(staged, 0)
      }
      await unstage(disk, directory, id)
      const copied = await open(disk, copy)
      const { log, table } = await numbersOf(copied)
      expect(table, `seed ${seed}`).toBeGreaterThanOrEqual(before)
      // The table is written when the log is: it is ahead of it at no moment, and never far behind.
      expect(log - table, `seed ${seed}`).toBeOneOf([0, 1])
      await copied.close()
    }
    writer.stopped = true
    await running
    await storage.close()
    expect(disk.names(directory).filter(name => name.startsWith('snapshot-'))).toEqual([])
  }
})

test('who asks when nothing can be linked is told why, and the broker goes on', async () => {
  const disk = new SimulatedDisk(1)
  const storage = await open(disk)
  const writer = new Writer(storage)
  const running = writer.run()
  await writer.more(20)
  disk.fault = operation => (operation === 'link' ? 'EPERM' : undefined)
  await writeText(disk, requestPath(directory, id), '', { sync: false })
  await (storage as FileStorage).answerRequests()
  expect(await answer(disk, directory, id)).toContain('EPERM')
  await writer.more(100)
  writer.stopped = true
  await running
  await storage.close()
  // What the one who asked left behind is gone after a start.
  await (await open(disk)).close()
  expect(disk.names(directory).filter(name => name.startsWith('snapshot-'))).toEqual([])
})

test('a stopped broker is copied and restored, and a copy that was interrupted is no data directory', async () => {
  const disk = new SimulatedDisk(1)
  const storage = await open(disk)
  const writer = new Writer(storage)
  const running = writer.run()
  await writer.more(200)
  writer.stopped = true
  await running
  const before = await numbersOf(storage)
  await storage.close()
  const report = await backup(directory, '/backup', disk)
  expect(report.check.problems).toEqual([])
  const restored = await restore('/backup', '/restored', disk)
  expect(restored).toMatchObject({ files: report.files, bytes: report.bytes })
  expect(await numbersOf(await open(disk, '/restored'))).toEqual(before)
  await expect(restore('/backup', '/restored', disk)).rejects.toThrow('/restored is not empty')

  let writes = 0
  disk.fault = operation => (operation === 'write' && ++writes > 3 ? 'EIO' : undefined)
  await expect(restore('/backup', '/half', disk)).rejects.toThrow('EIO')
  disk.fault = () => undefined
  expect(disk.names('/half')).not.toContain('format')
  await expect(open(disk, '/half')).rejects.toThrow('has no file "format"')
})

test('what a broker runs on, or died on, is no snapshot', async () => {
  const disk = new SimulatedDisk(1)
  await (await open(disk)).close()
  await writeText(disk, `${directory}/lock`, '1', { sync: false })
  await expect(restore(directory, '/restored', disk)).rejects.toThrow('take one with "robust-server data snapshot"')
})
