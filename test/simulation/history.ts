import type { World } from './world.ts'

export type Qos = 0 | 1 | 2

/** Never, as a tick. */
export const never = Number.POSITIVE_INFINITY

/** One sending of a publish: what it does happens between its arrival and its end. */
export interface Transmission {
  arrivedAt: number
  arrivedMs: number
  /** The tick of its answer, or of the end of its connection. */
  endedAt: number
}

export interface Sent {
  readonly serial: number
  readonly publisher: string
  /** Where subscribers find it. */
  readonly topic: string
  readonly qos: Qos
  readonly retain: boolean
  /** Without payload: it clears what is retained. */
  readonly clears: boolean
  readonly delayMs: number
  readonly transmissions: Transmission[]
  /** The tick at which the broker let its acknowledgement go, once the client has it. */
  acknowledgedAt: number
  refused: boolean
}

/** A request about one filter; undefined: unsubscribe. */
export interface Request {
  readonly filter: string
  readonly qos: Qos | undefined
  askedAt: number
  /** The tick of its acknowledgement, once the client has it. */
  sureAt: number
}

export interface Delivery {
  readonly topic: string
  readonly serial: number
  readonly qos: Qos
  readonly retain: boolean
  readonly dup: boolean
  /** When the broker let it go. */
  readonly at: number
  readonly ms: number
}

/** One life of a session, from the CONNECT that made it to the one that finds it gone. */
export interface Incarnation {
  readonly client: string
  /** It outlives its connection. */
  readonly durable: boolean
  /** The first tick at which it may exist. */
  readonly begunAt: number
  /** From then on it does not exist. */
  endedAt: number
  readonly requests: Request[]
  /** What the application was given: repetitions that QoS 2 tells apart are left out. */
  readonly deliveries: Delivery[]
}

/** A CONNECT, and how its connection went. */
export interface ConnectRecord {
  readonly client: string
  readonly will: { readonly serial: number; readonly qos: Qos; readonly delayMs: number } | undefined
  /** Of the session: what it outlives this connection by. */
  readonly expiresMs: number
  readonly clean: boolean
  arrived: Moment | undefined
  /** Let in. */
  admitted: Moment | undefined
  /** DISCONNECT that discards it. */
  discarded: Moment | undefined
  gone: Moment | undefined
}

export interface Moment {
  readonly tick: number
  readonly ms: number
}

/** A reading of what is retained, by a client that asks for all of it. */
export interface Reading {
  readonly askedAt: number
  /** When all was there. */
  readonly doneAt: number
  /** By topic, the serial. */
  readonly found: Map<string, number>
}

/** All that clients saw and did, and what became of the broker's processes. What is promised follows from this alone. */
export class History {
  readonly sent: Sent[] = []
  readonly incarnations: Incarnation[] = []
  readonly connects: ConnectRecord[] = []
  readonly readings: Reading[] = []
  /** Promises that were seen broken at once. */
  readonly broken: string[] = []
  readonly deaths: Moment[] = []
  readonly starts: Moment[] = []
  /** Times in which the disk was full. */
  readonly full: { readonly from: Moment; to: Moment | undefined }[] = []
  readonly #world: World
  #serial = 0

  constructor(world: World) {
    this.#world = world
  }

  get now(): Moment {
    return { tick: this.#world.tick, ms: this.#world.now }
  }

  serial(): number {
    return ++this.#serial
  }

  begin({ client, expiresMs, arrived }: ConnectRecord): Incarnation {
    const begunAt = arrived?.tick ?? this.#world.tick
    const incarnation = { client, durable: expiresMs > 0, begunAt, endedAt: never, requests: [], deliveries: [] }
    this.incarnations.push(incarnation)
    return incarnation
  }

  publish(sent: Omit<Sent, 'serial' | 'transmissions' | 'acknowledgedAt' | 'refused'>): Sent {
    const one = { ...sent, serial: this.serial(), transmissions: [], acknowledgedAt: never, refused: false }
    this.sent.push(one)
    return one
  }
}

/** The first arrival of a publish; never: nothing of it ever came. */
export function firstArrival({ transmissions }: Sent): number {
  return Math.min(never, ...transmissions.map(({ arrivedAt }) => arrivedAt))
}
