import type { Clock } from './contract/clock.ts'
import { Deferred } from './deferred.ts'

/** What is handed out in one turn of the event loop before everybody else has theirs: some milliseconds' work. */
const offersPerTurn = 8_192
/** Less is a turn's work where each costs more, as when queues overflow or values are stored: from so many on time counts. */
const offersUntimed = 64
/** And is looked at once in so many. */
const offersPerLook = 32
const longestMs = 8
/** While somebody publishes who causes next to nothing, and would wait for those who cause much. */
const sharedMs = 1
/** So little in a turn: of a window of messages that comes at once most publishers cause more, and long turns cost them less. */
const quietOffers = 2
/** Somebody does while he did within this time. */
const rememberedMs = 1_000
/** Who caused no more than this in a turn did not make it long, and does not wait. */
const modestOffers = 16

/** What one publisher has caused, and in which turn. */
export interface TurnShare {
  turn: number
  offers: number
}

/**
 * Shares the event loop between publishers. A message to a thousand queues is work of a millisecond, and one read brings
 * a hundred of them: whoever has caused so much of it waits for the next turn, one behind the other, and goes on when
 * that turn has room. All at once, a hundred publishers with one message each would make it as long again.
 */
export class Turn {
  readonly #clock: Clock
  readonly #front: { readonly behind: boolean }
  #number = 1
  #offers = 0
  /** Offers of whom `wait` has asked for. */
  #shared = 0
  /** When there were so many offers that the time counts; undefined while there are fewer. */
  #since: number | undefined
  /** Offers at which the time is looked at next. */
  #lookAt = 0
  #next: Deferred | undefined
  /** When the last turn of so many offers was, and the last one in whose time somebody published who caused next to nothing. */
  #longAt = Number.NEGATIVE_INFINITY
  #quietAt = Number.NEGATIVE_INFINITY
  /** Whoever waits last. */
  #last = Promise.resolve()

  /** `front`: whether it is behind with writing what earlier turns handed out, which is a turn's work as well. */
  constructor(clock: Clock, front: { readonly behind: boolean } = { behind: false }) {
    this.#clock = clock
    this.#front = front
  }

  /** A message was offered to so many queues; to none it is work as well. */
  spend(offers: number): void {
    this.#offers += Math.max(1, offers)
    if (this.#offers < offersUntimed || this.#since !== undefined) return
    this.#since = this.#longAt = this.#clock.now()
    this.#lookAt = this.#offers
    // Also when nobody has to wait: what many short turns came to is not one long turn.
    setImmediate(this.#ended)
  }

  /** What the publisher of the moment has to wait for before more of it is taken, and before that for its `relief`. */
  wait(share: TurnShare, relief?: Promise<void>): Promise<void> | undefined {
    if (share.turn !== this.#number) {
      if (share.offers > 0 && share.offers <= quietOffers) this.#quietAt = this.#longAt
      share.turn = this.#number
      share.offers = 0
    }
    share.offers += this.#offers - this.#shared
    this.#shared = this.#offers
    if (relief) return this.#after(relief)
    return share.offers > modestOffers && this.#over ? this.#after(undefined) : undefined
  }

  /** Not where it is asked for: the room of these closures would be made for every message. */
  #after(relief: Promise<void> | undefined): Promise<void> {
    return new Promise(resolve => {
      // Whoever waits goes on before the next one is looked at: nothing may come between this and what it waits with.
      const queue = () => {
        this.#last = this.#last.then(() => this.#begun()).then(resolve)
      }
      if (relief) void relief.then(queue)
      else queue()
    })
  }

  get #over(): boolean {
    if (this.#since === undefined) return false
    if (this.#offers >= offersPerTurn) return true
    if (this.#offers < this.#lookAt) return false
    const now = this.#clock.now()
    if (now - this.#since >= (now - this.#quietAt < rememberedMs ? sharedMs : longestMs)) return true
    this.#lookAt = this.#offers + offersPerLook
    return false
  }

  #begun(): Promise<void> | undefined {
    if (!this.#over) return undefined
    this.#next ??= new Deferred()
    return this.#next.promise
  }

  readonly #ended = (): void => {
    if (this.#front.behind) {
      setImmediate(this.#ended)
      return
    }
    this.#number++
    this.#offers = 0
    this.#shared = 0
    this.#since = undefined
    this.#next?.resolve()
    this.#next = undefined
  }
}
