import { BrokerError } from '../contract/errors.ts'
import type { Option, OptionsSpec } from '../contract/plugin.ts'
import { parseBytes, parseDuration } from './units.ts'

/**
 * Checks options against a plugin's own description and fills in its defaults.
 * @throws BrokerError CONFIG_INVALID naming the plugin, the option, and what was expected.
 */
export function resolveOptions(plugin: string, spec: OptionsSpec, given: Readonly<Record<string, unknown>>): unknown {
  return resolveFields(plugin, '', spec, given)
}

function resolveFields(
  plugin: string,
  path: string,
  spec: OptionsSpec,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(spec, name))
      throw invalid(plugin, `${path}${name}`, `is unknown; known are ${Object.keys(spec).join(', ')}`)
  }
  const resolved: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(spec)) {
    const value = Object.hasOwn(given, name) && given[name] !== undefined ? given[name] : option.default
    if (value === undefined) {
      if (option.required) throw invalid(plugin, `${path}${name}`, 'is missing')
      continue
    }
    resolved[name] = resolveValue(plugin, `${path}${name}`, option, value)
  }
  return resolved
}

function resolveValue(plugin: string, path: string, option: Option, value: unknown): unknown {
  switch (option.type) {
    case 'boolean':
      return expect(plugin, path, value, 'true or false', typeof value === 'boolean')
    case 'number':
      return resolveNumber(plugin, path, option, value)
    case 'duration':
      return resolveNumber(plugin, path, option, typeof value === 'string' ? parseDuration(value) : value)
    case 'bytes':
      return resolveNumber(plugin, path, option, typeof value === 'string' ? parseBytes(value) : value)
    case 'string':
    case 'file': {
      const choices = option.choices?.join(', ')
      expect(plugin, path, value, choices ? `one of ${choices}` : 'a string', typeof value === 'string')
      return expect(
        plugin,
        path,
        value,
        `one of ${choices}`,
        !option.choices || option.choices.includes(value as string),
      )
    }
    case 'list': {
      if (!Array.isArray(value)) throw invalid(plugin, path, 'must be a list')
      const { of } = option
      return of ? value.map((element, i) => resolveValue(plugin, `${path}[${i}]`, of, element)) : value
    }
    case 'map': {
      const { of } = option
      const entries = Object.entries(object(plugin, path, value))
      return Object.fromEntries(
        of ? entries.map(([key, one]) => [key, resolveValue(plugin, `${path}.${key}`, of, one)]) : entries,
      )
    }
    case 'object':
      return option.fields
        ? resolveFields(plugin, `${path}.`, option.fields, object(plugin, path, value))
        : object(plugin, path, value)
  }
}

function resolveNumber(plugin: string, path: string, option: Option, value: unknown): unknown {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = option
  expect(
    plugin,
    path,
    value,
    nouns[option.type] ?? `a ${option.type}`,
    typeof value === 'number' && !Number.isNaN(value),
  )
  return expect(plugin, path, value, `between ${min} and ${max}`, (value as number) >= min && (value as number) <= max)
}

const nouns: Readonly<Record<string, string>> = {
  duration: 'a duration such as 30s, or a number of ms',
  bytes: 'a size such as 64KB, or a number of bytes',
}

function object(plugin: string, path: string, value: unknown): Readonly<Record<string, unknown>> {
  expect(plugin, path, value, 'a map', typeof value === 'object' && value !== null && !Array.isArray(value))
  return value as Record<string, unknown>
}

function expect(plugin: string, path: string, value: unknown, expected: string, holds: boolean): unknown {
  if (!holds) throw invalid(plugin, path, `must be ${expected}`)
  return value
}

function invalid(plugin: string, path: string, fault: string): BrokerError {
  return new BrokerError('CONFIG_INVALID', `plugin "${plugin}": option "${path}" ${fault}`)
}
