import type { IConnectPacket, IPublishPacket, PacketCmd } from 'mqtt-packet'
import {
  decode,
  describe,
  encode,
  frameLength,
  type Outgoing,
  type Properties,
  type Received,
  type ReceivedOf,
  type SendableWill,
  type Version,
} from './wire-packet.ts'
import type { Pair } from './wire-properties.ts'
import { openTransport, type Transport, type TransportOptions } from './wire-transport.ts'

export type { Outgoing, Received, ReceivedOf, Version } from './wire-packet.ts'

export interface WireOptions extends TransportOptions {
  /** What `connect` speaks, and how packets are read when a CONNECT is sent by hand. Default: 5. */
  readonly version?: Version
  /** How long every wait lasts before it fails, ms. Default: 8,000. */
  readonly timeoutMs?: number
}

export interface ConnectOptions extends Omit<Partial<IConnectPacket>, 'cmd' | 'properties' | 'will' | 'password'> {
  readonly version?: Version
  readonly password?: string | Buffer
  readonly properties?: Properties<IConnectPacket['properties']>
  readonly will?: SendableWill
}

export interface PublishOptions {
  readonly qos?: 0 | 1 | 2
  readonly retain?: boolean
  readonly dup?: boolean
  readonly messageId?: number
  readonly properties?: Properties<IPublishPacket['properties']>
}

export interface SubscribeOptions {
  /** Default: 0. */
  readonly qos?: 0 | 1 | 2
  /** No Local, Retain As Published, Retain Handling. */
  readonly nl?: boolean
  readonly rap?: boolean
  readonly rh?: 0 | 1 | 2
  readonly subscriptionIdentifier?: number
  readonly userProperties?: readonly Pair[]
  readonly messageId?: number
}

export interface Closing {
  /** What came last and was not read by the test. */
  readonly packets: readonly Received[]
  /** The reason code of a DISCONNECT or CONNACK among them. */
  readonly reasonCode: number | undefined
  readonly error: Error | undefined
}

/** Opens a connection and sends nothing yet. */
export async function wire(port: number, options: WireOptions = {}): Promise<Wire> {
  return new Wire(await openTransport(port, options), options)
}

let clients = 0

/**
 * An MQTT client that does only what a test tells it: no reconnect, no keep-alive, no acknowledgement of its own accord.
 * It shares no code with the broker: `mqtt-packet` writes and reads packets, `sendRaw` writes anything else.
 *
 * Packets are read in the order in which they came: `next` takes the oldest unread one. The calls that carry out a
 * handshake (`subscribe`, `publish`, `ack`, `ping`) take only their own answers and leave the rest unread.
 */
export class Wire implements AsyncDisposable {
  /** Every packet that came, read or not, in order. */
  readonly received: Received[] = []
  readonly transport: Transport
  version: Version
  #unread: Received[] = []
  #partial = Buffer.alloc(0)
  #timeoutMs: number
  #isClosed = false
  #error: Error | undefined
  #changed: (() => void)[] = []
  #lastId = 0

  constructor(transport: Transport, options: WireOptions = {}) {
    this.transport = transport
    this.version = options.version ?? 5
    this.#timeoutMs = options.timeoutMs ?? 20_000
    transport.onBytes = bytes => this.#read(bytes)
    transport.onClose = error => {
      this.#isClosed = true
      this.#error ??= error
      this.#wake()
    }
  }

  /**
   * Sends CONNECT and returns the CONNACK, whatever it says. Defaults: a fresh client id, clean start, keep-alive 0.
   */
  async connect(options: ConnectOptions = {}): Promise<ReceivedOf<'connack'>> {
    this.sendConnect(options)
    return this.next('connack')
  }

  /** Sends CONNECT and waits for nothing. */
  sendConnect({ version = this.version, ...options }: ConnectOptions = {}): void {
    this.version = version
    clients += 1
    const { protocolId = version === 3 ? 'MQIsdp' : 'MQTT', clean = true, keepalive = 0 } = options
    const { clientId = `wire-${process.pid}-${clients}` } = options
    this.send({
      cmd: 'connect',
      ...options,
      clientId,
      clean,
      keepalive,
      protocolId,
      protocolVersion: version,
    } as Outgoing)
  }

  send(packet: Outgoing): void {
    this.sendRaw(encode(packet, this.version))
  }

