import type { Socket } from 'node:net'
import type { Peer } from '../contract/connection.ts'
import type { RawSocket } from './raw-socket.ts'
import { readsInto } from './read-into.ts'
import { type ConnectionHost, StreamConnection } from './stream-connection.ts'

/** A connection over a socket that was accepted paused; it reads into the shared buffer where the platform lets it. */
export function tcpConnection(socket: Socket, peer: Peer, host: ConnectionHost): StreamConnection {
  // Node's own listener is for sockets that are not half open; a list of two would cost each idle connection memory.
  socket.removeAllListeners('end')
  if (!readsInto(socket, host.network.readBuffer, onRead)) return streamConnection(socket, peer, host)
  return attach(socket, new StreamConnection(socket, peer, host))
}

/** A connection over a socket that emits its bytes: TLS, and TCP after a PROXY header. */
export function streamConnection(socket: Socket, peer: Peer, host: ConnectionHost): StreamConnection {
  socket.on('data', onData)
  socket.pause()
  return attach(socket, new StreamConnection(socket, peer, host))
}

/** A connection over a handle without a socket of Node's. */
export function rawConnection(socket: RawSocket, peer: Peer, host: ConnectionHost): StreamConnection {
  const connection = new StreamConnection(socket, peer, host)
  socket.owner = connection
  return connection
}

/** Which connection a socket belongs to: listeners are shared functions, so an idle connection stays light. */
const owner = Symbol('connection')

interface OwnedSocket extends Socket {
  [owner]?: StreamConnection
}

function attach(socket: OwnedSocket, connection: StreamConnection): StreamConnection {
  socket[owner] = connection
  socket.on('end', onEnd)
  socket.on('error', onError)
  socket.on('close', onClose)
  return connection
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

/** Node calls it as a method of the socket. */
function onRead(this: OwnedSocket, bytes: number, buffer: Buffer): boolean {
  const connection = this[owner]
  connection?.deliver(buffer.subarray(0, bytes))
  if (bytes < buffer.length) return true
  // More waits, and Node would read it at once, 32 buffers in all, while every other peer waits.
  connection?.rest()
  return false
}
