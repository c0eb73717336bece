import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { connectPacket, pingPacket, subscribePacket } from '../../cli/bench/load/packets.ts'

const empty = Buffer.alloc(0)
const paceMs = 20

/** An MQTT 5.0 client made for quantity: it counts what comes, acknowledges it, and can read slowly, or not at all. */
export class RawClient implements AsyncDisposable {
  /** Messages that came. */
  delivered = 0
  /** Its publishes that were acknowledged, and those among them that were refused. */
  acknowledged = 0
  refused = 0
  closed = false
  readonly #socket: Socket
  #rest = empty
  #wake = () => {}
  #answers = 0
  #pace: NodeJS.Timeout | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#read(chunk))
    socket.on('drain', () => this.#wake())
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  static async connect(port: number, clientId: string): Promise<RawClient> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const client = new RawClient(socket)
    await client.#asked(connectPacket({ version: 5, clientId, clean: true, keepAliveS: 0 }))
    return client
  }

  async subscribe(filter: string, qos: 0 | 1): Promise<void> {
    await this.#asked(subscribePacket(5, 1, [filter], qos))
  }

  /** When it is back, the broker has taken all that was sent before. */
  async ping(): Promise<void> {
    await this.#asked(pingPacket)
  }

  /** Resolves when there is room for more. */
  async send(bytes: Buffer): Promise<void> {
    if (this.closed) throw new Error('the broker closed the connection')
    if (!this.#socket.write(bytes)) await this.#until(() => !this.#socket.writableNeedDrain)
  }

  /** Resolves when so many publishes were acknowledged since it was connected. */
  async acknowledgedAll(publishes: number): Promise<void> {
    await this.#until(() => this.acknowledged >= publishes)
    if (this.acknowledged < publishes) throw new Error('the broker closed the connection')
  }

  freeze(): void {
    this.#socket.pause()
  }

  /** Reads so much and no more. */
  readSlowly(bytesPerSecond: number): void {
    let allowed = 0
    this.#socket.pause()
    this.#socket.on('data', chunk => {
      allowed -= chunk.length
      if (allowed <= 0 && this.#pace !== undefined) this.#socket.pause()
    })
    this.#pace = setInterval(() => {
      allowed = Math.min(allowed + (bytesPerSecond * paceMs) / 1_000, bytesPerSecond)
      if (allowed > 0) this.#socket.resume()
    }, paceMs)
  }

  /** Reads as fast as it can. */
  thaw(): void {
    clearInterval(this.#pace)
    this.#pace = undefined
    this.#socket.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pace)
    this.#socket.destroy()
    await this.#until(() => this.closed)
  }

  async #asked(packet: Buffer): Promise<void> {
    const wanted = this.#answers + 1
    this.#socket.write(packet)
    await this.#until(() => this.#answers >= wanted)
    if (this.closed) throw new Error('the broker closed the connection')
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.closed) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const acknowledgements: number[] = []
    let at = 0
    while (bytes.length - at >= 2) {
      let body = at + 1
      let length = 0
      let shift = 0
      let byte = 128
      while (byte > 127 && body < bytes.length) {
        byte = bytes[body++] as number
        length |= (byte & 127) << shift
        shift += 7
      }
      if (byte > 127 || body + length > bytes.length) break
      this.#packet(bytes[at] as number, bytes, body, length, acknowledgements)
      at = body + length
    }
    this.#rest = at === bytes.length ? empty : Buffer.from(bytes.subarray(at))
    if (acknowledgements.length > 0) this.#socket.write(Buffer.from(acknowledgements))
    this.#wake()
  }

  #packet(head: number, bytes: Buffer, at: number, length: number, acknowledgements: number[]): void {
    switch (head >> 4) {
      case 2: // CONNACK
      case 9: // SUBACK
      case 13: // PINGRESP
        this.#answers++
        return
      case 3: // PUBLISH
        this.delivered++
        if (((head >> 1) & 3) === 1) {
          const id = at + 2 + bytes.readUInt16BE(at)
          acknowledgements.push(0x40, 2, bytes[id] as number, bytes[id + 1] as number)
        }
        return
      case 4: // PUBACK
        this.acknowledged++
        if (length > 2 && (bytes[at + 2] as number) >= 0x80) this.refused++
    }
  }
}
