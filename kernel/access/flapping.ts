import { createHash } from 'node:crypto'
import type { Clock } from '../contract/clock.ts'

export interface FlappingOptions {
  /** More than so many disconnects within `windowMs` are too many. A usual value is 15 in a minute. */
  readonly disconnects: number
  readonly windowMs: number
  readonly banMs: number
}

/** Client ids watched at once; past it the one that was quiet the longest is forgotten. */
export const maxWatchedClients = 10_000
/** Disconnect times kept of one client. */
export const maxDisconnects = 1_000

/** Notices clients that connect and disconnect too often. Exact over a sliding window, in bounded memory. */
export class Flapping {
  readonly #clock: Clock
  readonly #options: FlappingOptions
  readonly #limit: number
  /** Times of disconnects, oldest first. In order of the last disconnect. */
  readonly #clients = new Map<string, number[]>()

  constructor(clock: Clock, options: FlappingOptions, limit = maxWatchedClients) {
    this.#clock = clock
    this.#options = { ...options, disconnects: Math.min(options.disconnects, maxDisconnects) }
    this.#limit = limit
  }

  /** Client ids watched now. */
  get size(): number {
    return this.#clients.size
  }

  /** Tells of a disconnect. Returns until when the client is to be banned, in ms since the epoch, if it is. */
  disconnected(tenant: string, clientId: string): number | undefined {
    const now = this.#clock.now()
    const key = keyOf(tenant, clientId)
    const times = (this.#clients.get(key) ?? []).filter(time => now - time < this.#options.windowMs)
    times.push(now)
    this.#clients.delete(key)
    if (times.length > this.#options.disconnects) return now + this.#options.banMs
    this.#clients.set(key, times)
    this.#forgetQuiet(now)
    return undefined
  }

  #forgetQuiet(now: number): void {
    for (const [key, times] of this.#clients) {
      const quiet = now - (times.at(-1) ?? 0) >= this.#options.windowMs
      if (!quiet && this.#clients.size <= this.#limit) return
      this.#clients.delete(key)
    }
  }
}

/** Long client ids are watched by their digest, or 10,000 of them could fill 600 MB. */
function keyOf(tenant: string, clientId: string): string {
  const key = `=${tenant}\0${clientId}`
  return key.length <= 96 ? key : createHash('sha256').update(key).digest('base64')
}
