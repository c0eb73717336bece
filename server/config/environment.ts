import type { z } from 'zod'
import { type ConfigDocument, child, section, toValue, type Value } from './document.ts'
import { nearest, plain } from './nearest.ts'
import { formatPath, type Path } from './problem.ts'
import { keysOf, partOf, shapeOf } from './shape.ts'

const prefix = 'ROBUSTMQ__'

/**
 * Lays `ROBUSTMQ__A__B=value` over the document: two underscores descend, case and single underscores do not matter,
 * a list is addressed by index or given whole, as JSON, like any section.
 */
export function overlayEnvironment(document: ConfigDocument, environment: NodeJS.ProcessEnv, schema: z.ZodType): void {
  const names = Object.keys(environment).filter(name => name.toUpperCase().startsWith(prefix))
  // A whole section before its parts, the parts of a list in their order, the type of a choice before its options.
  const order = (name: string): string =>
    name
      .toUpperCase()
      .replace(/__TYPE$/, '__\0')
      .replace(/\d+/g, digits => digits.padStart(6, '0'))
      .replace(/__/g, '\0')
  names.sort((a, b) => (order(a) < order(b) ? -1 : 1))
  for (const name of names) {
    const text = environment[name]
    if (text !== undefined) setOne(document, name, text, schema)
  }
}

function setOne(document: ConfigDocument, name: string, text: string, root: z.ZodType): void {
  const at = `env ${name}`
  let schema = root
  let value: Value | undefined = document.root
  const path: (string | number)[] = []
  for (const word of name.slice(prefix.length).split('__')) {
    const found = resolveStep(schema, value, word, path)
    if (typeof found === 'object') return document.problem(path, at, found.fault)
    const type = child(value, 'type')
    const next = partOf(schema, found, type)
    if (next === undefined) return document.problem(path, at, unknownKey(word, keysOf(schema, type)))
    path.push(found)
    schema = next
    value = child(value, found)
  }
  const read = fromText(text, schema)
  if (read === undefined)
    return document.problem(
      path,
      at,
      `expected JSON, such as ${shapeOf(schema).kind === 'list' ? '["a", "b"]' : '{"key": "value"}'}`,
    )
  document.set(path, read, { at, text: true })
}

function resolveStep(
  schema: z.ZodType,
  value: Value | undefined,
  word: string,
  path: Path,
): string | number | { fault: string } {
  if (word === '') return { fault: 'expected a name between two pairs of underscores' }
  const shape = shapeOf(schema)
  if (shape.kind === 'list') {
    const length = Array.isArray(value) ? value.length : 0
    if (!/^\d{1,6}$/.test(word))
      return { fault: `expected the index of an element of ${formatPath(path)}, got "${word}"` }
    if (Number(word) > length) return { fault: `expected an index up to ${length}: the list has ${length} elements` }
    return Number(word)
  }
  if (shape.kind === 'map') {
    const existing = typeof value === 'object' && value !== null ? Object.keys(value) : []
    return existing.find(key => plain(key) === plain(word)) ?? word.toLowerCase()
  }
  const keys = keysOf(schema, child(value, 'type'))
  if (keys.length === 0) return { fault: `${formatPath(path)} has no parts, yet "${word}" follows` }
  const key = keys.find(candidate => plain(candidate) === plain(word))
  if (key !== undefined) return key
  return { fault: unknownKey(word, keys) }
}

/** Turns texts of the environment and of interpolations into what the schema wants of them. */
export function typeTexts(document: ConfigDocument, schema: z.ZodType): void {
  for (const { path, text, replace } of [...document.texts()]) {
    const origin = document.origin(path)
    if (!origin?.text) continue
    const target = schemaAt(document, schema, path)
    const value = target && fromText(text, target)
    if (value !== undefined && value !== text) replace(value, origin)
  }
}

function schemaAt(document: ConfigDocument, root: z.ZodType, path: Path): z.ZodType | undefined {
  let schema: z.ZodType | undefined = root
  let value: Value | undefined = document.root
  for (const step of path) {
    schema = schema && partOf(schema, step, child(value, 'type'))
    value = child(value, step)
  }
  return schema
}

function fromText(text: string, schema: z.ZodType): Value | undefined {
  const shape = shapeOf(schema)
  if (shape.kind === 'text') return text
  if (shape.kind === 'number') return /^\s*-?\d{1,16}(\.\d{1,9})?\s*$/.test(text) ? Number(text) : text
  if (shape.kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  try {
    const value = toValue(JSON.parse(text))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return text.trim() === '' ? (shape.kind === 'list' ? [] : section()) : undefined
  }
}

export function unknownKey(key: string, known: readonly string[]): string {
  if (known.length === 0) return `unknown key "${key}"; none is known here`
  const near = nearest(key, known)
  if (near !== undefined) return `unknown key "${key}"; did you mean "${near}"?`
  return `unknown key "${key}"; known here: ${known.join(', ')}`
}
