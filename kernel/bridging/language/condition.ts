import { Glob, maxPatternLength } from '../../access/glob.ts'
import type { Condition, Scope } from '../../contract/scope.ts'
import { readExpression, readLiteral, type Value } from './path.ts'
import { type LanguageError, Reader } from './reader.ts'
import { textOf } from './template.ts'

type Holds = (scope: Scope) => boolean
type Operand = (scope: Scope) => Value

/** How deep parentheses and `not` nest. */
const maxDepth = 64

const comparisons: readonly (readonly [sign: string, holds: (order: number) => boolean])[] = [
  ['==', order => order === 0],
  ['<=', order => order <= 0],
  ['>=', order => order >= 0],
  ['<', order => order < 0],
  ['>', order => order > 0],
]

/**
 * `${payload.temp} > 40 and not ${clientid} matches 'test-*'`: comparison, `in [..]`, `matches 'glob'`, `and`, `or`,
 * `not`, parentheses. A path alone holds when it is true. A comparison with what is missing, or of what cannot be
 * compared, does not hold.
 * @throws LanguageError
 */
export function compileCondition(source: string): Condition {
  const parser = new Parser(source)
  return { source, holds: parser.whole() }
}

class Parser {
  readonly #reader: Reader
  #depth = 0

  constructor(source: string) {
    this.#reader = new Reader(source)
  }

  whole(): Holds {
    const holds = this.#either()
    if (!this.#reader.skipSpaces().ended) throw this.#fault('expected "and", "or" or the end')
    return holds
  }

  #either(): Holds {
    const terms = [this.#both()]
    while (this.#word('or')) terms.push(this.#both())
    const [only] = terms
    return terms.length === 1 && only ? only : scope => terms.some(holds => holds(scope))
  }

  #both(): Holds {
    const terms = [this.#negation()]
    while (this.#word('and')) terms.push(this.#negation())
    const [only] = terms
    return terms.length === 1 && only ? only : scope => terms.every(holds => holds(scope))
  }

  #negation(): Holds {
    if (!this.#word('not')) return this.#primary()
    const holds = this.#deeper(() => this.#negation())
    return scope => !holds(scope)
  }

  #primary(): Holds {
    if (!this.#reader.skipSpaces().take('(')) return this.#comparison()
    const holds = this.#deeper(() => this.#either())
    this.#reader.skipSpaces().expect(')', '")", "and" or "or"')
    return holds
  }

  #comparison(): Holds {
    const left = this.#operand()
    if (this.#word('in')) return this.#among(left)
    if (this.#word('matches')) return this.#pattern(left)
    this.#reader.skipSpaces()
    if (this.#reader.take('!=')) {
      const right = this.#operand()
      return scope => differ(left(scope), right(scope))
    }
    for (const [sign, wanted] of comparisons) {
      if (!this.#reader.take(sign)) continue
      const right = this.#operand()
      return scope => {
        const order = compare(left(scope), right(scope))
        return order !== undefined && wanted(order)
      }
    }
    if (this.#reader.text[this.#reader.at] === '=') throw this.#fault('expected "==" to compare')
    return scope => left(scope) === true
  }

  #among(left: Operand): Holds {
    const { quoted } = this.#list()
    return scope => {
      const value = left(scope)
      return quoted.some(one => compare(value, one) === 0)
    }
  }

  #list(): { quoted: readonly Value[] } {
    const reader = this.#reader.skipSpaces()
    reader.expect('[', "\"[\" and a list such as [1, 2] or ['a', 'b']")
    const quoted: Value[] = []
    while (!reader.skipSpaces().take(']')) {
      if (quoted.length > 0) reader.expect(',', '"," or "]"')
      const literal = readLiteral(reader.skipSpaces())
      if (literal === undefined) throw this.#fault('expected a number or a text in quotes')
      quoted.push(literal)
    }
    return { quoted }
  }

  #pattern(left: Operand): Holds {
    const start = this.#reader.skipSpaces().at
    const pattern = this.#reader.quoted()
    if (pattern === undefined) throw this.#fault("expected a pattern in quotes, such as 'sensor-*'")
    if (pattern.length > maxPatternLength) {
      throw this.#fault(`expected a pattern of at most ${maxPatternLength} characters`, start)
    }
    const glob = new Glob(pattern)
    return scope => {
      const value = left(scope)
      const text = value === undefined || value === null ? undefined : textOf(value)
      return text !== undefined && glob.matches(text)
    }
  }

  #operand(): Operand {
    const reader = this.#reader.skipSpaces()
    if (reader.take('${')) return readExpression(reader).resolve
    const literal = readLiteral(reader)
    if (literal === undefined)
      throw this.#fault('expected a path such as ${payload.temp}, a number or a text in quotes')
    return () => literal
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > maxDepth) throw this.#fault(`expected at most ${maxDepth} parentheses inside each other`)
    const result = read()
    this.#depth--
    return result
  }

  #word(word: string): boolean {
    return this.#reader.skipSpaces().takeWord(word)
  }

  #fault(message: string, at?: number): LanguageError {
    return this.#reader.fault(message, at)
  }
}

/** Below, at or above 0; undefined when the two cannot be compared. */
function compare(left: Value, right: Value): number | undefined {
  if (left === undefined || right === undefined) return undefined
  if (left === right) return 0
  const a = comparable(left)
  const b = comparable(right)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  // A level of a topic, or a header, is always text.
  const x = numeric(a)
  const y = numeric(b)
  return x !== undefined && y !== undefined ? x - y : undefined
}

/** What is not the same, when both are there. */
function differ(left: Value, right: Value): boolean {
  return left !== undefined && right !== undefined && compare(left, right) !== 0
}

function comparable(value: Value): Value {
  return value instanceof Uint8Array ? textOf(value) : value
}

function numeric(value: Value): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
