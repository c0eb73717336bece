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

/** A client that comes and goes. */
export interface FlappingClient {
  readonly tenant: string
  /** Its beginning, where it is long. */
  readonly clientId: string
  /** Within the window. */
  readonly disconnects: number
  /** ms since the epoch. */
  readonly lastAt: number
}

/** Of a client id, what is kept to be shown. */
const shownLength = 64

interface Watched {
  readonly tenant: string
  readonly clientId: string
  /** Of disconnects, oldest first. */
  readonly times: number[]
}

/** Notices clients that connect and disconnect too often. Exact over a sliding window, in bounded memory. */
export class Flapping {
  readonly #clock: Clock
  readonly #options: FlappingOptions
  readonly #limit: number
  /** In order of the last disconnect. */
  readonly #clients = new Map<string, Watched>()

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
    const before = this.#clients.get(key)
    const times = (before?.times ?? []).filter(time => now - time < this.#options.windowMs)
    times.push(now)
    this.#clients.delete(key)
    if (times.length > this.#options.disconnects) return now + this.#options.banMs
    this.#clients.set(key, { tenant, clientId: before?.clientId ?? shown(clientId), times })
    this.#forgetQuiet(now)
    return undefined
  }

  /** Those that disconnected within the window and are not banned for it yet. */
  *list(): Iterable<FlappingClient> {
    const now = this.#clock.now()
    for (const { tenant, clientId, times } of this.#clients.values()) {
      const disconnects = times.filter(time => now - time < this.#options.windowMs).length
      if (disconnects > 0) yield { tenant, clientId, disconnects, lastAt: times.at(-1) ?? 0 }
    }
  }

  #forgetQuiet(now: number): void {
    for (const [key, { times }] of this.#clients) {
      const quiet = now - (times.at(-1) ?? 0) >= this.#options.windowMs
      if (!quiet && this.#clients.size <= this.#limit) return
      this.#clients.delete(key)
    }
  }
}

/** A copy: a part of a string keeps the whole of it. */
function shown(clientId: string): string {
  return clientId.length <= shownLength ? clientId : Buffer.from(`${clientId.slice(0, shownLength)}…`).toString()
}

/** Long client ids are watched by their digest, or 10,000 of them could fill 600 MB. */
function keyOf(tenant: string, clientId: string): string {
  const key = `=${tenant}\0${clientId}`
  return key.length <= 96 ? key : createHash('sha256').update(key).digest('base64')
}
