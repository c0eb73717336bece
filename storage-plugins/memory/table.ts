import type { Change, Expectation, Revision, Row, Table } from '../../kernel/plugin.ts'
import { BrokerError, checkKey, OrderedMap } from '../../kernel/plugin.ts'

/** A table in a sorted map. */
export class MemoryTable implements Table {
  readonly #name: string
  readonly #rows = new OrderedMap<Row>()
  #revision: Revision = 0
  #bytes = 0
  #closed = false

  constructor(name: string) {
    this.#name = name
  }

  get size(): number {
    return this.#rows.size
  }

  get usedBytes(): number {
    return this.#bytes
  }

  get(key: string): Promise<Row | undefined> {
    return Promise.resolve(this.#rows.get(key))
  }

  async *range(from: string, to?: string): AsyncIterable<Row> {
    yield* this.#rows.range(from, to)
  }

  async write(changes: readonly Change[], expect: readonly Expectation[] = []): Promise<Revision> {
    if (this.#closed) throw new BrokerError('CLOSED', `table ${this.#name} is closed`)
    for (const { key } of changes) checkKey(key)
    for (const { key, revision } of expect) {
      const found = this.#rows.get(key)?.revision
      if (found !== revision) {
        throw new BrokerError(
          'CONFLICT',
          `table ${this.#name}: "${key}" is at revision ${found ?? 'none'}, not ${revision ?? 'none'}`,
        )
      }
    }
    const revision = ++this.#revision
    for (const { key, value } of changes) {
      const old = this.#rows.get(key)
      if (old !== undefined) this.#bytes -= key.length + old.value.byteLength
      if (value === undefined) {
        this.#rows.delete(key)
        continue
      }
      this.#rows.set(key, { key, value: Uint8Array.prototype.slice.call(value), revision })
      this.#bytes += key.length + value.byteLength
    }
    return revision
  }

  close(): void {
    this.#closed = true
  }
}
