import { costOf, type Share } from '../memory/share.ts'
import { sizeOf, type Unsettled } from './delivery.ts'

/** A delivery beside its message: its object, its place in its list, and the protocol's identifier. */
const deliveryBytes = 256

/** Deliveries in the order they were handed out, linked through themselves: adding and removing one hashes nothing. */
export class UnsettledList {
  readonly #memory: Share
  #first: Unsettled | undefined
  #last: Unsettled | undefined
  length = 0
  /** Of their messages and themselves; a message that others hold as well counts here all the same. */
  bytes = 0

  constructor(memory: Share) {
    this.#memory = memory
  }

  /** Of the messages alone, as queues count them; looks at each. */
  get messageBytes(): number {
    let bytes = 0
    for (const { message } of this) bytes += sizeOf(message)
    return bytes
  }

  get first(): Unsettled | undefined {
    return this.#first
  }

  add(delivery: Unsettled): void {
    delivery.list = this
    delivery.before = this.#last
    if (this.#last) this.#last.after = delivery
    else this.#first = delivery
    this.#last = delivery
    this.length++
    this.bytes += deliveryBytes + costOf(delivery.message)
    this.#memory.take(deliveryBytes)
    this.#memory.hold(delivery.message)
  }

  /** Adds them before all others, in their order. */
  addFirst(deliveries: Iterable<Unsettled>): void {
    const behind = this.drain()
    for (const delivery of deliveries) this.add(delivery)
    for (const delivery of behind) this.add(delivery)
  }

  /** False when it is not in this list. */
  remove(delivery: Unsettled): boolean {
    if (delivery.list !== this) return false
    const { before, after } = delivery
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    delivery.list = delivery.before = delivery.after = undefined
    this.length--
    this.bytes -= deliveryBytes + costOf(delivery.message)
    this.#memory.give(deliveryBytes)
    this.#memory.release(delivery.message)
    return true
  }

  /** Takes all of them out. */
  drain(): Unsettled[] {
    const all = [...this]
    for (const delivery of all) this.remove(delivery)
    return all
  }

  *[Symbol.iterator](): Generator<Unsettled, void> {
    for (let delivery = this.#first; delivery; delivery = delivery.after) yield delivery
  }
}
