import type { Message } from '../contract/message.ts'
import type { MatchedVia } from './bound-filter.ts'

interface Replay {
  readonly source: Iterator<Message>
  readonly via: MatchedVia
  next: Message | undefined
}

/** Retained values on their way to one queue, read one by one, in the order they were asked for. */
export class Replays {
  readonly #replays: Replay[] = []

  /** `next`: the first of `source`. */
  add(next: Message, source: Iterator<Message>, via: MatchedVia): void {
    this.#replays.push({ source, via, next })
  }

  /** The first that is on its way; its binding's way is `via`. */
  get message(): Message | undefined {
    for (let replay = this.#replays[0]; replay; replay = this.#replays[0]) {
      replay.next ??= replay.source.next().value
      if (replay.next) return replay.next
      this.#replays.shift()
    }
    return undefined
  }

  /** Of `message`. */
  get via(): MatchedVia {
    return (this.#replays[0] as Replay).via
  }

  shift(): void {
    const [replay] = this.#replays
    if (replay) replay.next = undefined
  }
}
