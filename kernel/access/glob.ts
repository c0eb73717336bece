/** The longest pattern: with it, the worst text of 65,535 characters is judged in a few milliseconds. */
export const maxPatternLength = 128

/**
 * A pattern for names: `*` is any run of characters, `?` is any one, everything else is itself. No backtracking: the
 * time is at most (length of the pattern) x (length of the text), whatever a client calls itself.
 */
export class Glob {
  readonly #pieces: readonly string[]

  /** @throws RangeError when the pattern is longer than `maxPatternLength`. */
  constructor(pattern: string) {
    if (pattern.length > maxPatternLength) {
      throw new RangeError(`the pattern has ${pattern.length} characters, at most ${maxPatternLength} are taken`)
    }
    this.#pieces = pattern.replace(/\*+/g, '*').split('*')
  }

  matches(text: string): boolean {
    const first = this.#pieces[0] ?? ''
    const last = this.#pieces.at(-1) ?? ''
    if (this.#pieces.length === 1) return text.length === first.length && pieceAt(first, text, 0)
    const end = text.length - last.length
    if (end < first.length || !pieceAt(first, text, 0) || !pieceAt(last, text, end)) return false
    let from = first.length
    for (const piece of this.#pieces.slice(1, -1)) {
      // The leftmost place leaves most room for what follows, so no other place has to be tried.
      while (from + piece.length <= end && !pieceAt(piece, text, from)) from += 1
      if (from + piece.length > end) return false
      from += piece.length
    }
    return true
  }
}

function pieceAt(piece: string, text: string, from: number): boolean {
  for (let at = 0; at < piece.length; at += 1) {
    const wanted = piece[at]
    if (wanted !== '?' && wanted !== text[from + at]) return false
  }
  return true
}
