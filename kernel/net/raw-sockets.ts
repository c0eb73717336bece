import type { RawBinding, Request } from './raw-handle.ts'

/** What the raw sockets of a process share: the buffer that they read into, and the request that their writes go by. */
export class RawSockets {
  readonly binding: RawBinding
  readonly readBuffer: Buffer
  /** What the last read lent: reads of one size, one after the other, need one view. */
  #lent: Buffer
  #request: Request | undefined

  constructor(binding: RawBinding, readBuffer: Buffer) {
    this.binding = binding
    this.readBuffer = readBuffer
    this.#lent = readBuffer.subarray(0, 0)
  }

  /** Within a callback of reading: how many bytes came, or libuv's error number. */
  get readBytes(): number {
    return this.binding.streamBaseState[this.binding.kReadBytesOrError] ?? 0
  }

  /** Of the last write: its bytes, if the system did not take them at once, or 0. */
  get bytesUnderWay(): number {
    const { streamBaseState, kLastWriteWasAsync, kBytesWritten } = this.binding
    return streamBaseState[kLastWriteWasAsync] === 0 ? 0 : (streamBaseState[kBytesWritten] ?? 0)
  }

  /** The first bytes of the buffer, until the next read. */
  lend(bytes: number): Buffer {
    if (this.#lent.length !== bytes) this.#lent = this.readBuffer.subarray(0, bytes)
    return this.#lent
  }

  /** Writes that the system takes at once leave it as it is, so that one does for all of them. */
  get request(): Request {
    this.#request ??= new this.binding.WriteWrap()
    return this.#request
  }

  /** The system answers it later: it can be used for no other write. */
  takeRequest(): Request {
    const { request } = this
    this.#request = undefined
    return request
  }
}
