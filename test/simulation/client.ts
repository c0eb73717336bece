import { decode, encode, frameLength, type Outgoing, type Received, type Version } from '../support/wire-packet.ts'
import type { BrokerProcess } from './broker-process.ts'
import { sessionProblem } from './check-sessions.ts'
import type { ConnectRecord, History, Incarnation, Qos, Request, Sent } from './history.ts'
import { never } from './history.ts'
import { InFlight } from './in-flight.ts'
import type { ClientSide, Link } from './link.ts'
import type { World } from './world.ts'

export interface ClientOptions {
  readonly id: string
  readonly version: Version
  /** Of the session, in seconds; 0: it ends with its connection. */
  readonly expirySeconds: number
  /** How it answers what it is delivered, at most so late. */
  readonly answerMs: number
}

export interface WillOptions {
  readonly topic: string
  readonly qos: Qos
  readonly delaySeconds: number
}

export interface ClientHost {
  readonly world: World
  readonly history: History
  /** The broker's process, when it serves. */
  broker(): BrokerProcess | undefined
}

/** One connection of a client: what comes of an earlier one is told from what comes of this. */
interface Talk {
  readonly link: Link
  readonly connect: ConnectRecord
  admitted: boolean
  /** The client's end is over. */
  over: boolean
}

const sharedIdSpace = 12

/**
 * A client as it should be: it forgets nothing while the broker has its session, and repeats what was not acknowledged.
 * What it does and sees goes into the history.
 */
export class SimulatedClient {
  readonly options: ClientOptions
  incarnation: Incarnation | undefined
  /** Does not answer deliveries for now. */
  stalled = false
  readonly publishes: InFlight
  readonly #host: ClientHost
  #talk: Talk | undefined
  /** Identifiers of QoS 2 that it holds. */
  readonly #held = new Set<number>()
  /** It has asked for a clean start, and asks until it has one. */
  #forgets = false
  #request: { readonly messageId: number; readonly requests: readonly Request[] } | undefined
  #lastRequestId = 100
  #answerAt = 0
  #owed: (() => void)[] = []
  #pong: (() => void) | undefined

  constructor(options: ClientOptions, host: ClientHost) {
    this.options = options
    this.#host = host
    this.publishes = new InFlight(host.history, sharedIdSpace)
  }

  get connected(): boolean {
    return this.#talk?.admitted === true && !this.#talk.over
  }

  get connecting(): boolean {
    return this.#talk !== undefined && !this.#talk.over
  }

  /** Some request of this session was acknowledged. */
  get subscribed(): boolean {
    return this.incarnation?.requests.some(({ sureAt }) => sureAt < never) === true
  }

  get asking(): boolean {
    return this.#request !== undefined
  }

