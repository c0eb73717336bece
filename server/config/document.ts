import { formatPath, type Path, type Problem } from './problem.ts'

export type Value = string | number | boolean | null | Value[] | Section
export interface Section {
  [key: string]: Value
}

/** Where a value came from. */
export interface Origin {
  /** `file:line:column`, `env NAME`, a flag, or 'default'. */
  readonly at: string
  /** Where its text begins, when it stands in the file just as it is: a place inside it can be told then. */
  readonly textAt?: { readonly file: string; readonly line: number; readonly column: number }
  /** The place of the key; for mistakes about the key itself. */
  readonly keyAt?: string
  /** Read through ${env:...} or ${file:...}: never printed. */
  readonly secret?: boolean
  /** Came as text (an environment variable, an interpolation), so it is turned into the type the schema wants. */
  readonly text?: boolean
  /** What stands there, where ${env:...} or ${file:...} in it became another text. */
  readonly written?: string
}

const depthLimit = 64

/** A configuration before it is checked: a tree of values, the origin of each, and the mistakes found so far. */
export class ConfigDocument {
  root: Section = section()
  readonly problems: Problem[] = []
  /** Every value that came through ${env:...} or ${file:...}; logs must not show them. */
  readonly secrets = new Set<string>()
  /** The document's own place, for what is missing. */
  readonly at: string
  #origins = new Map<string, Origin>()

  constructor(at: string) {
    this.at = at
  }

  clone(): ConfigDocument {
    const copy = new ConfigDocument(this.at)
    copy.root = clone(this.root) as Section
    copy.#origins = new Map(this.#origins)
    return copy
  }

  mark(path: Path, origin: Origin): void {
    this.#origins.set(JSON.stringify(path), origin)
  }

  origin(path: Path): Origin | undefined {
    return this.#origins.get(JSON.stringify(path))
  }

  /** The origin of the value or of the nearest part that holds it. */
  nearestOrigin(path: Path): Origin {
    for (let length = path.length; length > 0; length--) {
      const found = this.origin(path.slice(0, length))
      if (found) return found
    }
    return { at: this.at }
  }

  get(path: Path): Value | undefined {
    let value: Value | undefined = this.root
    for (const step of path) value = child(value, step)
    return value
  }

  /** Sets a value and the origin of everything in it; missing sections on the way are made. */
  set(path: Path, value: Value, origin: Origin): void {
    let parent: Value = this.root
    for (const [index, step] of path.slice(0, -1).entries()) {
      let next = child(parent, step)
      if (typeof next !== 'object' || next === null) {
        next = typeof path[index + 1] === 'number' ? [] : section()
        put(parent, step, next)
        this.mark(path.slice(0, index + 1), origin)
      }
      parent = next
    }
    const last = path.at(-1)
    if (last === undefined) return
    put(parent, last, value)
    this.#markAll(path, value, origin)
  }

  problem(path: Path, at: string, message: string): void {
    this.problems.push({ at, path: formatPath(path), steps: path, message })
  }

  /** Every text in the tree, with a function that replaces it. */
  *texts(): Generator<{ path: Path; text: string; replace: (value: Value, origin: Origin) => void }> {
    const pending: { path: Path; value: Value }[] = [{ path: [], value: this.root }]
    for (let next = pending.pop(); next; next = pending.pop()) {
      const { path, value } = next
      if (typeof value === 'string')
        yield { path, text: value, replace: (changed, origin) => this.set(path, changed, origin) }
      else for (const [step, inner] of children(value)) pending.push({ path: [...path, step], value: inner })
    }
  }

  #markAll(path: Path, value: Value, origin: Origin): void {
    this.mark(path, origin)
    for (const [step, inner] of children(value)) this.#markAll([...path, step], inner, origin)
  }
}

/** A section without a prototype: `__proto__` and `constructor` are keys like others, and unknown. */
export function section(): Section {
  return Object.create(null) as Section
}

/** JSON as configuration values. Undefined when it nests deeper than any configuration does. */
export function toValue(json: unknown, depth = 0): Value | undefined {
  if (depth > depthLimit) return undefined
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean' || json === null) return json
  if (typeof json !== 'object') return undefined
  const result: Value = Array.isArray(json) ? [] : section()
  for (const [step, inner] of Object.entries(json)) {
    if (step === '__proto__') return undefined
    const value = toValue(inner, depth + 1)
    if (value === undefined) return undefined
    put(result, Array.isArray(json) ? Number(step) : step, value)
  }
  return result
}

export function children(value: Value | undefined): [string | number, Value][] {
  if (Array.isArray(value)) return [...value.entries()]
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

export function child(value: Value | undefined, step: string | number): Value | undefined {
  if (Array.isArray(value)) return typeof step === 'number' ? value[step] : undefined
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? value[step] : undefined
}

function put(parent: Value, step: string | number, value: Value): void {
  if (Array.isArray(parent) && typeof step === 'number') parent[step] = value
  else if (typeof parent === 'object' && parent !== null) (parent as Section)[String(step)] = value
}

export function clone(value: Value): Value {
  if (Array.isArray(value)) return value.map(clone)
  if (typeof value !== 'object' || value === null) return value
  const copy = section()
  for (const [key, inner] of Object.entries(value)) copy[key] = clone(inner)
  return copy
}
