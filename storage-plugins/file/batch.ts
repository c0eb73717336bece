import { frameHeaderBytes, recordHeaderBytes } from './frame.ts'
import { PositionIndex } from './position-index.ts'

const smallestBytes = 65_536

/** What waits for the next group commit: a frame being filled, and whoever waits for it. */
export class Batch {
  readonly first: number
  frame: Buffer
  used = frameHeaderBytes
  records = 0
  /** Pairs: a record's number and position in the frame, for the position index. */
  readonly places: number[] = []
  readonly resolves: ((offset: number) => void)[] = []
  readonly rejects: ((error: Error) => void)[] = []
  /** The offset each waiter is resolved to. */
  readonly offsets: number[] = []
  #dueAt = PositionIndex.intervalBytes

  constructor(first: number, frame: Buffer | undefined) {
    this.first = first
    this.frame = frame ?? Buffer.allocUnsafeSlow(smallestBytes)
  }

  get next(): number {
    return this.first + this.records
  }

  get empty(): boolean {
    return this.offsets.length === 0
  }

  /** Makes room for one more record and returns where its bytes go in `frame`; the caller fills all of them. */
  reserve(bytes: number): number {
    const at = this.used
    const end = at + recordHeaderBytes + bytes
    if (end > this.frame.byteLength) this.#grow(end)
    if (at >= this.#dueAt) {
      this.places.push(this.records, at)
      this.#dueAt = at + PositionIndex.intervalBytes
    }
    const { frame } = this
    frame[at] = bytes
    frame[at + 1] = bytes >>> 8
    frame[at + 2] = bytes >>> 16
    frame[at + 3] = bytes >>> 24
    this.used = end
    this.records++
    return at + recordHeaderBytes
  }

  /** Resolves to `offset` when this batch is durable. */
  wait(offset: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.resolves.push(resolve)
      this.rejects.push(reject)
      this.offsets.push(offset)
    })
  }

  resolve(): void {
    for (let i = 0; i < this.resolves.length; i++) this.resolves[i]?.(this.offsets[i] ?? 0)
  }

  reject(error: Error): void {
    for (const reject of this.rejects) reject(error)
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.frame.byteLength))
    this.frame.copy(larger, 0, 0, this.used)
    this.frame = larger
  }
}
