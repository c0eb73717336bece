import { join } from 'node:path'
import type { OptionsSpec, Storage, StorageHost, StoragePlugin } from '../../kernel/plugin.ts'
import { openDirectory } from './directory.ts'
import type { Disk } from './disk.ts'
import { type FileCut, filesAtRest } from './file-cut.ts'
import { Health } from './health.ts'
import { Journal } from './journal.ts'
import { realDisk } from './real-disk.ts'
import { refuse, requestPath, requests, stage, unstage } from './staging.ts'
import { FileTable } from './table.ts'

export interface FileOptions {
  readonly directory: string
  readonly segment?: number
  readonly batch?: number
  readonly snapshot?: number
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
      const release = await openDirectory(disk, chosen.directory)
      await unstage(disk, chosen.directory)
      return new FileStorage(disk, host, chosen, release)
    },
  }
}

/** Data on a disk, held by its lock until it is closed. */
export class FileStorage implements Storage {
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
  readonly #unwatch: () => void
  /** Somebody may have asked for a snapshot. */
  #asked = false
  #answering: Promise<void> | undefined

  constructor(disk: Disk, host: StorageHost, chosen: FileOptions, release: () => Promise<void>) {
    this.#disk = disk
    this.#host = host
    this.#options = chosen
    this.#release = release
    this.#health = new Health(error => host.failed(error))
    this.#unwatch = disk.watch(chosen.directory, () => {
      this.#asked = true
      this.#answering ??= this.#answer()
    })
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
      failed: this.#health.failure?.message,
      logs: Object.fromEntries([...this.#openLogs].map(([name, log]) => [name, log.inspect()])),
      tables: Object.fromEntries([...this.#openTables].map(([name, table]) => [name, table.inspect()])),
    }
  }

  async #answer(): Promise<void> {
    while (this.#asked) {
      this.#asked = false
      await this.answerRequests().catch(() => {})
    }
    this.#answering = undefined
  }

  /** Lets all who ask for a snapshot begin to copy: see staging.ts. */
  async answerRequests(): Promise<void> {
    const { directory } = this.#options
    const { logger } = this.#host
    for (const id of await requests(this.#disk, directory)) {
      try {
        if (this.#health.failure !== undefined) throw this.#health.failure
        const files = await this.#pinned(cuts => stage(this.#disk, directory, id, cuts))
        logger.info({ id, files }, 'a snapshot of the data is being copied')
      } catch (error) {
        logger.warn({ id, error: String(error) }, 'no snapshot of the data could be begun')
        await refuse(this.#disk, directory, id, error instanceof Error ? error.message : String(error)).catch(() => {})
      } finally {
        await this.#disk.unlink(requestPath(directory, id)).catch(() => {})
      }
    }
  }

  /** Does something with all files as they are at one moment; none of them is removed meanwhile. Returns their number. */
  async #pinned(work: (files: readonly FileCut[]) => Promise<void>): Promise<number> {
    await Promise.allSettled([...this.#logs.values(), ...this.#tables.values()])
    const open = new Map<string, Journal | FileTable>()
    for (const [name, log] of this.#openLogs) open.set(`log-${name}`, log)
    for (const [name, table] of this.#openTables) open.set(`table-${name}`, table)
    const atRest = await filesAtRest(this.#disk, this.#options.directory, part => open.has(part))
    const releases: (() => void)[] = []
    try {
      for (const part of open.values()) releases.push(await part.hold())
      // In one turn: what is durable of each is then what a loss of power at this moment would leave.
      const files = [...atRest, ...[...open.values()].flatMap(part => part.files())]
      await work(files)
      return files.length
    } finally {
      for (const release of releases) release()
    }
  }

  async close(): Promise<void> {
    this.#unwatch()
    await this.#answering
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
      health: this.#health,
      logger: this.#host.logger,
    }
  }

  async #directory(name: string): Promise<string> {
    const path = join(this.#options.directory, name)
    await this.#disk.makeDirectory(path)
    await this.#disk.syncDirectory(this.#options.directory)
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
