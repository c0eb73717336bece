import type { Change, Expectation, Revision, Row, Table } from '../../kernel/plugin.ts'
import { BrokerError, checkKey, packBytes } from '../../kernel/plugin.ts'
import type { FileCut } from './file-cut.ts'
import { isFull } from './health.ts'
import { Journal } from './journal.ts'
import type { JournalOptions } from './journal-options.ts'
import { decodeWrite, encodeWrite, writeBytes } from './row.ts'
import { type PackedChange, Rows } from './rows.ts'
import { corrupt } from './segment.ts'
import { readSnapshot, snapshotPath, snapshotRevisions, writeSnapshot } from './snapshot.ts'

export interface TableOptions extends Omit<JournalOptions, 'onDurable' | 'onRefused'> {
  readonly name: string
  /** A snapshot is due when the journal outgrows both this and the last snapshot. */
  readonly snapshotBytes: number
}

const replayLimit = { records: 4_096, bytes: 1 << 20 }

/**
 * A table: its rows in memory, every write a record of a journal. Now and then all rows go to a snapshot and the
 * journal before it is forgotten. The write at journal offset n has revision n + 1.
 */
export class FileTable implements Table {
  readonly #options: TableOptions
  readonly #rows: Rows
  readonly #journal: Journal
  /** Writes that are not durable yet, oldest first. */
  readonly #pending: (readonly PackedChange[])[] = []
  /** What keys will be at once everything pending is durable: a revision, or undefined for removed. */
  readonly #ahead = new Map<string, Revision | undefined>()
  #lastWrite: Promise<unknown> = Promise.resolve()
  /** The newest snapshot; 0: there is none. */
  #snapshotRevision: Revision
  #snapshotBytes: number
  /** Bytes written to the journal since the last snapshot. */
  #journalBytes: number
  #snapshotting: Promise<void> | undefined
  /** How many want that nothing is removed. */
  #holds = 0
  #closed = false

  private constructor(
    options: TableOptions,
    journal: Journal,
    rows: Rows,
    { revision, bytes }: { revision: Revision; bytes: number },
  ) {
    this.#options = options
    this.#journal = journal
    this.#rows = rows
    this.#snapshotRevision = revision
    this.#snapshotBytes = bytes
    this.#journalBytes = journal.usedBytes
  }

  /** @throws BrokerError STORAGE_CORRUPT: the snapshot or a frame of the journal is damaged. */
  static async open(options: TableOptions): Promise<FileTable> {
    let table: FileTable | undefined
    const journal = await Journal.open({
      ...options,
      onDurable: (first, records) => table?.apply(first, records),
      onRefused: () => table?.forget(),
    })
    try {
      const rows = new Rows()
      const snapshot = await load(options, rows)
      await replay(options, journal, snapshot.revision, rows)
      table = new FileTable(options, journal, rows, snapshot)
      return table
    } catch (error) {
      await journal.close()
      throw error
    }
  }

  get size(): number {
    return this.#rows.size
  }

