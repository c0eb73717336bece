import type { Connection, Peer } from '../contract/connection.ts'
import type { Counter } from '../contract/observe.ts'
import type { ByteSocket, SocketOwner } from './byte-socket.ts'
import type { Watched } from './idle-wheel.ts'
import { readLines } from './lines.ts'
import type { Network } from './network.ts'
import { type Framing, type OutputOwner, SocketOutput } from './output.ts'

/** What a connection needs of its listener. */
export interface ConnectionHost {
  readonly name: string
  readonly network: Network
  readonly received: Counter
  readonly sent: Counter
  readonly socketErrors: Counter
  /** The connection is gone for good. */
  ended(connection: StreamConnection): void
}

/** Input of so many bytes everybody may hold; more only as far as there is memory for it. */
const grantedInputBytes = 4 * 1024
/** The rest of one read, which waits while its connection is paused. */
const oneReadBytes = 64 * 1024
/** What one connection may hold, of what inputs may still hold. */
const inputPart = 1 / 4

/** open: both ways; closing: our last bytes are on their way, what arrives is ignored; gone. */
type State = 'open' | 'closing' | 'gone'

/** A connection over one byte stream: TCP or TLS. */
export class StreamConnection implements Connection, OutputOwner, SocketOwner, Watched {
  readonly id: number
  readonly peer: Peer
  readonly socket: ByteSocket
  readonly output: SocketOutput
  onDrain: (() => void) | undefined
  onClose: ((reason: string) => void) | undefined
  protected readonly host: ConnectionHost
  protected state: State = 'open'
  protected paused = false
  #onBytes: ((chunk: Buffer) => void) | undefined
  #abort: AbortController | undefined
  #reason = 'the connection was closed'
  /** Idle limit and its call, or, once closing, the linger limit. */
  #limitMs = 0
  /** What its protocol holds of its input. */
  #inputBytes = 0
  /** Answers that it was given while it did not read. */
  #unreadBytes = 0
  #onIdle: (() => void) | undefined
  #heard = true
  #heardAtMs = 0

  constructor(socket: ByteSocket, peer: Peer, host: ConnectionHost, framing?: Framing) {
    this.id = host.network.nextId()
    this.socket = socket
    this.peer = peer
    this.host = host
    this.output = new SocketOutput(this, host.network, framing)
  }

  get listener(): string {
    return this.host.name
  }

