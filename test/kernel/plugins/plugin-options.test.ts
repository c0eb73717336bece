import { expect, test } from 'vitest'
import type { OptionsSpec } from '../../../kernel/plugin.ts'
import { resolveOptions } from '../../../kernel/plugins/plugin-options.ts'

const spec: OptionsSpec = {
  wait: { type: 'duration', describe: 'One.', default: 5_000, min: 1_000, max: 60_000 },
  size: { type: 'bytes', describe: 'One.', default: '64KB' },
  mode: { type: 'string', describe: 'One.', choices: ['fast', 'safe'], default: 'safe' },
  on: { type: 'boolean', describe: 'One.', default: false },
  name: { type: 'string', describe: 'One.' },
  keys: { type: 'map', describe: 'Some.', of: { type: 'number', describe: 'One.' } },
  rules: {
    type: 'list',
    describe: 'Some.',
    of: { type: 'object', describe: 'One.', fields: { to: { type: 'string', describe: 'One.', required: true } } },
  },
}

const resolved = (given: Readonly<Record<string, unknown>>) => resolveOptions('line', spec, given)

test('what is not given has its default, or is absent', () => {
  expect(resolved({})).toEqual({ wait: 5_000, size: 65_536, mode: 'safe', on: false })
  expect(resolved({ wait: undefined })).toMatchObject({ wait: 5_000 })
})

test('durations and sizes are numbers, however they were written', () => {
  expect(resolved({ wait: '1m', size: '1.5KB' })).toMatchObject({ wait: 60_000, size: 1_536 })
  expect(resolved({ wait: 2_000, size: 7 })).toMatchObject({ wait: 2_000, size: 7 })
})

test('lists, maps and objects are checked to their leaves', () => {
  const given = { keys: { a: 1 }, rules: [{ to: 'x' }] }
  expect(resolved(given)).toMatchObject(given)
})

test.each<[Readonly<Record<string, unknown>>, string]>([
  [{ wiat: 1 }, 'option "wiat" is unknown; known are wait, size, mode, on, name, keys, rules'],
  [{ toString: 1 }, 'option "toString" is unknown; known are wait, size, mode, on, name, keys, rules'],
  [{ wait: '1 hour' }, 'option "wait" must be a duration such as 30s, or a number of ms'],
  [{ wait: 999 }, 'option "wait" must be between 1000 and 60000'],
  [{ size: true }, 'option "size" must be a size such as 64KB, or a number of bytes'],
  [{ mode: 'slow' }, 'option "mode" must be one of fast, safe'],
  [{ on: 'yes' }, 'option "on" must be true or false'],
  [{ name: 5 }, 'option "name" must be a string'],
  [{ keys: [] }, 'option "keys" must be a map'],
  [{ keys: { a: 'x' } }, 'option "keys.a" must be a number'],
  [{ rules: {} }, 'option "rules" must be a list'],
  [{ rules: [{}] }, 'option "rules[0].to" is missing'],
  [{ rules: [{ to: 'x', from: 'y' }] }, 'option "rules[0].from" is unknown; known are to'],
])('%j is refused with the option and what it must be', (given, fault) => {
  expect(() => resolved(given)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: `plugin "line": ${fault}` }),
  )
})

test('a choice that this machine lacks is refused with what it would need', () => {
  const spec: OptionsSpec = {
    how: { type: 'string', describe: 'One.', choices: ['plain', 'squeezed'], missing: { squeezed: 'Node 99' } },
  }
  expect(resolveOptions('line', spec, { how: 'plain' })).toEqual({ how: 'plain' })
  expect(() => resolveOptions('line', spec, { how: 'squeezed' })).toThrow(
    'option "how" must be one of plain: "squeezed" needs Node 99',
  )
})
