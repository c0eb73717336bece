import net, { type AddressInfo, type Server, Socket } from 'node:net'
import type { Connection, ListenerOptions, Peer, TlsOptions } from '../contract/connection.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Counter } from '../contract/observe.ts'
import { Arrival, type ArrivalHost, directPeer, type Refusable, type Refusal, refusals } from './arrival.ts'
import { isCidr, matchesCidr } from './cidr.ts'
import { listen } from './listen.ts'
import type { Network } from './network.ts'
import { RawArrival } from './raw-arrival.ts'
import { type RawHandle, takeHandles } from './raw-handle.ts'
import { RawSocket } from './raw-socket.ts'
import type { RawSockets } from './raw-sockets.ts'
import type { ConnectionHost, StreamConnection } from './stream-connection.ts'
import { rawConnection, streamConnection, tcpConnection } from './tcp.ts'
import { TlsGate } from './tls.ts'
import { WebSocketGate } from './websocket.ts'
import { WebSocketConnection } from './websocket-connection.ts'

export interface ListenerHost {
  readonly network: Network
  /** See `Protocol.serve`. */
  serve(connection: Connection): Promise<void> | undefined
  /** For 'ws' and 'wss': the protocol's subprotocols, most wanted first, and its default path. */
  readonly websocket?: { readonly subprotocols: readonly string[]; readonly path: string }
}

export interface Listener {
  readonly name: string
  /** Open connections, those still in a handshake included. */
  readonly connections: number
  address(): { readonly host: string; readonly port: number }
  /** New connections get the new certificate and authorities; open ones stay. @throws BrokerError CONFIG_INVALID */
  replaceTls(tls: TlsOptions): void
  /** Stops accepting; resolves when the port is free. Open connections stay: whoever serves them closes them. */
  close(): Promise<void>
}

/** Opens a listener. @throws BrokerError LISTEN_FAILED, CONFIG_INVALID */
export async function openListener(options: ListenerOptions, host: ListenerHost): Promise<Listener> {
  const listener = new SocketListener(options, host)
  await listener.open()
  return listener
}

/** TCP keep-alive finds peers that vanished without a word, whatever their protocol's own limit. */
const tcpKeepAliveMs = 60_000

class SocketListener implements Listener, ConnectionHost, ArrivalHost {
  readonly name: string
  readonly network: Network
  readonly received: Counter
  readonly sent: Counter
  readonly socketErrors: Counter
  connections = 0
  readonly #options: ListenerOptions
  readonly #host: ListenerHost
  readonly #server: Server
  readonly #tls: TlsGate | undefined
  readonly #webSockets: WebSocketGate | undefined
  readonly #opened: Counter
  readonly #failed: Counter

