import { emptyHash, hashWith } from './words.ts'

/** The first size, and the last; it doubles as long as much is written. */
const leastMarks = 64
const mostMarks = 65_536

/** Which topics came lately, as marks in a table: a mark that another topic wrote over is forgotten. */
export class Newcomers {
  #marks = new Int32Array(leastMarks)
  #written = 0

  /** Does this topic come for the first time, as far as the marks tell? */
  first(topic: string): boolean {
    let hash = emptyHash
    for (let at = 0; at < topic.length; at++) hash = hashWith(hash, topic.charCodeAt(at))
    const place = (hash >>> 8) & (this.#marks.length - 1)
    if (this.#marks[place] === hash) return false
    this.#marks[place] = hash
    this.#written++
    if (this.#written === this.#marks.length && this.#written < mostMarks)
      this.#marks = new Int32Array(2 * this.#written)
    return true
  }
}
