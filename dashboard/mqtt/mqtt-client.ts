import { type Properties, readProperties } from './properties.ts'
import { Reader, Writer } from './wire.ts'

export type Version = '3.1.1' | '5.0'
export type Qos = 0 | 1 | 2

export interface ConnectOptions {
  readonly url: string
  readonly version: Version
  readonly clientId: string
  readonly username: string
  readonly password: string
  readonly clean: boolean
  readonly keepAliveSeconds: number
}

export interface Arrived {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: Qos
  readonly retain: boolean
  readonly properties: Properties
}

/** What happens, for whoever shows it. */
export interface Watcher {
  /** `detail` is of the protocol: session present, a reason. */
  connected(detail: string): void
  /** Once, also when it never was connected. */
  closed(reason: string): void
  message(message: Arrived): void
  acknowledged(what: string): void
}

const types = { connect: 1, publish: 3, puback: 4, pubrec: 5, pubrel: 6, pubcomp: 7, subscribe: 8, unsubscribe: 10 }
const pingPacket = Uint8Array.of(0xc0, 0)
const refusals: Readonly<Record<number, string>> = {
  1: 'the protocol version is not taken',
  2: 'the client id is not taken',
  3: 'the server is not available',
  4: 'wrong user name or password',
  5: 'not authorized',
  132: 'the protocol version is not taken',
  133: 'the client id is not taken',
  134: 'wrong user name or password',
  135: 'not authorized',
  138: 'banned',
  142: 'another client took the session over',
  152: 'disconnected by an operator',
}

/** A client of MQTT 3.1.1 and 5.0 over WebSocket: as much as a test needs, and no more. */
export class MqttClient {
  readonly #socket: WebSocket
  readonly #options: ConnectOptions
  readonly #watcher: Watcher
  #unread = new Uint8Array(0)
  #packetId = 0
  #reason: string | undefined
  #pings: ReturnType<typeof setInterval> | undefined

  constructor(options: ConnectOptions, watcher: Watcher) {
    this.#options = options
    this.#watcher = watcher
    this.#socket = new WebSocket(options.url, 'mqtt')
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.onopen = () => this.#send(this.#connectPacket())
    this.#socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => this.#take(new Uint8Array(data))
    this.#socket.onclose = ({ wasClean }) => {
      clearInterval(this.#pings)
      watcher.closed(this.#reason ?? (wasClean ? 'the server closed the connection' : 'the connection was lost'))
    }
  }

  publish({ topic, payload, qos, retain }: { topic: string; payload: string; qos: Qos; retain: boolean }): void {
    const body = new Writer().text(topic)
    if (qos > 0) body.short(this.#nextId())
    this.#noProperties(body).bytes(new TextEncoder().encode(payload))
    this.#send(packet((types.publish << 4) | (qos << 1) | (retain ? 1 : 0), body))
  }

  subscribe(filter: string, qos: Qos): void {
    const body = this.#noProperties(new Writer().short(this.#nextId())).text(filter).byte(qos)
    this.#send(packet((types.subscribe << 4) | 2, body))
  }

  unsubscribe(filter: string): void {
    const body = this.#noProperties(new Writer().short(this.#nextId())).text(filter)
    this.#send(packet((types.unsubscribe << 4) | 2, body))
  }

  end(): void {
    this.#reason ??= 'disconnected'
    if (this.#socket.readyState === WebSocket.OPEN) this.#send(Uint8Array.of(0xe0, 0))
    this.#socket.close()
  }

  get #five(): boolean {
    return this.#options.version === '5.0'
  }

  #connectPacket(): Uint8Array<ArrayBuffer> {
    const { clientId, username, password, clean, keepAliveSeconds } = this.#options
    const flags = (clean ? 2 : 0) | (username === '' ? 0 : 0x80) | (password === '' ? 0 : 0x40)
    const body = new Writer()
      .text('MQTT')
      .byte(this.#five ? 5 : 4)
      .byte(flags)
      .short(keepAliveSeconds)
    if (this.#five) {
      const properties = new Writer()
      // A session that is to be kept must be given a life.
      if (!clean) properties.byte(17).long(3_600)
      body.block(properties)
    }
    body.text(clientId)
    if (username !== '') body.text(username)
    if (password !== '') body.text(password)
    return packet(types.connect << 4, body)
  }

  #noProperties(body: Writer): Writer {
    return this.#five ? body.length(0) : body
  }

  #nextId(): number {
    this.#packetId = (this.#packetId % 65_535) + 1
    return this.#packetId
  }

