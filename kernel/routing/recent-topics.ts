/** The first size of the ring, and the last, 2 MiB; it doubles as long as topics come. */
const leastUnits = 4096
const mostUnits = 1_048_576
/** Longer topics are not remembered, so that some thousands always are. */
const rememberedLength = 256
/** Stands behind each topic: no topic contains it. */
const end = 0

/**
 * The topics that came last, as text in one ring: what passes through leaves nothing that the garbage collector would
 * have to move or trace, however many topics there are.
 */
export class RecentTopics {
  /** UTF-16. */
  #units = new Uint16Array(leastUnits)
  /** Where the next topic goes. What lies there, to the next `end`, is the rest of one that was written over. */
  #next = 0

  add(topic: string): void {
    const { length } = topic
    if (length > rememberedLength) return
    if (this.#next + length >= this.#units.length) this.#makeRoom()
    const units = this.#units
    let at = this.#next
    for (let i = 0; i < length; i++) units[at++] = topic.charCodeAt(i)
    units[at++] = end
    this.#next = at
  }

  /** Oldest first; the same one as often as it came. Of the moment it is asked: what comes meanwhile is not in it. */
  *[Symbol.iterator](): Generator<string, undefined> {
    const units = this.#units.slice()
    const next = this.#next
    yield* between(units, units.indexOf(end, next), units.length)
    yield* between(units, 0, next)
    return undefined
  }

  #makeRoom(): void {
    const units = this.#units
    if (units.length < mostUnits) {
      this.#units = new Uint16Array(2 * units.length)
      this.#units.set(units.subarray(0, this.#next))
    } else {
      units.fill(end, this.#next)
      this.#next = 0
    }
  }
}

function* between(units: Uint16Array, from: number, to: number): Generator<string, undefined> {
  const text = Buffer.from(units.buffer)
  for (let start = from; start >= 0 && start < to; ) {
    const stop = units.indexOf(end, start)
    if (stop > start) yield text.toString('utf16le', 2 * start, 2 * stop)
    start = stop + 1
  }
  return undefined
}
