import { join } from 'node:path'
import type { Log, ReadLimit } from '../../kernel/plugin.ts'
import { BrokerError } from '../../kernel/plugin.ts'
import { Batch } from './batch.ts'
import type { FileCut } from './file-cut.ts'
import { frameHeaderBytes, recordHeaderBytes } from './frame.ts'
import { full, isFull, unreadable } from './health.ts'
import type { JournalOptions } from './journal-options.ts'
import { OpenFiles } from './open-files.ts'
import { recoverSegments } from './recovery.ts'
import type { Found, Segment } from './segment.ts'
import { Tail } from './tail.ts'

/** Files that were being written for another's place when a crash came. */
async function removeDrafts({ disk, directory }: JournalOptions): Promise<void> {
  for (const name of await disk.list(directory)) if (name.endsWith('.tmp')) await disk.unlink(join(directory, name))
}

/** One append must fit a buffer and a 32-bit length. */
const largestAppendBytes = 1 << 30

/**
 * A log in segment files. Appends that arrive while a frame is written and synced share the next one, so the price of
 * an fsync is paid once for all of them.
 */
export class Journal implements Log {
  readonly #options: JournalOptions
  readonly #segments: Segment[]
  readonly #tail: Tail
  readonly #files: OpenFiles
  /** Full batches, oldest first, then the one that appends go to. */
  #full: Batch[] = []
  #filling: Batch
  /** The frame of a batch that was written: used again, so that steady work allocates nothing. */
  #spare: Buffer | undefined
  #committing: Promise<void> | undefined
  #trimming: Promise<void> = Promise.resolve()
  #closed = false

  private constructor(options: JournalOptions, segments: Segment[], tail: Tail) {
    this.#options = options
    this.#segments = segments
    this.#tail = tail
    this.#files = new OpenFiles(options.disk)
    this.#filling = new Batch(tail.next, undefined)
  }

  /** @throws BrokerError STORAGE_CORRUPT: a frame before the end is damaged. STORAGE_FULL: no room to begin. */
  static async open(options: JournalOptions): Promise<Journal> {
    try {
      await removeDrafts(options)
      const segments = await recoverSegments(options)
      return new Journal(options, segments, await Tail.open(options, segments))
    } catch (error) {
      throw isFull(error) ? full(options.directory, error) : error
    }
  }

  get first(): number {
    return this.#segments[0]?.first ?? 0
  }

  get next(): number {
    return this.#tail.next
  }

  /** The offset after everything that waits, durable or not. */
  get pendingNext(): number {
    return this.#filling.next
  }

