import type { Connection, Output, Peer } from '../../kernel/plugin.ts'
import type { Owner, World } from './world.ts'

/** Above so many bytes on their way a peer counts as slow. */
const highWaterBytes = 2_048
const mostLatencyMs = 8

let lastId = 0

/** What a client sees of its connection. */
export interface ClientSide {
  /** `flushedAt`: the tick at which the broker let the bytes go. */
  onBytes(bytes: Buffer, flushedAt: number): void
  onClose(): void
  /** The broker's end is over: it takes nothing more, and lets nothing go. */
  onGone(): void
}

/** Bytes one way: in order, in pieces, late, and none after the end. */
class Way {
  readonly #world: World
  #lastAt = 0
  cut = false

  constructor(world: World) {
    this.#world = world
  }

  send(bytes: Buffer, arrive: (piece: Buffer, last: boolean) => void): void {
    const { random } = this.#world
    const places = random.chance(0.2) ? [random.integer(0, bytes.length), random.integer(0, bytes.length)] : []
    let from = 0
    for (const to of [...places.sort((a, b) => a - b), bytes.length]) {
      if (to === from) continue
      const piece = bytes.subarray(from, to)
      from = to
      this.#after(random.next() * mostLatencyMs, () => arrive(piece, to === bytes.length))
    }
  }

  end(arrive: () => void): void {
    this.#after(this.#world.random.next() * mostLatencyMs, arrive)
  }

  #after(ms: number, work: () => void): void {
    this.#lastAt = Math.max(this.#lastAt, this.#world.now + ms)
    this.#world.after(this.#lastAt - this.#world.now, () => {
      if (!this.cut) work()
    })
  }
}

/** One connection in memory: it delays, splits, stalls and is cut. The broker's end is a `Connection` as any other. */
export class Link implements Connection, Output {
  readonly id = ++lastId
  readonly peer: Peer = { address: '127.0.0.1', port: 1, loopback: true, secure: false, certificate: undefined }
  readonly listener = 'simulated'
  onClose: ((reason: string) => void) | undefined
  onDrain: (() => void) | undefined
  buffer = Buffer.alloc(512)
  /** Called with the client's own: the broker's end is over. */
  onGone: () => void = () => {}
  readonly #world: World
  readonly #process: Owner
  readonly #client: ClientSide
  readonly #up: Way
  readonly #down: Way
  #used = 0
  #flushing = false
  #onTheWay = 0
  #awaitsDrain = false
  #onBytes: ((chunk: Buffer) => void) | undefined
  #paused = false
  #held: (() => void)[] = []
  #state: 'open' | 'closing' | 'gone' = 'open'
  #clientClosed = false
  #abort: AbortController | undefined

  constructor(world: World, process: Owner, client: ClientSide) {
    this.#world = world
    this.#process = process
    this.#client = client
    this.#up = new Way(world)
    this.#down = new Way(world)
  }

  get output(): Output {
    return this
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  get pendingBytes(): number {
    return this.#used + this.#onTheWay
  }

  /** Bytes from the client; `arriving` is called just before the broker is given the last of them. */
  send(bytes: Buffer, arriving: () => void): void {
    if (this.#clientClosed) return
    this.#up.send(bytes, (piece, last) => {
      if (this.#state !== 'open' || !this.#process.alive) return
      const give = () => {
        if (last) arriving()
        // Lent for the call only: whoever keeps it finds out.
        const lent = Buffer.from(piece)
        this.#onBytes?.(lent)
        lent.fill(0xaa)
      }
      if (this.#paused) this.#held.push(give)
      else give()
    })
  }

  /** The connection breaks: what is on its way is lost. The broker hears of it after a time. */
  break(noticedAfterMs: number): void {
    this.#up.cut = true
    this.#down.cut = true
    this.#world.after(noticedAfterMs, () => this.#gone('the connection broke'), this.#process)
    this.#closeClient()
  }

  /** The broker's process has ended. What it had let go may still arrive. */
  orphan(): void {
    this.#up.cut = true
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.onGone()
    this.#client.onGone()
    if (this.#world.random.chance(0.5)) this.#down.cut = true
    this.#world.after(this.#world.random.next() * 20, () => {
      this.#down.cut = true
      this.#closeClient()
    })
  }

  reserve(bytes: number): number {
    const at = this.#used
    this.#used += bytes
    if (this.#used > this.buffer.length) {
      const larger = Buffer.alloc(2 * this.#used)
      this.buffer.copy(larger, 0, 0, at)
      this.buffer = larger
    }
    if (!this.#flushing) {
      this.#flushing = true
      setImmediate(() => this.#flush())
    }
    return at
  }

  write(chunk: Uint8Array): void {
    this.buffer.set(chunk, this.reserve(chunk.length))
  }

  receive(onBytes: (chunk: Buffer) => void): void {
    this.#onBytes = onBytes
  }

  lines(): AsyncIterable<string> {
    throw new Error('no protocol of lines is simulated')
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    if (this.#held.length > 0) setImmediate(() => this.#release())
  }

  slow(): boolean {
    if (this.pendingBytes <= highWaterBytes) return false
    this.#awaitsDrain = true
    return true
  }

  holds(): boolean {
    return true
  }

  /** Its client is never silent for longer than it said. */
  idleLimit(): void {}

  close(reason: string): void {
    if (this.#state !== 'open') return
    this.#flush()
    this.#state = 'closing'
    this.#down.end(() => this.#closeClient())
    this.#world.after(this.#world.random.next() * 2 * mostLatencyMs, () => this.#gone(reason), this.#process)
  }

  destroy(reason: string): void {
    this.#down.cut = true
    this.#closeClient()
    this.#gone(reason)
  }

  #flush(): void {
    this.#flushing = false
    if (this.#used === 0 || this.#state !== 'open' || !this.#process.alive) return
    const bytes = Buffer.from(this.buffer.subarray(0, this.#used))
    const flushedAt = this.#world.tick
    this.#used = 0
    this.#onTheWay += bytes.length
    this.#down.send(bytes, piece => {
      this.#onTheWay -= piece.length
      this.#client.onBytes(piece, flushedAt)
      if (this.#onTheWay === 0) this.#drained()
    })
  }

  #drained(): void {
    if (!this.#awaitsDrain || this.#used > 0 || this.#state !== 'open' || !this.#process.alive) return
    this.#awaitsDrain = false
    this.onDrain?.()
  }

  #release(): void {
    while (!this.#paused && this.#state === 'open') {
      const give = this.#held.shift()
      if (!give) return
      give()
    }
  }

  #closeClient(): void {
    if (this.#clientClosed) return
    this.#clientClosed = true
    this.#client.onClose()
  }

  #gone(reason: string): void {
    if (this.#state === 'gone' || !this.#process.alive) return
    this.#state = 'gone'
    this.#held = []
    this.onGone()
    this.#client.onGone()
    this.onClose?.(reason)
    this.#abort?.abort(reason)
  }
}
