import { orderKey, plainKey } from './key-order.ts'

/** Splits at twice this many keys: small enough that a splice is a short memmove, large enough that blocks are few. */
const blockKeys = 256

/**
 * A map whose keys are walked in the order of their UTF-8 bytes. Insertion, removal and seeking cost O(log n) plus a
 * short splice; a walk goes on correctly while the map changes under it.
 */
export class OrderedMap<Value> {
  readonly #values = new Map<string, Value>()
  /** Order keys, sorted, in sorted blocks none of which is empty. */
  readonly #blocks: string[][] = []
  /** Grows when keys come or go, so that a walk knows that its place may have moved. */
  #shape = 0

  get size(): number {
    return this.#values.size
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: Value): void {
    const before = this.#values.size
    this.#values.set(key, value)
    if (this.#values.size !== before) this.#insert(orderKey(key))
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false
    this.#remove(orderKey(key))
    return true
  }

  /**
   * Values of keys in `from` <= key < `to`. A key that is there from the start of the walk to its end is met exactly
   * once; one that comes or goes meanwhile may be met or not.
   */
  *range(from: string, to?: string): Generator<Value, void, undefined> {
    const end = to === undefined ? undefined : orderKey(to)
    let shape = this.#shape
    let block = this.#blockOf(orderKey(from))
    let at = block < this.#blocks.length ? lowerBound(this.#blocks[block] ?? [], orderKey(from)) : 0
    for (;;) {
      const keys = this.#blocks[block]
      if (keys === undefined) return
      const key = keys[at]
      if (key === undefined) {
        block++
        at = 0
        continue
      }
      if (end !== undefined && key >= end) return
      const value = this.#values.get(plainKey(key))
      if (value !== undefined) yield value
      if (shape === this.#shape) {
        at++
        continue
      }
      shape = this.#shape
      block = this.#blockOf(key)
      const moved = this.#blocks[block]
      if (moved === undefined) return
      at = lowerBound(moved, key)
      if (moved[at] === key) at++
    }
  }

  #insert(key: string): void {
    this.#shape++
    const index = this.#blockOf(key)
    const block = this.#blocks[index]
    if (block === undefined) {
      this.#blocks.push([key])
      return
    }
    block.splice(lowerBound(block, key), 0, key)
    if (block.length >= 2 * blockKeys) this.#blocks.splice(index + 1, 0, block.splice(blockKeys))
  }

  #remove(key: string): void {
    this.#shape++
    const index = this.#blockOf(key)
    const block = this.#blocks[index] ?? []
    block.splice(lowerBound(block, key), 1)
    if (block.length === 0) this.#blocks.splice(index, 1)
  }

  /** The block that holds the key, or would: the last one that begins at or before it. */
  #blockOf(key: string): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#blocks[middle]?.[0] ?? '') <= key) low = middle
      else high = middle - 1
    }
    return low
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}
