import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Peer } from '../contract/connection.ts'
import { type ConnectionHost, StreamConnection } from './stream-connection.ts'

/** Status codes of RFC 6455, section 7.4.1. */
const normalClosure = 1000
const unsupportedData = 1003

/**
 * A connection over a WebSocket: the payloads of binary frames are its byte stream, wherever frames begin and end. One
 * frame a turn goes out, written by us next to those of `ws`: a server's frames are whole writes, so they never mix.
 */
export class WebSocketConnection extends StreamConnection {
  readonly #webSocket: WebSocket
  /** Messages of a read that came after a pause within it. */
  #held: Buffer[] = []

  constructor(webSocket: WebSocket, socket: Socket, peer: Peer, host: ConnectionHost) {
    super(socket, peer, host, binaryFrameHeader)
    this.#webSocket = webSocket
    webSocket.binaryType = 'fragments'
    webSocket.on('message', (fragments, isBinary) => {
      if (isBinary) for (const fragment of fragments as Buffer[]) this.#arrived(fragment)
      else this.#refuseText()
    })
    webSocket.on('ping', data => {
      // A peer that pings and does not read must not fill our memory; the next answered ping will do. [RFC6455 5.5.3]
      if (this.writable && !this.slow()) webSocket.pong(data)
    })
    webSocket.on('error', error => {
      this.socketFailed(error)
      this.close(error.message)
    })
    webSocket.on('close', () => this.gone())
    webSocket.pause()
  }

  override get writable(): boolean {
    return super.writable && this.#webSocket.readyState === this.#webSocket.OPEN
  }

  #arrived(bytes: Buffer): void {
    if (this.paused) this.#held.push(bytes)
    else this.deliver(bytes)
  }

  #refuseText(): void {
    this.#webSocket.close(unsupportedData, 'binary frames only')
    this.close('a text frame')
  }

  protected override startReading(): void {
    while (!this.paused) {
      const bytes = this.#held.shift()
      if (bytes === undefined) break
      this.deliver(bytes)
    }
    if (!this.paused) this.#webSocket.resume()
  }

  protected override stopReading(): void {
    this.#webSocket.pause()
  }

  protected override finish(): void {
    this.#webSocket.close(normalClosure)
  }

  protected override kill(): void {
    this.#webSocket.terminate()
  }
}

/** An unmasked final binary frame's header: 2, 4 or 10 bytes. [RFC6455 5.2] */
function binaryFrameHeader(into: Buffer, end: number, bytes: number): number {
  if (bytes < 126) {
    into[end - 2] = 0x82
    into[end - 1] = bytes
    return end - 2
  }
  if (bytes < 65_536) {
    into[end - 4] = 0x82
    into[end - 3] = 126
    into.writeUInt16BE(bytes, end - 2)
    return end - 4
  }
  into[end - 10] = 0x82
  into[end - 9] = 127
  into.writeUInt32BE(Math.floor(bytes / 2 ** 32), end - 8)
  into.writeUInt32BE(bytes >>> 0, end - 4)
  return end - 10
}
