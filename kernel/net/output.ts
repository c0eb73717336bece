import type { Output } from '../contract/connection.ts'
import { type BufferAccount, type BufferPool, largestPooledBytes } from './buffer-pool.ts'
import type { ByteSocket } from './byte-socket.ts'
import type { Flushable, Flusher } from './flusher.ts'

/** From this size on a chunk is passed on by reference: copying it would cost more than one more entry in the write. */
export const byReferenceBytes = 4096

/** Room for the longest header a framing puts before a turn's bytes: a WebSocket frame's. */
export const headroomBytes = 10

const nothing = Buffer.alloc(0)

/** Frames one turn's bytes: writes the header of `bytes` payload bytes so that it ends at `end`, returns where it begins. */
export type Framing = (into: Buffer, end: number, bytes: number) => number

/** What an output writes to, and whom it tells. */
export interface OutputOwner {
  readonly socket: ByteSocket
  /** Whether bytes may still be written; if not, they are dropped. */
  readonly writable: boolean
  /** Everything was written, after `awaitDrain`. */
  drained(): void
  sent(bytes: number): void
}

/** What all outputs share. */
export interface OutputHost {
  readonly memory: { readonly parts: { readonly output: BufferAccount } }
  readonly pool: BufferPool
  readonly flusher: Flusher
}

/** One connection's output: fills pooled buffers, writes them once a turn, and only when the socket took the last ones. */
export class SocketOutput implements Output, Flushable {
  buffer: Buffer = nothing
  readonly #owner: OutputOwner
  readonly #memory: BufferAccount
  readonly #pool: BufferPool
  readonly #flusher: Flusher
  readonly #framing: Framing | undefined
  readonly #headroom: number
  /** `buffer` is filled from `#begin` to `#end`. */
  #begin = 0
  #end = 0
  /** Full buffers and large chunks that go before `buffer`. */
  #sealed: Buffer[] | undefined
  #sealedBytes = 0
  /** Pooled buffers among `#sealed`, to give back; then those the socket has not yet written. */
  #sealedPooled: Buffer[] | undefined
  #writing: Buffer[] | undefined
  /** Of large chunks: pending, and those the socket has not yet written. */
  #chunkBytes = 0
  #writingChunkBytes = 0
  #marked = false
  #awaitsDrain = false
  /** What the last turns needed: the size to begin the next one with. */
  #usualBytes = 0

  constructor(owner: OutputOwner, { memory, pool, flusher }: OutputHost, framing?: Framing) {
    this.#owner = owner
    this.#memory = memory.parts.output
    this.#pool = pool
    this.#flusher = flusher
    this.#framing = framing
    this.#headroom = framing === undefined ? 0 : headroomBytes
  }

  get pendingBytes(): number {
    return this.#ownBytes + this.#owner.socket.writableLength
  }

