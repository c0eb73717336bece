import type { OutBuffer } from './link.ts'

export type QoS = 0 | 1 | 2

export interface ConnectOptions {
  readonly version: 4 | 5
  readonly clientId: string
  readonly clean: boolean
  readonly keepAliveS: number
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** Topic aliases that it takes, less than 256. */
  readonly aliases?: number
}

export function connectPacket(options: ConnectOptions): Buffer {
  const { version, clientId, clean, keepAliveS, user, password, aliases = 0 } = options
  // A session that outlives its connection keeps for an hour: 0x11 is the Session Expiry Interval, 0x22 Topic Alias Maximum.
  const chosen = [...(clean ? [] : [0x11, 0, 0, 0x0e, 0x10]), ...(aliases === 0 ? [] : [0x22, 0, aliases])]
  const properties = version === 4 ? [] : [chosen.length, ...chosen]
  const flags = (clean ? 2 : 0) | (user === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40)
  return packet(0x10, [
    text('MQTT'),
    Buffer.from([version, flags, keepAliveS >> 8, keepAliveS & 255, ...properties]),
    ...[clientId, user, password].filter(given => given !== undefined).map(text),
  ])
}

export function subscribePacket(version: 4 | 5, packetId: number, filters: readonly string[], qos: QoS): Buffer {
  const head = [packetId >> 8, packetId & 255, ...(version === 5 ? [0] : [])]
  return packet(0x82, [Buffer.from(head), ...filters.flatMap(filter => [text(filter), Buffer.from([qos])])])
}

export function unsubscribePacket(version: 4 | 5, packetId: number, filters: readonly string[]): Buffer {
  const head = [packetId >> 8, packetId & 255, ...(version === 5 ? [0] : [])]
  return packet(0xa2, [Buffer.from(head), ...filters.map(text)])
}

export const disconnectPacket: Buffer = Buffer.from([0xe0, 0])
export const pingPacket: Buffer = Buffer.from([0xc0, 0])

export interface PublishShape {
  readonly version: 4 | 5
  readonly qos: QoS
  readonly retain: boolean
  /** At least `stampBytes`. */
  readonly payloadBytes: number
  /** MQTT 5.0: a topic that is the same as before goes as alias 1. */
  readonly aliases?: boolean
  /** MQTT 5.0: with what applications send along. */
  readonly properties?: boolean
}

/** What each payload begins with: when it was sent, the publisher, and its place among that publisher's messages. */
export const stampBytes = 16

/** Content type, response topic, correlation data and two user properties. */
const applicationProperties = Buffer.concat([
  Buffer.from([0x03]),
  text('application/json'),
  Buffer.from([0x08]),
  text('b/answers/1'),
  Buffer.from([0x09]),
  text('12345678'),
  ...[text('device'), text('thermometer-17'), text('unit'), text('K')].map((part, at) =>
    at % 2 === 0 ? Buffer.concat([Buffer.from([0x26]), part]) : part,
  ),
])

/** Writes the PUBLISH packets of one publisher. */
export class PublishWriter {
  readonly #shape: PublishShape
  readonly #publisher: number
  readonly #payload: Buffer
  #topic = ''
  #aliased = false
  /** The fixed header and the topic: all that stands before the packet id. */
  #head: Buffer = Buffer.alloc(0)
  /** The properties and their length, of MQTT 5.0. */
  #properties: Buffer = Buffer.alloc(0)

  constructor(shape: PublishShape, publisher: number) {
    this.#shape = shape
    this.#publisher = publisher
    this.#payload = Buffer.alloc(Math.max(shape.payloadBytes, stampBytes), 'x')
  }

  /** The most that a packet for `topic` takes. */
  bytes(topic: string): number {
    return topic.length + this.#payload.length + applicationProperties.length + 14
  }

  write(out: OutBuffer, topic: string, packetId: number, sequence: number, sentAtUs: number): void {
    if (topic !== this.#topic) this.#prepare(topic, 'named')
    else if (this.#shape.aliases === true && !this.#aliased) this.#prepare(topic, 'aliased')
    const { bytes } = out
    let at = out.end
    this.#head.copy(bytes, at)
    at += this.#head.length
    if (this.#shape.qos > 0) {
      bytes[at++] = packetId >> 8
      bytes[at++] = packetId & 255
    }
    if (this.#shape.version === 5) {
      this.#properties.copy(bytes, at)
      at += this.#properties.length
    }
    this.#payload.copy(bytes, at)
    bytes.writeDoubleLE(sentAtUs, at)
    bytes.writeUInt32LE(this.#publisher, at + 8)
    bytes.writeUInt32LE(sequence, at + 12)
    out.end = at + this.#payload.length
  }

  #prepare(topic: string, as: 'named' | 'aliased'): void {
    const { version, qos, retain, aliases, properties } = this.#shape
    const alias = aliases === true ? [0x23, 0, 1] : []
    const chosen = Buffer.concat([Buffer.from(alias), properties === true ? applicationProperties : Buffer.alloc(0)])
    // One byte of length: they are less than 128.
    this.#properties = version === 5 ? Buffer.concat([Buffer.from([chosen.length]), chosen]) : Buffer.alloc(0)
    const after = (qos > 0 ? 2 : 0) + this.#properties.length + this.#payload.length
    const name = text(as === 'aliased' ? '' : topic)
    this.#head = packet(0x30 | (qos << 1) | (retain ? 1 : 0), [name], after)
    this.#topic = topic
    this.#aliased = as === 'aliased'
  }
}

/** `after`: bytes that the caller will put behind. */
function packet(head: number, parts: readonly Buffer[], after = 0): Buffer {
  const body = Buffer.concat(parts)
  const header = [head]
  let rest = body.length + after
  do {
    header.push((rest & 127) | (rest > 127 ? 128 : 0))
    rest >>= 7
  } while (rest > 0)
  return Buffer.concat([Buffer.from(header), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}
