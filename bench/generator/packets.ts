import type { QoS } from '../load.ts'
import type { OutBuffer } from './link.ts'

export interface ConnectOptions {
  readonly version: 4 | 5
  readonly clientId: string
  readonly clean: boolean
  readonly keepAliveS: number
}

export function connectPacket({ version, clientId, clean, keepAliveS }: ConnectOptions): Buffer {
  // A session that outlives its connection keeps for an hour: 0x11 is the Session Expiry Interval.
  const properties = version === 4 ? [] : clean ? [0] : [5, 0x11, 0, 0, 0x0e, 0x10]
  return packet(0x10, [
    text('MQTT'),
    Buffer.from([version, clean ? 2 : 0, keepAliveS >> 8, keepAliveS & 255, ...properties]),
    text(clientId),
  ])
}

export function subscribePacket(version: 4 | 5, packetId: number, filters: readonly string[], qos: QoS): Buffer {
  const head = [packetId >> 8, packetId & 255, ...(version === 5 ? [0] : [])]
  return packet(0x82, [Buffer.from(head), ...filters.flatMap(filter => [text(filter), Buffer.from([qos])])])
}

export const disconnectPacket: Buffer = Buffer.from([0xe0, 0])
export const pingPacket: Buffer = Buffer.from([0xc0, 0])

export interface PublishShape {
  readonly version: 4 | 5
  readonly qos: QoS
  readonly retain: boolean
  /** At least `stampBytes`. */
  readonly payloadBytes: number
}

/** What each payload begins with: when it was sent, the publisher, and its place among that publisher's messages. */
export const stampBytes = 16

/** Writes the PUBLISH packets of one publisher. */
export class PublishWriter {
  readonly #shape: PublishShape
  readonly #publisher: number
  readonly #payload: Buffer
  #topic = ''
  /** The fixed header and the topic: all that stands before the packet id. */
  #head: Buffer = Buffer.alloc(0)

  constructor(shape: PublishShape, publisher: number) {
    this.#shape = shape
    this.#publisher = publisher
    this.#payload = Buffer.alloc(Math.max(shape.payloadBytes, stampBytes), 'x')
  }

  /** The most that a packet for `topic` takes. */
  bytes(topic: string): number {
    return topic.length + this.#payload.length + 10
  }

  write(out: OutBuffer, topic: string, packetId: number, sequence: number, sentAtUs: number): void {
    if (topic !== this.#topic) this.#prepare(topic)
    const { bytes } = out
    let at = out.end
    this.#head.copy(bytes, at)
    at += this.#head.length
    if (this.#shape.qos > 0) {
      bytes[at++] = packetId >> 8
      bytes[at++] = packetId & 255
    }
    if (this.#shape.version === 5) bytes[at++] = 0
    this.#payload.copy(bytes, at)
    bytes.writeDoubleLE(sentAtUs, at)
    bytes.writeUInt32LE(this.#publisher, at + 8)
    bytes.writeUInt32LE(sequence, at + 12)
    out.end = at + this.#payload.length
  }

  #prepare(topic: string): void {
    const { version, qos, retain } = this.#shape
    const after = (qos > 0 ? 2 : 0) + (version === 5 ? 1 : 0) + this.#payload.length
    this.#head = packet(0x30 | (qos << 1) | (retain ? 1 : 0), [text(topic)], after)
    this.#topic = topic
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
