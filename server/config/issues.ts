import type { z } from 'zod'
import { type ConfigDocument, children, section } from './document.ts'
import { unknownKey } from './environment.ts'
import { nearest } from './nearest.ts'
import { formatPath, type Path } from './problem.ts'
import { keysOf, partOf, shapeOf } from './shape.ts'

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a section of keys and values',
  record: 'a section of keys and values',
  array: 'a list',
}

/** Adds what the schema found to the document's problems: with places, in words, without secrets. */
export function addIssues(document: ConfigDocument, schema: z.ZodType, issues: readonly z.core.$ZodIssue[]): void {
  // What could not even be read is told once.
  const told = new Set(document.problems.map(problem => problem.path))
  for (const issue of issues) {
    const path = issue.path.map(step => (typeof step === 'symbol' ? String(step) : step))
    if (told.has(formatPath(path))) continue
    if (issue.code === 'unrecognized_keys') addUnknownKeys(document, schema, path, issue.keys)
    else if (issue.code === 'invalid_key') {
      const origin = document.nearestOrigin(path)
      const expected = issue.issues[0]?.message ?? 'expected another name'
      document.problem(path, origin.keyAt ?? origin.at, `${expected}, got "${String(path.at(-1)).slice(0, 64)}"`)
    } else if (issue.code === 'custom' && typeof issue.params?.offset === 'number') {
      addInnerFault(document, schema, path, issue.message, issue.params.offset)
    } else addWrongValue(document, schema, path, expectation(issue))
  }
}

/** A section with nothing in it is an empty section, not a mistake. */
export function fillEmpty(document: ConfigDocument, schema: z.ZodType): void {
  const pending: { path: Path; schema: z.ZodType }[] = [{ path: [], schema }]
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { path } = next
    const value = document.get(path)
    const type = typeof value === 'object' && value !== null && !Array.isArray(value) ? value.type : undefined
    for (const [step, inner] of children(value)) {
      const part = partOf(next.schema, step, type)
      if (part === undefined) continue
      const kind = shapeOf(part).kind
      const origin = document.nearestOrigin([...path, step])
      if (inner === null && (kind === 'section' || kind === 'map')) {
        document.set([...path, step], section(), { at: origin.keyAt ?? origin.at })
      }
      pending.push({ path: [...path, step], schema: part })
    }
  }
}

function addUnknownKeys(document: ConfigDocument, schema: z.ZodType, path: Path, keys: readonly string[]): void {
  let part: z.ZodType | undefined = schema
  for (const [index, step] of path.entries()) {
    const owner = document.get(path.slice(0, index))
    part = part && partOf(part, step, typeOf(owner))
  }
  const known = part ? keysOf(part, typeOf(document.get(path))) : []
  for (const key of keys) {
    const origin = document.nearestOrigin([...path, key])
    document.problem([...path, key], origin.keyAt ?? origin.at, unknownKey(key, known))
  }
}

function addWrongValue(
  document: ConfigDocument,
  schema: z.ZodType,
  path: Path,
  { expected, choices }: Expectation,
): void {
  const value = document.get(path)
  const origin = document.nearestOrigin(path)
  if (value === undefined) {
    document.problem(path, origin.keyAt ?? origin.at, `required, but missing; ${expected}`)
    return
  }
  if (isSecret(document, schema, path)) {
    document.problem(path, origin.at, `${expected}, got another (its value is secret)`)
    return
  }
  const near = typeof value === 'string' && choices ? nearest(value, choices) : undefined
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  const quotes = expected === 'expected a text' && typeof value !== 'object' ? '; put it in quotes' : ''
  document.problem(path, origin.at, `${expected}, got ${shown(value)}${hint}${quotes}`)
}

/** A mistake inside a text, told with its own column where the text stands in the file as it is. */
function addInnerFault(document: ConfigDocument, schema: z.ZodType, path: Path, message: string, offset: number): void {
  const origin = document.nearestOrigin(path)
  const { textAt } = document.origin(path) ?? {}
  const at = textAt ? `${textAt.file}:${textAt.line}:${textAt.column + offset}` : origin.at
  if (isSecret(document, schema, path)) document.problem(path, origin.at, 'expected another (its value is secret)')
  else document.problem(path, at, textAt ? message : `${message} (character ${offset + 1})`)
}

interface Expectation {
  readonly expected: string
  readonly choices?: readonly string[]
}

function expectation(issue: z.core.$ZodIssue): Expectation {
  switch (issue.code) {
    case 'invalid_type':
      return { expected: `expected ${kinds[issue.expected] ?? issue.expected}` }
    case 'invalid_value': {
      const choices = issue.values.map(String)
      return { expected: `expected ${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}`, choices }
    }
    case 'invalid_union': {
      const options: unknown = 'options' in issue ? issue.options : undefined
      if (!Array.isArray(options)) return { expected: issue.message }
      return { expected: `expected one of ${options.join(', ')}`, choices: options.map(String) }
    }
    case 'too_small':
      return { expected: sized(issue.message, issue.origin, 'at least', issue.minimum) }
    case 'too_big':
      return { expected: sized(issue.message, issue.origin, 'at most', issue.maximum) }
    default:
      return {
        expected: issue.message.startsWith('expected') ? issue.message : `expected another value (${issue.message})`,
      }
  }
}

function sized(message: string, origin: string, bound: string, size: number | bigint): string {
  if (message.startsWith('expected')) return message
  return `expected ${bound} ${size}${origin === 'string' ? ' characters' : origin === 'array' ? ' elements' : ''}`
}

/** Marked secret by the schema, anywhere on the way, or read through ${env:...} or ${file:...}. */
export function isSecret(document: ConfigDocument, schema: z.ZodType, path: Path): boolean {
  let part: z.ZodType | undefined = schema
  for (const [index, step] of path.entries()) {
    part = part && partOf(part, step, typeOf(document.get(path.slice(0, index))))
    if (part && shapeOf(part).about.secret) return true
    if (document.origin(path.slice(0, index + 1))?.secret) return true
  }
  return false
}

function typeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined
}

function shown(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && Object.keys(value).length === 0) return 'none'
  if (typeof value === 'object') return 'a section of keys and values'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}..."` : text
}
