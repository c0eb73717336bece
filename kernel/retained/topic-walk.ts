import type { Message } from '../contract/message.ts'
import { Branch, isSystem, messageAt, type Place } from './branch.ts'

/** A branch whose children are walked through, for the level of the filter that they stand for. */
interface Step {
  readonly children: Iterator<Place>
  readonly depth: number
}

const over = { done: true, value: undefined } as const
const pause = { done: false, value: undefined } as const

/** After so many places without a message, which takes a fraction of a millisecond, its reader may stop for breath. */
const placesInOneBreath = 8_192

/**
 * The messages a filter finds in a tree, one by one, and undefined wherever it found none for long. Not a generator: a
 * filter of many levels would nest as many.
 */
export class TopicWalk implements IterableIterator<Message | undefined, undefined> {
  readonly #levels: readonly string[]
  readonly #steps: Step[] = []
  /** A wildcard in the first level does not reach topics that begin with '$'. */
  readonly #skipsSystem: boolean
  #root: Branch | undefined

  constructor(root: Branch, levels: readonly string[]) {
    this.#root = root
    this.#levels = levels
    this.#skipsSystem = isWildcard(levels[0])
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Message | undefined, undefined> {
    if (this.#root) {
      const found = this.#enter(this.#root, 0)
      this.#root = undefined
      if (found) return { done: false, value: found }
    }
    let places = 0
    for (let step = this.#steps.at(-1); step; step = this.#steps.at(-1)) {
      if (places++ === placesInOneBreath) return pause
      const { done, value: place } = step.children.next()
      if (done) this.#steps.pop()
      else if (!(this.#skipsSystem && this.#steps.length === 1 && isSystem(place))) {
        const found = this.#enter(place, this.#levels[step.depth] === '#' ? step.depth : step.depth + 1)
        if (found) return { done: false, value: found }
      }
    }
    return over
  }

  /** The message of this place, if the filter finds it; where the filter goes on in many ways, those are the next step. */
  #enter(from: Place, fromDepth: number): Message | undefined {
    let place = from
    for (let depth = fromDepth; ; depth++) {
      const level = this.#levels[depth]
      if (isWildcard(level) && place instanceof Branch) this.#steps.push({ children: place.children.values(), depth })
      if (level === undefined || level === '#') return messageAt(place)
      if (level === '+' || !(place instanceof Branch)) return undefined
      const child = place.children.get(level)
      if (!child) return undefined
      place = child
    }
  }
}

function isWildcard(level: string | undefined): boolean {
  return level === '+' || level === '#'
}
