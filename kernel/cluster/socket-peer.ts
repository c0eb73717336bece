import type { Socket } from 'node:net'
import { BrokerError } from '../contract/errors.ts'
import { Deferred } from '../deferred.ts'
import type { Outcome, Peer, PeerHandler } from './bus.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { FrameWriter } from './frame-writer.ts'
import { decodeBody, decodeOutcome, encodeBody, encodeOutcome } from './question.ts'
import { readFrom } from './socket-reader.ts'

/** More than this pending, and a peer counts as slow. */
const highWaterBytes = 1024 * 1024
/** A buffer larger than this is not kept for the next turn. */
const keptBufferBytes = 4 * 1024 * 1024

/** Kinds of frames that are the link's own; a handler's kinds begin behind them. */
const own = { question: 0, answer: 1 } as const
export const firstKind = 2

/** A peer at the other end of a stream socket between two processes of one machine. Whoever has the socket is trusted. */
export class SocketPeer implements Peer {
  readonly name: string
  readonly #socket: Socket
  readonly #out = new FrameWriter()
  readonly #in = new FrameReader()
  readonly #splitter = new FrameSplitter((buffer, start, end) => this.#frame(buffer, start, end))
  readonly #questions = new Map<number, (outcome: Outcome) => void>()
  #lastQuestion = 0
  #handler: PeerHandler | undefined
  /** A buffer whose bytes the socket has taken. */
  #spare: Buffer | undefined
  #scheduled = false
  #awaitsDrain = false
  #state: 'open' | 'closing' | 'gone' = 'open'
  #reason = 'the link was closed'

  constructor(name: string, socket: Socket) {
    this.name = name
    this.#socket = socket
    socket.on('error', error => {
      this.#reason = error.message
    })
    socket.on('close', () => this.#gone())
  }

  get pendingBytes(): number {
    return this.#out.length + this.#socket.writableLength
  }

  serve(handler: PeerHandler): void {
    this.#handler = handler
    readFrom(this.#socket, chunk => this.#read(chunk))
  }

  begin(kind: number): FrameWriter {
    this.#out.begin(kind)
    this.mark()
    return this.#out
  }

  mark(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#turnEnded)
  }

  ask(kind: number, body: unknown, answered: (outcome: Outcome) => void): void {
    if (this.#state !== 'open') return answered({ error: this.#lostError })
    const question = ++this.#lastQuestion
    this.#questions.set(question, answered)
    const frame = this.begin(own.question)
    frame.varint(question)
    frame.varint(kind)
    frame.bytes(encodeBody(body))
  }

  request(kind: number, body: unknown): Promise<unknown> {
    const { promise, resolve, reject } = new Deferred<unknown>()
    this.ask(kind, body, outcome => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value)))
    return promise
  }

  slow(): boolean {
    if (this.pendingBytes <= highWaterBytes) return false
    this.#awaitsDrain = true
    return true
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return
    this.#flush()
    this.#state = 'closing'
    this.#splitter.stop()
    const { promise, resolve } = new Deferred()
    this.#socket.once('close', resolve)
    // What still arrives is read and dropped: unread bytes would reset the link, and our last words be lost.
    this.#socket.end()
    await promise
  }

  destroy(reason: string): void {
    this.#reason = reason
    this.#socket.destroy()
    this.#gone()
  }

  readonly #turnEnded = (): void => {
    // What is begun in here leaves with the rest.
    this.#handler?.leaving?.()
    this.#scheduled = false
    this.#flush()
  }

  #flush(): void {
    if (this.#out.length === 0) return
    if (this.#state !== 'open') {
      this.#out.detach(this.#spare)
      return
    }
    // The write under way flushes what gathers meanwhile.
    if (this.#socket.writableLength > 0) return
    const { buffer, length } = this.#out.detach(this.#spare)
    this.#spare = undefined
    this.#socket.write(buffer.subarray(0, length), this.#written)
    const taken = this.#socket.writableLength === 0
    if (taken && buffer.length <= keptBufferBytes) this.#spare = buffer
  }

  readonly #written = (): void => {
    if (this.#socket.writableLength > 0) return
    if (!this.#scheduled) this.#flush()
    if (!this.#awaitsDrain || this.pendingBytes > 0) return
    this.#awaitsDrain = false
    this.#handler?.drained()
  }

  #read(chunk: Buffer): void {
    try {
      this.#splitter.push(chunk)
    } catch (error) {
      this.destroy(`what it says makes no sense: ${error instanceof Error ? error.stack : String(error)}`)
    }
  }

  #frame(buffer: Buffer, start: number, end: number): void {
    const kind = buffer[start] as number
    const body = this.#in
    body.open(buffer, start + 1, end)
    if (kind >= firstKind) this.#handler?.frame(kind, body)
    else if (kind === own.question) this.#asked(body)
    else this.#answered(body)
  }

  #asked(body: FrameReader): void {
    const question = body.varint()
    const kind = body.varint()
    this.#handler?.asked(kind, decodeBody(body.bytes()), outcome => {
      if (this.#state !== 'open') return
      const frame = this.begin(own.answer)
      frame.varint(question)
      frame.bytes(encodeOutcome(outcome))
    })
  }

  #answered(body: FrameReader): void {
    const question = body.varint()
    const answered = this.#questions.get(question)
    this.#questions.delete(question)
    answered?.(decodeOutcome(body.bytes()))
  }

  get #lostError(): BrokerError {
    return new BrokerError('CLOSED', `${this.name} is gone: ${this.#reason}`)
  }

  #gone(): void {
    if (this.#state === 'gone') return
    const told = this.#state === 'open'
    this.#state = 'gone'
    this.#splitter.stop()
    const questions = [...this.#questions.values()]
    this.#questions.clear()
    for (const answered of questions) answered({ error: this.#lostError })
    if (told) this.#handler?.lost(this.#reason)
  }
}
