import { compile, DocumentError, LanguageError, type LanguageType } from '../bridging/language/index.ts'
import { BrokerError } from '../contract/errors.ts'
import type { Option, OptionsSpec } from '../contract/plugin.ts'
import { missingChoice, usableChoices } from './choices.ts'
import { parseBytes, parseDuration, parseDurationRange } from './units.ts'

/**
 * Checks options against a plugin's own description and fills in its defaults.
 * @throws BrokerError CONFIG_INVALID naming the plugin, the option, and what was expected.
 */
export function resolveOptions(plugin: string, spec: OptionsSpec, given: Readonly<Record<string, unknown>>): unknown {
  return resolveFor(`plugin "${plugin}"`, spec, given)
}

/** The same for what is no plugin. `owner`: whose options these are, such as `bridge "a"`. @throws BrokerError CONFIG_INVALID */
export function resolveFor(owner: string, spec: OptionsSpec, given: Readonly<Record<string, unknown>>): unknown {
  return resolveFields(owner, '', spec, given)
}

function resolveFields(
  owner: string,
  path: string,
  spec: OptionsSpec,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(spec, name))
      throw invalid(owner, `${path}${name}`, `is unknown; known are ${Object.keys(spec).join(', ')}`)
  }
  const resolved: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(spec)) {
    const value = Object.hasOwn(given, name) && given[name] !== undefined ? given[name] : option.default
    if (value === undefined) {
      if (option.required) throw invalid(owner, `${path}${name}`, 'is missing')
      continue
    }
    resolved[name] = resolveValue(owner, `${path}${name}`, option, value)
  }
  return resolved
}

function resolveValue(owner: string, path: string, option: Option, value: unknown): unknown {
  switch (option.type) {
    case 'boolean':
      return expect(owner, path, value, 'true or false', typeof value === 'boolean')
    case 'number':
      return resolveNumber(owner, path, option, wordOf(option, value))
    case 'duration':
      return option.range
        ? resolveRange(owner, path, value)
        : resolveNumber(owner, path, option, typeof value === 'string' ? parseDuration(value) : value)
    case 'bytes':
      return resolveNumber(owner, path, option, typeof value === 'string' ? parseBytes(value) : value)
    case 'string':
    case 'file': {
      const choices = usableChoices(option)
      const wanted = choices ? `one of ${choices.join(', ')}` : 'a string'
      expect(owner, path, value, wanted, typeof value === 'string')
      const lacks = missingChoice(option, value as string)
      if (lacks !== undefined) throw invalid(owner, path, `must be ${wanted}: ${lacks}`)
      return expect(owner, path, value, wanted, !choices || choices.includes(value as string))
    }
    case 'template':
    case 'condition':
      return compiled(owner, path, option.type, expect(owner, path, value, 'a string', typeof value === 'string'))
    case 'document':
      return compiled(owner, path, option.type, value)
    case 'list': {
      if (!Array.isArray(value)) throw invalid(owner, path, 'must be a list')
      const { of } = option
      return of ? value.map((element, i) => resolveValue(owner, `${path}[${i}]`, of, element)) : value
    }
    case 'map': {
      const { of } = option
      const entries = Object.entries(object(owner, path, value))
      return Object.fromEntries(
        of ? entries.map(([key, one]) => [key, resolveValue(owner, `${path}.${key}`, of, one)]) : entries,
      )
    }
    case 'object':
      return option.fields
        ? resolveFields(owner, `${path}.`, option.fields, object(owner, path, value))
        : object(owner, path, value)
  }
}

function compiled(owner: string, path: string, type: LanguageType, value: unknown): unknown {
  try {
    return compile(type, value)
  } catch (error) {
    if (!(error instanceof LanguageError)) throw error
    const inner = error instanceof DocumentError ? error.path.map(step => `.${step}`).join('') : ''
    throw invalid(owner, path + inner, `is wrong at character ${error.offset + 1}: ${error.message}`)
  }
}

function resolveNumber(owner: string, path: string, option: Option, value: unknown): unknown {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = option
  expect(
    owner,
    path,
    value,
    nouns[option.type] ?? `a ${option.type}`,
    typeof value === 'number' && !Number.isNaN(value),
  )
  return expect(owner, path, value, `between ${min} and ${max}`, (value as number) >= min && (value as number) <= max)
}

const nouns: Readonly<Record<string, string>> = {
  duration: 'a duration such as 30s, or a number of ms',
  bytes: 'a size such as 64KB, or a number of bytes',
}

function wordOf({ words }: Option, value: unknown): unknown {
  return words && typeof value === 'string' && Object.hasOwn(words, value) ? words[value] : value
}

function resolveRange(owner: string, path: string, value: unknown): unknown {
  const range = typeof value === 'string' ? parseDurationRange(value) : undefined
  return expect(owner, path, range, 'two durations such as 200ms..30s', range !== undefined)
}

function object(owner: string, path: string, value: unknown): Readonly<Record<string, unknown>> {
  expect(owner, path, value, 'a map', typeof value === 'object' && value !== null && !Array.isArray(value))
  return value as Record<string, unknown>
}

function expect(owner: string, path: string, value: unknown, expected: string, holds: boolean): unknown {
  if (!holds) throw invalid(owner, path, `must be ${expected}`)
  return value
}

function invalid(owner: string, path: string, fault: string): BrokerError {
  return new BrokerError('CONFIG_INVALID', `${owner}: option "${path}" ${fault}`)
}
