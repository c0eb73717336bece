import { isIP } from 'node:net'
import { z } from 'zod'
import { formatBytes, formatDuration, parseBytes, parseDuration } from './units.ts'

/** The kinds of value that a configuration is made of, with messages for people. */

interface Range {
  readonly min?: number | undefined
  readonly max?: number | undefined
}

/** Written '30s', '1h30m' or a number of ms; becomes ms. */
export function duration(range: Range = {}): z.ZodType<number, string | number> {
  return unit('duration', 'a duration such as 30s or 1h30m', parseDuration, formatDuration, range)
}

/** Written '64KB', '1GB' or a number of bytes; becomes bytes. */
export function bytes(range: Range = {}): z.ZodType<number, string | number> {
  return unit('bytes', 'a size such as 64KB or 1GB', parseBytes, formatBytes, range)
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