  /** Connects anew, whatever there is: an open connection is given up, and may be taken over. */
  connect({ clean = false, will }: { clean?: boolean; will?: WillOptions } = {}): void {
    const broker = this.#host.broker()
    const { id, version, expirySeconds } = this.options
    const before = this.#talk
    if (!broker) return
    const { history, world } = this.#host
    this.#forgets ||= clean
    const isClean = this.#forgets || (version < 5 && expirySeconds === 0)
    const connect: ConnectRecord = {
      client: id,
      clean: isClean,
      // Before 5.0 a clean session ends with its connection.
      expiresMs: version < 5 && isClean ? 0 : expirySeconds * 1_000,
      will: will && { serial: history.serial(), qos: will.qos, delayMs: version < 5 ? 0 : will.delaySeconds * 1_000 },
      arrived: undefined,
      admitted: undefined,
      discarded: undefined,
      gone: undefined,
    }
    const side = this.#side(connect)
    const link = broker.connect(side)
    if (!link) return
    history.connects.push(connect)
    this.#request = undefined
    if (before) this.#leave(before)
    this.#talk = { link, connect, admitted: false, over: false }
    world.trace(`${id} connects${isClean ? ' clean' : ''}`)
    // Taken over, it hears of it, or not at all.
    if (before && !before.over)
      world.after(world.random.next() * 60, () => before.link.break(world.random.next() * 2_000))
    this.#send(
      {
        cmd: 'connect',
        clientId: id,
        clean: isClean,
        keepalive: 0,
        protocolId: 'MQTT',
        protocolVersion: version as 4 | 5,
        properties:
          version === 5
            ? { sessionExpiryInterval: expirySeconds === never ? 0xffff_ffff : expirySeconds, receiveMaximum: 20 }
            : {},
        ...(will && {
          will: {
            topic: will.topic,
            payload: Buffer.from(`${connect.will?.serial}`),
            qos: will.qos,
            retain: false,
            properties: version === 5 ? { willDelayInterval: will.delaySeconds } : {},
          },
        }),
      } as Outgoing,
      () => {
        connect.arrived = history.now
      },
    )
  }

  publish(sent: Sent, wireTopic: string, payload: Buffer): void {
    const publish = this.publishes.begin(sent, wireTopic, payload)
    this.#transmit(publish.packet, sent)
  }

  ask(requests: readonly { readonly filter: string; readonly qos: Qos | undefined; readonly rh?: 0 | 1 | 2 }[]): void {
    const { incarnation } = this
    const [first] = requests
    if (!incarnation || !first || this.#request) return
    const messageId = ++this.#lastRequestId
    const asked = requests.map(({ filter, qos }): Request => ({ filter, qos, askedAt: never, sureAt: never }))
    incarnation.requests.push(...asked)
    this.#request = { messageId, requests: asked }
    const arrived = () => {
      for (const one of asked) one.askedAt = this.#host.world.tick
    }
    if (first.qos === undefined) {
      return this.#send({ cmd: 'unsubscribe', messageId, unsubscriptions: requests.map(one => one.filter) }, arrived)
    }
    const subscriptions = requests.map(({ filter, qos = 0, rh = 2 }) => {
      return { topic: filter, qos, nl: false, rap: false, rh }
    })
    this.#send({ cmd: 'subscribe', messageId, subscriptions } as Outgoing, arrived)
  }

  /** Resolves when the broker has answered all that was sent before; never, when the connection is over before. */
  ping(): Promise<void> {
    return new Promise(resolve => {
      this.#pong = resolve
      this.#send({ cmd: 'pingreq' })
    })
  }

  disconnect(): void {
    const talk = this.#talk
    if (!talk) return
    this.#send({ cmd: 'disconnect', reasonCode: 0 } as Outgoing, () => {
      talk.connect.discarded = this.#host.history.now
    })
    this.#end(talk)
  }

  /** The connection breaks; the broker hears of it after a time. */
  cut(noticedAfterMs: number): void {
    this.#talk?.link.break(noticedAfterMs)
  }

  /** Answers what it left unanswered while it was stalled. */
  recover(): void {
    this.stalled = false
    for (const answer of this.#owed.splice(0)) answer()
  }

  #side(connect: ConnectRecord): ClientSide {
    let partial: Buffer = Buffer.alloc(0)
    const mine = () => (this.#talk?.connect === connect && !this.#talk.over ? this.#talk : undefined)
    return {
      onBytes: (bytes, flushedAt) => {
        partial = Buffer.concat([partial, bytes])
        for (;;) {
          const talk = mine()
          const length = frameLength(partial)
          if (!talk || length === undefined || partial.length < length) return
          const packet = decode(partial.subarray(0, length), this.options.version)
          partial = partial.subarray(length)
          this.#take(talk, packet, flushedAt)
        }
      },
      onClose: () => {
        const talk = mine()
        if (talk) this.#end(talk)
      },
      onGone: () => {
        connect.gone ??= this.#host.history.now
        this.publishes.gone(connect)
      },
    }
  }

  #end(talk: Talk): void {
    if (talk.over) return
    talk.over = true
    this.#host.world.trace(`${this.options.id} is off`)
    this.#request = undefined
    this.#owed = []
    this.#leave(talk)
  }

  /** A session that ends with its connection is over. */
  #leave(talk: Talk): void {
    if (talk.admitted && talk.connect.expiresMs === 0 && this.incarnation) {
      this.incarnation.endedAt = this.#host.world.tick
      this.incarnation = undefined
      this.publishes.abandon()
      this.#held.clear()
    }
  }

  #take(talk: Talk, packet: Received, at: number): void {
    this.#host.world.trace(`${this.options.id} < ${packet.cmd} ${packet.messageId ?? ''}`)
    const { messageId = 0 } = packet
    if (packet.cmd === 'connack') return this.#connack(talk, packet, at)
    if (packet.cmd === 'publish') return this.#publish(packet, at)
    if (packet.cmd === 'pubrel') return this.#answer(() => this.#release(messageId))
    if (packet.cmd === 'suback') return this.#answered(messageId, packet.granted as number[], at)
    if (packet.cmd === 'unsuback') {
      return this.#answered(messageId, (packet as unknown as { granted?: number[] }).granted ?? [], at)
    }
    if (packet.cmd === 'pingresp') return this.#pong?.()
    if (packet.cmd === 'puback' || packet.cmd === 'pubrec' || packet.cmd === 'pubcomp') {
      const released = this.publishes.answered(packet.cmd, messageId, packet.reasonCode ?? 0, at)
      if (released) this.#send({ cmd: 'pubrel', messageId })
    }
  }

  #connack(talk: Talk, packet: Received, at: number): void {
    const { reasonCode, returnCode, sessionPresent } = packet as unknown as {
      reasonCode?: number
      returnCode?: number
      sessionPresent: boolean
    }
    if ((reasonCode ?? returnCode ?? 0) !== 0) return
    const { history, world } = this.#host
    const { connect } = talk
    talk.admitted = true
    this.#forgets = false
    connect.admitted = { tick: at, ms: world.now }
    const problem = sessionProblem(history, connect, this.incarnation, sessionPresent)
    if (problem) history.broken.push(`tick ${world.tick}: ${problem}`)
    if (!sessionPresent || !this.incarnation) {
      if (this.incarnation) this.incarnation.endedAt = at
      this.publishes.abandon()
      this.#held.clear()
      this.incarnation = history.begin(connect)
    }
    for (const { packet, sent } of this.publishes.repeat()) {
      if (packet.cmd === 'pubrel') this.#send(packet)
      else this.#transmit(packet, sent)
    }
  }

  #publish(packet: Received & { cmd: 'publish' }, at: number): void {
    const { qos, messageId = 0, retain, dup, topic, text } = packet
    const isNew = qos !== 2 || !this.#held.has(messageId)
    if (isNew) {
      const serial = text === '' ? 0 : Number.parseInt(text, 10)
      const { world } = this.#host
      this.incarnation?.deliveries.push({ topic, serial, qos, retain, dup, at, ms: world.now })
      world.trace(
        `${this.options.id} has ${serial} of ${topic} at ${qos}${retain ? ' retained' : ''}${dup ? ' dup' : ''}`,
      )
    }
    if (qos === 0) return
    if (qos === 2) this.#held.add(messageId)
    this.#answer(() => this.#send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId }))
  }

  #release(messageId: number): void {
    this.#held.delete(messageId)
    this.#send({ cmd: 'pubcomp', messageId })
  }

  #answered(messageId: number, granted: readonly number[], at: number): void {
    const request = this.#request
    if (request?.messageId !== messageId) return
    this.#request = undefined
    for (const [i, one] of request.requests.entries()) {
      if ((granted[i] ?? 0) < 0x80) one.sureAt = at
      // It says that nothing has changed.
      else this.incarnation?.requests.splice(this.incarnation.requests.indexOf(one), 1)
    }
  }

  /** Answers in the order of what is answered, as late as it pleases. */
  #answer(send: () => void): void {
    const { world } = this.#host
    const talk = this.#talk
    const now = () => {
      if (this.#talk === talk && talk?.over === false) send()
    }
    if (this.stalled) return void this.#owed.push(now)
    this.#answerAt = Math.max(this.#answerAt, world.now + world.random.next() * this.options.answerMs)
    world.after(this.#answerAt - world.now, now)
  }

  #transmit(packet: Outgoing, sent: Sent): void {
    const talk = this.#talk
    if (!talk || talk.over) return
    const { world } = this.#host
    world.trace(`${this.options.id} sends ${sent.serial} to ${sent.topic}${sent.retain ? ' to retain' : ''}`)
    this.#send(packet, () => this.publishes.arrived(sent, talk.connect, { tick: world.tick, ms: world.now }))
  }

  #send(packet: Outgoing, arriving: () => void = () => {}): void {
    const talk = this.#talk
    if (!talk || talk.over) return
    this.#host.world.trace(`${this.options.id} > ${packet.cmd} ${packet.messageId ?? ''}`)
    talk.link.send(encode(packet, this.options.version), arriving)
  }
}
