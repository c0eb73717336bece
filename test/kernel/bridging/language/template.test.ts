import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileTemplate, LanguageError } from '../../../../kernel/bridging/language/index.ts'
import { isRejected } from '../../../../kernel/plugin.ts'
import { scopeOf } from './scope.ts'

const scope = scopeOf({
  text: '{"temp":41.5,"list":[{"a":"x"},2],"odd name":true,"none":null,"deep":{"er":{"still":"here"}}}',
  clientid: 'c1',
  headers: [
    ['traceparent', 'first'],
    ['traceparent', 'second'],
    ['a.b', 'dotted'],
  ],
  key: Buffer.from('k'),
})

test.each([
  ['plain', 'plain'],
  ['telemetry.${topic[1]}', 'telemetry.7'],
  ['${topic}', 'factory/7/telemetry'],
  ['${topic[-1]}', 'telemetry'],
  ['${topic[1..]}', '7/telemetry'],
  ['${topic[0..2]}', 'factory/7'],
  ['${ clientid }@${node}', 'c1@n'],
  ['${payload.temp}', '41.5'],
  ['${value.list[0].a}${payload.list[-1]}', 'x2'],
  ['${payload["odd name"]}', 'true'],
  ['${payload.deep}', '{"er":{"still":"here"}}'],
  ['${props.user.traceparent}', 'first'],
  ['${headers["a.b"]}', 'dotted'],
  ['${key}-', 'k-'],
  ['${username ?? "nobody"}', 'nobody'],
  ["${username ?? payload.gone ?? 'nobody'}", 'nobody'],
  ['${payload.gone ?? 0}', '0'],
  ['${payload.none ?? clientid}', 'c1'],
  ['$${topic} costs 5$', '${topic} costs 5$'],
  ['${qos}${retain}${timestamp}${id}', '1false1000n-1'],
])('%s gives %s', (source, expected) => {
  expect(compileTemplate(source).text(scope)).toBe(expected)
})

test('the payload alone is the bytes themselves, text or not', () => {
  const payload = Uint8Array.of(0xff, 0xfe)
  expect(compileTemplate('${payload}').render(scopeOf({ payload }))).toBe(payload)
  expect(compileTemplate('${value}').render(scopeOf({ payload }))).toBe(payload)
})

test('bytes that are no text cannot stand in a text', () => {
  const rejected = compileTemplate('a ${payload}').render(scopeOf({ payload: Uint8Array.of(0xff) }))
  expect(rejected).toMatchObject({ code: 'NOT_TEXT' })
})

test('an optional path that leads nowhere leaves the whole out', () => {
  expect(compileTemplate('${username?}').render(scope)).toBeUndefined()
  expect(compileTemplate('user ${username?}').render(scope)).toBeUndefined()
})

test.each([
  ['${username}', 'PATH_MISSING', '${username} leads nowhere in this message'],
  ['a${topic[3]}', 'PATH_MISSING', '${topic[3]} leads nowhere in this message'],
  ['${payload.gone}', 'PATH_MISSING', '${payload.gone} leads nowhere in this message'],
  ['${payload.none}', 'PATH_MISSING', '${payload.none} leads nowhere in this message'],
  ['${payload.toString}', 'PATH_MISSING', '${payload.toString} leads nowhere in this message'],
  ['${payload.list.length}', 'PATH_MISSING', '${payload.list.length} leads nowhere in this message'],
])('%s is rejected and never says "undefined"', (source, code, reason) => {
  const rejected = compileTemplate(source).render(scope)
  expect(isRejected(rejected)).toBe(true)
  expect(rejected).toMatchObject({ code, reason })
})

test('a look into a payload that is no JSON says so', () => {
  const rejected = compileTemplate('${payload.temp}').render(scopeOf({ text: 'hot' }))
  expect(rejected).toMatchObject({ code: 'PAYLOAD_NOT_JSON' })
})

test.each([
  ['${', 2, 'expected a name, got the end'],
  ['a ${topc}', 4, 'expected one of topic, payload, value,'],
  ['${topic', 7, 'expected "}", "?" or "??", got the end'],
  ['${topic[x]}', 8, 'expected a whole number, got "x]}"'],
  ['${payload.}', 10, 'expected a name'],
  ['${username ?? }', 14, 'expected a name'],
  ["${username ?? 'a}", 14, 'this quote is never closed'],
  ['${props.traceparent}', 8, 'expected one of user, contentType'],
  ['${constructor}', 2, 'expected one of topic'],
  ['${x? y}', 2, 'expected one of topic'],
])('the mistake in %s is at character %i', (source, offset, message) => {
  let caught: unknown
  try {
    compileTemplate(source)
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(LanguageError)
  expect(caught).toMatchObject({ offset, message: expect.stringContaining(message) })
})

test('any text either compiles or names a place inside it', () => {
  const bits = fc.constantFrom('${', '}', 'topic', '[', ']', '1', '..', '.', '??', '?', "'", 'payload', ' ', '$${', 'x')
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 12 }), parts => {
      const source = parts.join('')
      try {
        const result = compileTemplate(source).text(scope)
        return result === undefined || typeof result === 'string' || isRejected(result)
      } catch (error) {
        return error instanceof LanguageError && error.offset >= 0 && error.offset <= source.length
      }
    }),
  )
})
