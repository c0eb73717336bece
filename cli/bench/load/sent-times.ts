/** The first size of the ring, and the last: more identifiers there are not. */
const leastTimes = 64
const mostTimes = 65_536

/**
 * When the messages under way were sent, by packet identifier. Identifiers are given one after the other and come back
 * nearly so, so a ring holds them; it grows with what is under way.
 */
export class SentTimes {
  #us = new Float64Array(leastTimes)
  #held = 0

  put(packetId: number, us: number): void {
    // One is left free: between the last identifier and the first a place is skipped.
    if (this.#held + 1 >= this.#us.length && this.#us.length < mostTimes) this.#grow(packetId)
    this.#us[packetId & (this.#us.length - 1)] = us
    this.#held += 1
  }

  take(packetId: number): number {
    this.#held -= 1
    return this.#us[packetId & (this.#us.length - 1)] ?? 0
  }

  /** `next` is the identifier to come; those before it are under way. */
  #grow(next: number): void {
    const before = this.#us
    const after = new Float64Array(2 * before.length)
    for (let back = 1; back <= this.#held; back += 1) {
      const packetId = next > back ? next - back : next - back + mostTimes - 1
      after[packetId & (after.length - 1)] = before[packetId & (before.length - 1)] ?? 0
    }
    this.#us = after
  }
}
