import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'

export interface WebSocketGateOptions {
  readonly path: string
  /** Most wanted first. A client that offers none is accepted; one that offers only others is refused. */
  readonly subprotocols: readonly string[]
  readonly maxMessageBytes: number
  readonly maxHeaderBytes: number
}

export type Upgraded = (webSocket: WebSocket) => void

/** Reads the HTTP request of a socket and turns it into a WebSocket. Anything else gets an HTTP answer and is closed. */
export class WebSocketGate {
  readonly #options: WebSocketGateOptions
  readonly #http: Server
  /** Made at the first upgrade: its library takes a fifth of the whole start, and a node may never see a WebSocket. */
  #webSockets: Promise<WebSocketServer> | undefined
  /** Only for the time of a handshake. */
  readonly #waiting = new WeakMap<Duplex, Upgraded>()

  constructor(options: WebSocketGateOptions) {
    this.#options = options
    this.#http = createServer({ maxHeaderSize: options.maxHeaderBytes }, (_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket', 'content-type': 'text/plain' })
      response.end('This port speaks WebSocket.\n')
    })
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  accept(socket: Socket, upgraded: Upgraded): void {
    this.#waiting.set(socket, upgraded)
    this.#http.emit('connection', socket)
    // It was accepted paused, or was paused after a PROXY header.
    socket.resume()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upgraded = this.#waiting.get(socket)
    if (upgraded === undefined) return void socket.destroy()
    const [path] = (request.url ?? '').split('?')
    if (path !== this.#options.path) return refuse(socket, '404 Not Found')
    const offered = request.headers['sec-websocket-protocol']?.split(',').map(name => name.trim()) ?? []
    const { subprotocols } = this.#options
    if (offered.length > 0 && subprotocols.length > 0 && !offered.some(name => subprotocols.includes(name))) {
      return refuse(socket, '400 Bad Request')
    }
    // Until the library takes over, nobody else hears what happens to the socket.
    socket.on('error', ignore)
    this.#webSockets ??= webSocketServer(this.#options)
    this.#webSockets.then(
      server => server.handleUpgrade(request, socket, head, upgraded),
      () => refuse(socket, '500 Internal Server Error'),
    )
  }
}

async function webSocketServer({ maxMessageBytes, subprotocols }: WebSocketGateOptions): Promise<WebSocketServer> {
  const { WebSocketServer } = await import('ws')
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: maxMessageBytes,
    handleProtocols: offered => subprotocols.find(name => offered.has(name)) ?? false,
  })
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', ignore)
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function ignore(): void {}
