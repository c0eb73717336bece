import type { Log, ReadLimit } from '../../kernel/plugin.ts'
import { BrokerError } from '../../kernel/plugin.ts'

/** Below this many forgotten places the array is not worth shortening. */
const compactAbove = 1024

/** A log in an array. What is trimmed is freed at once; the array itself is shortened when half of it is empty. */
export class MemoryLog implements Log {
  #records: (Uint8Array | undefined)[] = []
  /** Index of the record at `first`. */
  #start = 0
  #first = 0
  #bytes = 0
  #closed = false

  get first(): number {
    return this.#first
  }

  get next(): number {
    return this.#first + this.#records.length - this.#start
  }

  get usedBytes(): number {
    return this.#bytes
  }

  append(records: readonly Uint8Array[]): Promise<number> {
    if (this.#closed) return Promise.reject(new BrokerError('CLOSED', 'the log is closed'))
    const offset = this.next
    for (const record of records) {
      this.#records.push(Uint8Array.prototype.slice.call(record))
      this.#bytes += record.byteLength
    }
    return Promise.resolve(offset)
  }

  read(from: number, limit: ReadLimit): Promise<{ offset: number; records: readonly Uint8Array[] }> {
    const offset = Math.max(from, this.#first)
    const records: Uint8Array[] = []
    let bytes = 0
    for (let at = this.#start + offset - this.#first; records.length < limit.records; at++) {
      const record = this.#records[at]
      if (record === undefined) break
      records.push(record)
      bytes += record.byteLength
      if (bytes >= limit.bytes) break
    }
    return Promise.resolve({ offset, records })
  }

  trim(before: number): Promise<void> {
    const end = Math.min(before, this.next)
    for (; this.#first < end; this.#first++, this.#start++) {
      this.#bytes -= this.#records[this.#start]?.byteLength ?? 0
      this.#records[this.#start] = undefined
    }
    if (this.#start > compactAbove && this.#start * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#start)
      this.#start = 0
    }
    return Promise.resolve()
  }

  close(): void {
    this.#closed = true
  }
}
