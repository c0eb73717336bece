import type { Socket } from 'node:net'
import type { Peer } from '../contract/connection.ts'
import { isLoopback, plainAddress } from './address.ts'
import type { Watched } from './idle-wheel.ts'
import type { Network } from './network.ts'
import { parseProxyHeader } from './proxy-header.ts'
import type { RawSocket } from './raw-socket.ts'

/** Why a socket never becomes a connection. */
export const refusals = [
  'listener-limit',
  'node-limit',
  'untrusted-proxy',
  'proxy-header',
  'tls',
  'handshake-timeout',
  'gone',
] as const
export type Refusal = (typeof refusals)[number]

/** A socket of either kind. */
export type Refusable = Socket | RawSocket

/** What an arrival tells its listener. */
export interface ArrivalHost {
  readonly name: string
  readonly network: Network
  /** The socket was refused or gave up before it became a connection. */
  turnedAway(socket: Refusable, reason: Refusal): void
}

/** A socket on its way through PROXY header, TLS handshake and WebSocket upgrade, which must all end in time. */
export class Arrival implements Watched {
  readonly socket: Socket
  peer: Peer
  readonly #host: ArrivalHost
  readonly #limitMs: number
  #sinceMs: number | undefined
  #state: 'waiting' | 'over' = 'waiting'

  constructor(socket: Socket, peer: Peer, host: ArrivalHost) {
    this.socket = socket
    this.peer = peer
    this.#host = host
    this.#limitMs = host.network.limits.handshakeMs
    host.network.wheel.watch(this)
    socket.on('error', this.#errored)
    socket.on('close', this.#closed)
  }

  /** It became a connection, which looks after the socket from now on. */
  done(): void {
    this.#end()
  }

  /** Turns the socket away; further calls do nothing. */
  fail(reason: Refusal): void {
    if (this.#state === 'over') return
    this.#end()
    this.#host.turnedAway(this.socket, reason)
  }

  tick(elapsedMs: number): void {
    this.#sinceMs ??= elapsedMs
    if (elapsedMs - this.#sinceMs >= this.#limitMs) this.fail('handshake-timeout')
  }

  /** Reads the PROXY header, then calls `next` with the rest back in the socket; a connection without one is closed. */
  readProxyHeader(next: () => void): void {
    const { socket } = this
    let read = Buffer.alloc(0)
    const onEnd = () => this.fail('proxy-header')
    const onData = (chunk: Buffer) => {
      read = Buffer.concat([read, chunk])
      const header = parseProxyHeader(read)
      if (header.state === 'incomplete') return
      socket.off('data', onData)
      socket.off('end', onEnd)
      socket.pause()
      if (header.state === 'invalid') return this.fail('proxy-header')
      if (header.from !== 'local') this.peer = proxiedPeer(this.peer, header.source)
      if (read.length > header.length) socket.unshift(read.subarray(header.length))
      next()
    }
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.resume()
  }

  readonly #errored = (error: Error): void => {
    this.#host.network.logger.debug({ listener: this.#host.name, error: error.message }, 'socket error')
  }

  readonly #closed = (): void => this.fail('gone')

  #end(): void {
    this.#state = 'over'
    this.#host.network.wheel.unwatch(this)
    this.socket.off('close', this.#closed)
  }
}

/** The peer as its socket names it. */
export function directPeer(remoteAddress: string, port: number): Peer {
  const address = plainAddress(remoteAddress)
  return { address, port, loopback: isLoopback(address), secure: false, certificate: undefined }
}

/** Through a proxy on this machine the world comes in; an address that the proxy does not tell is not loopback either. */
export function proxiedPeer(proxy: Peer, source: { address: string; port: number } | undefined): Peer {
  if (source === undefined) return { ...proxy, loopback: false }
  const address = plainAddress(source.address)
  return { ...proxy, address, port: source.port, loopback: proxy.loopback && isLoopback(address) }
}