  /** Made when somebody asks: most connections of most protocols never do. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController()
      if (this.state === 'gone') this.#abort.abort(this.#reason)
    }
    return this.#abort.signal
  }

  get writable(): boolean {
    return this.state !== 'gone' && !this.socket.destroyed && this.socket.writable
  }

  slow(): boolean {
    if (this.output.pendingBytes <= this.host.network.highWaterBytes) return false
    this.output.awaitDrain()
    return true
  }

  holds(bytes: number): boolean {
    if (this.state === 'gone') return true
    const { memory } = this.host.network
    const { input } = memory.parts
    const more = bytes - this.#inputBytes
    const room = bytes <= oneReadBytes ? input.freeBytes : input.freeBytes * inputPart
    if (more > 0 && bytes > grantedInputBytes && bytes > room) {
      memory.refuse('input')
      return false
    }
    this.#inputBytes = bytes
    input.take(more)
    return true
  }

  receive(onBytes: (chunk: Buffer) => void): void {
    if (this.#onBytes !== undefined) throw new Error('a connection has exactly one receiver')
    this.#onBytes = onBytes
    if (!this.paused) this.startReading()
  }

  lines(maxBytes: number): AsyncIterable<string> {
    return readLines(this, maxBytes)
  }

  pause(): void {
    if (this.paused || this.state !== 'open') return
    this.paused = true
    this.stopReading()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    if (this.#onBytes !== undefined || this.state !== 'open') this.startReading()
  }

  idleLimit(ms: number, onIdle: () => void): void {
    if (this.state !== 'open') return
    this.#limitMs = ms
    this.#onIdle = onIdle
    this.#heard = true
    if (ms > 0) this.host.network.wheel.watch(this)
    else this.host.network.wheel.unwatch(this)
  }

  close(reason: string): void {
    if (this.state !== 'open') return
    this.#reason = reason
    this.output.flush(true)
    this.state = 'closing'
    this.#limitMs = this.host.network.limits.lingerMs
    this.#onIdle = () => this.destroy(reason)
    this.#heardAtMs = this.host.network.wheel.elapsedMs
    this.host.network.wheel.watch(this)
    // What the peer still sends is read and ignored: closing with bytes unread would reset it, our last words lost.
    this.paused = false
    this.startReading()
    this.finish()
  }

  destroy(reason: string): void {
    if (this.state === 'gone') return
    if (this.state === 'open') this.#reason = reason
    this.kill()
    this.gone()
  }

  tick(elapsedMs: number): void {
    // A peer that we do not read cannot be heard; that is not its silence.
    if (this.state === 'open' && (this.#heard || this.paused)) {
      this.#heard = false
      this.#heardAtMs = elapsedMs
    } else if (elapsedMs - this.#heardAtMs >= this.#limitMs) {
      const onIdle = this.#onIdle
      this.host.network.wheel.unwatch(this)
      this.#guarded(() => onIdle?.())
      this.close('nothing arrived in time')
    }
  }

  drained(): void {
    if (this.state === 'open' && this.onDrain !== undefined) this.#guarded(this.onDrain)
  }

  sent(bytes: number): void {
    this.host.sent.value += bytes
  }

  /** Bytes from the socket, lent. */
  deliver(chunk: Buffer): void {
    this.#heard = true
    this.host.received.value += chunk.length
    if (this.state !== 'open' || this.#onBytes === undefined) return
    const pending = this.output.pendingBytes
    try {
      this.#onBytes(chunk)
    } catch (error) {
      return this.failed(error)
    }
    if (pending > 0) this.#answered(this.output.pendingBytes - pending)
  }

  /** Who asks and asks and never reads the answers would have us keep all of them. */
  #answered(bytes: number): void {
    if (!this.slow()) this.#unreadBytes = 0
    else if (bytes > 0) this.#unreadBytes += bytes
    if (this.#unreadBytes > this.host.network.limits.unreadAnswerBytes) this.destroy('it does not read its answers')
  }

  /** The socket has stopped reading, and goes on in the next turn of the event loop, when the others had theirs. */
  rest(): void {
    setImmediate(goOn, this)
  }

  /** Reads on after a rest, unless it was paused meanwhile. */
  goOn(): void {
    if (!this.paused && this.state !== 'gone') this.startReading()
  }

  /** The peer will send nothing more; it may still be reading. */
  peerEnded(): void {
    this.close('the peer closed the connection')
  }

  socketFailed(error: Error): void {
    this.host.socketErrors.value += 1
    if (this.state === 'open') this.#reason = error.message
    this.host.network.logger.debug(
      { listener: this.listener, connection: this.id, error: error.message },
      'socket error',
    )
  }

  /** The socket is gone; nothing can be sent or read. */
  gone(): void {
    if (this.state === 'gone') return
    this.state = 'gone'
    this.host.network.wheel.unwatch(this)
    this.output.discard()
    this.host.network.memory.parts.input.give(this.#inputBytes)
    this.#inputBytes = 0
    this.host.ended(this)
    this.#guarded(() => this.onClose?.(this.#reason))
    this.#abort?.abort(this.#reason)
  }

  protected startReading(): void {
    this.socket.resume()
  }

  protected stopReading(): void {
    this.socket.pause()
  }

  /** Ends our side after what was written. */
  protected finish(): void {
    this.socket.end()
  }

  protected kill(): void {
    this.socket.destroy()
  }

  /** A receiver must not throw; one that does loses its connection and nobody else's. */
  protected failed(error: unknown): void {
    this.host.network.logger.error({ listener: this.listener, connection: this.id, error }, 'a receiver failed')
    this.destroy('internal error')
  }

  #guarded(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.failed(error)
    }
  }
}

/** One function for all: a connection that is read in large pieces rests often. */
function goOn(connection: StreamConnection): void {
  connection.goOn()
}
