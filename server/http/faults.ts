import { z } from 'zod'
import type { FieldFault } from './problem.ts'

type Issue = z.core.$ZodRawIssue

/** What the given is not, field by field: each says what would be right. */
export function checkPart<T>(
  where: FieldFault['in'],
  schema: z.ZodType<T>,
  given: unknown,
): { readonly data: T } | { readonly faults: readonly FieldFault[] } {
  const result = schema.safeParse(given, { error: issue => messageOf(issue) })
  if (result.success) return { data: result.data }
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  return { faults: result.error.issues.flatMap(issue => faultsOf(where, issue, known)) }
}

/** As `detail` of the problem tells them. */
export function told(faults: readonly FieldFault[]): string {
  return faults.map(({ in: where, pointer, message }) => `${where} ${pointer}: ${message}`).join('; ')
}

/** An unknown key is named itself, not the object it stands in. */
function faultsOf(where: FieldFault['in'], issue: z.core.$ZodIssue, known: readonly string[]): FieldFault[] {
  if (issue.code !== 'unrecognized_keys') return [{ in: where, pointer: pointerOf(issue.path), message: issue.message }]
  const others = issue.path.length === 0 && known.length > 0 ? `; there are ${known.join(', ')}` : ''
  return issue.keys.map(key => ({
    in: where,
    pointer: pointerOf([...issue.path, key]),
    message: `unknown field${others}`,
  }))
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

const nouns: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
}

const formats: Readonly<Record<string, string>> = {
  datetime: 'a time such as 2030-12-31T18:00:00Z',
}

/** Undefined: as the library says it. */
function messageOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = nouns[issue.expected] ?? issue.expected
      return issue.input === undefined ? `is missing; expected ${wanted}` : `expected ${wanted}`
    }
    case 'invalid_value':
      return `expected ${either(issue.values.map(value => String(value)))}`
    case 'invalid_union':
      return unionMessage(issue.errors)
    case 'too_small':
      return `expected ${counted(issue.origin, Number(issue.minimum), 'or more')}`
    case 'too_big':
      return `expected ${counted(issue.origin, Number(issue.maximum), 'or fewer')}`
    case 'invalid_format':
      return formats[issue.format] === undefined ? undefined : `expected ${formats[issue.format]}`
    default:
      return undefined
  }
}

/** Any of the ways would have been right. */
function unionMessage(ways: readonly (readonly z.core.$ZodIssue[])[]): string {
  const values = ways.flatMap(([first]) => (first?.code === 'invalid_value' ? first.values.map(String) : []))
  if (values.length === ways.length) return `expected ${either(values)}`
  return either([...new Set(ways.flatMap(issues => issues.map(({ message }) => message)))])
}

/** `a`, `a or b`, `a, b or c`. */
function either(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
}

function counted(origin: string, limit: number, way: 'or more' | 'or fewer'): string {
  if (origin === 'string') return `${limit} ${way === 'or more' ? 'characters or more' : 'characters at most'}`
  if (origin === 'array') return `${limit} ${way === 'or more' ? 'elements or more' : 'elements at most'}`
  return way === 'or more' ? `${limit} or more` : `${limit} at most`
}
