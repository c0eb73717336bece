import type { Clock } from '../contract/clock.ts'

export interface SlowConsumer {
  readonly clientId: string
  readonly topic: string
  /** From publish to settlement, or until now when it is not settled, in ms: the longest seen. */
  readonly latencyMs: number
  readonly lastSeenAt: number
}

/** Entries kept; the quickest leaves for a slower one. */
const maxEntries = 100
/** An entry not seen again for so long leaves the list. */
const forgetAfterMs = 300_000

/** Who takes longest to settle what it was sent: the worst by client and topic. */
export class SlowConsumers {
  readonly #clock: Clock
  readonly thresholdMs: number
  readonly #entries = new Map<string, SlowConsumer>()
  #unsettled: () => Iterable<{ clientId: string; topic: string; publishedAt: number }> = () => []

  constructor(clock: Clock, thresholdMs: number) {
    this.#clock = clock
    this.thresholdMs = thresholdMs
  }

  /** Where to look for those that settle nothing at all; asked only when somebody reads the list. */
  watch(unsettled: () => Iterable<{ clientId: string; topic: string; publishedAt: number }>): void {
    this.#unsettled = unsettled
  }

  observe(clientId: string, topic: string, latencyMs: number): void {
    if (latencyMs < this.thresholdMs) return
    const key = `${clientId}\0${topic}`
    const before = this.#entries.get(key)
    if (!before && this.#entries.size >= maxEntries && !this.#makeRoom(latencyMs)) return
    const entry = {
      clientId,
      topic,
      latencyMs: Math.max(latencyMs, before?.latencyMs ?? 0),
      lastSeenAt: this.#clock.now(),
    }
    this.#entries.set(key, entry)
  }

  /** Slowest first. */
  list(): readonly SlowConsumer[] {
    const now = this.#clock.now()
    for (const { clientId, topic, publishedAt } of this.#unsettled()) this.observe(clientId, topic, now - publishedAt)
    this.#forget()
    return [...this.#entries.values()].sort((a, b) => b.latencyMs - a.latencyMs)
  }

  clear(): void {
    this.#entries.clear()
  }

  #makeRoom(latencyMs: number): boolean {
    this.#forget()
    if (this.#entries.size < maxEntries) return true
    let quickest: [string, SlowConsumer] | undefined
    for (const entry of this.#entries) if (!quickest || entry[1].latencyMs < quickest[1].latencyMs) quickest = entry
    if (!quickest || quickest[1].latencyMs >= latencyMs) return false
    return this.#entries.delete(quickest[0])
  }

  #forget(): void {
    const oldest = this.#clock.now() - forgetAfterMs
    for (const [key, entry] of this.#entries) if (entry.lastSeenAt < oldest) this.#entries.delete(key)
  }
}
