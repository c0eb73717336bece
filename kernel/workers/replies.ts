import type { Peer } from '../cluster/bus.ts'
import { isBrokerError } from '../contract/errors.ts'
import { toWorker } from './words.ts'

/** Tickets one after the other that wait for the same promise. */
interface Waiting {
  readonly promise: Promise<unknown>
  readonly first: number
  count: number
  over: boolean
}

/**
 * What a worker's tickets come to. Most of a turn reach as many queues and are done at once, or wait for one commit: they
 * are answered together.
 */
export class Replies {
  readonly #peer: Peer
  #waiting: Waiting | undefined
  /** Done and not yet told. */
  #first = 0
  #count = 0
  #reached = 0

  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** Ticket 0: nobody waits. */
  give(ticket: number, result: number | Promise<number | undefined> | Promise<void>): void {
    if (typeof result === 'number') {
      if (ticket !== 0) this.#done(ticket, 1, result)
      return
    }
    if (ticket === 0) {
      result.catch(() => {})
      return
    }
    const last = this.#waiting
    if (last && !last.over && last.promise === result && last.first + last.count === ticket) {
      last.count++
      return
    }
    const waiting: Waiting = { promise: result, first: ticket, count: 1, over: false }
    this.#waiting = waiting
    result.then(
      reached => {
        waiting.over = true
        this.#done(waiting.first, waiting.count, reached ?? 0)
      },
      error => {
        waiting.over = true
        this.#failed(waiting.first, waiting.count, error)
      },
    )
  }

  refuse(ticket: number, error: unknown): void {
    if (ticket !== 0) this.#failed(ticket, 1, error)
  }

  /** No answer would be true: what was asked for was not done, and must not be refused either. */
  drop(ticket: number): void {
    if (ticket !== 0) this.#peer.begin(toWorker.dropped).varint(ticket)
  }

  /** Tells what has not been told. */
  flush(): void {
    if (this.#count === 0) return
    const frame = this.#peer.begin(toWorker.done)
    frame.varint(this.#first)
    frame.varint(this.#count)
    frame.varint(this.#reached)
    this.#count = 0
  }

  #done(first: number, count: number, reached: number): void {
    if (this.#count > 0 && this.#reached === reached && this.#first + this.#count === first) {
      this.#count += count
      return
    }
    this.flush()
    this.#first = first
    this.#count = count
    this.#reached = reached
    this.#peer.mark()
  }

  #failed(first: number, count: number, error: unknown): void {
    const frame = this.#peer.begin(toWorker.failed)
    frame.varint(first)
    frame.varint(count)
    frame.string(isBrokerError(error) ? error.code : '')
    frame.string(error instanceof Error ? error.message : String(error))
  }
}
