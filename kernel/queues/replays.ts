import type { Message } from '../contract/message.ts'
import type { BoundFilter, MatchedVia } from './bound-filter.ts'
import type { LongLooks } from './long-looks.ts'

/** Retained values one by one; undefined where their reader is to stop for breath: it found none for long. */
export type ReplaySource = Iterator<Message | undefined, undefined>

/** Nothing was found for long: what there is will be known in a later turn of the event loop. */
export const breath = Symbol('breath')

interface Replay {
  readonly source: ReplaySource
  readonly binding: BoundFilter
  next: Message | undefined
  begun: boolean
}

/** Retained values on their way to one queue, read one by one, in the order they were asked for. */
export class Replays {
  #replays: Replay[] = []
  readonly #looks: LongLooks
  readonly #goOn: () => void
  #resting = false

  /** `goOn` is called when it is time to ask again after a breath. */
  constructor(looks: LongLooks, goOn: () => void) {
    this.#looks = looks
    this.#goOn = goOn
  }

  /** `next`: the first of `source`, which was asked for it; where that is left out, it was not. */
  add(source: ReplaySource, binding: BoundFilter, begun?: { readonly next: Message | undefined }): void {
    // Whoever asks ever again is not owed more than one that is still to begin.
    this.#replays = this.#replays.filter(replay => replay.begun || replay.binding.filter !== binding.filter)
    this.#replays.push({ source, binding, next: begun?.next, begun: begun !== undefined })
  }

  /** Nobody asks for what this filter matches any more. */
  drop(filter: string): void {
    this.#replays = this.#replays.filter(({ binding }) => binding.filter !== filter)
  }

  /** The first that is on its way; its binding's way is `via`. */
  get message(): Message | typeof breath | undefined {
    if (this.#resting) return breath
    for (let replay = this.#replays[0]; replay; replay = this.#replays[0]) {
      if (replay.next) return replay.next
      replay.begun = true
      const { done, value } = replay.source.next()
      replay.next = value
      if (done) this.#replays.shift()
      else if (!value) return this.#rest()
    }
    return undefined
  }

  /** Of `message`. */
  get via(): MatchedVia {
    return (this.#replays[0] as Replay).binding.replay
  }

  /** Takes `message` out, and returns its `via`. */
  shift(): MatchedVia {
    const replay = this.#replays[0] as Replay
    replay.next = undefined
    return replay.binding.replay
  }

  #rest(): typeof breath {
    this.#resting = true
    this.#looks.later(() => {
      this.#resting = false
      this.#goOn()
    })
    return breath
  }
}
