import net, { type Server, type Socket } from 'node:net'
import type { Peer } from '../contract/connection.ts'
import { type ConnectionHost, StreamConnection } from './stream-connection.ts'

/** A connection over a socket that was accepted paused; reads through the shared buffer where the platform lets us. */
export function tcpConnection(accepted: Socket, server: Server, peer: Peer, host: ConnectionHost): StreamConnection {
  let connection: StreamConnection | undefined
  const socket = withSharedBuffer(accepted, server, host.network.readBuffer, chunk => connection?.deliver(chunk))
  if (socket === undefined) return streamConnection(accepted, peer, host)
  connection = new StreamConnection(socket, peer, host)
  attach(socket, connection)
  return connection
}

/** A connection over a socket that emits its bytes: TLS, and TCP after a PROXY header. */
export function streamConnection(socket: Socket, peer: Peer, host: ConnectionHost): StreamConnection {
  const connection = new StreamConnection(socket, peer, host)
  socket.on('data', onData)
  socket.pause()
  attach(socket, connection)
  return connection
}

/** Which connection a socket belongs to: listeners are shared functions, so an idle connection stays light. */
const owner = Symbol('connection')

interface OwnedSocket extends Socket {
  [owner]?: StreamConnection
}

function attach(socket: OwnedSocket, connection: StreamConnection): void {
  socket[owner] = connection
  socket.on('end', onEnd)
  socket.on('error', onError)
  socket.on('close', onClose)
}

function onData(this: OwnedSocket, chunk: Buffer): void {
  this[owner]?.deliver(chunk)
}

function onEnd(this: OwnedSocket): void {
  this[owner]?.peerEnded()
}

function onError(this: OwnedSocket, error: Error): void {
  this[owner]?.socketFailed(error)
}

function onClose(this: OwnedSocket): void {
  this[owner]?.gone()
}

/** The parts of an accepted socket that Node does not document. Each is tested before it is relied upon. */
interface Internals {
  _handle?: { useUserBuffer?: unknown; readStart?: unknown } | null
  _server?: Server | null
  server?: Server | null
}

/**
 * Node lets a socket read into a given buffer (`onread`) only where the caller makes the socket; for an accepted one it
 * allocates 64 KiB at every read. So a second socket takes the accepted one's handle. Undefined where that cannot be done.
 */
function withSharedBuffer(
  accepted: Socket,
  server: Server,
  buffer: Buffer,
  onBytes: (chunk: Buffer) => void,
): Socket | undefined {
  const from = accepted as unknown as Internals
  const handle = from._handle
  if (typeof handle?.useUserBuffer !== 'function' || typeof handle.readStart !== 'function') return undefined
  if (from._server !== server) return undefined
  const callback = (bytes: number): boolean => {
    onBytes(buffer.subarray(0, bytes))
    return true
  }
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: { buffer, callback } }
  const socket = new net.Socket(options as net.SocketConstructorOpts)
  // The server counts its connections down when the socket that names it closes.
  const to = socket as unknown as Internals
  to._server = to.server = server
  from._server = from.server = from._handle = null
  return socket
}
