/** A mistake in a template or condition, and where in its text: characters before it. */
export class LanguageError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.name = 'LanguageError'
    this.offset = offset
  }
}

/** Characters of one template or condition. */
export const maxSourceLength = 16_384

const name = /[A-Za-z0-9_$-]+/y
const number = /-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?(?:[eE][+-]?\d{1,3})?(?![\w.])/y
const integer = /-?\d{1,6}/y
const spaces = /\s*/y
const word = /[A-Za-z]+/y

/** Reads a text from left to right. */
export class Reader {
  readonly text: string
  at: number

  constructor(text: string, at = 0) {
    if (text.length > maxSourceLength) {
      throw new LanguageError(`expected at most ${maxSourceLength} characters`, maxSourceLength)
    }
    this.text = text
    this.at = at
  }

  get ended(): boolean {
    return this.at >= this.text.length
  }

  skipSpaces(): this {
    this.#match(spaces)
    return this
  }

  /** Takes `token` if it is next. */
  take(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false
    this.at += token.length
    return true
  }

  /** Takes a word if exactly that one is next. */
  takeWord(wanted: string): boolean {
    word.lastIndex = this.at
    if (word.exec(this.text)?.[0] !== wanted) return false
    this.at += wanted.length
    return true
  }

  expect(token: string, what = `"${token}"`): void {
    if (!this.take(token)) throw this.fault(`expected ${what}`)
  }

  name(): string {
    return this.#match(name) ?? this.#missing('a name')
  }

  integer(): number {
    return Number(this.#match(integer) ?? this.#missing('a whole number'))
  }

  number(): number | undefined {
    const found = this.#match(number)
    return found === undefined ? undefined : Number(found)
  }

  /** A text in single or double quotes; a backslash takes the next character as it is. */
  quoted(): string | undefined {
    const quote = this.text[this.at]
    if (quote !== "'" && quote !== '"') return undefined
    const start = this.at++
    let value = ''
    for (;;) {
      const next = this.text[this.at++]
      if (next === quote) return value
      if (next === undefined) throw new LanguageError('this quote is never closed', start)
      value += next === '\\' ? (this.text[this.at++] ?? '') : next
    }
  }

  fault(message: string, at = this.at): LanguageError {
    const next = this.text.slice(at, at + 20)
    return new LanguageError(`${message}, got ${next === '' ? 'the end' : `"${next}"`}`, at)
  }

  #missing(what: string): never {
    throw this.fault(`expected ${what}`)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }
}
