import net, { type AddressInfo, type Server, type Socket } from 'node:net'
import type { Connection, ListenerOptions, Peer, TlsOptions } from '../contract/connection.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Counter } from '../contract/observe.ts'
import { isLoopback, plainAddress } from './address.ts'
import { listen } from './listen.ts'
import type { Network } from './network.ts'
import type { ConnectionHost, StreamConnection } from './stream-connection.ts'
import { tcpConnection } from './tcp.ts'

export interface ListenerHost {
  readonly network: Network
  /** Serves one connection; its end ends the connection, its rejection is logged and counted and ends it too. */
  serve(connection: Connection): Promise<void>
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

class SocketListener implements Listener, ConnectionHost {
  readonly name: string
  readonly network: Network
  readonly received: Counter
  readonly sent: Counter
  readonly socketErrors: Counter
  connections = 0
  readonly #options: ListenerOptions
  readonly #host: ListenerHost
  readonly #server: Server
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
    await listen(this.#server, this.name, this.#options.port, this.#options.host)
    // For instance: out of file descriptors. The listener goes on.
    this.#server.on('error', error => this.network.logger.error({ listener: this.name, error }, 'accepting failed'))
  }

  address(): { host: string; port: number } {
    const address = this.#server.address() as AddressInfo | null
    if (address === null) throw new BrokerError('CLOSED', `listener "${this.name}" is closed`)
    return { host: address.address, port: address.port }
  }

  replaceTls(_tls: TlsOptions): void {
    throw new BrokerError('CONFIG_INVALID', `listener "${this.name}" has no TLS`)
  }

  close(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve()
    // Node would call back only after the last connection's end; the port is free at once.
    this.#server.close()
    return Promise.resolve()
  }

  ended(_connection: StreamConnection): void {
    this.connections -= 1
    this.network.connections -= 1
  }

  #accept(socket: Socket): void {
    const refusal = this.#refusal()
    if (refusal !== undefined) return this.#refuse(socket, refusal)
    const address = socket.remoteAddress
    // The peer was gone before we looked.
    if (address === undefined) return void socket.destroy()
    this.connections += 1
    this.network.connections += 1
    this.#opened.value += 1
    this.#serve(tcpConnection(socket, this.#server, directPeer(address, socket.remotePort ?? 0), this))
  }

  #refusal(): string | undefined {
    const { maxConnections = 0 } = this.#options
    if (maxConnections > 0 && this.connections >= maxConnections) return 'listener-limit'
    const nodeLimit = this.network.limits.maxConnections
    if (nodeLimit > 0 && this.network.connections >= nodeLimit) return 'node-limit'
    return undefined
  }

  #refuse(socket: Socket, reason: string): void {
    this.network.counters.counter('net_connections_refused', { listener: this.name, reason }).value += 1
    this.network.logger.debug({ listener: this.name, address: socket.remoteAddress, reason }, 'connection refused')
    socket.on('error', () => {})
    socket.destroy()
  }

  #serve(connection: StreamConnection): void {
    this.#host.serve(connection).then(
      () => connection.close('served'),
      error => {
        this.#failed.value += 1
        this.network.logger.error({ listener: this.name, connection: connection.id, error }, 'serving failed')
        connection.close('internal error')
      },
    )
  }
}

function directPeer(remoteAddress: string, port: number): Peer {
  const address = plainAddress(remoteAddress)
  return { address, port, loopback: isLoopback(address), secure: false, certificate: undefined }
}
