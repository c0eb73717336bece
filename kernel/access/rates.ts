import type { Clock } from '../contract/clock.ts'

/**
 * A token bucket. A full bucket lets a burst through; after that, `perSecond`. What is larger than the whole bucket
 * passes once it is full and leaves a debt, so a large message is slowed down, never stuck.
 */
export class Rate {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledAt: number

  /** `perSecond` 0: no limit. `burst`: what the bucket holds; default: one second's worth. */
  constructor(clock: Clock, perSecond: number, burst = perSecond) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = Math.max(burst, 1)
    this.#tokens = this.#burst
    this.#filledAt = clock.now()
  }

  /** Takes `amount` if it is there, and says whether it was. For what can be refused, such as a connect. */
  take(amount = 1): boolean {
    if (this.#perSecond <= 0) return true
    this.#fill()
    if (this.#tokens < Math.min(amount, this.#burst)) return false
    this.#tokens -= amount
    return true
  }

  /** Whether something could be taken. For what is counted only when it went wrong. */
  get open(): boolean {
    if (this.#perSecond > 0) this.#fill()
    return this.#perSecond <= 0 || this.#tokens >= 1
  }

  /** Takes `amount` in any case and returns for how many ms nothing more should be taken. For what has arrived already. */
  charge(amount = 1): number {
    if (this.#perSecond <= 0) return 0
    this.#fill()
    this.#tokens -= amount
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#perSecond) * 1_000)
  }

  /** True when the bucket is full, so that forgetting it changes nothing. */
  get idle(): boolean {
    if (this.#perSecond > 0) this.#fill()
    return this.#tokens >= this.#burst
  }

  #fill(): void {
    const now = this.#clock.now()
    // A wall clock can be set back; that must not take tokens away.
    const elapsedMs = Math.max(0, now - this.#filledAt)
    this.#filledAt = now
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs / 1_000) * this.#perSecond)
  }
}

/** What one publisher, a connection or a tenant, may send. */
export class PublishRate {
  readonly #messages: Rate
  readonly #bytes: Rate

  constructor(clock: Clock, limits: { readonly messagesPerSecond: number; readonly bytesPerSecond: number }) {
    this.#messages = new Rate(clock, limits.messagesPerSecond)
    this.#bytes = new Rate(clock, limits.bytesPerSecond)
  }

  /** Counts one message; returns for how many ms its connection should not be read. */
  charge(bytes: number): number {
    return Math.max(this.#messages.charge(), this.#bytes.charge(bytes))
  }
}

/** Keys whose buckets are kept; a tenant's name can come from a token. */
export const maxKeyedRates = 10_000

/** One bucket per key, such as a tenant; `burst` as of a `Rate`. Full buckets are forgotten first; they come back full. */
export class KeyedRates {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #limit: number
  readonly #burst: number
  readonly #rates = new Map<string, Rate>()

  constructor(clock: Clock, perSecond: number, limit = maxKeyedRates, burst = perSecond) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#limit = limit
    this.#burst = burst
  }

  get size(): number {
    return this.#rates.size
  }

  /** Whether something could be taken; a key that is only asked about is not kept. */
  open(key: string): boolean {
    return this.#rates.get(key)?.open ?? true
  }

  take(key: string, amount = 1): boolean {
    return this.#perSecond <= 0 || this.#of(key).take(amount)
  }

  charge(key: string, amount = 1): number {
    return this.#perSecond <= 0 ? 0 : this.#of(key).charge(amount)
  }

  #of(key: string): Rate {
    const known = this.#rates.get(key)
    if (known !== undefined) return known
    if (this.#rates.size >= this.#limit) this.#makeRoom()
    const rate = new Rate(this.#clock, this.#perSecond, this.#burst)
    this.#rates.set(key, rate)
    return rate
  }

  #makeRoom(): void {
    for (const [key, rate] of this.#rates) if (rate.idle) this.#rates.delete(key)
    const oldest = this.#rates.keys().next()
    if (this.#rates.size >= this.#limit && !oldest.done) this.#rates.delete(oldest.value)
  }
}
