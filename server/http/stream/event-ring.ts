import type { Clock, Events } from '../../../kernel/plugin.ts'

export const ringEvents = 2_000
/** An event whose detail is longer, as JSON, is kept without it. */
const maxDetailLength = 4_096
/** What a character of a string may become in JSON: \u and four digits. */
const longestEscape = 6
/** A number, `false`, `null`, or the quotes and the comma around a string. */
const longestScalar = 30

export interface RingEvent {
  /** Grows by one with each. */
  readonly id: number
  /** ms since the epoch. */
  readonly at: number
  readonly name: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** The last events of the broker, for whoever comes later. */
export class EventRing {
  readonly #ring: RingEvent[] = []
  readonly #stop: () => void
  #next = 1

  constructor(events: Events, clock: Clock) {
    this.#stop = events.on('*', (detail, name) => {
      // Most are far shorter, and need not be written to know it.
      const fits = jsonLengthAtMost(detail) <= maxDetailLength || JSON.stringify(detail).length <= maxDetailLength
      this.#ring.push({ id: this.#next++, at: clock.now(), name, detail: fits ? detail : {} })
      if (this.#ring.length >= 2 * ringEvents) this.#ring.splice(0, this.#ring.length - ringEvents)
    })
  }

  /** The id of the newest; 0: there was none. */
  get last(): number {
    return this.#next - 1
  }

  /** Those after an id, the oldest first. */
  after(id: number): readonly RingEvent[] {
    const [oldest] = this.#ring
    if (!oldest) return []
    return this.#ring.slice(Math.max(0, id + 1 - oldest.id, this.#ring.length - ringEvents))
  }

  close(): void {
    this.#stop()
  }
}

/** No less than the length of its JSON, where all in it is strings, numbers, booleans, and lists and plain objects of such. */
export function jsonLengthAtMost(value: unknown): number {
  if (typeof value === 'string') return longestScalar + longestEscape * value.length
  if (typeof value !== 'object' || value === null) return longestScalar
  let length = longestScalar
  for (const key in value) {
    length += longestScalar + longestEscape * key.length + jsonLengthAtMost((value as Record<string, unknown>)[key])
  }
  return length
}
