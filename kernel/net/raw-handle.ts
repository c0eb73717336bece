import type { Server } from 'node:net'
import { getSystemErrorName } from 'node:util'

/**
 * A TCP handle of Node, which its `Socket` is built on: libuv's stream with JavaScript methods. None of this is documented
 * or promised; `rawHandlesWork` tries out all that is used here. Methods return 0 or libuv's negative error number.
 * Source: lib/net.js, lib/internal/stream_base_commons.js, src/stream_base.cc of Node 20 to 24
 */
export interface RawHandle {
  /** Called for bytes, the peer's end and errors alike: `RawBinding.streamBaseState` says which. */
  onread: (this: RawHandle) => void
  useUserBuffer(buffer: Uint8Array): void
  readStart(): number
  readStop(): number
  /** What the system takes at once leaves `request` as it was, to be used again. */
  writeBuffer(request: Request, bytes: Uint8Array): number
  writev(request: Request, chunks: readonly Uint8Array[], allBuffers: true): number
  shutdown(request: Request): number
  /** Fills in the other end. */
  getpeername(into: { address?: string; port?: number }): number
  setNoDelay(on: boolean): number
  setKeepAlive(on: boolean, delaySeconds: number): number
  close(closed: (this: RawHandle) => void): void
  [key: symbol]: unknown
}

export interface Request {
  oncomplete: (this: Request, status: number) => void
  [key: symbol]: unknown
}

/** What Node keeps in its binding `stream_wrap`. */
export interface RawBinding {
  readonly WriteWrap: new () => Request
  readonly ShutdownWrap: new () => Request
  /** What the last call or callback has to say beside its status, by the indices below. */
  readonly streamBaseState: Int32Array
  readonly kReadBytesOrError: number
  readonly kBytesWritten: number
  readonly kLastWriteWasAsync: number
}

/** Undefined where this Node has none such. */
export function findRawBinding(): RawBinding | undefined {
  try {
    // Deprecated in the documentation, and refused under Node's permission model: hence the fallback.
    const { binding } = process as unknown as { binding(name: string): Partial<RawBinding> }
    const found = binding.call(process, 'stream_wrap')
    const indices = [found.kReadBytesOrError, found.kBytesWritten, found.kLastWriteWasAsync]
    const known =
      typeof found.WriteWrap === 'function' &&
      typeof found.ShutdownWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      indices.every(index => typeof index === 'number')
    return known ? (found as RawBinding) : undefined
  } catch {
    return undefined
  }
}

/**
 * Has a server that listens hand over the handles of its connections instead of making sockets of them.
 * False, and nothing is changed, where the server has no such handle.
 */
export function takeHandles(server: Server, accepted: (handle: RawHandle) => void): boolean {
  const { _handle: handle } = server as unknown as { _handle?: { onconnection?: unknown } | null }
  if (typeof handle?.onconnection !== 'function') return false
  handle.onconnection = (status: number, connection: RawHandle | undefined) => {
    if (status === 0 && connection !== undefined) accepted(connection)
    else server.emit('error', rawError('accept', status))
  }
  return true
}

/** As Node's own sockets name it. */
export function rawError(call: string, status: number): Error {
  const code = getSystemErrorName(status)
  return Object.assign(new Error(`${call} ${code}`), { code, errno: status, syscall: call })
}
