import type { Unsettled } from './delivery.ts'

/** Deliveries in the order they were handed out, linked through themselves: adding and removing one hashes nothing. */
export class UnsettledList {
  #first: Unsettled | undefined
  #last: Unsettled | undefined
  length = 0

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