  constructor(options: ListenerOptions, host: ListenerHost) {
    this.name = options.name
    this.network = host.network
    this.#options = options
    this.#host = host
    const { counters } = host.network
    const labels = { listener: options.name }
    this.received = counters.counter('net_received_bytes', labels)
    this.sent = counters.counter('net_sent_bytes', labels)
    this.socketErrors = counters.counter('net_socket_errors', labels)
    this.#opened = counters.counter('net_connections_opened', labels)
    this.#failed = counters.counter('net_connections_failed', labels)
    counters.gauge('net_connections', () => this.connections, labels)
    // A rate over a series that appears with its first event misses that event.
    for (const reason of refusals) counters.counter('net_connections_refused', { ...labels, reason })
    for (const block of options.proxyFrom ?? []) {
      if (!isCidr(block)) throw this.#invalid(`proxyFrom: "${block}" is neither an address nor a CIDR block`)
    }
    if (options.rawHandles && options.transport !== 'tcp') {
      throw this.#invalid(`transport "${options.transport}" has no raw handles, only "tcp"`)
    }
    this.#tls = this.#tlsGate()
    this.#webSockets = this.#webSocketGate()
    this.#server = net.createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: tcpKeepAliveMs,
    })
    this.#server.on('connection', socket => this.#accept(socket))
  }

  async open(): Promise<void> {
    const { port, host, rawHandles } = this.#options
    const raw = rawHandles ? await this.network.rawSockets() : undefined
    await listen(this.#server, this.name, { port, host, reusePort: this.network.reusePort })
    // For instance: out of file descriptors. The listener goes on.
    this.#server.on('error', error => this.network.logger.error({ listener: this.name, error }, 'accepting failed'))
    if (raw !== undefined) takeHandles(this.#server, handle => this.#acceptRaw(handle, raw))
  }

  address(): { host: string; port: number } {
    const address = this.#server.address() as AddressInfo | null
    if (address === null) throw new BrokerError('CLOSED', `listener "${this.name}" is closed`)
    return { host: address.address, port: address.port }
  }

  replaceTls(tls: TlsOptions): void {
    if (this.#tls === undefined) throw this.#invalid('it has no TLS')
    this.#tls.replace(tls)
  }

  close(): Promise<void> {
    // Node would call back only after the last connection's end; the port is free at once.
    if (this.#server.listening) this.#server.close()
    return Promise.resolve()
  }

  ended(connection: StreamConnection): void {
    this.network.left(connection)
    this.#left()
  }

  turnedAway(socket: Refusable, reason: Refusal): void {
    this.#left()
    this.#refuse(socket, reason)
  }

  #accept(socket: Socket): void {
    const peer = this.#admit(socket, socket.remoteAddress, socket.remotePort)
    if (peer === undefined) return
    const { proxyFrom = [] } = this.#options
    if (proxyFrom.length === 0 && this.#options.transport === 'tcp') {
      return this.#serve(tcpConnection(socket, peer, this))
    }
    const arrival = new Arrival(socket, peer, this)
    if (proxyFrom.length === 0) this.#secure(arrival)
    else if (this.#isProxy(peer)) arrival.readProxyHeader(() => this.#secure(arrival))
    else arrival.fail('untrusted-proxy')
  }

  #acceptRaw(handle: RawHandle, sockets: RawSockets): void {
    const socket = new RawSocket(handle, sockets)
    const { address, port } = socket.remote
    const proxy = this.#admit(socket, address, port)
    if (proxy === undefined) return
    socket.setOptions({ keepAliveMs: tcpKeepAliveMs })
    const { proxyFrom = [] } = this.#options
    if (proxyFrom.length === 0) this.#serve(rawConnection(socket, proxy, this))
    else if (!this.#isProxy(proxy)) this.turnedAway(socket, 'untrusted-proxy')
    else new RawArrival(socket, proxy, this, peer => this.#serve(rawConnection(socket, peer, this)))
  }

  /** Counts who comes, unless there is no room. */
  #admit(socket: Refusable, address: string | undefined, port: number | undefined): Peer | undefined {
    const refusal = this.#refusal()
    if (refusal !== undefined) return void this.#refuse(socket, refusal)
    // The peer was gone before we looked.
    if (address === undefined) return void this.#refuse(socket, 'gone')
    this.#counted(1)
    return directPeer(address, port ?? 0)
  }

  #isProxy({ address }: Peer): boolean {
    return this.#options.proxyFrom?.some(block => matchesCidr(address, block)) === true
  }

  #secure(arrival: Arrival): void {
    if (this.#tls === undefined) return this.#upgrade(arrival, arrival.socket)
    this.#tls.accept(arrival.socket, {
      secured: (socket, certificate) => {
        arrival.peer = { ...arrival.peer, secure: true, certificate }
        this.#upgrade(arrival, socket)
      },
      failed: reason => {
        this.network.logger.debug(
          { listener: this.name, address: arrival.peer.address, reason },
          'TLS handshake failed',
        )
        arrival.fail('tls')
      },
    })
  }

  #upgrade(arrival: Arrival, socket: Socket): void {
    if (this.#webSockets === undefined) {
      arrival.done()
      return this.#serve(streamConnection(socket, arrival.peer, this))
    }
    this.#webSockets.accept(socket, webSocket => {
      arrival.done()
      this.#serve(new WebSocketConnection(webSocket, socket, arrival.peer, this))
    })
  }

  /** Never throws: whatever `serve` does wrong costs its own connection only. */
  #serve(connection: StreamConnection): void {
    this.#opened.value += 1
    this.network.arrived(connection)
    try {
      // An async function here would keep its whole frame for as long as the connection lasts.
      this.#host.serve(connection)?.then(
        () => connection.close('served'),
        error => this.#servingFailed(connection, error),
      )
    } catch (error) {
      this.#servingFailed(connection, error)
    }
  }

  #servingFailed(connection: StreamConnection, error: unknown): void {
    this.#failed.value += 1
    this.network.logger.error({ listener: this.name, connection: connection.id, error }, 'serving failed')
    connection.close('internal error')
  }

  #refusal(): Refusal | undefined {
    const { maxConnections = 0 } = this.#options
    const { elsewhere, connections } = this.network
    if (maxConnections > 0 && this.connections + elsewhere.of(this.name) >= maxConnections) return 'listener-limit'
    const nodeLimit = this.network.limits.maxConnections
    if (nodeLimit > 0 && connections + elsewhere.connections >= nodeLimit) return 'node-limit'
    return undefined
  }

  #refuse(socket: Refusable, reason: Refusal): void {
    const address = socket instanceof Socket ? socket.remoteAddress : socket.remote.address
    this.network.counters.counter('net_connections_refused', { listener: this.name, reason }).value += 1
    this.network.logger.debug({ listener: this.name, address, reason }, 'connection refused')
    if (socket instanceof Socket) socket.on('error', () => {})
    socket.destroy()
  }

  #left(): void {
    this.#counted(-1)
  }

  #counted(by: 1 | -1): void {
    this.connections += by
    this.network.connections += by
    this.network.elsewhere.changed(this.name, by)
  }

  #tlsGate(): TlsGate | undefined {
    const { transport, tls } = this.#options
    if (transport === 'tcp' || transport === 'ws') {
      if (tls !== undefined) throw this.#invalid(`transport "${transport}" takes no certificate`)
      return undefined
    }
    if (tls === undefined) throw this.#invalid(`transport "${transport}" needs a certificate and its key`)
    return new TlsGate(this.name, tls)
  }

  #webSocketGate(): WebSocketGate | undefined {
    const { transport, path } = this.#options
    if (transport === 'tcp' || transport === 'tls') return undefined
    const { limits } = this.network
    return new WebSocketGate({
      path: path ?? this.#host.websocket?.path ?? '/',
      subprotocols: this.#host.websocket?.subprotocols ?? [],
      maxMessageBytes: limits.webSocketMessageBytes,
      maxHeaderBytes: limits.httpHeaderBytes,
    })
  }

  #invalid(what: string): BrokerError {
    return new BrokerError('CONFIG_INVALID', `listener "${this.name}": ${what}`)
  }
}
