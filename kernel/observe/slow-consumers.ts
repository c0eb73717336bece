import type { Clock } from '../contract/clock.ts'
import type { Delivery } from '../contract/queue.ts'

export interface SlowConsumer {
  readonly clientId: string
  readonly topic: string
  /** From publish to settlement, or until now when it is not settled, in ms: the longest seen. */
  readonly latencyMs: number
  readonly lastSeenAt: number
}

type Entry = { -readonly [Field in keyof SlowConsumer]: SlowConsumer[Field] }

/** Entries kept; the quickest leaves for a slower one. */
const maxEntries = 100
/** An entry not seen again for so long leaves the list. */
const forgetAfterMs = 300_000

/** Who takes longest to settle what it was sent: the worst by client and topic. */
export class SlowConsumers {
  readonly #clock: Clock
  readonly thresholdMs: number
  readonly #entries = new Map<string, Entry>()
  /** The entry that changed last: a backlog that comes in late is often one client's, and one topic's. */
  #latest: Entry | undefined
  /** While the list is full: the least latency in it, and when the first of its entries may be forgotten. */
  #leastMs = 0
  #forgetAt = 0
  #unsettled: () => Iterable<{ clientId: string; topic: string; publishedAt: number }> = () => []

  constructor(clock: Clock, thresholdMs: number) {
    this.#clock = clock
    this.thresholdMs = thresholdMs
  }

  /** Where to look for those that settle nothing at all; asked only when somebody reads the list. */
  watch(unsettled: () => Iterable<{ clientId: string; topic: string; publishedAt: number }>): void {
    this.#unsettled = unsettled
  }

  /** A retained message may be old, however quick its receiver. */
  settled(clientId: string, { message, via }: Pick<Delivery, 'message' | 'via'>): void {
    if (!via.replay) this.observe(clientId, message.topic, this.#clock.now() - message.publishedAt)
  }

  observe(clientId: string, topic: string, latencyMs: number): void {
    if (latencyMs < this.thresholdMs) return
    // A long backlog comes in late as a whole: what is no news to a full list is not even looked up.
    if (this.#full && latencyMs <= this.#leastMs && this.#clock.now() < this.#forgetAt) return
    const entry = this.#entry(clientId, topic, latencyMs)
    if (!entry) return
    entry.latencyMs = Math.max(latencyMs, entry.latencyMs)
    entry.lastSeenAt = this.#clock.now()
    this.#latest = entry
  }

  /** Slowest first. */
  list(): readonly SlowConsumer[] {
    const now = this.#clock.now()
    for (const { clientId, topic, publishedAt } of this.#unsettled()) this.observe(clientId, topic, now - publishedAt)
    this.#forget()
    return Array.from(this.#entries.values(), entry => ({ ...entry })).sort((a, b) => b.latencyMs - a.latencyMs)
  }

  clear(): void {
    this.#entries.clear()
    this.#latest = undefined
    this.#forgetAt = 0
  }

  /** Undefined: the list is full of slower ones. */
  #entry(clientId: string, topic: string, latencyMs: number): Entry | undefined {
    const latest = this.#latest
    if (latest?.topic === topic && latest.clientId === clientId) return latest
    const key = `${clientId}\0${topic}`
    let entry = this.#entries.get(key)
    if (!entry && (!this.#full || this.#makeRoom(latencyMs))) {
      entry = { clientId, topic, latencyMs, lastSeenAt: 0 }
      this.#entries.set(key, entry)
    }
    return entry
  }

  get #full(): boolean {
    return this.#entries.size >= maxEntries
  }

  #makeRoom(latencyMs: number): boolean {
    this.#forget()
    if (!this.#full) return true
    let quickest = ''
    this.#leastMs = Number.POSITIVE_INFINITY
    this.#forgetAt = Number.POSITIVE_INFINITY
    for (const [key, entry] of this.#entries) {
      this.#forgetAt = Math.min(this.#forgetAt, entry.lastSeenAt + forgetAfterMs)
      if (entry.latencyMs >= this.#leastMs) continue
      quickest = key
      this.#leastMs = entry.latencyMs
    }
    return this.#leastMs < latencyMs && this.#remove(quickest)
  }

  #forget(): void {
    const oldest = this.#clock.now() - forgetAfterMs
    for (const [key, entry] of this.#entries) if (entry.lastSeenAt < oldest) this.#remove(key)
  }

  #remove(key: string): boolean {
    this.#latest = undefined
    return this.#entries.delete(key)
  }
}
