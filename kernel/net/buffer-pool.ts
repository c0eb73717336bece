/** Sizes that are worth keeping; anything above the largest is allocated for its one use. */
const sizeClasses = [1024, 4096, 16_384, 65_536] as const

export const largestPooledBytes = 65_536

/** What each size class keeps at most while unused: 4 MiB, so that a burst's buffers do not stay for ever. */
const keptBytesPerClass = 4 * 1024 * 1024

/** Output buffers between two uses, shared by all connections: an idle connection holds none. */
export class BufferPool {
  readonly #free: Buffer[][] = sizeClasses.map(() => [])

  /** A buffer of at least `bytes`; what it holds is left over from earlier uses. */
  take(bytes: number): Buffer {
    for (let at = 0; at < sizeClasses.length; at += 1) {
      const size = sizeClasses[at] ?? 0
      if (bytes <= size) return this.#free[at]?.pop() ?? Buffer.allocUnsafeSlow(size)
    }
    return Buffer.allocUnsafeSlow(bytes)
  }

  /** Gives a buffer back. Nobody may read or write it afterwards. */
  release(buffer: Buffer): void {
    const at = sizeClasses.indexOf(buffer.length as (typeof sizeClasses)[number])
    const free = this.#free[at]
    if (free !== undefined && free.length * buffer.length < keptBytesPerClass) free.push(buffer)
  }
}
