import { lengthBytes } from './frame-writer.ts'

/** No message, and no batch of targets of one, comes near it: whoever announces more does not speak this language. */
const maxFrameBytes = 1024 * 1024 * 1024
/** What is kept of it between two frames that did not come whole. */
const keptBytes = 256 * 1024

/** Finds whole frames in a stream of chunks that are only lent. */
export class FrameSplitter {
  readonly #onFrame: (buffer: Buffer, start: number, end: number) => void
  /** The beginning of a frame whose end has not come. */
  #held = Buffer.allocUnsafeSlow(4096)
  #heldBytes = 0
  #stopped = false

  /** `onFrame`: from the kind to the end of the body, lent. */
  constructor(onFrame: (buffer: Buffer, start: number, end: number) => void) {
    this.#onFrame = onFrame
  }

  /** Nothing more is heard, not even what has come already. */
  stop(): void {
    this.#stopped = true
  }

  /** @throws RangeError what comes is no frame; and what `onFrame` throws. */
  push(chunk: Buffer): void {
    let at = this.#heldBytes > 0 ? this.#complete(chunk) : 0
    while (chunk.length - at >= lengthBytes && !this.#stopped) {
      const end = at + lengthBytes + lengthAt(chunk, at)
      if (end > chunk.length) break
      this.#onFrame(chunk, at + lengthBytes, end)
      at = end
    }
    if (at < chunk.length) this.#hold(chunk, at, chunk.length)
  }

  /** Goes on with the frame that is held; returns where the next one begins. */
  #complete(chunk: Buffer): number {
    let at = 0
    while (this.#heldBytes < lengthBytes) {
      if (at === chunk.length) return at
      this.#hold(chunk, at, at + 1)
      at++
    }
    const missing = lengthBytes + lengthAt(this.#held, 0) - this.#heldBytes
    const end = Math.min(chunk.length, at + missing)
    this.#hold(chunk, at, end)
    if (end - at < missing) return end
    const held = this.#held
    const bytes = this.#heldBytes
    this.#heldBytes = 0
    if (!this.#stopped) this.#onFrame(held, lengthBytes, bytes)
    if (held.length > keptBytes) this.#held = Buffer.allocUnsafeSlow(4096)
    return end
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    const bytes = this.#heldBytes + to - from
    if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.#held.length * 2))
      this.#held.copy(larger, 0, 0, this.#heldBytes)
      this.#held = larger
    }
    chunk.copy(this.#held, this.#heldBytes, from, to)
    this.#heldBytes = bytes
  }
}

function lengthAt(buffer: Buffer, at: number): number {
  const length = buffer.readUInt32LE(at)
  if (length === 0 || length > maxFrameBytes) throw new RangeError(`a frame of ${length} bytes`)
  return length
}
