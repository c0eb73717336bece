import { Batch } from './batch.ts'
import type { DiskFile } from './disk.ts'
import { frameHeaderBytes, sealFrame, segmentHeaderBytes, writeSegmentHeader } from './frame.ts'

/** Frames are about this large, so that writing one never holds up anything for long. */
const frameBytes = 262_144

/** Writes a file of frames from its beginning: records with their offsets, and holes between them. */
export class FrameWriter {
  readonly #file: DiskFile
  readonly #mark: number
  #position = segmentHeaderBytes
  #batch: Batch

  private constructor(file: DiskFile, { first, mark }: { first: number; mark: number }) {
    this.#file = file
    this.#mark = mark
    this.#batch = new Batch(first, undefined)
  }

  static async begin(file: DiskFile, header: { first: number; mark: number }): Promise<FrameWriter> {
    await file.write(writeSegmentHeader(header), 0)
    return new FrameWriter(file, header)
  }

  /** The offset that is next. */
  get next(): number {
    return this.#batch.next
  }

  /** The frame is as large as it should become: flush it first. */
  isFull(bytes: number): boolean {
    return this.#batch.records > 0 && this.#batch.used + bytes > frameBytes
  }

  /** Adds a record that `fill` writes itself: all `bytes` of it, from `at` on. */
  add(bytes: number, fill: (frame: Buffer, at: number) => void): void {
    const at = this.#batch.reserve(bytes)
    fill(this.#batch.frame, at)
  }

  /** No records up to an offset. */
  async skip(to: number): Promise<void> {
    const { next } = this
    if (to === next) return
    await this.flush()
    const frame = Buffer.alloc(frameHeaderBytes)
    sealFrame(frame, this.#mark, next, to - next)
    await this.#write(frame)
    this.#batch = new Batch(to, this.#batch.frame)
  }

  /** Makes all of it durable; resolves to the file's size. */
  async end(): Promise<number> {
    await this.flush()
    await this.#file.sync()
    return this.#position
  }

  /** Writes the records that were added. */
  async flush(): Promise<void> {
    const batch = this.#batch
    if (batch.records === 0) return
    const frame = batch.frame.subarray(0, batch.used)
    sealFrame(frame, this.#mark, batch.first, batch.records)
    await this.#write(frame)
    this.#batch = new Batch(batch.next, batch.frame)
  }

  async #write(frame: Buffer): Promise<void> {
    await this.#file.write(frame, this.#position)
    this.#position += frame.byteLength
  }
}
