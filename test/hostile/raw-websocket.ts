import { once } from 'node:events'
import net from 'node:net'

/** A socket that has said the WebSocket handshake and then sends whatever it likes. */
export class RawWebSocket implements AsyncDisposable {
  readonly socket: net.Socket
  readonly #closed: Promise<unknown>
  #head = ''
  /** All bytes that came after the handshake. */
  received = Buffer.alloc(0)
  /** The answer to the handshake. */
  response = ''

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1' })
    this.socket.on('error', () => {})
    this.#closed = once(this.socket, 'close')
  }

  /** Resolves when the server has answered the request, or closed. */
  async open(headers: readonly string[] = []): Promise<this> {
    await once(this.socket, 'connect')
    const answered = new Promise<void>(resolve => {
      this.socket.on('data', (bytes: Buffer) => {
        if (this.response !== '') this.received = Buffer.concat([this.received, bytes])
        else {
          this.#head += bytes.toString('latin1')
          const end = this.#head.indexOf('\r\n\r\n')
          if (end < 0) return
          this.response = this.#head.slice(0, end)
          this.received = Buffer.from(this.#head.slice(end + 4), 'latin1')
          resolve()
        }
      })
      this.socket.on('close', () => resolve())
    })
    const lines = [
      'GET /mqtt HTTP/1.1',
      'Host: localhost',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: mqtt',
      ...headers,
    ]
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    await answered
    return this
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Waits until the server has closed the connection, and returns what it sent last. */
  async closed(): Promise<Buffer> {
    await this.#closed
    return this.received
  }

  /** Waits for so many bytes after the handshake. */
  async bytes(count: number): Promise<Buffer> {
    while (this.received.length < count && !this.socket.destroyed) await once(this.socket, 'data')
    return this.received
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.#closed
  }
}

/** A frame as a client sends it: masked, unless told otherwise. `first`: FIN, RSV and opcode. */
export function webSocketFrame(first: number, payload: Uint8Array, masked = true): Buffer {
  const mask = Buffer.from([1, 2, 3, 4])
  const length =
    payload.length < 126
      ? Buffer.from([payload.length])
      : Buffer.from([126, payload.length >> 8, payload.length & 0xff])
  if (masked) length[0] = (length[0] as number) | 0x80
  const body = masked ? Buffer.from(payload.map((value, i) => value ^ (mask[i % 4] as number))) : Buffer.from(payload)
  return Buffer.concat([Buffer.from([first]), length, ...(masked ? [mask] : []), body])
}
