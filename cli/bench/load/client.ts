import { Link, type LinkOptions, type LinkOwner, type OutBuffer } from './link.ts'
import { connectPacket, disconnectPacket, pingPacket, type QoS, subscribePacket } from './packets.ts'

export interface ClientOptions extends Pick<LinkOptions, 'port' | 'transport' | 'tls'> {
  /** Default: this machine. */
  readonly host?: string
  readonly version: 4 | 5
  readonly clientId: string
  readonly clean: boolean
  readonly keepAliveS: number
  readonly filters: readonly string[]
  readonly qos: QoS
  readonly out: OutBuffer
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** Topic aliases that it takes. Default: 0. */
  readonly aliases?: number
}

/** Whom a client tells. */
export interface ClientOwner {
  /** Connected and subscribed, or closed before that. */
  settled(client: Client): void
  /** A message's payload stands in `bytes` from `at` to `end`; lent. */
  received(client: Client, bytes: Buffer, at: number, end: number): void
  /** The receiver has a published message safe. */
  acknowledged(client: Client, packetId: number): void
  /** A packet of filters that was sent by `request` has its answer. */
  answered?(client: Client): void
}

const filtersPerPacket = 50
/** Ports of one address are fewer than the connections of the largest cases. */
const clientsPerAddress = 20_000
const loopback = '127.0.0.1'
const empty = Buffer.alloc(0)

/** An MQTT client that answers what it must and no more. */
export class Client implements LinkOwner {
  state: 'new' | 'opening' | 'ready' | 'closed' = 'new'
  /** Which it is among its kind. */
  readonly index: number
  readonly #options: ClientOptions
  readonly #owner: ClientOwner
  /** What the server takes unacknowledged. */
  receiveMaximum = 65_535
  errors = 0
  /** When its connection was begun. */
  openedAtMs = 0
  /** What its connection failed of. */
  failure = ''
  /** When the bytes at hand were read. */
  arrivedAtMs = 0
  /** Resolves when the connection is closed. */
  readonly gone: Promise<void>
  #gone: () => void = () => {}
  #link: Link | undefined
  #rest: Buffer = empty
  #subscribed = 0

  constructor(index: number, options: ClientOptions, owner: ClientOwner) {
    this.index = index
    this.#options = options
    this.#owner = owner
    this.gone = new Promise(resolve => {
      this.#gone = resolve
    })
  }

  open(): void {
    this.state = 'opening'
    this.openedAtMs = performance.now()
    // The first ones leave the choice to the system, which may then use a port again that another broker was reached from.
    const address = 1 + Math.floor(this.index / clientsPerAddress)
    const { host = loopback, port, transport, tls } = this.#options
    const from = address === 1 || host !== loopback ? undefined : `127.0.0.${address}`
    this.#link = new Link({ host, port, transport, from, tls }, this)
  }

  get busy(): boolean {
    return this.#link?.busy ?? true
  }

  /** Sends what is in the shared output buffer. */
  send(): void {
    this.#link?.send(this.#options.out)
  }

  ping(): void {
    this.#write(pingPacket)
  }

  /** Sends a SUBSCRIBE or UNSUBSCRIBE packet. */
  request(packet: Buffer): void {
    this.#write(packet)
  }

  /** Sends these packets over and over. */
  flood(packets: Buffer, onSent: () => void): void {
    this.#link?.flood(packets, onSent)
  }

  /** Reads nothing any more. */
  freeze(): void {
    this.#link?.freeze()
  }

  disconnect(): void {
    this.#write(disconnectPacket)
    this.#link?.end()
  }

  destroy(): void {
    this.#link?.destroy()
  }

  opened(): void {
    this.#write(connectPacket(this.#options))
  }

  failed(message: string): void {
    this.failure = message
  }

  closed(): void {
    const before = this.state
    this.state = 'closed'
    this.#gone()
    if (before === 'opening') this.#owner.settled(this)
  }