  #send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes)
  }

  /** A WebSocket message may hold parts of packets, or several. */
  #take(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#unread.length + chunk.length)
    bytes.set(this.#unread)
    bytes.set(chunk, this.#unread.length)
    let at = 0
    try {
      for (;;) {
        const whole = wholeAt(bytes, at)
        if (!whole) break
        this.#handle(bytes[at] ?? 0, new Reader(bytes.subarray(whole.from, whole.to)))
        at = whole.to
      }
    } catch (error) {
      this.#reason = `the server sent what cannot be read: ${(error as Error).message}`
      this.#socket.close()
    }
    this.#unread = bytes.slice(at)
  }

  #handle(head: number, reader: Reader): void {
    const type = head >> 4
    if (type === 2) this.#connected(reader)
    else if (type === types.publish) this.#arrived(head, reader)
    else if (type === types.pubrec) this.#send(Uint8Array.of((types.pubrel << 4) | 2, 2, reader.byte(), reader.byte()))
    else if (type === types.pubrel) this.#send(Uint8Array.of(types.pubcomp << 4, 2, reader.byte(), reader.byte()))
    else if (type === types.puback || type === types.pubcomp) this.#watcher.acknowledged(outcome('PUBLISH', reader))
    else if (type === 9) this.#watcher.acknowledged(this.#listed('SUBSCRIBE', reader))
    else if (type === 11) this.#watcher.acknowledged('UNSUBSCRIBE: done')
    else if (type === 14) this.#reason = `the server disconnects: ${refusal(reader.left > 0 ? reader.byte() : 0)}`
  }

  #connected(reader: Reader): void {
    const present = reader.byte() === 1
    const code = reader.byte()
    if (code !== 0) {
      this.#reason = `refused: ${refusal(code)}`
      this.#socket.close()
      return
    }
    const { keepAliveSeconds } = this.#options
    if (keepAliveSeconds > 0) this.#pings = setInterval(() => this.#send(pingPacket), keepAliveSeconds * 500)
    this.#watcher.connected(present ? 'session present' : 'new session')
  }

  #arrived(head: number, reader: Reader): void {
    const qos = ((head >> 1) & 3) as Qos
    const topic = reader.text()
    const id = qos > 0 ? reader.short() : 0
    const properties = this.#five ? readProperties(reader) : []
    const payload = reader.bytes().slice()
    const answer = qos === 1 ? types.puback : types.pubrec
    if (qos > 0) this.#send(Uint8Array.of(answer << 4, 2, id >> 8, id & 0xff))
    this.#watcher.message({ topic, payload, qos, retain: (head & 1) === 1, properties })
  }

  #listed(name: string, reader: Reader): string {
    reader.short()
    if (this.#five) readProperties(reader)
    const code = reader.byte()
    return code < 0x80 ? `${name}: granted QoS ${code}` : `${name}: ${refusal(code)}`
  }
}

function packet(head: number, body: Writer): Uint8Array<ArrayBuffer> {
  return new Writer().byte(head).block(body).take()
}

/** Where the body of the packet at a place begins and ends; undefined: not all of it is there yet. */
function wholeAt(bytes: Uint8Array, at: number): { from: number; to: number } | undefined {
  let length = 0
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + 1 + i]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 128 ** i
    if (byte >= 0x80) continue
    const from = at + 2 + i
    return from + length <= bytes.length ? { from, to: from + length } : undefined
  }
  throw new RangeError('a length has more than four bytes')
}

function outcome(name: string, reader: Reader): string {
  reader.short()
  const code = reader.left > 0 ? reader.byte() : 0
  return code < 0x80 ? `${name}: acknowledged` : `${name}: ${refusal(code)}`
}

function refusal(code: number): string {
  return refusals[code] ?? `reason 0x${code.toString(16).padStart(2, '0')}`
}
