/** The other end of a connection, after any PROXY header was applied. */
export interface Peer {
  readonly address: string
  readonly port: number
  /** Loopback by the address itself, never by a PROXY header's claim alone. */
  readonly loopback: boolean
  readonly secure: boolean
  /** The verified client certificate (mTLS), if one was required and given. */
  readonly certificate: { readonly commonName: string; readonly fingerprint256: string } | undefined
}

/** Bytes on their way out, written to the socket once at the end of the turn. */
export interface Output {
  /** The current buffer; valid until the next `reserve` or `write`. */
  readonly buffer: Buffer
  /** Makes room for exactly `bytes` more and returns where they begin in `buffer`; the caller fills all of them. */
  reserve(bytes: number): number
  /** Appends a copy of small chunks, the chunk itself when it is large: the caller must not change it afterwards. */
  write(chunk: Uint8Array): void
  /** Bytes not yet accepted by the operating system. */
  readonly pendingBytes: number
}

/** What judging a client takes of its connection; the connection itself may be another process's. */
export interface Caller {
  readonly peer: Peer
  /** The listener's name. */
  readonly listener: string
  /** Aborted when the socket is gone; its reason says why. Made at the first use: `onClose` costs less. */
  readonly signal: AbortSignal
  /** Sends what is pending, then closes. Safe to call twice. */
  close(reason: string): void
}

/**
 * One client's byte stream, whatever carries it (TCP, TLS, WebSocket). The kernel owns the socket; a protocol reads,
 * writes and closes.
 */
export interface Connection extends Caller {
  readonly id: number
  readonly output: Output
  /** Called once, when the socket is gone. */
  onClose: ((reason: string) => void) | undefined
  /** Bytes as they arrive; the chunk is only lent, for the duration of the call. Exactly one receiver, set once, at once. */
  receive(onBytes: (chunk: Buffer) => void): void
  /** Lines of text, for protocols of lines; ends with the connection. A line over `maxBytes` closes it. */
  lines(maxBytes: number): AsyncIterable<string>
  /** Stops and resumes reading from the socket (back-pressure on the peer). */
  pause(): void
  resume(): void
  /**
   * True while more is pending than a slow peer may have: hand it nothing more until `onDrain`. How much that is
   * depends on what memory there is.
   */
  slow(): boolean
  /** Called when nothing is pending any more, after `slow` was true. */
  onDrain: (() => void) | undefined
  /**
   * Tells how many bytes of input the protocol holds, because a packet is incomplete or reading is paused. False: there
   * is no memory for so much, and the protocol must end the connection.
   */
  holds(bytes: number): boolean
  /** Closes with `onIdle` when nothing arrived for this long; 0: never. Checked four times a second for all connections. */
  idleLimit(ms: number, onIdle: () => void): void
  /** Closes at once; what is pending is lost. */
  destroy(reason: string): void
}

export interface TlsOptions {
  /** PEM text, not paths: whoever configures a listener reads the files, so that a reload can replace them. */
  readonly cert: string
  readonly key: string
  readonly passphrase?: string
  /** Certificate authorities of clients. Given: clients must present a certificate signed by one of them (mTLS). */
  readonly clientCa?: string
  /** Default: TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
}

export interface ListenerOptions {
  readonly name: string
  readonly protocol: string
  readonly transport: 'tcp' | 'tls' | 'ws' | 'wss'
  /** Default: every address. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  readonly tls?: TlsOptions
  /** WebSocket path. Default: the one that the protocol names. */
  readonly path?: string
  /** Addresses or CIDR blocks whose PROXY protocol header (v1, v2) is required and believed. Default: none, no header is read. */
  readonly proxyFrom?: readonly string[]
  /** Default: 0, no limit but the node's. */
  readonly maxConnections?: number
  /**
   * Of transport 'tcp': connections without Node's sockets above their handles, which cost less. Node does not promise that
   * its handles stay as they are, so they are tried out first, and where they do not work there is a warning and sockets.
   * Default: false.
   */
  readonly rawHandles?: boolean
}
