import type { Message } from '../contract/message.ts'
import { BacklogRear, type Block, blockEntries } from './backlog-rear.ts'
import type { MatchedVia } from './bound-filter.ts'

/** What waits: a spool offset, or the message itself where nothing is stored. */
export type Reference = number | Message

const noReference = -1
/** Entries of the first ring. */
const leastRing = 8

/**
 * References in the order they came. Its front is a ring in three parallel arrays, made for coming and going; what
 * comes behind the first hundred entries is packed, for a long backlog is mostly looked after, not looked at.
 */
export class Backlog {
  #references: Reference[] = []
  #vias: (MatchedVia | undefined)[] = []
  #sizes: number[] = []
  #head = 0
  /** Entries in the ring. */
  #ringed = 0
  /** Everything behind the ring. */
  #rear: BacklogRear | undefined
  /** Bytes of what waits, as messages. */
  bytes = 0

  get length(): number {
    return this.#ringed + (this.#rear?.length ?? 0)
  }

  /** `moving`: somebody takes from it. */
  push(reference: Reference, via: MatchedVia, size: number, moving = false): void {
    this.bytes += size
    if (this.#rear || this.#ringed === blockEntries) {
      this.#rear ??= new BacklogRear()
      this.#rear.push(reference, via, size, moving)
      return
    }
    if (this.#ringed === this.#references.length) this.#grow()
    this.#set(this.#ringed++, reference, via, size)
  }

  /** Of the next to leave, as `via` and `size`. */
  get reference(): Reference {
    return this.#references[this.#head] as Reference
  }

  get via(): MatchedVia {
    return this.#vias[this.#head] as MatchedVia
  }

  get size(): number {
    return this.#sizes[this.#head] as number
  }

  /** Drops the first entry. */
  shift(): void {
    this.bytes -= this.size
    this.#references[this.#head] = noReference
    this.#vias[this.#head] = undefined
    this.#head = this.#slot(1)
    this.#ringed--
    if (this.#ringed === 0 && this.#rear) this.#refill(this.#rear)
  }

  /** Removes one offset, searched from the end, where a failed commit left it. */
  remove(offset: number): boolean {
    const removed = this.#rear?.remove(offset)
    if (removed !== undefined) {
      this.bytes -= removed
      if (this.#rear?.length === 0) this.#rear = undefined
      return true
    }
    for (let i = this.#ringed - 1; i >= 0; i--) {
      if (this.#references[this.#slot(i)] === offset) {
        this.#removeAt(i)
        return true
      }
    }
    return false
  }

  /** Those of what waits that are offsets, the next to leave first. Nothing may be added or removed meanwhile. */
  *offsets(): Generator<{ offset: number; via: MatchedVia }> {
    for (let i = 0; i < this.#ringed; i++) {
      const at = this.#slot(i)
      const offset = this.#references[at]
      if (typeof offset === 'number') yield { offset, via: this.#vias[at] as MatchedVia }
    }
    if (this.#rear) yield* this.#rear.offsets()
  }

  #removeAt(i: number): void {
    this.bytes -= this.#sizes[this.#slot(i)] as number
    for (let to = i; to < this.#ringed - 1; to++) {
      const from = this.#slot(to + 1)
      this.#set(to, this.#references[from] as Reference, this.#vias[from], this.#sizes[from] as number)
    }
    this.#ringed--
    this.#set(this.#ringed, noReference, undefined, 0)
    if (this.#ringed === 0 && this.#rear) this.#refill(this.#rear)
  }

  #refill(rear: BacklogRear): void {
    const { references, vias, sizes } = rear.take() as Block
    while (this.#references.length < references.length) this.#grow()
    this.#ringed = references.length
    for (let i = 0; i < references.length; i++) {
      this.#set(i, references[i] as Reference, vias[i], sizes[i] as number)
    }
    if (rear.length === 0) this.#rear = undefined
  }

  #set(i: number, reference: Reference, via: MatchedVia | undefined, size: number): void {
    const at = this.#slot(i)
    this.#references[at] = reference
    this.#vias[at] = via
    this.#sizes[at] = size
  }

  #slot(i: number): number {
    return (this.#head + i) & (this.#references.length - 1)
  }

  #grow(): void {
    this.#references = doubled<Reference>(this.#references, this.#head, noReference)
    this.#vias = doubled<MatchedVia | undefined>(this.#vias, this.#head, undefined)
    this.#sizes = doubled(this.#sizes, this.#head, 0)
    this.#head = 0
  }
}

/** A full ring with as much room again, its oldest entry first. */
function doubled<Value>(ring: readonly Value[], head: number, empty: Value): Value[] {
  const larger = new Array<Value>(Math.max(leastRing, 2 * ring.length)).fill(empty)
  for (let i = 0; i < ring.length; i++) larger[i] = ring[(head + i) & (ring.length - 1)] as Value
  return larger
}
