import { expect, test } from 'vitest'
import { compileCondition } from '../../../../kernel/bridging/language/index.ts'
import { scopeOf } from './scope.ts'

const scope = scopeOf({
  text: '{"temp":41.5,"state":"on","ok":true,"none":null,"count":"7"}',
  clientid: 'sensor-12',
  topic: 'plant/9/temp',
})

test.each([
  ['${payload.temp} > 40', true],
  ['${payload.temp}>=41.5', true],
  ['${payload.temp} < 41.5', false],
  ['40 <= ${payload.temp}', true],
  ["${payload.state} == 'on'", true],
  ['${payload.state} != "off"', true],
  ["'a' < 'b'", true],
  ['${payload.ok}', true],
  ['${payload.temp}', false],
  ['not ${payload.ok}', false],
  ['${topic[1]} > 8', true],
  ['${topic[1]} == 9', true],
  ["${payload.count} in [7, 'x']", true],
  ["${payload.state} in ['off', 'on']", true],
  ['${payload.state} in []', false],
  ["${clientid} matches 'sensor-*'", true],
  ["${clientid} matches 'sensor-?'", false],
  ["${payload} matches '*temp*'", true],
  ['${payload.none} == null', true],
  ['${payload.gone} == null', false],
  ['${payload.gone ?? null} == null', true],
  ['${payload.gone} != 1', false],
  ['not ${payload.gone} == 1', true],
  ['${payload.state} > 3', false],
  ['true == true and false == false', true],
  ['${payload.ok} or 1 == 2 and 1 == 2', true],
  ['(${payload.ok} or 1 == 2) and 1 == 2', false],
  ['not (1 == 2 or 1 == 3)', true],
])('%s is %s', (source, expected) => {
  expect(compileCondition(source).holds(scope)).toBe(expected)
})

test.each([
  ['', 0, 'expected a path such as ${payload.temp}'],
  ['payload.temp > 40', 0, 'expected a path such as ${payload.temp}'],
  ['${payload.temp} = 40', 16, 'expected "==" to compare'],
  ['${payload.temp} > ', 18, 'expected a path'],
  ['${payload.temp} > 40 &&', 21, 'expected "and", "or" or the end'],
  ['(${payload.ok}', 14, 'expected ")", "and" or "or", got the end'],
  ['${clientid} matches sensor', 20, 'expected a pattern in quotes'],
  ['${clientid} in (1)', 15, 'expected "[" and a list'],
  ['${clientid} in [1 2]', 18, 'expected "," or "]"'],
  ['${clientid} orx', 12, 'expected "and", "or" or the end'],
  [`\${clientid} matches '${'x'.repeat(129)}'`, 20, 'expected a pattern of at most 128 characters'],
  ['('.repeat(65), 65, 'expected at most 64 parentheses inside each other'],
  [`${' '.repeat(16_385)}`, 16_384, 'expected at most 16384 characters'],
])('the mistake in %s is at character %i', (source, offset, message) => {
  expect(() => compileCondition(source)).toThrow(
    expect.objectContaining({ offset, message: expect.stringContaining(message) }),
  )
})