  inspect(): Record<string, unknown> {
    return { first: this.first, next: this.next, files: this.#segments.length, bytes: this.usedBytes }
  }

  get usedBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  append(records: readonly Uint8Array[]): Promise<number> {
    let bytes = 0
    for (const record of records) bytes += recordHeaderBytes + record.byteLength
    const batch = this.#room(bytes)
    if (batch instanceof BrokerError) return Promise.reject(batch)
    const offset = batch.next
    for (const record of records) {
      const at = batch.reserve(record.byteLength)
      batch.frame.set(record, at)
    }
    return batch.wait(offset)
  }

  /** Appends one record that `fill` writes itself: all `bytes` of it, from `at` on. */
  appendWith(bytes: number, fill: (frame: Buffer, at: number) => void): Promise<number> {
    const batch = this.#room(recordHeaderBytes + bytes)
    if (batch instanceof BrokerError) return Promise.reject(batch)
    const offset = batch.next
    const at = batch.reserve(bytes)
    fill(batch.frame, at)
    return batch.wait(offset)
  }

  async read(from: number, limit: ReadLimit): Promise<{ offset: number; records: readonly Uint8Array[] }> {
    this.#refuseClosed()
    let offset = Math.max(from, this.first)
    const found: Found = { offset, bytes: 0, records: [] }
    if (limit.records <= 0) return found
    while (offset < this.next) {
      const segment = this.#segmentOf(offset)
      const start = offset
      try {
        await this.#files.use(segment.path, file => segment.read(file, start, limit, found))
      } catch (error) {
        throw unreadable(segment.path, error)
      }
      const count = found.records.length
      if (count >= limit.records || (count > 0 && found.bytes >= limit.bytes)) break
      // The segment stopped at a hole: what follows is for the next call.
      if (count > 0 && found.offset + count < segment.next) break
      offset = segment.next
    }
    return { offset: found.offset, records: found.records }
  }

  trim(before: number): Promise<void> {
    this.#trimming = this.#trimming.catch(() => {}).then(() => this.#trim(before))
    return this.#trimming
  }

  /** Nothing is removed from now on, until the function that it resolves to is called. */
  async hold(): Promise<() => void> {
    const before = this.#trimming.catch(() => {})
    let release = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    this.#trimming = before.then(() => held)
    await before
    return release
  }

  /** Its files, and what of them is durable. */
  files(): FileCut[] {
    return this.#segments.map(({ path, bytes }) => ({ path, bytes }))
  }

  /** Takes no more; resolves when nothing waits. */
  async stop(): Promise<void> {
    this.#closed = true
    await this.#committing
  }

  /** Resolves when everything appended before is durable and all files are closed. */
  async close(): Promise<void> {
    await this.stop()
    await this.#trimming.catch(() => {})
    await this.#files.close()
    await this.#tail.close()
  }

  #room(bytes: number): Batch | BrokerError {
    const { health, batchBytes, directory } = this.#options
    if (health.failure !== undefined) return health.failure
    if (this.#closed) return new BrokerError('CLOSED', `${directory} is closed`)
    if (bytes > largestAppendBytes) {
      return new BrokerError('LIMIT_REACHED', `one append of ${bytes} bytes exceeds ${largestAppendBytes}`)
    }
    if (this.#filling.records > 0 && this.#filling.used + bytes > batchBytes) {
      this.#full.push(this.#filling)
      this.#filling = new Batch(this.#filling.next, undefined)
    }
    // Not at once: the other appends of this turn of the event loop join.
    this.#committing ??= new Promise(resolve => setImmediate(resolve)).then(() => this.#commit())
    return this.#filling
  }

  async #commit(): Promise<void> {
    for (;;) {
      const batch = this.#full.shift() ?? this.#filling
      if (batch.empty) break
      if (batch === this.#filling) this.#filling = new Batch(batch.next, this.#spare)
      if (this.#filling.frame === this.#spare) this.#spare = undefined
      try {
        if (batch.records > 0) await this.#store(batch)
      } catch (error) {
        this.#refuse(batch, error instanceof Error ? error : new Error(String(error)))
        continue
      }
      batch.resolve()
      if (batch.frame.byteLength <= this.#options.batchBytes + frameHeaderBytes) this.#spare = batch.frame
    }
    this.#committing = undefined
  }

  async #store(batch: Batch): Promise<void> {
    const segment = await this.#tail.write(batch)
    if (segment !== this.#segments.at(-1)) this.#segments.push(segment)
    this.#options.onDurable?.(batch.first, batch.records)
  }

  /** What waits behind a refused batch was promised offsets after it, and may build on it: it is refused as well. */
  #refuse(batch: Batch, error: Error): void {
    const waiting = [batch, ...this.#full, this.#filling]
    this.#full = []
    this.#filling = new Batch(this.next, undefined)
    this.#options.onRefused?.()
    for (const refused of waiting) refused.reject(error)
  }

  async #trim(before: number): Promise<void> {
    const { disk, directory, health } = this.#options
    for (;;) {
      const [oldest, second] = this.#segments
      if (oldest === undefined || second === undefined || second.first > before) return
      if (health.failure !== undefined) throw health.failure
      this.#segments.shift()
      await this.#files.drop(oldest.path)
      try {
        await disk.unlink(oldest.path)
        // One by one: a removal that a crash undoes must not leave a gap behind it.
        await disk.syncDirectory(directory)
      } catch (error) {
        throw isFull(error) ? error : health.fail(oldest.path, error)
      }
    }
  }

  #segmentOf(offset: number): Segment {
    let low = 0
    let high = this.#segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#segments[middle]?.first ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const segment = this.#segments[low]
    if (segment === undefined) throw new Error(`${this.#options.directory}: a journal without segments`)
    return segment
  }

  #refuseClosed(): void {
    if (this.#closed) throw new BrokerError('CLOSED', `${this.#options.directory} is closed`)
  }
}
