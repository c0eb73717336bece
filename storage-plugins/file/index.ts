import { join } from 'node:path'
import type { OptionsSpec, Storage, StorageHost, StoragePlugin } from '../../kernel/plugin.ts'
import { openDirectory } from './directory.ts'
import type { Disk } from './disk.ts'
import { Health } from './health.ts'
import { Journal } from './journal.ts'
import { realDisk } from './real-disk.ts'
import { FileTable } from './table.ts'

export interface FileOptions {
  readonly directory: string
  readonly segment?: number
  readonly batch?: number
  readonly snapshot?: number
  readonly fsync?: 'always' | 'never'
}

const megabyte = 1 << 20

const options = {
  directory: { type: 'file', required: true, describe: 'Where the data lives; made if it is missing.' },
  segment: {
    type: 'bytes',
    default: 64 * megabyte,
    min: 4_096,
    max: 1024 * megabyte,
    describe: 'Size of a log file, and so the step in which disk space is given back.',
  },
  batch: {
    type: 'bytes',
    default: 4 * megabyte,
    min: 4_096,
    max: 256 * megabyte,
    describe: 'The most that one group commit writes before it syncs.',
  },
  snapshot: {
    type: 'bytes',
    default: 64 * megabyte,
    min: 4_096,
    describe: 'A table writes a snapshot when the journal of its changes outgrows this and the last snapshot.',
  },
  fsync: {
    type: 'string',
    choices: ['always', 'never'],
    default: 'always',
    describe:
      "'never' acknowledges what a loss of power destroys; it is for the tests that prove that they would notice.",
  },
} as const satisfies OptionsSpec

/** Storage in files of one directory: fsync-ed before anything is acknowledged. */
export const file: StoragePlugin<FileOptions> = fileOn(realDisk)

/** The plugin on another disk than the operating system's. */
export function fileOn(disk: Disk): StoragePlugin<FileOptions> {
  return {
    kind: 'storage',
    name: 'file',
    api: 1,
    options,
    open: async (host, chosen) => {
      const sync = chosen.fsync !== 'never'
      if (!sync)
        host.logger.warn({ directory: chosen.directory }, 'fsync is off: a loss of power loses acknowledged data')
      const release = await openDirectory(disk, chosen.directory, sync)
      return new FileStorage(disk, host, chosen, release)
    },
  }
}

class FileStorage implements Storage {
  readonly durable = true
  readonly #disk: Disk
  readonly #host: StorageHost
  readonly #options: FileOptions
  readonly #release: () => Promise<void>
  readonly #health: Health
  readonly #logs = new Map<string, Promise<Journal>>()
  readonly #tables = new Map<string, Promise<FileTable>>()
  readonly #openLogs = new Map<string, Journal>()
  readonly #openTables = new Map<string, FileTable>()

  constructor(disk: Disk, host: StorageHost, chosen: FileOptions, release: () => Promise<void>) {
    this.#disk = disk
    this.#host = host
    this.#options = chosen
    this.#release = release
    this.#health = new Health(error => host.failed(error))
  }

  log(name: string): Promise<Journal> {
    return once(this.#logs, name, async () => {
      const directory = await this.#directory(`log-${name}`)
      const log = await Journal.open({
        ...this.#common(),
        directory,
        segmentBytes: this.#options.segment ?? options.segment.default,
      })
      this.#openLogs.set(name, log)
      return log
    })
  }

  table(name: string): Promise<FileTable> {
    return once(this.#tables, name, async () => {
      const directory = await this.#directory(`table-${name}`)
      const snapshotBytes = this.#options.snapshot ?? options.snapshot.default
      // Smaller than a snapshot's due size, so that a snapshot frees most of the journal before it.
      const segmentBytes = Math.min(this.#options.segment ?? options.segment.default, Math.ceil(snapshotBytes / 4))
      const table = await FileTable.open({ ...this.#common(), name, directory, segmentBytes, snapshotBytes })
      this.#openTables.set(name, table)
      return table
    })
  }

  async usage(): Promise<{ usedBytes: number; freeBytes: number }> {
    let usedBytes = 0
    for (const log of this.#logs.values()) usedBytes += (await log).usedBytes
    for (const table of this.#tables.values()) usedBytes += (await table).usedBytes
    return { usedBytes, freeBytes: await this.#disk.freeBytes(this.#options.directory) }
  }

  inspect(): Record<string, unknown> {
    return {
      directory: this.#options.directory,
      fsync: this.#options.fsync ?? options.fsync.default,
      failed: this.#health.failure?.message,
      logs: Object.fromEntries([...this.#openLogs].map(([name, log]) => [name, log.inspect()])),
      tables: Object.fromEntries([...this.#openTables].map(([name, table]) => [name, table.inspect()])),
    }
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled([...this.#logs.values(), ...this.#tables.values()])
    const closed = await Promise.allSettled(
      opened.map(result => (result.status === 'fulfilled' ? result.value.close() : undefined)),
    )
    await this.#release()
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }

  #common() {
    return {
      disk: this.#disk,
      batchBytes: this.#options.batch ?? options.batch.default,
      sync: this.#options.fsync !== 'never',
      health: this.#health,
      logger: this.#host.logger,
    }
  }

  async #directory(name: string): Promise<string> {
    const path = join(this.#options.directory, name)
    await this.#disk.makeDirectory(path)
    if (this.#options.fsync !== 'never') await this.#disk.syncDirectory(this.#options.directory)
    return path
  }
}

/** One object for a name, also for those who ask while it is being opened. */
function once<T>(opened: Map<string, Promise<T>>, name: string, open: () => Promise<T>): Promise<T> {
  let found = opened.get(name)
  if (found === undefined) {
    if (!/^[a-z0-9-]+$/.test(name)) return Promise.reject(new RangeError(`"${name}" is no name for a log or a table`))
    found = open()
    opened.set(name, found)
    // A failure is told to all who wait, then the next one may try again.
    found.catch(() => opened.delete(name))
  }
  return found
}
