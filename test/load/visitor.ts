import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import { type ConnectOptions, type Version, type Wire, wire } from '../support/wire.ts'

export const transports = ['tcp', 'tls', 'ws', 'wss'] as const

/** Where a broker is reached, and by whose certificate. */
export interface Door {
  readonly ports: Readonly<Record<(typeof transports)[number], number>>
  readonly ca: string
}

/** What all visitors did together. */
export type Tally = Record<string, number>

const rooms = 50
/** Client ids that are used again and again, by whichever visitor: their sessions are resumed and taken over. */
const regulars = 20
/** How long a session may outlive its connection, s; 3.x clients cannot say, so the server's own limit holds for them. */
const longestExpirySeconds = 10

/** What 5.0 and 3.x are told. */
const sessionTakenOver = 0x8e
const serverUnavailable = 3

/** One place of a crowd: a client comes, does what its random numbers say, and leaves well or badly; then the next. */
export class Visitor {
  readonly #random: Random
  readonly #door: Door
  readonly #tally: Tally
  #visits = 0

  constructor(random: Random, door: Door, tally: Tally) {
    this.#random = random
    this.#door = door
    this.#tally = tally
  }

  /** One visit after the other; `pauseMs` at most between them. */
  async stay(signal: AbortSignal, pauseMs: number): Promise<void> {
    while (!signal.aborted) {
      await this.#visit()
      await delay(this.#random.integer(0, pauseMs))
    }
  }

  async #visit(): Promise<void> {
    const clientId = this.#random.chance(0.5)
      ? `regular-${this.#random.integer(1, regulars)}`
      : `passer-${this.#visits++}-${this.#random.integer(0, 1e9)}`
    const version = this.#pick<Version>([3, 4, 5, 5])
    const client = await this.#connected(clientId, version)
    if (!client) return
    const answering = this.#answer(client)
    await this.#behave(client, version)
    await this.#leave(client, clientId, version)
    await answering
  }

  /** Undefined when somebody else took the session over, or left it, before the broker could answer. */
  async #connected(clientId: string, version: Version): Promise<Wire | undefined> {
    const transport = this.#pick(transports)
    const client = await wire(this.#door.ports[transport], { transport, ca: this.#door.ca, timeoutMs: 60_000 })
    this.#count(transport)
    this.#count(`version ${version}`)
    const code = await client.connect(this.#connect(clientId, version)).then(
      connack => (version === 5 ? connack.reasonCode : connack.returnCode),
      error => {
        if (!client.isClosed) throw error
      },
    )
    if (code === 0) return client
    // Somebody else of that name came before the broker could answer.
    if (code !== undefined && code !== sessionTakenOver && code !== serverUnavailable)
      throw new Error(`a CONNACK with code ${code}`)
    await client.drop()
    this.#count('taken over while connecting')
    return undefined
  }

