import { isIP } from 'node:net'
import { z } from 'zod'
import { compile, DocumentError, LanguageError, type LanguageType } from '../../kernel/bridging/language/index.ts'
import { formatBytes, formatDuration, parseBytes, parseDuration, parseDurationRange } from './units.ts'

/** The kinds of value that a configuration is made of, with messages for people. */

interface Range {
  readonly min?: number | undefined
  readonly max?: number | undefined
}

/** Written '30s', '1h30m' or a number of ms; becomes ms. */
export function duration(range: Range = {}): z.ZodType<number, string | number> {
  return unit('duration', 'a duration such as 30s or 1h30m', parseDuration, formatDuration, range)
}

/** Written '200ms..30s'; stays so. */
export function durationRange(): z.ZodType<string, string> {
  const expected = 'expected two durations such as 200ms..30s'
  return z.string({ error: expected }).refine(value => parseDurationRange(value) !== undefined, expected)
}

/** A number, or one of some words for it; stays as it was written. */
export function wordOrNumber(words: readonly string[], range: Range): z.ZodType<unknown, unknown> {
  const expected = `expected ${words.join(', ')} or a number`
  const inner = number(range)
  return z.union([z.string(), z.number()], { error: expected }).transform((input, context) => {
    if (typeof input === 'string' && words.includes(input)) return input
    const value = typeof input === 'string' && /^\d{1,15}$/.test(input) ? Number(input) : input
    const parsed = inner.safeParse(value)
    if (parsed.success) return parsed.data
    const fault = typeof value === 'number' ? parsed.error.issues[0]?.message : undefined
    context.issues.push({ code: 'custom', message: fault ? `${expected} (${fault})` : expected, input })
    return z.NEVER
  })
}

/** Written '64KB', '1GB' or a number of bytes; becomes bytes. */
export function bytes(range: Range = {}): z.ZodType<number, string | number> {
  return unit('bytes', 'a size such as 64KB or 1GB', parseBytes, formatBytes, range)
}

/** Written as a size, which becomes bytes, or as a part of the machine's memory such as '60%', which stays as it is. */
export function memory(min: number): z.ZodType<number | string, string | number> {
  const expected = 'expected a size such as 256MB, or a part of the memory such as 60%'
  return z
    .union([z.string(), z.number()], { error: expected })
    .transform((input, context) => {
      if (typeof input === 'string' && /^([1-9]\d?|100)%$/.test(input)) return input
      const value = parseBytes(input)
      if (value !== undefined && (value === 0 || value >= min)) return value
      const fault = value === undefined ? expected : `expected at least ${formatBytes(min)}, or 0 for no limit`
      context.issues.push({ code: 'custom', message: fault, input })
      return z.NEVER
    })
    .meta({ unit: 'bytes' })
}

const languageNouns = {
  template: 'a template such as ${clientid}',
  condition: 'a condition such as ${payload.temp} > 40',
  document: 'a template, or a map of them that is sent as JSON',
} as const

/** Text that looks into messages; stays as it was written. The place of a mistake inside it is the issue's `offset`. */
export function language(type: LanguageType): z.ZodType<unknown, unknown> {
  const expected = `expected ${languageNouns[type]}`
  const written = type === 'document' ? z.unknown() : z.string({ error: expected })
  return written
    .superRefine((value, context) => {
      try {
        compile(type, value)
      } catch (error) {
        if (!(error instanceof LanguageError)) throw error
        const path = error instanceof DocumentError ? [...error.path] : []
        const { message, offset } = error
        context.addIssue({ code: 'custom', message, path, params: { offset } })
      }
    })
    .meta({ language: type })
}

/** A path, relative to the configuration's folder; becomes absolute. */
export function file(absolute: (path: string) => string): z.ZodType<string, string> {
  return z
    .string({ error: 'expected the path of a file' })
    .min(1, 'expected the path of a file')
    .transform(absolute)
    .meta({ file: true })
}

export function text(): z.ZodString {
  return z.string()
}

/** A whole number, unless `fractions`. */
export function number({ min, max }: Range, fractions = false): z.ZodNumber {
  let schema = fractions ? z.number() : z.int()
  if (min !== undefined) schema = schema.min(min)
  if (max !== undefined) schema = schema.max(max)
  return schema
}

/** A date, which begins in UTC, or a time with its zone. */
export function moment(): z.ZodType<string, string> {
  const expected = 'expected a date such as 2030-12-31, or a time with its zone such as 2030-12-31T18:00:00Z'
  return z
    .string({ error: expected })
    .refine(value => isoMoment.test(value) && !Number.isNaN(Date.parse(value)), expected)
}

const isoMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

/** An IP address or a CIDR block. */
export function addressBlock(): z.ZodType<string, string> {
  return z.string().refine(isAddressBlock, 'expected an IP address or a block such as 10.0.0.0/8')
}

function isAddressBlock(value: string): boolean {
  const [address = '', bits, ...more] = value.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

function unit(
  name: 'duration' | 'bytes',
  expected: string,
  parse: (value: string | number) => number | undefined,
  format: (value: number) => string,
  { min, max }: Range,
): z.ZodType<number, string | number> {
  return z
    .union([z.string(), z.number()], { error: `expected ${expected}` })
    .transform((input, context) => {
      const value = parse(input)
      let fault: string | undefined
      if (value === undefined) fault = `expected ${expected}`
      else if (min !== undefined && value < min) fault = `expected at least ${format(min)}`
      else if (max !== undefined && value > max) fault = `expected at most ${format(max)}`
      else return value
      context.issues.push({ code: 'custom', message: fault, input })
      return z.NEVER
    })
    .meta({ unit: name })
}
