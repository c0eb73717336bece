import type { Clock } from '../contract/clock.ts'
import type { Memory } from '../memory/memory.ts'
import { Relief } from '../memory/relief.ts'

/** A backlog that would be gone within this time at the pace of late belongs to a consumer that keeps going. */
const patienceMs = 10_000
/** The pace is that of this time. */
const paceMs = 1_000
/** What lively backlogs may hold each, of what queues may still hold; and when their publishers are asked to wait. */
const livelyPart = 1 / 2
const pressingPart = 1 / 4
const relievedPart = 1 / 8
/** A backlog of so many bytes that moves may be there even when nothing is free: its consumer does nothing wrong. */
const grantedBytes = 16 * 1024
/** What all others may come to, of what queues may hold, and each of them of what is left of that. */
const stuckShare = 1 / 2
const stuckPart = 1 / 4

/**
 * How much of the queues' memory one backlog may hold. One that moves may have much, and before it is too much its
 * publishers wait; one that does not move, because nobody takes it or its consumer is frozen, may have a small part, and
 * all of those together leave half to the others: what a frozen client misses is dropped, and slows nobody.
 */
export class Allowance {
  readonly #memory: Memory
  readonly #clock: Clock
  #heldBytes = 0
  #movedBytes = 0
  /** When `#movedBytes` began to be counted. */
  #since: number
  /** Nothing has moved for as long as the pace is looked at: so it stays, until something moves. */
  #stuck = false
  #relief: Relief | undefined

  constructor(memory: Memory, clock: Clock) {
    this.#memory = memory
    this.#clock = clock
    this.#since = clock.now()
  }

  took(bytes: number): void {
    this.#heldBytes += bytes
  }

  /** Delivered, dropped or taken back. */
  gave(bytes: number): void {
    this.#heldBytes -= bytes
    if (this.#relief && this.#heldBytes <= this.#memory.parts.queues.freeBytes * relievedPart) this.#relieve()
  }

  /** Handed out; `gave` is called as well. */
  moved(bytes: number): void {
    this.#movedBytes += bytes
    this.#stuck = false
  }

  /** `consumed`: somebody is there to take it. */
  allows(bytes: number, consumed: boolean): boolean {
    const { queues } = this.#memory.parts
    const wanted = this.#heldBytes + bytes
    if (wanted <= (queues.limitBytes * stuckShare - queues.bytes) * stuckPart) return true
    return wanted <= Math.max(grantedBytes, queues.freeBytes * livelyPart) && this.#lively(consumed)
  }

  /** Has the publisher of what was taken just now wait, if that helps. */
  press(consumed: boolean): void {
    if (this.#heldBytes <= this.#memory.parts.queues.freeBytes * pressingPart) return
    if (this.#movedBytes === 0 || !this.#lively(consumed)) return
    if (!this.#relief || this.#relief.over) this.#relief = new Relief(this.#clock)
    this.#memory.pressing = this.#relief
  }

  #relieve(): void {
    this.#relief?.end()
    this.#relief = undefined
  }

  /** A young one is believed to move. */
  #lively(consumed: boolean): boolean {
    // A message to a thousand frozen clients would ask for the time a thousand times.
    if (this.#stuck) return this.#heldBytes === 0
    const now = this.#clock.now()
    let elapsedMs = now - this.#since
    if (elapsedMs >= 2 * paceMs) {
      this.#movedBytes = Math.floor((this.#movedBytes * paceMs) / elapsedMs)
      elapsedMs = paceMs
      this.#since = now - paceMs
    }
    if (this.#movedBytes === 0) {
      if (elapsedMs < paceMs) return consumed
      this.#stuck = true
    }
    return this.#movedBytes * patienceMs >= this.#heldBytes * elapsedMs
  }
}
