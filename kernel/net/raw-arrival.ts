import type { Peer } from '../contract/connection.ts'
import { type ArrivalHost, proxiedPeer, type Refusal } from './arrival.ts'
import type { SocketOwner } from './byte-socket.ts'
import type { Watched } from './idle-wheel.ts'
import { parseProxyHeader } from './proxy-header.ts'
import type { RawSocket } from './raw-socket.ts'

/** A raw socket until its PROXY header is read, which must be in time; `next` gets the peer that the header names. */
export class RawArrival implements SocketOwner, Watched {
  readonly #socket: RawSocket
  readonly #proxy: Peer
  readonly #host: ArrivalHost
  readonly #next: (peer: Peer) => void
  readonly #limitMs: number
  #sinceMs: number | undefined
  #read = Buffer.alloc(0)
  #state: 'waiting' | 'over' = 'waiting'

  constructor(socket: RawSocket, proxy: Peer, host: ArrivalHost, next: (peer: Peer) => void) {
    this.#socket = socket
    this.#proxy = proxy
    this.#host = host
    this.#next = next
    this.#limitMs = host.network.limits.handshakeMs
    host.network.wheel.watch(this)
    socket.owner = this
    socket.resume()
  }

  deliver(chunk: Buffer): void {
    this.#read = Buffer.concat([this.#read, chunk])
    const header = parseProxyHeader(this.#read)
    if (header.state === 'incomplete') return
    this.#socket.pause()
    if (header.state === 'invalid') return this.#fail('proxy-header')
    this.#end()
    if (this.#read.length > header.length) this.#socket.unshift(this.#read.subarray(header.length))
    this.#next(header.from === 'local' ? this.#proxy : proxiedPeer(this.#proxy, header.source))
  }

  peerEnded(): void {
    this.#fail('proxy-header')
  }

  socketFailed(error: Error): void {
    this.#host.network.logger.debug({ listener: this.#host.name, error: error.message }, 'socket error')
  }

  gone(): void {
    this.#fail('gone')
  }

  tick(elapsedMs: number): void {
    this.#sinceMs ??= elapsedMs
    if (elapsedMs - this.#sinceMs >= this.#limitMs) this.#fail('handshake-timeout')
  }

  #fail(reason: Refusal): void {
    if (this.#state === 'over') return
    this.#end()
    this.#host.turnedAway(this.#socket, reason)
  }

  #end(): void {
    this.#state = 'over'
    this.#host.network.wheel.unwatch(this)
  }
}
