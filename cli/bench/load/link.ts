import { randomBytes } from 'node:crypto'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import { ClientFrames } from './client-frames.ts'

export type Transport = 'tcp' | 'tls' | 'ws'

/** Room for the WebSocket header before a turn's bytes. */
const headroomBytes = 14
const outBytes = 1 << 19
const readBytes = 1 << 18

/** One buffer for all output: it is filled and sent within one callback, for one link at a time. */
export class OutBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(outBytes)
  end: number = headroomBytes

  get empty(): boolean {
    return this.end === headroomBytes
  }

  has(room: number): boolean {
    return this.end + room <= outBytes
  }

  /** The bytes still belong to a socket: go on with others. */
  leave(): void {
    this.bytes = Buffer.allocUnsafeSlow(outBytes)
  }
}

const sharedRead = Buffer.allocUnsafeSlow(readBytes)

export interface LinkOwner {
  opened(): void
  /** Bytes of the stream; lent. */
  arrived(bytes: Buffer): void
  /** `closed` follows. */
  failed(message: string): void
  closed(): void
}

export interface LinkOptions {
  readonly host: string
  readonly port: number
  readonly transport: Transport
  /** The loopback address that it comes from. Default: the system's choice. */
  readonly from?: string | undefined
  readonly tls?: SecureOptions | undefined
}

export interface SecureOptions {
  readonly ca?: Buffer[]
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly rejectUnauthorized?: boolean
  readonly servername?: string
}

/** One client's connection, whatever carries it. */
export class Link {
  readonly #socket: Socket
  readonly #transport: Transport
  readonly #owner: LinkOwner
  #frames: ClientFrames | undefined

  constructor({ host, port, transport, from, tls: secure }: LinkOptions, owner: LinkOwner) {
    this.#transport = transport
    this.#owner = owner
    const address = { port, host, noDelay: true, ...(from !== undefined && { localAddress: from }) }
    if (transport === 'tls') {
      this.#socket = tls.connect({ ...address, ...secure }, () => owner.opened())
      this.#socket.on('data', (chunk: Buffer) => owner.arrived(chunk))
    } else {
      const callback = (bytes: number): boolean => {
        this.#arrived(sharedRead.subarray(0, bytes))
        return true
      }
      this.#socket = net.connect({ ...address, onread: { buffer: sharedRead, callback } }, () => this.#connected())
    }
    this.#socket.on('error', error => owner.failed(error.message))
    this.#socket.on('close', () => owner.closed())
  }

  /** What was sent earlier has not left yet. */
  get busy(): boolean {
    return this.#socket.writableLength > 0
  }

  /** Sends what `out` holds, and empties it. */
  send(out: OutBuffer): void {
    const begin = this.#frames === undefined ? headroomBytes : this.#frames.begin(out.bytes, headroomBytes, out.end)
    const bytes = out.bytes.subarray(begin, out.end)
    out.end = headroomBytes
    if (this.#transport === 'tls') {
      this.#socket.write(Buffer.from(bytes))
      return
    }
    this.#socket.write(bytes)
    if (this.#socket.writableLength > 0) out.leave()
  }

  /** Sends `bytes` over and over, as fast as the socket takes them, until it is closed. TCP only. */
  flood(bytes: Buffer, onSent: () => void): void {
    const again = (error?: Error | null): void => {
      if (error) return
      onSent()
      this.#socket.write(bytes, again)
    }
    // Two under way: the socket never waits for the next turn.
    this.#socket.write(bytes, again)
    this.#socket.write(bytes, again)
  }

  /** Reads nothing any more. */
  freeze(): void {
    this.#socket.pause()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #connected(): void {
    if (this.#transport === 'tcp') {
      this.#owner.opened()
      return
    }
    this.#frames = new ClientFrames(this.#owner)
    const key = randomBytes(16).toString('base64')
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13`
    this.#socket.write(`GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\n${upgrade}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`)
  }

  #arrived(bytes: Buffer): void {
    if (this.#frames === undefined) this.#owner.arrived(bytes)
    else this.#frames.arrived(bytes)
  }
}
