import { randomInt } from 'node:crypto'
import { HashedRecords, none } from './hashed-records.ts'

/** Chosen anew by each process, so that nobody can choose words that all have the same hash. */
const seed = randomInt(2 ** 31)
const factor = randomInt(2 ** 30) * 2 + 1

export const emptyHash = seed

/** The hash of what has this hash and one more number at its end. */
export function hashWith(hash: number, more: number): number {
  const mixed = Math.imul(hash ^ more, factor)
  return mixed ^ (mixed >>> 15)
}

/** In its record: the hash of the word, and how many filters have it. */
const hashed = 0
const uses = 1
const fields = 2

/** The levels of filters as numbers: each word is kept once, however many filters have it. */
export class Words {
  readonly #records: HashedRecords = new HashedRecords(fields, word => this.#records.get(word, hashed))
  readonly #texts: string[] = []

  /** The number of the word that is `text` from `start` to `end`, whose hash is given; `none` when no filter has it. */
  find(text: string, start: number, end: number, hash: number): number {
    let word = this.#records.first(hash)
    while (word !== none && !(this.#records.get(word, hashed) === hash && this.#is(word, text, start, end))) {
      word = this.#records.next(word)
    }
    return word
  }

  /** The same, but makes it known; to be given back with `release`. */
  take(text: string, start: number, end: number, hash: number): number {
    let word = this.find(text, start, end, hash)
    if (word === none) {
      word = this.#records.add(hash)
      this.#records.set(word, hashed, hash)
      this.#texts[word] = text.slice(start, end)
    }
    this.#records.set(word, uses, this.#records.get(word, uses) + 1)
    return word
  }

  release(word: number): void {
    const left = this.#records.get(word, uses) - 1
    this.#records.set(word, uses, left)
    if (left > 0) return
    this.#records.remove(word)
    this.#texts[word] = ''
  }

  #is(word: number, text: string, start: number, end: number): boolean {
    const known = this.#texts[word] as string
    if (known.length !== end - start) return false
    let at = 0
    while (at < known.length && known.charCodeAt(at) === text.charCodeAt(start + at)) at++
    return at === known.length
  }
}