  get #ownBytes(): number {
    return this.#sealedBytes + this.#end - this.#begin
  }

  reserve(bytes: number): number {
    const at = this.#end
    const end = at + bytes
    if (end > this.buffer.length) return this.#makeRoom(bytes)
    this.#end = end
    return at
  }

  write(chunk: Uint8Array): void {
    if (chunk.length >= byReferenceBytes) {
      this.#seal()
      this.#mark()
      this.#sealed ??= []
      this.#sealed.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      this.#sealedBytes += chunk.length
      this.#chunkBytes += chunk.length
      this.#memory.take(chunk.length)
      return
    }
    const at = this.reserve(chunk.length)
    this.buffer.set(chunk, at)
  }

  /** Hands everything to the socket, unless it is still busy with an earlier turn's; `evenIfBusy` for the last words. */
  flush(evenIfBusy = false): void {
    this.#marked = false
    const bytes = this.#ownBytes
    if (bytes === 0) return
    const { socket } = this.#owner
    if (!this.#owner.writable) return this.discard()
    // The socket's own write callback flushes what gathers meanwhile.
    if (socket.writableLength > 0 && !evenIfBusy) return
    this.#usualBytes = bytes
    this.#owner.sent(bytes)
    if (this.#sealed === undefined) {
      const { buffer } = this
      const begin = this.#framing?.(buffer, this.#begin, bytes) ?? this.#begin
      socket.write(buffer.subarray(begin, this.#end), this.#written)
      if (socket.writableLength === 0) this.#pool.release(buffer)
      else this.#retire(buffer)
      this.buffer = nothing
      this.#begin = this.#end = 0
    } else {
      this.#writeSealed(this.#sealed, bytes)
    }
    if (socket.writableLength > 0) return
    this.#giveBack()
    // Not every socket calls back for what it wrote at once.
    if (this.#awaitsDrain) process.nextTick(this.#written)
  }

  /** Forgets what is pending; the connection is gone. */
  discard(): void {
    if (this.buffer.length > 0) this.#pool.release(this.buffer)
    this.buffer = nothing
    this.#begin = this.#end = 0
    for (const buffer of this.#sealedPooled ?? []) this.#pool.release(buffer)
    this.#sealed = this.#sealedPooled = undefined
    this.#sealedBytes = 0
    // Buffers the socket still holds are left to the garbage collector: the system may be reading them.
    for (const buffer of this.#writing ?? []) this.#pool.forget(buffer)
    this.#writing = undefined
    this.#memory.give(this.#chunkBytes + this.#writingChunkBytes)
    this.#chunkBytes = this.#writingChunkBytes = 0
  }

  /** Has the owner told when nothing is pending any more. Only while something is. */
  awaitDrain(): void {
    this.#awaitsDrain = true
  }

  #writeSealed(sealed: Buffer[], bytes: number): void {
    const { socket } = this.#owner
    this.#seal()
    socket.cork()
    if (this.#framing !== undefined) {
      const header = Buffer.allocUnsafe(headroomBytes)
      socket.write(header.subarray(this.#framing(header, headroomBytes, bytes)))
    }
    const last = sealed.length - 1
    for (let at = 0; at < last; at += 1) socket.write(sealed[at] ?? nothing)
    socket.write(sealed[last] ?? nothing, this.#written)
    for (const buffer of this.#sealedPooled ?? []) this.#retire(buffer)
    this.#sealed = this.#sealedPooled = undefined
    this.#sealedBytes = 0
    this.#writingChunkBytes += this.#chunkBytes
    this.#chunkBytes = 0
    socket.uncork()
  }

  #makeRoom(bytes: number): number {
    this.#mark()
    const used = this.#end - this.#begin
    const needed = this.#headroom + used + bytes
    if (used > 0 && needed > largestPooledBytes) {
      this.#seal()
      return this.#makeRoom(bytes)
    }
    const old = this.buffer
    const next = this.#pool.take(used > 0 ? needed : Math.max(needed, Math.min(this.#usualBytes, largestPooledBytes)))
    if (used > 0) old.copy(next, this.#headroom, this.#begin, this.#end)
    if (old.length > 0) this.#pool.release(old)
    this.buffer = next
    this.#begin = this.#headroom
    const at = this.#headroom + used
    this.#end = at + bytes
    return at
  }

  /** Closes the current buffer, so that what comes next stands after it. */
  #seal(): void {
    if (this.#end === this.#begin) return
    this.#sealed ??= []
    this.#sealed.push(this.buffer.subarray(this.#begin, this.#end))
    this.#sealedPooled ??= []
    this.#sealedPooled.push(this.buffer)
    this.#sealedBytes += this.#end - this.#begin
    this.buffer = nothing
    this.#begin = this.#end = 0
  }

  #mark(): void {
    if (this.#marked) return
    this.#marked = true
    this.#flusher.mark(this)
  }

  #retire(buffer: Buffer): void {
    this.#writing ??= []
    this.#writing.push(buffer)
  }

  #giveBack(): void {
    for (const buffer of this.#writing ?? []) this.#pool.release(buffer)
    this.#writing = undefined
    if (this.#writingChunkBytes === 0) return
    this.#memory.give(this.#writingChunkBytes)
    this.#writingChunkBytes = 0
  }

  readonly #written = (): void => {
    if (this.#owner.socket.writableLength > 0) return
    if (this.#owner.writable) this.#giveBack()
    if (!this.#marked) this.flush()
    if (this.#awaitsDrain && this.pendingBytes === 0) {
      this.#awaitsDrain = false
      this.#owner.drained()
    }
  }
}