  inspect(): Record<string, unknown> {
    return { rows: this.size, revision: this.#journal.next, bytes: this.usedBytes }
  }

  get usedBytes(): number {
    return this.#journal.usedBytes + this.#snapshotBytes
  }

  get(key: string): Promise<Row | undefined> {
    return Promise.resolve(this.#rows.get(key))
  }

  async *range(from: string, to?: string): AsyncIterable<Row> {
    yield* this.#rows.range(from, to)
  }

  async write(changes: readonly Change[], expect: readonly Expectation[] = []): Promise<Revision> {
    for (const { key } of changes) checkKey(key)
    for (const expectation of expect) {
      if (this.#revisionOf(expectation.key) === expectation.revision) continue
      // The conflict may be with a write that is still to become durable, or to fail: its fate is this one's.
      if (this.#pending.length > 0) await this.#lastWrite
      throw this.#conflict(expectation)
    }
    const revision = this.#journal.pendingNext + 1
    const bytes = writeBytes(changes)
    const written = this.#journal.appendWith(bytes, (frame, at) => encodeWrite(changes, frame, at))
    if (this.#journal.pendingNext !== revision) return written
    this.#pending.push(changes.map(({ key, value }) => ({ key, value: value && packBytes(value) })))
    for (const { key, value } of changes) this.#ahead.set(key, value === undefined ? undefined : revision)
    this.#journalBytes += bytes
    this.#lastWrite = written
    await written
    return revision
  }

  /** A group commit is durable: its writes become visible, before anyone who waits for them goes on. */
  apply(first: number, records: number): void {
    for (const [index, changes] of this.#pending.splice(0, records).entries()) {
      const revision = first + index + 1
      for (const change of changes) this.#settle(change, revision)
    }
    if (this.#pending.length === 0) this.#ahead.clear()
    this.#considerSnapshot()
  }

  /** Everything pending is refused. */
  forget(): void {
    this.#pending.length = 0
    this.#ahead.clear()
  }

  /** Writes all rows to a snapshot now, if there is anything newer than the last. */
  async snapshot(): Promise<void> {
    await this.#snapshotting
    if (this.#snapshotRevision < this.#journal.next) await this.#snapshot()
  }

  /** Nothing is removed from now on, until the function that it resolves to is called. */
  async hold(): Promise<() => void> {
    this.#holds++
    await this.#snapshotting
    const release = await this.#journal.hold()
    return () => {
      this.#holds--
      release()
    }
  }

  /** Its files, and what of them is durable. */
  files(): FileCut[] {
    const path = snapshotPath(this.#options.directory, this.#snapshotRevision)
    const snapshot = this.#snapshotRevision > 0 ? [{ path, bytes: this.#snapshotBytes }] : []
    return [...snapshot, ...this.#journal.files()]
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#journal.stop()
    await this.#snapshotting
    await this.#journal.close()
  }

  #settle(change: PackedChange, revision: Revision): void {
    this.#rows.apply(change, revision)
    const ahead = this.#ahead.get(change.key)
    if (ahead === revision) this.#ahead.delete(change.key)
  }

  #revisionOf(key: string): Revision | undefined {
    return this.#ahead.has(key) ? this.#ahead.get(key) : this.#rows.revisionOf(key)
  }

  #conflict({ key, revision }: Expectation): BrokerError {
    const found = this.#revisionOf(key)
    return new BrokerError(
      'CONFLICT',
      `table ${this.#options.name}: "${key}" is at revision ${found ?? 'none'}, not ${revision ?? 'none'}`,
    )
  }

  #considerSnapshot(): void {
    if (this.#snapshotting !== undefined || this.#closed || this.#holds > 0) return
    if (this.#journalBytes < Math.max(this.#options.snapshotBytes, this.#snapshotBytes)) return
    this.#snapshotting = this.#snapshot().finally(() => {
      this.#snapshotting = undefined
    })
  }

  async #snapshot(): Promise<void> {
    const { disk, directory, health, logger } = this.#options
    const revision = this.#journal.next
    this.#journalBytes = 0
    try {
      const older = await snapshotRevisions(disk, directory)
      const rows = this.#rows.range('')
      this.#snapshotBytes = await writeSnapshot(disk, directory, { revision, rows })
      this.#snapshotRevision = revision
      for (const old of older) if (old !== revision) await disk.unlink(snapshotPath(directory, old))
      await this.#journal.trim(revision)
    } catch (error) {
      if (!isFull(error)) {
        health.fail(snapshotPath(directory, revision), error)
        return
      }
      logger.warn(
        { table: this.#options.name },
        'no room for a snapshot; the journal is kept, and it is tried again later',
      )
      await disk.unlink(`${snapshotPath(directory, revision)}.tmp`).catch(() => {})
    }
  }
}

/** Loads the newest snapshot and removes older ones, which an interrupted one left. */
async function load(options: TableOptions, rows: Rows): Promise<{ revision: Revision; bytes: number }> {
  const { disk, directory } = options
  const revisions = await snapshotRevisions(disk, directory)
  const newest = revisions.pop()
  if (newest === undefined) return { revision: 0, bytes: 0 }
  const bytes = await readSnapshot(disk, snapshotPath(directory, newest), ({ key, value, revision }) =>
    rows.apply({ key, value: packBytes(value) }, revision),
  )
  for (const older of revisions) await disk.unlink(snapshotPath(directory, older))
  return { revision: newest, bytes }
}

/** Repeats the writes since the snapshot. */
async function replay(options: TableOptions, journal: Journal, from: Revision, rows: Rows): Promise<void> {
  if (from < journal.first || from > journal.next) {
    const reason = `the snapshot is of revision ${from}, but the journal has ${journal.first} to ${journal.next}`
    throw corrupt(options.directory, 0, reason)
  }
  let next = from
  while (next < journal.next) {
    const { offset, records } = await journal.read(next, replayLimit)
    if (records.length === 0) return
    for (const [index, record] of records.entries()) {
      for (const { key, value } of decodeWrite(record))
        rows.apply({ key, value: value && packBytes(value) }, offset + index + 1)
    }
    next = offset + records.length
  }
}
