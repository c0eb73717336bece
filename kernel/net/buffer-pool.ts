import type { Clock } from '../contract/clock.ts'

/** What each size class keeps unused for good. */
const keptBytesPerClass = 4 * 1024 * 1024

/**
 * Beyond that it keeps what was in use at once within this time: a fan-out to a thousand takes as many buffers in each
 * turn and gives them back in the next, and left to the garbage collector they would have it run many times a second.
 */
const rememberedMs = 1_000

export const largestPooledBytes = 65_536

/** Where buffers in use are counted. */
export interface BufferAccount {
  take(bytes: number): void
  give(bytes: number): void
}

/** Output buffers between two uses, shared by all connections: an idle connection holds none. */
export class BufferPool {
  /** Anything above the largest is allocated for its one use. */
  readonly #sizes = [1024, 4096, 16_384, largestPooledBytes].map(bytes => new SizeClass(bytes))
  readonly #account: BufferAccount
  readonly #clock: Clock
  /** Only while more is kept than what is kept for good. */
  #trimming = false

  constructor(account: BufferAccount, clock: Clock) {
    this.#account = account
    this.#clock = clock
  }

  /** A buffer of at least `bytes`; what it holds is left over from earlier uses. */
  take(bytes: number): Buffer {
    const size = this.#sizeFor(bytes)
    this.#account.take(size?.bytes ?? bytes)
    return size?.take() ?? Buffer.allocUnsafeSlow(bytes)
  }

  /** Kept for the next use. */
  get freeBytes(): number {
    return this.#sizes.reduce((sum, size) => sum + size.freeBytes, 0)
  }

  /** Gives a buffer back. Nobody may read or write it afterwards. */
  release(buffer: Buffer): void {
    this.#account.give(buffer.length)
    const size = this.#sizeFor(buffer.length)
    if (size?.bytes !== buffer.length) return
    size.back(buffer)
    if (size.swollen && !this.#trimming) this.#trimLater()
  }

  /** A buffer that the system may still read: it is the garbage collector's from now on. */
  forget(buffer: Buffer): void {
    this.#account.give(buffer.length)
    const size = this.#sizeFor(buffer.length)
    if (size?.bytes === buffer.length) size.forget()
  }

  #trimLater(): void {
    this.#trimming = true
    this.#clock.after(rememberedMs, () => {
      this.#trimming = false
      for (const size of this.#sizes) size.trim()
      if (this.#sizes.some(size => size.swollen)) this.#trimLater()
    })
  }

  #sizeFor(bytes: number): SizeClass | undefined {
    for (let at = 0; at < this.#sizes.length; at += 1) {
      const size = this.#sizes[at]
      if (size !== undefined && bytes <= size.bytes) return size
    }
    return undefined
  }
}

/** Unused buffers of one size. Counted beside the array: one that is emptied by `pop` gives up its room, each time. */
class SizeClass {
  readonly bytes: number
  readonly #kept: number
  readonly #unused: (Buffer | undefined)[] = []
  #count = 0
  #inUse = 0
  /** In use at once at most, since the trim before the last one: the larger of these. */
  #most = 0
  #mostBefore = 0

  constructor(bytes: number) {
    this.bytes = bytes
    this.#kept = keptBytesPerClass / bytes
  }

  take(): Buffer {
    this.#inUse++
    if (this.#inUse > this.#most) this.#most = this.#inUse
    if (this.#count === 0) return Buffer.allocUnsafeSlow(this.bytes)
    this.#count--
    const buffer = this.#unused[this.#count] as Buffer
    this.#unused[this.#count] = undefined
    return buffer
  }

  back(buffer: Buffer): void {
    this.#inUse--
    if (this.#count < this.#room) this.#unused[this.#count++] = buffer
  }

  forget(): void {
    this.#inUse--
  }

  /** Lets go of what was not needed lately. */
  trim(): void {
    this.#mostBefore = this.#most
    this.#most = this.#inUse
    while (this.#count > this.#room) this.#unused[--this.#count] = undefined
  }

  /** Keeps more than what it keeps for good. */
  get swollen(): boolean {
    return this.#count > this.#kept
  }

  get freeBytes(): number {
    return this.#count * this.bytes
  }

  get #room(): number {
    return Math.max(this.#kept, this.#most - this.#inUse, this.#mostBefore - this.#inUse)
  }
}
