import type { Sequence } from '../wire/record-batch.ts'
import { batchOverheadBytes } from '../wire/record-batch.ts'
import type { Item } from './item.ts'

/** What a topic takes by default is a little more. */
export const maxBatchBytes = 1_000_000
/** A sequence begins again at 0 after the largest INT32. */
const sequenceMask = 0x7fffffff

export interface Producer {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A batch that was sent, and of which it is not known whether it is there. */
interface Unsure {
  readonly items: readonly Item[]
  readonly first: number
}

/**
 * One partition. Its batches go one after the other, and each has a number, so that the broker knows one that it already
 * has: when an answer was lost, exactly the same batch is sent again under the same number.
 */
export class Lane {
  readonly topic: string
  readonly partition: number
  /** Indexes of what waits for this partition, in order. */
  waiting: number[] = []
  /** Whose numbers these are. */
  producer: Producer | undefined
  /** A producer whose numbers cannot be used here any more: under them the broker could take new batches for old ones. */
  spent: bigint | undefined
  #next = 0
  #unsure: Unsure | undefined
  #maxBytes = maxBatchBytes

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get idle(): boolean {
    return this.#unsure === undefined
  }

  /** What goes next: the unsure batch again when it is still what is first, else what fits into one. */
  next(items: readonly Item[]): number[] {
    const unsure = this.#unsure
    if (unsure?.items.every((item, at) => items[this.waiting[at] ?? -1] === item)) {
      return this.waiting.slice(0, unsure.items.length)
    }
    // Whether its number is used up cannot be known: numbers begin anew, of another producer.
    if (unsure !== undefined) this.anew()
    let bytes = batchOverheadBytes
    let count = 0
    for (const index of this.waiting) {
      bytes += (items[index] as Item).bytes
      if (bytes > this.#maxBytes && count > 0) break
      count++
    }
    return this.waiting.slice(0, count)
  }

  /** Remembers it as sent, until `settle`. */
  sending(batch: readonly Item[]): Sequence | undefined {
    const { producer } = this
    if (producer === undefined) return undefined
    const first = this.#unsure?.first ?? this.#next
    this.#unsure = { items: batch, first }
    return { producerId: producer.producerId, epoch: producer.producerEpoch, first }
  }

  /** The broker has answered for the batch: it is stored, or it is not. */
  settle(stored: boolean): void {
    if (stored && this.#unsure) this.#next = (this.#unsure.first + this.#unsure.items.length) & sequenceMask
    this.#unsure = undefined
  }

  /** So many of what waits are done with. */
  done(count: number): void {
    this.waiting = this.waiting.slice(count)
  }

  anew(): void {
    this.spent = this.producer?.producerId ?? this.spent
    this.producer = undefined
    this.#next = 0
    this.#unsure = undefined
  }

  /** The broker found a batch too large: smaller ones from now on. False when there is no smaller one. */
  shrink(batch: readonly Item[]): boolean {
    if (batch.length < 2) return false
    let bytes = batchOverheadBytes
    for (const item of batch) bytes += item.bytes
    this.#maxBytes = Math.min(this.#maxBytes, Math.ceil(bytes / 2))
    return true
  }

  /** A single record that is too large says nothing about the next. */
  grow(): void {
    this.#maxBytes = maxBatchBytes
  }
}
