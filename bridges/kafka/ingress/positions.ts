import type { Offsets } from '../wire/link.ts'

/**
 * Where each partition is read on, and what of it is stored here and may be committed. Commits go one after the other, each
 * with the newest of all partitions.
 */
export class Positions {
  readonly #next = new Map<number, bigint>()
  readonly #stored = new Map<number, bigint>()
  readonly #commit: (offsets: Offsets) => Promise<void>
  #committing: Promise<void> | undefined
  #failed: unknown

  constructor(commit: (offsets: Offsets) => Promise<void>) {
    this.#commit = commit
  }

  get(partition: number): bigint | undefined {
    return this.#next.get(partition)
  }

  set(partition: number, offset: bigint): void {
    this.#next.set(partition, offset)
  }

  /** Of partitions that belong to somebody else now, nothing is committed any more. */
  keepOnly(partitions: readonly number[]): void {
    const ours = new Set(partitions)
    for (const kept of [this.#next, this.#stored]) {
      for (const partition of kept.keys()) if (!ours.has(partition)) kept.delete(partition)
    }
  }

  clear(): void {
    this.#next.clear()
    this.#stored.clear()
  }

  /** Everything before this offset is stored. */
  stored(partition: number, offset: bigint): void {
    if (!this.#next.has(partition) || offset <= (this.#stored.get(partition) ?? -1n)) return
    this.#stored.set(partition, offset)
    this.#committing ??= this.#commitAll()
  }

  /** Why the last commit failed, once. What it was about is committed with the next. */
  takeFailure(): unknown {
    const failed = this.#failed
    this.#failed = undefined
    return failed
  }

  /** Resolves when nothing is under way any more. */
  async flushed(): Promise<void> {
    if (this.#stored.size > 0) this.#committing ??= this.#commitAll()
    await this.#committing
  }

  async #commitAll(): Promise<void> {
    while (this.#stored.size > 0) {
      const offsets = new Map(this.#stored)
      try {
        await this.#commit(offsets)
      } catch (error) {
        this.#failed = error
        break
      }
      for (const [partition, offset] of offsets) {
        if (this.#stored.get(partition) === offset) this.#stored.delete(partition)
      }
    }
    this.#committing = undefined
  }
}
