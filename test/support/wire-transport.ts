import net from 'node:net'
import tls from 'node:tls'
import { WebSocket } from 'ws'

export interface TransportOptions {
  /** Default: 'tcp'. */
  readonly transport?: 'tcp' | 'tls' | 'ws' | 'wss'
  /** Default: '127.0.0.1'. */
  readonly host?: string
  /** The address to connect from: all of 127.0.0.0/8 is there on Linux. */
  readonly localAddress?: string
  /** PEM: the authority that signed the server's certificate. */
  readonly ca?: string
  /** PEM: this client's certificate and key, for mTLS. */
  readonly cert?: string
  readonly key?: string
  /** Of a WebSocket. Default: '/mqtt', ['mqtt'], no headers. */
  readonly path?: string
  readonly subprotocols?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** A byte stream to the broker, whatever carries it. */
export interface Transport {
  write(bytes: Buffer): void
  /** Sends what is pending, then closes this side. */
  end(): void
  /** Closes at once, as a crash or a pulled cable's reset would. */
  destroy(): void
  /** Has the system answer the peer with a reset, as after the end of a process whose input was not read; TCP's own way. */
  reset(): void
  pause(): void
  resume(): void
  /** Set once, before anything can arrive. */
  onBytes: (bytes: Buffer) => void
  onClose: (error: Error | undefined) => void
  /** Of a WebSocket: what the server chose. */
  readonly subprotocol?: string
}

/** Connects; rejects when the server refuses the connection, the TLS handshake or the WebSocket upgrade. */
export function openTransport(port: number, options: TransportOptions): Promise<Transport> {
  const kind = options.transport ?? 'tcp'
  return kind === 'ws' || kind === 'wss' ? openWebSocket(port, kind, options) : openSocket(port, kind, options)
}

function openSocket(port: number, kind: 'tcp' | 'tls', options: TransportOptions): Promise<Transport> {
  const { host = '127.0.0.1', localAddress, ca, cert, key } = options
  const address = { port, host, ...(localAddress === undefined ? {} : { localAddress }) }
  const socket =
    kind === 'tls'
      ? tls.connect({ ...address, ca, cert, key, servername: net.isIP(host) === 0 ? host : '' })
      : net.connect(address)
  socket.setNoDelay(true)
  const transport: Transport = {
    write: bytes => void socket.write(bytes),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    reset: () => void (socket instanceof tls.TLSSocket ? socket.destroy() : socket.resetAndDestroy()),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    onBytes: () => {},
    onClose: () => {},
  }
  let failure: Error | undefined
  return new Promise((resolve, reject) => {
    socket.on('error', error => {
      failure = error
      reject(error)
    })
    socket.on('data', (bytes: Buffer) => transport.onBytes(bytes))
    socket.on('close', () => transport.onClose(failure))
    socket.once(kind === 'tls' ? 'secureConnect' : 'connect', () => resolve(transport))
  })
}

function openWebSocket(port: number, kind: 'ws' | 'wss', options: TransportOptions): Promise<Transport> {
  const { host = '127.0.0.1', localAddress, ca, cert, key, path = '/mqtt', subprotocols = ['mqtt'], headers } = options
  const socket = new WebSocket(`${kind}://${host}:${port}${path}`, [...subprotocols], {
    perMessageDeflate: false,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(headers === undefined ? {} : { headers }),
    ca,
    cert,
    key,
  })
  let failure: Error | undefined
  const transport = {
    write: (bytes: Buffer) => socket.send(bytes, { binary: true }),
    end: () => socket.close(),
    destroy: () => socket.terminate(),
    reset: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    onBytes: (_: Buffer) => {},
    onClose: (_: Error | undefined) => {},
    get subprotocol() {
      return socket.protocol
    },
  }
  return new Promise((resolve, reject) => {
    socket.on('error', error => {
      failure = error
      reject(error)
    })
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) failure = new Error('the broker sent a WebSocket text frame [MQTT-6.0.0-1]')
      if (failure === undefined) transport.onBytes(data)
      else socket.terminate()
    })
    socket.on('close', () => transport.onClose(failure))
    socket.once('open', () => resolve(transport))
  })
}
