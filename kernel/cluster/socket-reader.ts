import type { Socket } from 'node:net'
import { readsInto } from '../net/read-into.ts'

/** Several times what a socket of two processes holds on Linux (208 KiB), so one read mostly empties it. */
const readBufferBytes = 256 * 1024

/** Calls `onChunk` with what arrives; a chunk is only lent. */
export function readFrom(socket: Socket, onChunk: (chunk: Buffer) => void): void {
  const buffer = Buffer.allocUnsafeSlow(readBufferBytes)
  const reads = readsInto(socket, buffer, function (bytes) {
    onChunk(buffer.subarray(0, bytes))
    if (bytes < buffer.length) return true
    // More waits, and Node would read it at once, 32 buffers in all, while every other peer waits.
    setImmediate(goOn, this)
    return false
  })
  if (!reads) socket.on('data', onChunk)
  socket.resume()
}

function goOn(socket: Socket): void {
  if (!socket.destroyed) socket.resume()
}
