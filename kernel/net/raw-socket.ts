import { getSystemErrorName } from 'node:util'
import type { ByteSocket, SocketOwner } from './byte-socket.ts'
import { type RawHandle, rawError } from './raw-handle.ts'
import type { RawSockets } from './raw-sockets.ts'

/** A TCP connection without Node's `Socket` above its handle: no streams, no events, and no object for each write. */
export class RawSocket implements ByteSocket {
  owner: SocketOwner | undefined
  destroyed = false
  writableLength = 0
  readonly #handle: RawHandle
  readonly #shared: RawSockets
  /** Its owner wants bytes. */
  #wanted = false
  #reading = false
  /** It filled the whole buffer, and reads on in the next turn of the event loop, when the others had theirs. */
  #resting = false
  /** What comes before all that is still to be read. */
  #unread: Buffer | undefined
  #corked: Buffer[] | undefined
  #corkedWritten: (() => void) | undefined
  /** Our side: to be closed after what was written, then closed. */
  #ending = false
  #ended = false
  #peerEnded = false

  constructor(handle: RawHandle, shared: RawSockets) {
    this.#handle = handle
    this.#shared = shared
    handle[socketOf] = this
    handle.onread = onRead
    handle.useUserBuffer(shared.readBuffer)
  }

  /** The other end; empty when it is gone. */
  get remote(): { readonly address?: string; readonly port?: number } {
    const end: { address?: string; port?: number } = {}
    this.#handle.getpeername(end)
    return end
  }

  /** What is written goes out at once, and a peer that vanished is found. False: the system refused. */
  setOptions({ keepAliveMs }: { readonly keepAliveMs: number }): boolean {
    return this.#handle.setNoDelay(true) === 0 && this.#handle.setKeepAlive(true, keepAliveMs / 1_000) === 0
  }

  get writable(): boolean {
    return !this.#ending && !this.destroyed
  }

  resume(): void {
    this.#wanted = true
    if (this.#unread === undefined) this.#startOrStop()
    else process.nextTick(deliverUnread, this)
  }

  pause(): void {
    this.#wanted = false
    this.#startOrStop()
  }

  /** These bytes come as the first after the next `resume`. */
  unshift(bytes: Buffer): void {
    this.#unread = bytes
  }

  write(bytes: Buffer, written?: () => void): void {
    if (!this.writable) return
    if (this.#corked === undefined) {
      this.#wrote(this.#handle.writeBuffer(this.#shared.request, bytes), bytes, written)
    } else {
      this.#corked.push(bytes)
      this.#corkedWritten = written
    }
  }

  cork(): void {
    this.#corked = []
  }

  uncork(): void {
    const chunks = this.#corked
    this.#corked = undefined
    if (!this.writable || chunks === undefined || chunks.length === 0) return
    this.#wrote(this.#handle.writev(this.#shared.request, chunks, true), chunks, this.#corkedWritten)
    this.#corkedWritten = undefined
  }

  end(): void {
    if (!this.writable) return
    this.#ending = true
    const request = new this.#shared.binding.ShutdownWrap()
    request.oncomplete = status => this.#shutDown(status)
    const status = this.#handle.shutdown(request)
    if (status !== 0) this.#shutDown(status)
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.#handle.close(onClosed)
  }

  /** Something was read, or cannot be. */
  read(): void {
    const bytes = this.#shared.readBytes
    if (bytes > 0) {
      if (bytes === this.#shared.readBuffer.length) this.#rest()
      this.owner?.deliver(this.#shared.lend(bytes))
    } else if (bytes < 0) {
      this.#reading = false
      if (getSystemErrorName(bytes) !== 'EOF') return this.#failed('read', bytes)
      this.#peerEnded = true
      this.owner?.peerEnded()
      this.#destroyOnceEnded()
    }
  }

  deliverUnread(): void {
    const bytes = this.#unread
    if (bytes === undefined || !this.#wanted || this.destroyed) return
    this.#unread = undefined
    this.owner?.deliver(bytes)
    this.#startOrStop()
  }

  readOn(): void {
    this.#resting = false
    this.#startOrStop()
  }

  /** More waits, and libuv would read it at once, 32 buffers in all, while every other peer waits. */
  #rest(): void {
    this.#resting = true
    this.#startOrStop()
    setImmediate(readOn, this)
  }

  #startOrStop(): void {
    const start = this.#wanted && !this.#resting && !this.#peerEnded && this.#unread === undefined
    if (this.destroyed || start === this.#reading) return
    this.#reading = start
    const status = start ? this.#handle.readStart() : this.#handle.readStop()
    if (status !== 0) this.#failed('read', status)
  }

  #wrote(status: number, bytes: unknown, written: (() => void) | undefined): void {
    if (status !== 0) return this.#failed('write', status)
    const { bytesUnderWay } = this.#shared
    if (bytesUnderWay === 0) return
    this.writableLength += bytesUnderWay
    const request = this.#shared.takeRequest()
    // The system reads from them until the write is done.
    request[bytesOf] = bytes
    request.oncomplete = status => this.#writeDone(status, bytesUnderWay, written)
  }

  #writeDone(status: number, bytes: number, written: (() => void) | undefined): void {
    this.writableLength -= bytes
    if (this.destroyed) return
    if (status === 0) written?.()
    else this.#failed('write', status)
  }

  #shutDown(status: number): void {
    this.#ended = true
    if (this.destroyed) return
    if (status < 0 && getSystemErrorName(status) !== 'ENOTCONN') this.#failed('shutdown', status)
    else this.#destroyOnceEnded()
  }

  #destroyOnceEnded(): void {
    if (this.#ended && this.#peerEnded) this.destroy()
  }

  #failed(call: string, status: number): void {
    if (this.destroyed) return
    this.owner?.socketFailed(rawError(call, status))
    this.destroy()
  }
}

/** On handles and requests: functions that all sockets share find the one they are about, so that an idle one stays light. */
const socketOf = Symbol('raw socket')
const bytesOf = Symbol('bytes being written')

function onRead(this: RawHandle): void {
  ;(this[socketOf] as RawSocket).read()
}

function onClosed(this: RawHandle): void {
  ;(this[socketOf] as RawSocket).owner?.gone()
}

function deliverUnread(socket: RawSocket): void {
  socket.deliverUnread()
}

function readOn(socket: RawSocket): void {
  socket.readOn()
}
