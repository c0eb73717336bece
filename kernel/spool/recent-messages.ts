import type { Message } from '../contract/message.ts'

/** What an entry costs beyond its payload, by rule of thumb. */
const messageOverhead = 256
/** Of a place, whether or not a message is there. */
const placeBytes = 8
/** Places of an empty ring; a power of two, as all its sizes are. */
const leastPlaces = 1_024

/**
 * Recently stored messages by offset, oldest first, so that a queue rarely reads the disk. Offsets follow each other, so
 * each has its place in a ring: nothing is hashed, and what is deleted leaves no hole to be skipped later.
 */
export class RecentMessages {
  readonly #limitBytes: number
  #ring = emptyRing(leastPlaces)
  /** Where in the ring the oldest is. */
  #head = 0
  /** The offsets that have a place: from the oldest message to the one after the newest. */
  #first = 0
  #next = 0
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get(offset: number): Message | undefined {
    return offset >= this.#first && offset < this.#next ? this.#ring[this.#place(offset)] : undefined
  }

  /** What is at or beyond `durableTo` stays, however much it is: it cannot be read back yet. */
  add(offset: number, message: Message, durableTo: number): void {
    if (this.#bytes === 0) this.#first = offset
    if (offset >= this.#next) this.#next = offset + 1
    this.#bytes += message.payloadBytes + messageOverhead
    this.evict(durableTo)
    while (this.#next - this.#first > this.#ring.length) this.#grow()
    this.#ring[this.#place(offset)] = message
  }

  delete(offset: number): void {
    const message = this.get(offset)
    if (!message) return
    this.#ring[this.#place(offset)] = undefined
    this.#bytes -= message.payloadBytes + messageOverhead
  }

  /** Nobody refers to what is before the offset. */
  deleteBefore(offset: number): void {
    while (this.#first < this.#next && this.#first < offset) this.#drop()
    if (this.#first === this.#next && this.#ring.length > leastPlaces) this.#ring = emptyRing(leastPlaces)
  }

  evict(durableTo: number): void {
    while (this.#full && this.#first < this.#next && this.#first < durableTo) this.#drop()
  }

  /** Offsets of other records have places as well: those are bounded for themselves. */
  get #full(): boolean {
    return this.#bytes > this.#limitBytes || (this.#next - this.#first) * placeBytes > this.#limitBytes
  }

  #drop(): void {
    this.delete(this.#first)
    this.#first++
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
  }

  #place(offset: number): number {
    return (this.#head + (offset - this.#first)) & (this.#ring.length - 1)
  }

  #grow(): void {
    const old = this.#ring
    this.#ring = emptyRing(2 * old.length)
    for (let i = 0; i < old.length; i++) this.#ring[i] = old[(this.#head + i) & (old.length - 1)]
    this.#head = 0
  }
}

function emptyRing(places: number): (Message | undefined)[] {
  return new Array<Message | undefined>(places).fill(undefined)
}
