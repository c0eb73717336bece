import { type DocumentTemplate, isRejected, Rejected, type Scope } from '../../contract/scope.ts'
import type { Expression } from './path.ts'
import { LanguageError } from './reader.ts'
import { compileTemplate, readParts, textOf } from './template.ts'

/** Values of one document, and how deep they nest. */
const maxValues = 1_000
const maxDepth = 32

/** A mistake inside a document, and the keys that lead to it. */
export class DocumentError extends LanguageError {
  readonly path: readonly (string | number)[]

  constructor(error: LanguageError, path: readonly (string | number)[]) {
    super(error.message, error.offset)
    this.path = path
  }
}

/** JSON text; undefined: left out. */
type Write = (scope: Scope) => string | undefined | Rejected

/**
 * One template, which gives bytes, or a map or list of them, which gives JSON: there a value that is one path keeps its
 * type, and the payload stands as the JSON it is, else as text.
 * @throws DocumentError
 */
export function compileDocument(source: unknown): DocumentTemplate {
  if (typeof source === 'string') return bytesOf(source)
  if (typeof source !== 'object' || source === null) {
    throw new DocumentError(new LanguageError('expected a text, or a map that is sent as JSON', 0), [])
  }
  const write = compileValue(source, [], { values: 0 })
  return {
    json: true,
    render: scope => {
      const text = write(scope)
      return typeof text === 'string' ? Buffer.from(text) : text
    },
  }
}

function bytesOf(source: string): DocumentTemplate {
  const template = at([], () => compileTemplate(source))
  return {
    json: false,
    render: scope => {
      const value = template.render(scope)
      return typeof value === 'string' ? Buffer.from(value) : value
    },
  }
}

function compileValue(source: unknown, path: readonly (string | number)[], count: { values: number }): Write {
  if (++count.values > maxValues || path.length > maxDepth) {
    const limit = `expected at most ${maxValues} values, nested at most ${maxDepth} deep`
    throw new DocumentError(new LanguageError(limit, 0), path)
  }
  if (typeof source === 'string') return at(path, () => compileText(source))
  if (Array.isArray(source)) {
    return listOf(source.map((element, index) => compileValue(element, [...path, index], count)))
  }
  if (typeof source !== 'object' || source === null) {
    const constant = JSON.stringify(source ?? null)
    return () => constant
  }
  const fields = Object.entries(source).map(
    ([name, value]) => [`${JSON.stringify(name)}:`, compileValue(value, [...path, name], count)] as const,
  )
  return mapOf(fields)
}

function mapOf(fields: readonly (readonly [name: string, write: Write])[]): Write {
  return scope => {
    let json = ''
    for (const [name, write] of fields) {
      const value = write(scope)
      if (isRejected(value)) return value
      if (value !== undefined) json += json === '' ? name + value : `,${name}${value}`
    }
    return `{${json}}`
  }
}

function listOf(elements: readonly Write[]): Write {
  return scope => {
    const values: string[] = []
    for (const write of elements) {
      const value = write(scope)
      if (isRejected(value)) return value
      if (value !== undefined) values.push(value)
    }
    return `[${values.join(',')}]`
  }
}

function compileText(source: string): Write {
  const parts = readParts(source)
  const [first] = parts
  if (parts.length === 1 && first !== undefined && typeof first !== 'string') return writeAlone(first)
  const template = compileTemplate(source)
  return scope => {
    const text = template.text(scope)
    return typeof text === 'string' ? JSON.stringify(text) : text
  }
}

function writeAlone(expression: Expression): Write {
  return scope => {
    const value = expression.resolve(scope)
    if (value === undefined) return expression.optional ? undefined : expression.missing(scope)
    if (!(value instanceof Uint8Array)) return JSON.stringify(value)
    const text = textOf(value)
    if (text === undefined) return new Rejected('NOT_TEXT', `\${${expression.source}} is not text in UTF-8`)
    // As it was written, so that no number loses digits.
    return expression.payload && scope.json() !== undefined ? text : JSON.stringify(text)
  }
}

function at<T>(path: readonly (string | number)[], compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    throw error instanceof LanguageError ? new DocumentError(error, path) : error
  }
}
