import type { Message } from '../contract/message.ts'
import type { MatchedVia } from './bound-filter.ts'

/** What waits: a spool offset, or the message itself where nothing is stored. */
export type Reference = number | Message

const noReference = -1

/**
 * A ring of references in three parallel arrays: an entry of a durable queue costs its offset, a shared pointer and a
 * size, never the message.
 */
export class Backlog {
  #references: Reference[] = []
  #vias: (MatchedVia | undefined)[] = []
  #sizes: number[] = []
  #head = 0
  #length = 0
  /** Bytes of what waits, as messages. */
  bytes = 0

  get length(): number {
    return this.#length
  }

  push(reference: Reference, via: MatchedVia, size: number): void {
    if (this.#length === this.#references.length) this.#grow()
    const at = (this.#head + this.#length) & (this.#references.length - 1)
    this.#references[at] = reference
    this.#vias[at] = via
    this.#sizes[at] = size
    this.#length++
    this.bytes += size
  }

  /** The i-th waiting reference, 0 being the next to leave. */
  reference(i: number): Reference {
    return this.#references[this.#slot(i)] as Reference
  }

  via(i: number): MatchedVia {
    return this.#vias[this.#slot(i)] as MatchedVia
  }

  size(i: number): number {
    return this.#sizes[this.#slot(i)] as number
  }

  /** Drops the first entry. */
  shift(): void {
    const at = this.#slot(0)
    this.bytes -= this.#sizes[at] as number
    this.#references[at] = noReference
    this.#vias[at] = undefined
    this.#head = (this.#head + 1) & (this.#references.length - 1)
    this.#length--
    if (this.#length === 0 && this.#references.length > 1024) this.#reset()
  }

  /** Drops the last entry. */
  pop(): void {
    const at = this.#slot(this.#length - 1)
    this.bytes -= this.#sizes[at] as number
    this.#references[at] = noReference
    this.#vias[at] = undefined
    this.#length--
  }

  /** Removes one offset, searched from the end, where a failed commit left it. */
  remove(offset: number): boolean {
    for (let i = this.#length - 1; i >= 0; i--) {
      if (this.reference(i) !== offset) continue
      this.bytes -= this.size(i)
      for (let j = i; j < this.#length - 1; j++) this.#move(j + 1, j)
      this.#references[this.#slot(this.#length - 1)] = noReference
      this.#vias[this.#slot(this.#length - 1)] = undefined
      this.#length--
      return true
    }
    return false
  }

  #move(from: number, to: number): void {
    const source = this.#slot(from)
    const target = this.#slot(to)
    this.#references[target] = this.#references[source] as Reference
    this.#vias[target] = this.#vias[source]
    this.#sizes[target] = this.#sizes[source] as number
  }

  #slot(i: number): number {
    return (this.#head + i) & (this.#references.length - 1)
  }

  #grow(): void {
    const capacity = Math.max(8, this.#references.length * 2)
    const references: Reference[] = new Array(capacity).fill(noReference)
    const vias: (MatchedVia | undefined)[] = new Array(capacity).fill(undefined)
    const sizes: number[] = new Array(capacity).fill(0)
    for (let i = 0; i < this.#length; i++) {
      references[i] = this.reference(i)
      vias[i] = this.via(i)
      sizes[i] = this.size(i)
    }
    this.#references = references
    this.#vias = vias
    this.#sizes = sizes
    this.#head = 0
  }

  #reset(): void {
    this.#references = []
    this.#vias = []
    this.#sizes = []
    this.#head = 0
  }
}
