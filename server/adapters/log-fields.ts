import { isBrokerError } from '../../kernel/plugin.ts'
import { printable } from './printable.ts'

const mask = '********'
const secretKeys = /pass(word|phrase)?$|secret|token$|authorization|credential|private.?key|cookie/i
const depthLimit = 5
const entriesLimit = 50
/** Shorter texts would turn every line into stars. */
const secretLengthLeast = 4

/** Makes what is logged safe to print: no secrets, no control characters, bounded in depth and size. */
export class LogFields {
  #secrets: readonly string[] = []

  /** The texts that must not appear in any line, whatever the field. */
  hide(secrets: ReadonlySet<string>): void {
    // The longest first: a secret that holds another is masked whole.
    this.#secrets = [...secrets]
      .filter(secret => secret.length >= secretLengthLeast)
      .sort((a, b) => b.length - a.length)
  }

  text(text: string): string {
    let safe = text
    for (const secret of this.#secrets) if (safe.includes(secret)) safe = safe.replaceAll(secret, mask)
    return printable(safe)
  }

  fields(fields: object): Record<string, unknown> {
    return this.#object(fields, 0)
  }

  #object(value: object, depth: number): Record<string, unknown> {
    const safe: Record<string, unknown> = {}
    let count = 0
    for (const [key, inner] of Object.entries(value)) {
      if (++count > entriesLimit) {
        safe.more = '...'
        break
      }
      const secret =
        secretKeys.test(key) && inner !== undefined && typeof inner !== 'number' && typeof inner !== 'boolean'
      safe[this.text(key)] = secret ? mask : this.#value(inner, depth + 1)
    }
    return safe
  }

  #value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'bigint') return value.toString()
    if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value
    if (value instanceof Error) return this.#error(value, depth)
    if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString()
    if (depth > depthLimit) return '...'
    if (Array.isArray(value)) {
      const safe = value.slice(0, entriesLimit).map(inner => this.#value(inner, depth + 1))
      return value.length > entriesLimit ? [...safe, `... (${value.length - entriesLimit} more)`] : safe
    }
    return this.#object(value, depth)
  }

  #error(error: Error, depth: number): Record<string, unknown> {
    const code: unknown = 'code' in error ? error.code : undefined
    // Frames only: the message before them is what a client may have had a hand in.
    const frames = (error.stack ?? '').split('\n').filter(line => /^ {4}at /.test(line))
    return {
      type: this.text(error.name),
      ...(typeof code === 'string' ? { code: this.text(code) } : {}),
      message: this.text(error.message),
      // An operating error says all in its message; a bug needs its place.
      ...(isBrokerError(error) ? {} : { stack: frames.slice(0, 10).map(frame => this.text(frame.trim())) }),
      ...(error.cause === undefined || depth > depthLimit ? {} : { cause: this.#value(error.cause, depth + 1) }),
    }
  }
}
