/** What a connection and its output do to a socket: Node's own `Socket` has all of it, and so has a `RawSocket`. */
export interface ByteSocket {
  readonly writable: boolean
  readonly destroyed: boolean
  /** Bytes that were written and that the system has not yet taken. */
  readonly writableLength: number
  /** `written` is called when the system has taken the bytes; it may be left out where that was at once. */
  write(bytes: Buffer, written?: () => void): unknown
  /** Writes in between go out together. */
  cork(): void
  uncork(): void
  resume(): unknown
  pause(): unknown
  /** Closes our side after what was written; once both sides are closed, the socket is gone. */
  end(): unknown
  destroy(): unknown
}

/** Whom a socket tells what happens to it. */
export interface SocketOwner {
  /** Bytes that came, lent. */
  deliver(chunk: Buffer): void
  peerEnded(): void
  /** Its last word but `gone`. */
  socketFailed(error: Error): void
  gone(): void
}
