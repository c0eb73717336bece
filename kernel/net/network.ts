import type { Clock } from '../contract/clock.ts'
import type { Connection } from '../contract/connection.ts'
import type { Counters, Logger } from '../contract/observe.ts'
import { BufferPool } from './buffer-pool.ts'
import { Flusher } from './flusher.ts'
import { IdleWheel } from './idle-wheel.ts'

/** Every limit of the network, by name. */
export interface NetworkLimits {
  /** Connections of the whole node; 0: none but the system's. */
  readonly maxConnections: number
  /** Pending output above which a peer counts as slow. */
  readonly highWaterBytes: number
  /** How long a PROXY header, a TLS handshake and a WebSocket upgrade may take together. */
  readonly handshakeMs: number
  /** How long a peer may take to close its side after we closed ours. */
  readonly lingerMs: number
  /** The largest WebSocket message. */
  readonly webSocketMessageBytes: number
  /** The request line and headers before a WebSocket upgrade. */
  readonly httpHeaderBytes: number
}

export const networkLimits: NetworkLimits = {
  maxConnections: 0,
  highWaterBytes: 1024 * 1024,
  handshakeMs: 10_000,
  lingerMs: 5_000,
  webSocketMessageBytes: 4 * 1024 * 1024,
  httpHeaderBytes: 8 * 1024,
}

/** All sockets read into this one buffer; its bytes are lent for the duration of a callback. */
const readBufferBytes = 64 * 1024

export interface NetworkOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
  /** Read at each use, so that a reload takes effect. Default: `networkLimits`. */
  readonly limits?: () => Partial<NetworkLimits>
}

/** What all listeners of a node share. */
export class Network {
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
  readonly pool = new BufferPool()
  readonly flusher = new Flusher()
  readonly wheel: IdleWheel
  readonly readBuffer = Buffer.allocUnsafeSlow(readBufferBytes)
  /** Open connections of all listeners, those still in a handshake included. */
  connections = 0
  readonly #served = new Set<Connection>()
  #whenQuiet: (() => void)[] = []
  readonly #limits: () => Partial<NetworkLimits>
  #lastId = 0

  constructor(options: NetworkOptions) {
    this.clock = options.clock
    this.logger = options.logger
    this.counters = options.counters
    this.wheel = new IdleWheel(options.clock)
    this.#limits = options.limits ?? (() => ({}))
  }

  get limits(): NetworkLimits {
    return { ...networkLimits, ...this.#limits() }
  }

  /** Connections that are being served. */
  get served(): ReadonlySet<Connection> {
    return this.#served
  }

  arrived(connection: Connection): void {
    this.#served.add(connection)
  }

  left(connection: Connection): void {
    this.#served.delete(connection)
    if (this.#served.size > 0) return
    for (const resolve of this.#whenQuiet) resolve()
    this.#whenQuiet = []
  }

  /** Resolves when no connection is served. */
  quiet(): Promise<void> {
    if (this.#served.size === 0) return Promise.resolve()
    return new Promise(resolve => this.#whenQuiet.push(resolve))
  }

  nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }
}