  /** Sends bytes as they are; over WebSocket as one binary frame. A string is hexadecimal, spaces allowed. */
  sendRaw(bytes: string | Uint8Array): void {
    if (typeof bytes !== 'string') return this.transport.write(Buffer.from(bytes))
    const hex = bytes.replace(/\s+/g, '')
    if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new Error(`"${bytes}" is not hexadecimal: give other bytes as a Buffer`)
    this.transport.write(Buffer.from(hex, 'hex'))
  }

  /** The oldest unread packet; waits for one if there is none. Fails at once when it is not a `cmd`, and reads nothing. */
  next(): Promise<Received>
  next<C extends PacketCmd>(cmd: C): Promise<ReceivedOf<C>>
  next(cmd?: PacketCmd): Promise<Received> {
    return this.#until(cmd ?? 'a packet', () => {
      const head = this.#unread[0]
      if (head !== undefined && cmd !== undefined && head.cmd !== cmd) {
        throw new Error(`expected ${cmd}, but ${describe(head)} came; ${this.#history()}`)
      }
      return this.#unread.shift()
    })
  }

  /** The oldest unread packet of this kind, which the others before it stay unread. */
  take<C extends PacketCmd>(cmd: C, which: (packet: ReceivedOf<C>) => boolean = () => true): Promise<ReceivedOf<C>> {
    return this.#until(cmd, () => {
      const at = this.#unread.findIndex(packet => packet.cmd === cmd && which(packet as ReceivedOf<C>))
      return at < 0 ? undefined : (this.#unread.splice(at, 1)[0] as ReceivedOf<C>)
    })
  }

  /** Subscribes to one filter, or to several in one packet, and returns the SUBACK, whatever it grants. */
  async subscribe(
    filter: string | readonly ({ readonly topic: string } & SubscribeOptions)[],
    options: SubscribeOptions = {},
  ): Promise<ReceivedOf<'suback'>> {
    const { messageId = this.#freshId(), subscriptionIdentifier, userProperties } = options
    const list = typeof filter === 'string' ? [{ topic: filter, ...options }] : filter
    const subscriptions = list.map(({ topic, qos = 0, nl = false, rap = false, rh = 0 }) => ({
      topic,
      qos,
      nl,
      rap,
      rh,
    }))
    const properties = {
      ...(subscriptionIdentifier === undefined ? {} : { subscriptionIdentifier }),
      ...(userProperties === undefined ? {} : { userProperties }),
    }
    this.send({ cmd: 'subscribe', messageId, subscriptions, properties } as Outgoing)
    return this.take('suback', answer => answer.messageId === messageId)
  }

  async unsubscribe(filter: string | readonly string[]): Promise<ReceivedOf<'unsuback'>> {
    const messageId = this.#freshId()
    this.send({ cmd: 'unsubscribe', messageId, unsubscriptions: typeof filter === 'string' ? [filter] : [...filter] })
    return this.take('unsuback', answer => answer.messageId === messageId)
  }

  /**
   * Publishes and carries out the whole handshake. Returns what the broker answered: nothing for QoS 0, PUBACK for
   * QoS 1, PUBREC and PUBCOMP for QoS 2, only PUBREC where its reason code refuses the message.
   * That the broker has taken a QoS 0 message is known after `ping`.
   */
  async publish(topic: string, payload: string | Uint8Array = '', options: PublishOptions = {}): Promise<Received[]> {
    const messageId = this.sendPublish(topic, payload, options)
    const mine = (answer: Received) => answer.messageId === messageId
    if (messageId === undefined) return []
    if (options.qos === 1) return [await this.take('puback', mine)]
    const pubrec = await this.take('pubrec', mine)
    if ((pubrec.reasonCode ?? 0) >= 0x80) return [pubrec]
    this.send({ cmd: 'pubrel', messageId })
    return [pubrec, await this.take('pubcomp', mine)]
  }

  /** Sends PUBLISH, waits for nothing, and returns its packet id (undefined for QoS 0). */
  sendPublish(topic: string, payload: string | Uint8Array = '', options: PublishOptions = {}): number | undefined {
    const { qos = 0, retain = false, dup = false, properties = {} } = options
    const messageId = qos === 0 ? undefined : (options.messageId ?? this.#freshId())
    const body = typeof payload === 'string' ? payload : Buffer.from(payload)
    const id = messageId === undefined ? {} : { messageId }
    this.send({ cmd: 'publish', topic, payload: body, qos, retain, dup, ...id, properties } as Outgoing)
    return messageId
  }

  /** Acknowledges a message: PUBACK, or PUBREC, PUBREL and PUBCOMP. Nothing for QoS 0. */
  async ack(message: ReceivedOf<'publish'>): Promise<void> {
    const { messageId, qos } = message
    if (messageId === undefined || qos === 0) return
    if (qos === 1) return this.send({ cmd: 'puback', messageId })
    this.send({ cmd: 'pubrec', messageId })
    await this.take('pubrel', packet => packet.messageId === messageId)
    this.send({ cmd: 'pubcomp', messageId })
  }

  /**
   * The next `count` messages, acknowledged as they come unless `autoAck` is false. Fails when anything else comes before them.
   */
  async collect(count: number, options: { readonly autoAck?: boolean } = {}): Promise<ReceivedOf<'publish'>[]> {
    const out: ReceivedOf<'publish'>[] = []
    while (out.length < count) {
      const message = await this.next('publish')
      out.push(message)
      if (options.autoAck ?? true) await this.ack(message)
    }
    return out
  }

  /** A round trip: when it is back, the broker has handled all that was sent before. */
  async ping(): Promise<void> {
    this.send({ cmd: 'pingreq' })
    await this.take('pingresp')
  }

  /**
   * Proves by a round trip that nothing is unread and nothing comes. What another client did before must have been
   * handled by then: await its acknowledgement, or its `ping`.
   */
  async nothing(): Promise<void> {
    this.send({ cmd: 'pingreq' })
    await this.next('pingresp')
  }

  /** Waits until the broker has closed the connection, and returns what it sent last. Fails when it stays open. */
  async closed(): Promise<Closing> {
    await this.#wait('the connection to be closed', () => (this.#isClosed ? true : undefined))
    const packets = this.#unread.splice(0)
    const last = packets.findLast(packet => packet.cmd === 'disconnect' || packet.cmd === 'connack')
    const reasonCode =
      last?.cmd === 'connack' ? (last.reasonCode ?? last.returnCode) : (last as { reasonCode?: number })?.reasonCode
    return { packets, reasonCode, error: this.#error }
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Sends DISCONNECT, closes this side and waits until the broker has closed its own. */
  async end(options: { readonly reasonCode?: number; readonly properties?: object } = {}): Promise<void> {
    this.send({ cmd: 'disconnect', ...options })
    this.transport.end()
    await this.closed()
  }

  /** Cuts the connection without DISCONNECT, as a crash would. */
  async drop(): Promise<void> {
    this.transport.destroy()
    await this.#wait('the connection to be cut', () => (this.#isClosed ? true : undefined))
  }

  /** Stops and resumes reading, as a frozen client would. */
  pause(): void {
    this.transport.pause()
  }

  resume(): void {
    this.transport.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) await this.drop()
  }

  #freshId(): number {
    this.#lastId = (this.#lastId % 65_535) + 1
    return this.#lastId
  }

  #read(bytes: Buffer): void {
    this.#partial = this.#partial.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#partial, bytes])
    try {
      for (;;) {
        const length = frameLength(this.#partial)
        if (length === undefined || length > this.#partial.length) break
        const packet = decode(this.#partial.subarray(0, length), this.version)
        this.#partial = this.#partial.subarray(length)
        this.received.push(packet)
        this.#unread.push(packet)
      }
    } catch (error) {
      this.#error = new Error(`the broker sent what no client can read: ${(error as Error).message}`, { cause: error })
      this.transport.destroy()
    }
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#changed.splice(0)) wake()
  }

  /** Waits for a packet; that the connection closed first is a failure. */
  #until<T>(what: string, attempt: () => T | undefined): Promise<T> {
    return this.#wait(what, () => {
      const found = attempt()
      if (found !== undefined || !this.#isClosed) return found
      throw new Error(`the connection closed before ${what} came${this.#because()}; ${this.#history()}`)
    })
  }

  async #wait<T>(what: string, attempt: () => T | undefined): Promise<T> {
    const deadline = Date.now() + this.#timeoutMs
    for (;;) {
      const found = attempt()
      if (found !== undefined) return found
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`waited ${this.#timeoutMs} ms for ${what}${this.#because()}; ${this.#history()}`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left)
        this.#changed.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  #because(): string {
    return this.#error === undefined ? '' : ` (${this.#error.message})`
  }

  #history(): string {
    if (this.received.length === 0) return 'nothing was received'
    const list = this.received
      .slice(-20)
      .map(packet => `\n  ${this.#unread.includes(packet) ? 'unread' : 'read  '} ${describe(packet)}`)
    return `received ${this.received.length} packets${this.received.length > 20 ? ', the last 20' : ''}:${list.join('')}`
  }
}
