import type { Log, ReadLimit } from '../../../kernel/plugin.ts'
import { MemoryLog } from '../../../storage-plugins/memory/log.ts'

interface Waiting {
  readonly records: readonly Uint8Array[]
  resolve(offset: number): void
  reject(error: Error): void
}

/** A log whose appends become durable when a test says so, or are refused. */
export class HeldLog implements Log {
  readonly #log = new MemoryLog()
  readonly #waiting: Waiting[] = []
  readonly trims: number[] = []

  get first(): number {
    return this.#log.first
  }

  get next(): number {
    return this.#log.next
  }

  /** Appends that wait. */
  get held(): number {
    return this.#waiting.length
  }

  append(records: readonly Uint8Array[]): Promise<number> {
    const copies = records.map(record => Uint8Array.from(record))
    return new Promise((resolve, reject) => this.#waiting.push({ records: copies, resolve, reject }))
  }

  /** The oldest append becomes durable. */
  async commit(): Promise<void> {
    const { records, resolve } = this.#waiting.shift()!
    resolve(await this.#log.append(records))
    await turn()
  }

  /** The oldest append fails. */
  async refuse(error: Error): Promise<void> {
    this.#waiting.shift()!.reject(error)
    await turn()
  }

  read(from: number, limit: ReadLimit): ReturnType<Log['read']> {
    return this.#log.read(from, limit)
  }

  trim(before: number): Promise<void> {
    this.trims.push(before)
    return this.#log.trim(before)
  }
}

/** One turn of the event loop: the spool's flush, and promises, have run. */
export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(() => setImmediate(resolve)))
}