  arrived(chunk: Buffer): void {
    this.arrivedAtMs = performance.now()
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let at = 0
    const { length } = bytes
    while (length - at >= 2) {
      let body = at + 1
      let remaining = 0
      let shift = 0
      let byte = 128
      while (byte > 127 && body < length) {
        byte = bytes[body++] ?? 0
        remaining |= (byte & 127) << shift
        shift += 7
      }
      if (byte > 127 || body + remaining > length) break
      this.#packet(bytes[at] ?? 0, bytes, body, body + remaining)
      at = body + remaining
    }
    this.#rest = at === length ? empty : Buffer.from(bytes.subarray(at))
    if (!this.#options.out.empty) this.send()
  }

  #packet(head: number, bytes: Buffer, at: number, end: number): void {
    switch (head >> 4) {
      case 3:
        return this.#publish(head, bytes, at, end)
      case 4:
      case 7:
        if (this.#options.version === 5 && end - at > 2 && (bytes[at + 2] ?? 0) > 127) this.errors += 1
        return this.#owner.acknowledged(this, ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
      case 5:
        return this.#answer(0x62, bytes, at)
      case 6:
        return this.#answer(0x70, bytes, at)
      case 2:
        return this.#connected(bytes, at, end)
      case 9:
        for (let code = at + (this.#options.version === 5 ? 3 : 2); code < end; code += 1) {
          if ((bytes[code] ?? 0) > 127) this.errors += 1
        }
        return this.state === 'ready' ? this.#owner.answered?.(this) : this.#subscribe()
      case 11:
        return this.#owner.answered?.(this)
      case 13:
        return
      default:
        this.errors += 1
    }
  }

  #publish(head: number, bytes: Buffer, at: number, end: number): void {
    const qos = (head >> 1) & 3
    const id = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
    let payload = id + (qos > 0 ? 2 : 0)
    if (this.#options.version === 5) payload = afterProperties(bytes, payload)
    if (qos === 1) this.#answer(0x40, bytes, id)
    else if (qos === 2) this.#answer(0x50, bytes, id)
    this.#owner.received(this, bytes, payload, end)
  }

  /** Goes out with all other answers to what was read at once. */
  #answer(head: number, bytes: Buffer, id: number): void {
    const { out } = this.#options
    const at = out.end
    out.bytes[at] = head
    out.bytes[at + 1] = 2
    out.bytes[at + 2] = bytes[id] ?? 0
    out.bytes[at + 3] = bytes[id + 1] ?? 0
    out.end = at + 4
  }

  #connected(bytes: Buffer, at: number, end: number): void {
    if (bytes[at + 1] !== 0) {
      this.errors += 1
      this.destroy()
      return
    }
    if (this.#options.version === 5) this.receiveMaximum = receiveMaximumOf(bytes, at + 2, end)
    this.#subscribe()
  }

  #subscribe(): void {
    const { filters, version, qos } = this.#options
    if (this.#subscribed >= filters.length) {
      this.state = 'ready'
      this.#owner.settled(this)
      return
    }
    const next = filters.slice(this.#subscribed, this.#subscribed + filtersPerPacket)
    this.#subscribed += next.length
    // It goes out behind this read's acknowledgements, in one piece with them: how many reads that is is not left to chance.
    this.#append(subscribePacket(version, 1, next, qos))
  }

  #write(packet: Buffer): void {
    this.#append(packet)
    this.send()
  }

  #append(packet: Buffer): void {
    const { out } = this.#options
    packet.copy(out.bytes, out.end)
    out.end += packet.length
  }
}

function afterProperties(bytes: Buffer, at: number): number {
  let length = 0
  let shift = 0
  let byte = 128
  let next = at
  while (byte > 127 && shift < 28) {
    byte = bytes[next++] ?? 0
    length |= (byte & 127) << shift
    shift += 7
  }
  return next + length
}

/** Bytes after the identifier of CONNACK properties of fixed size; all others are texts, and 0x26 is two of them. */
const fixedBytes: Readonly<Record<number, number>> = {
  17: 4,
  19: 2,
  33: 2,
  34: 2,
  36: 1,
  37: 1,
  39: 4,
  40: 1,
  41: 1,
  42: 1,
}

function receiveMaximumOf(bytes: Buffer, lengthAt: number, end: number): number {
  // The properties of a CONNACK of a benchmarked broker take less than 128 bytes.
  let at = lengthAt + 1
  while (at < end) {
    const id = bytes[at++]
    if (id === 33) return bytes.readUInt16BE(at)
    const texts = id === 0x26 ? 2 : 1
    const fixed = fixedBytes[id ?? 0]
    if (fixed !== undefined) at += fixed
    else for (let text = 0; text < texts && at + 2 <= end; text += 1) at += 2 + bytes.readUInt16BE(at)
  }
  return 65_535
}
