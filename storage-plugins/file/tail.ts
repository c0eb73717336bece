import type { Batch } from './batch.ts'
import type { DiskFile } from './disk.ts'
import { errorCode } from './disk.ts'
import { sealFrame, segmentHeaderBytes, writeSegmentHeader } from './frame.ts'
import { full, isFull } from './health.ts'
import type { JournalOptions } from './journal-options.ts'
import { Segment, segmentPath } from './segment.ts'

/** The end of a journal: the segment that frames are written to. One write at a time. */
export class Tail {
  readonly #options: JournalOptions
  #segment: Segment
  #file: DiskFile

  private constructor(options: JournalOptions, segment: Segment, file: DiskFile) {
    this.#options = options
    this.#segment = segment
    this.#file = file
  }

  /** Opens the last of the segments, or makes the first one. */
  static async open(options: JournalOptions, segments: Segment[]): Promise<Tail> {
    const last = segments.at(-1)
    if (last !== undefined) return new Tail(options, last, await options.disk.open(last.path, 'write'))
    const { segment, file } = await createSegment(options, 0)
    segments.push(segment)
    return new Tail(options, segment, file)
  }

  get next(): number {
    return this.#segment.next
  }

  /**
   * Writes a batch as one frame; resolves, when it is durable, to the segment it is in.
   * @throws BrokerError STORAGE_FULL: the file ends where it did. STORAGE_FAILED: for ever.
   */
  async write(batch: Batch): Promise<Segment> {
    const { health } = this.#options
    if (health.failure !== undefined) throw health.failure
    if (this.#segment.next > this.#segment.first && this.#segment.bytes + batch.used > this.#options.segmentBytes) {
      await this.#roll()
    }
    const segment = this.#segment
    const frame = batch.frame.subarray(0, batch.used)
    sealFrame(frame, segment.mark, segment.next, batch.records)
    try {
      await this.#file.write(frame, segment.bytes)
    } catch (error) {
      if (!isFull(error)) throw health.fail(segment.path, error)
      await this.#cut()
      throw full(segment.path, error)
    }
    try {
      await this.#file.sync()
    } catch (error) {
      throw health.fail(segment.path, error)
    }
    enter(segment, batch)
    return segment
  }

  async close(): Promise<void> {
    try {
      if (this.#options.health.failure === undefined) await this.#file.sync()
    } catch (error) {
      throw this.#options.health.fail(this.#segment.path, error)
    } finally {
      await this.#file.close()
    }
  }

  /** Takes back what a failed write left behind the last frame; synced, because the next frame may go to another file. */
  async #cut(): Promise<void> {
    try {
      await this.#file.truncate(this.#segment.bytes)
      await this.#file.sync()
    } catch (error) {
      throw this.#options.health.fail(this.#segment.path, error)
    }
  }

  async #roll(): Promise<void> {
    const { disk, directory, health } = this.#options
    const path = segmentPath(directory, this.#segment.next)
    let created: { segment: Segment; file: DiskFile }
    try {
      created = await createSegment(this.#options, this.#segment.next)
    } catch (error) {
      if (!isFull(error)) throw health.fail(path, error)
      // A later, smaller frame may still fit the old segment, and then this name would be wrong.
      try {
        await disk.unlink(path).catch(ignoreMissing)
        await disk.syncDirectory(directory)
      } catch (failure) {
        throw health.fail(path, failure)
      }
      throw full(path, error)
    }
    await this.#file.close()
    this.#segment.index.shrink()
    this.#segment = created.segment
    this.#file = created.file
  }
}

/** Makes a segment whose header and name are durable before any frame is in it. */
export async function createSegment(
  options: Pick<JournalOptions, 'disk' | 'directory'>,
  first: number,
): Promise<{ segment: Segment; file: DiskFile }> {
  const { disk, directory } = options
  const segment = new Segment(segmentPath(directory, first), first, disk.mark())
  const file = await disk.open(segment.path, 'create')
  try {
    await file.write(writeSegmentHeader(segment), 0)
    await file.sync()
    await disk.syncDirectory(directory)
  } catch (error) {
    await file.close()
    throw error
  }
  return { segment, file }
}

function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error
}

function enter(segment: Segment, batch: Batch): void {
  const start = segment.bytes
  const end = start + batch.used
  const { index } = segment
  if (start >= index.dueAt || segment.bytes === segmentHeaderBytes) index.add(segment.next, start, start)
  for (let i = 0; i < batch.places.length; i += 2) {
    index.add(segment.next + (batch.places[i] ?? 0), start + (batch.places[i + 1] ?? 0), end)
  }
  segment.bytes = end
  segment.next += batch.records
}
