/** The first size; most clients have few packets open. */
const leastSlots = 16
/** From here on a new identifier passes over a slot that is taken, rather than double them all for one old packet. */
const manySlots = 1024
/** Every packet identifier its own slot. */
const mostSlots = 65_536

/**
 * What is open under packet identifiers. A slot is found by the identifier's low bits; identifiers are given out in
 * turn, so those open together seldom meet, and when two do the slots are doubled. Not a Map: V8's leaves its former
 * tables linked to the present one, and with them, once they are old, every message that passed through.
 */
export class PacketSlots<Value> {
  #ids: number[] = []
  #values: (Value | undefined)[] = []
  size = 0

  get capacity(): number {
    return this.#ids.length
  }

  get(packetId: number): Value | undefined {
    const slot = packetId & (this.#ids.length - 1)
    return this.#ids[slot] === packetId ? this.#values[slot] : undefined
  }

  /** May a new packet have this identifier? */
  free(packetId: number): boolean {
    const slots = this.#ids.length
    const slot = packetId & (slots - 1)
    if (this.#values[slot] === undefined) return true
    return this.#ids[slot] !== packetId && (slots < manySlots || this.size * 2 >= slots)
  }

  set(packetId: number, value: Value): void {
    if (this.#ids.length === 0) this.#resize(leastSlots)
    let slot = packetId & (this.#ids.length - 1)
    while (this.#values[slot] !== undefined && this.#ids[slot] !== packetId) {
      this.#resize(this.#ids.length * 2)
      slot = packetId & (this.#ids.length - 1)
    }
    if (this.#values[slot] === undefined) this.size++
    this.#ids[slot] = packetId
    this.#values[slot] = value
  }

  delete(packetId: number): void {
    const slot = packetId & (this.#ids.length - 1)
    if (this.#ids[slot] !== packetId || this.#values[slot] === undefined) return
    this.#values[slot] = undefined
    this.size--
  }

  #resize(slots: number): void {
    if (slots > mostSlots) throw new RangeError('a packet identifier has 16 bits')
    const ids = this.#ids
    const values = this.#values
    this.#ids = new Array(slots).fill(0)
    this.#values = new Array(slots).fill(undefined)
    for (const [i, value] of values.entries()) {
      if (value === undefined) continue
      const packetId = ids[i] as number
      this.#ids[packetId & (slots - 1)] = packetId
      this.#values[packetId & (slots - 1)] = value
    }
  }
}
