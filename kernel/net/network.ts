import type { Clock } from '../contract/clock.ts'
import type { Connection } from '../contract/connection.ts'
import type { Counters, Logger } from '../contract/observe.ts'
import type { Memory } from '../memory/memory.ts'
import { BufferPool } from './buffer-pool.ts'
import { Flusher } from './flusher.ts'
import { IdleWheel } from './idle-wheel.ts'
import { openRawSockets } from './raw-probe.ts'
import type { RawSockets } from './raw-sockets.ts'

/** Every limit of the network, by name. */
export interface NetworkLimits {
  /** Connections of the whole node; 0: none but the system's. */
  readonly maxConnections: number
  /** Pending output above which a peer counts as slow, while memory is not scarce. */
  readonly highWaterBytes: number
  /** How long a PROXY header, a TLS handshake and a WebSocket upgrade may take together. */
  readonly handshakeMs: number
  /** How long a peer may take to close its side after we closed ours. */
  readonly lingerMs: number
  /** Answers to what it sends that a peer who counts as slow may leave unread. */
  readonly unreadAnswerBytes: number
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
  unreadAnswerBytes: 64 * 1024,
  webSocketMessageBytes: 4 * 1024 * 1024,
  httpHeaderBytes: 8 * 1024,
}

/** What one connection may have pending, of what outputs may still hold. */
const outputPart = 1 / 16

/** So much every connection may have pending. */
const grantedOutputBytes = 8 * 1024

/** All sockets read into this one buffer; its bytes are lent for the duration of a callback. */
const readBufferBytes = 64 * 1024

/** Where other processes serve clients of the same node, limits of connections are theirs as well. */
export interface Elsewhere {
  /** Connections of all their listeners. */
  readonly connections: number
  of(listener: string): number
  /** To be told of each connection here that came or went. */
  changed(listener: string, by: 1 | -1): void
}

const nowhere: Elsewhere = { connections: 0, of: () => 0, changed: () => {} }

export interface NetworkOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
  readonly memory: Memory
  /** Default: `networkLimits`. */
  readonly limits?: Partial<NetworkLimits>
  /** Called when a connection that was served is gone. */
  readonly left?: (connection: Connection) => void
  /** Default: this process is the node. */
  readonly elsewhere?: Elsewhere
  /** Other processes bind the same ports. */
  readonly reusePort?: boolean
}

/** What all listeners of a node share. */
export class Network {
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
  readonly memory: Memory
  readonly pool: BufferPool
  readonly flusher = new Flusher()
  readonly wheel: IdleWheel
  readonly elsewhere: Elsewhere
  readonly reusePort: boolean
  readonly limits: NetworkLimits
  readonly readBuffer = Buffer.allocUnsafeSlow(readBufferBytes)
  /** Open connections of all listeners, those still in a handshake included. */
  connections = 0
  readonly #served = new Set<Connection>()
  #whenQuiet: (() => void)[] = []
  readonly #left: ((connection: Connection) => void) | undefined
  /** What outputs held when the mark below was worked out. */
  #markedAtBytes = -1
  #markBytes = 0
  #lastId = 0
  #rawSockets: Promise<RawSockets | undefined> | undefined

  constructor(options: NetworkOptions) {
    this.clock = options.clock
    this.logger = options.logger
    this.counters = options.counters
    this.memory = options.memory
    this.elsewhere = options.elsewhere ?? nowhere
    this.reusePort = options.reusePort ?? false
    this.pool = new BufferPool(options.memory.parts.output, options.clock)
    this.wheel = new IdleWheel(options.clock)
    this.limits = { ...networkLimits, ...options.limits }
    this.#left = options.left
  }

  /**
   * Pending output above which a peer counts as slow: less when memory is scarce, so that however many peers do not
   * read, there is room for those who do. Worked out anew with each buffer that outputs take, not with each message.
   */
  get highWaterBytes(): number {
    const { output } = this.memory.parts
    if (output.bytes !== this.#markedAtBytes) {
      this.#markedAtBytes = output.bytes
      this.#markBytes = Math.min(
        this.limits.highWaterBytes,
        Math.max(grantedOutputBytes, Math.floor(output.freeBytes * outputPart)),
      )
    }
    return this.#markBytes
  }

  /** Undefined, and told once, where they do not work. */
  rawSockets(): Promise<RawSockets | undefined> {
    this.#rawSockets ??= openRawSockets(this.readBuffer, this.logger)
    return this.#rawSockets
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
    this.#left?.(connection)
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