  #connect(clientId: string, version: Version): ConnectOptions {
    const clean = this.#random.chance(0.4)
    const expiry = { sessionExpiryInterval: this.#random.integer(0, longestExpirySeconds) }
    const will = {
      topic: `wills/${this.#random.integer(1, rooms)}`,
      payload: Buffer.alloc(this.#random.integer(0, 1_000), 'x'),
      qos: this.#qos(),
      retain: this.#random.chance(0.2),
      ...(version === 5 ? { properties: { willDelayInterval: this.#random.integer(0, 3) } } : {}),
    }
    return {
      version,
      clientId,
      clean,
      keepalive: this.#pick([0, 30]),
      ...(version === 5 ? { properties: expiry } : {}),
      ...(this.#random.chance(0.5) ? { will } : {}),
    }
  }

  /** Answers what comes, until the connection ends. */
  async #answer(client: Wire): Promise<void> {
    while (!client.isClosed) {
      const packet = await client.next().catch(() => undefined)
      client.received.length = 0
      if (packet === undefined || client.isClosed) return
      const { messageId } = packet
      if (packet.cmd === 'publish') {
        this.#count('delivered')
        if (packet.qos === 1) client.send({ cmd: 'puback', messageId: messageId as number })
        if (packet.qos === 2) client.send({ cmd: 'pubrec', messageId: messageId as number })
      } else if (packet.cmd === 'pubrec') client.send({ cmd: 'pubrel', messageId: messageId as number })
      else if (packet.cmd === 'pubrel') client.send({ cmd: 'pubcomp', messageId: messageId as number })
      else if (packet.cmd === 'puback' || packet.cmd === 'pubcomp') this.#count('acknowledged')
    }
  }

  async #behave(client: Wire, version: Version): Promise<void> {
    const filters = [
      `room/${this.#random.integer(1, rooms)}`,
      `room/${this.#random.integer(1, rooms)}`,
      ...(this.#random.chance(0.1) ? ['room/#'] : []),
      ...(this.#random.chance(0.3) ? ['$share/crowd/room/+'] : []),
      ...(this.#random.chance(0.2) ? ['wills/+'] : []),
      ...(this.#random.chance(0.05) ? ['$SYS/#'] : []),
    ]
    const messageId = this.#random.integer(60_000, 65_535)
    const subscriptions = filters.map(topic => ({ topic, qos: this.#qos(), nl: false, rap: false, rh: 0 as const }))
    client.send({ cmd: 'subscribe', messageId, subscriptions })
    for (let left = this.#random.integer(1, 10); left > 0 && !client.isClosed; left--) {
      this.#publish(client, version)
      await delay(this.#random.integer(0, 100))
    }
    if (this.#random.chance(0.3) && !client.isClosed)
      client.send({ cmd: 'unsubscribe', messageId, unsubscriptions: [filters[0] as string] })
  }

  #publish(client: Wire, version: Version): void {
    const room = `room/${this.#random.integer(1, rooms)}`
    const delayed = this.#random.chance(0.1)
    const retain = this.#random.chance(0.2)
    const expires = version === 5 && this.#random.chance(0.3)
    const topic = delayed ? `$delayed/${this.#random.integer(1, 5)}/${room}` : room
    client.sendPublish(topic, this.#payload(), {
      qos: this.#qos(),
      retain,
      ...(expires ? { properties: { messageExpiryInterval: this.#random.integer(1, 5) } } : {}),
    })
    this.#count(delayed ? 'delayed' : retain ? 'retained' : 'published')
  }

  async #leave(client: Wire, clientId: string, version: Version): Promise<void> {
    const way = this.#pick(['well', 'well', 'cut', 'reset', 'half a packet', 'taken over', 'renamed'] as const)
    this.#count(`left: ${way}`)
    if (way === 'well' && !client.isClosed) await client.end().catch(() => {})
    else if (way === 'reset') client.transport.reset()
    else if (way === 'half a packet' && !client.isClosed) {
      client.sendRaw('32 7f 00 06 72 6f 6f')
      client.transport.reset()
    } else if (way === 'taken over' || way === 'renamed') {
      const again = await this.#connected(way === 'renamed' ? `${clientId}-renamed` : clientId, version)
      const answering = again && this.#answer(again)
      if (again && !again.isClosed) await again.end().catch(() => {})
      await answering
    }
    if (!client.isClosed) await client.drop()
  }

  /** A large one now and then. */
  #payload(): Buffer {
    const bytes = this.#random.chance(0.02) ? this.#random.integer(10_000, 100_000) : this.#random.integer(1, 1_000)
    return Buffer.alloc(bytes, 'x')
  }

  #qos(): 0 | 1 | 2 {
    return this.#random.integer(0, 2) as 0 | 1 | 2
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#random.integer(0, choices.length - 1)] as T
  }

  #count(what: string): void {
    this.#tally[what] = (this.#tally[what] ?? 0) + 1
  }
}
