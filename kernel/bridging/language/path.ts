import { Rejected, type Scope } from '../../contract/scope.ts'
import type { Reader } from './reader.ts'

/** What a path leads to; undefined: nowhere. Objects come from JSON. */
export type Value = string | number | boolean | null | Uint8Array | object | undefined

type Resolve = (scope: Scope) => Value

/** `${...}`: a path, what stands in for it when it leads nowhere, and whether that may be nothing. */
export interface Expression {
  readonly source: string
  /** `?` at its end: it may lead nowhere, and what it stands in is left out. */
  readonly optional: boolean
  /** It is the payload itself. */
  readonly payload: boolean
  readonly resolve: Resolve
  /** Why a message is rejected for which it leads nowhere. */
  missing(scope: Scope): Rejected
}

interface Path {
  readonly root: string
  readonly whole: boolean
  readonly resolve: Resolve
}

const plain: Readonly<Record<string, Resolve>> = {
  clientid: scope => scope.clientid,
  username: scope => scope.username,
  qos: scope => scope.qos,
  retain: scope => scope.retain,
  timestamp: scope => scope.timestamp,
  id: scope => scope.id,
  node: scope => scope.node,
  key: scope => scope.key,
}

const properties: Readonly<Record<string, Resolve>> = {
  contentType: scope => scope.contentType,
  correlationId: scope => scope.correlationId,
  replyTo: scope => scope.replyTo,
  expiresAt: scope => scope.expiresAt,
}

export const rootNames = ['topic', 'payload', 'value', 'props', 'headers', ...Object.keys(plain)] as const

/** Reads what stands between `${` and `}`, and the `}`. */
export function readExpression(reader: Reader): Expression {
  const start = reader.at
  const path = readPath(reader.skipSpaces())
  const resolves = [path.resolve]
  let optional = false
  if (reader.text[reader.at] === '?' && reader.text[reader.at + 1] !== '?') {
    reader.at++
    optional = true
  }
  while (!optional && reader.skipSpaces().take('??')) resolves.push(readDefault(reader.skipSpaces()))
  reader.skipSpaces()
  const source = reader.text.slice(start, reader.at).trim()
  reader.expect('}', optional ? '"}"' : '"}", "?" or "??"')
  const alone = resolves.length === 1
  return {
    source,
    optional,
    payload: alone && path.whole && path.root === 'payload',
    resolve: alone ? path.resolve : scope => firstOf(resolves, scope),
    missing: missing(source, path),
  }
}

function firstOf(resolves: readonly Resolve[], scope: Scope): Value {
  let value: Value
  for (const resolve of resolves) {
    value = resolve(scope)
    if (value !== undefined && value !== null) return value
  }
  return value
}

function missing(source: string, { root, whole }: Path): (scope: Scope) => Rejected {
  const nowhere = new Rejected('PATH_MISSING', `\${${source}} leads nowhere in this message`)
  if (root !== 'payload' || whole) return () => nowhere
  const notJson = new Rejected('PAYLOAD_NOT_JSON', `\${${source}} looks into the payload, which is not JSON`)
  return scope => (scope.json() === undefined ? notJson : nowhere)
}

function readDefault(reader: Reader): Resolve {
  const literal = readLiteral(reader)
  return literal === undefined ? readPath(reader).resolve : () => literal
}

/** A number, a quoted text, true, false or null; undefined when none of them is next. */
export function readLiteral(reader: Reader): string | number | boolean | null | undefined {
  const text = reader.quoted() ?? reader.number()
  if (text !== undefined) return text
  if (reader.takeWord('true')) return true
  if (reader.takeWord('false')) return false
  return reader.takeWord('null') ? null : undefined
}

function readPath(reader: Reader): Path {
  const start = reader.at
  const name = reader.name()
  const known = plain[name]
  if (known && Object.hasOwn(plain, name)) return { root: name, whole: true, resolve: known }
  switch (name) {
    case 'topic':
      return readTopic(reader)
    case 'payload':
    case 'value':
      return readPayload(reader)
    case 'headers':
      return { root: 'headers', whole: false, resolve: readHeader(reader) }
    case 'props':
      return readProperty(reader)
    default:
      throw reader.fault(`expected one of ${rootNames.join(', ')}`, start)
  }
}

/** `topic`, `topic[1]`, from the end `topic[-1]`, from one to before another `topic[1..3]`, `topic[1..]`. */
function readTopic(reader: Reader): Path {
  if (!reader.take('[')) return { root: 'topic', whole: true, resolve: scope => scope.topic }
  const from = reader.integer()
  if (!reader.take('..')) {
    reader.expect(']', '"]" or ".."')
    return { root: 'topic', whole: false, resolve: scope => scope.topic.split('/').at(from) }
  }
  const to = reader.text[reader.at] === ']' ? undefined : reader.integer()
  reader.expect(']')
  const resolve = (scope: Scope): Value => {
    const levels = scope.topic.split('/').slice(from, to)
    return levels.length === 0 ? undefined : levels.join('/')
  }
  return { root: 'topic', whole: false, resolve }
}

function readPayload(reader: Reader): Path {
  const steps: (string | number)[] = []
  for (;;) {
    if (reader.take('.')) steps.push(reader.name())
    else if (reader.take('[')) {
      steps.push(reader.quoted() ?? reader.integer())
      reader.expect(']')
    } else break
  }
  if (steps.length === 0) return { root: 'payload', whole: true, resolve: scope => scope.payload }
  return { root: 'payload', whole: false, resolve: scope => descend(scope.json(), steps) }
}

function descend(json: unknown, steps: readonly (string | number)[]): Value {
  let value = json
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value)) value = typeof step === 'number' ? value.at(step) : undefined
    else value = Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined
  }
  return value as Value
}

/** `.name`, or `["a name with dots"]`: the first header of that name. */
function readHeader(reader: Reader): Resolve {
  let name: string
  if (reader.take('[')) {
    name = reader.quoted() ?? ''
    if (name === '') throw reader.fault('expected the name of a header in quotes')
    reader.expect(']')
  } else {
    reader.expect('.', '"." and the name of a header')
    name = reader.name()
  }
  return scope => {
    for (const [header, value] of scope.headers) if (header === name) return value
    return undefined
  }
}

function readProperty(reader: Reader): Path {
  reader.expect('.', '"." and the name of a property')
  const start = reader.at
  const name = reader.name()
  if (name === 'user') return { root: 'props', whole: false, resolve: readHeader(reader) }
  const resolve = Object.hasOwn(properties, name) ? properties[name] : undefined
  if (!resolve) throw reader.fault(`expected one of user, ${Object.keys(properties).join(', ')}`, start)
  return { root: 'props', whole: true, resolve }
}
