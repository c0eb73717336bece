import type { PackedBytes, Revision, Row } from '../../kernel/plugin.ts'
import { OrderedMap, unpackBytes } from '../../kernel/plugin.ts'

/** A key's new value; undefined: it is removed. */
export interface PackedChange {
  readonly key: string
  readonly value: PackedBytes | undefined
}

interface PackedRow {
  readonly key: string
  readonly value: PackedBytes
  readonly revision: Revision
}

/** The rows of a table, in memory all of them: packed, because there may be a million and each is read about once. */
export class Rows {
  readonly #rows = new OrderedMap<PackedRow>()

  get size(): number {
    return this.#rows.size
  }

  get(key: string): Row | undefined {
    const row = this.#rows.get(key)
    return row && unpacked(row)
  }

  revisionOf(key: string): Revision | undefined {
    return this.#rows.get(key)?.revision
  }

  /** As of `OrderedMap.range`. */
  *range(from: string, to?: string): Generator<Row, void, undefined> {
    for (const row of this.#rows.range(from, to)) yield unpacked(row)
  }

  apply({ key, value }: PackedChange, revision: Revision): void {
    if (value === undefined) this.#rows.delete(key)
    else this.#rows.set(key, { key, value, revision })
  }
}

function unpacked({ key, value, revision }: PackedRow): Row {
  return { key, value: unpackBytes(value), revision }
}
