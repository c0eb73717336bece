import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest } from '../../server/config/nearest.ts'
import { formatBytes, formatDuration, parseBytes, parseDuration } from '../../server/config/units.ts'

test.each([
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['250ms', 250],
  ['1.5s', 1_500],
  ['2d', 172_800_000],
  ['0', 0],
  [' 10 ', 10],
])('the duration %j is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', 's', '-1s', '1 hour', '1h 30m', '1y', '1e3s', '0.0001ms', 'Infinity', '9'.repeat(30)])(
  '%j is no duration',
  text => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

test.each([
  ['64KB', 65_536],
  ['64 kb', 65_536],
  ['1GiB', 1_073_741_824],
  ['1.5M', 1_572_864],
  ['12', 12],
  ['12B', 12],
])('the size %j is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes)
})

test.each(['', 'KB', '-1KB', '1 KB B', '1XB', '0.3B', '99999999TB'])('%j is no size', text => {
  expect(parseBytes(text)).toBeUndefined()
})

test('what is shown can be written: formatting and parsing are inverse', () => {
  const amount = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
  fc.assert(fc.property(amount, bytes => parseBytes(formatBytes(bytes)) === bytes))
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e13 }), ms => parseDuration(formatDuration(ms)) === ms))
})

test('the nearest key is found for what people mistype, and none for what is far', () => {
  const keys = ['transport', 'port', 'proxyFrom', 'maxConnections', 'host']
  expect(nearest('transprot', keys)).toBe('transport')
  expect(nearest('MAX_CONNECTIONS', keys)).toBe('maxConnections')
  expect(nearest('prot', keys)).toBe('port')
  expect(nearest('hots', keys)).toBe('host')
  expect(nearest('colour', keys)).toBeUndefined()
  expect(nearest('', keys)).toBeUndefined()
})

test('a swapped, missing, added or changed letter always leads back to the key', () => {
  const key = 'retainedMessageBytes'
  const edit = fc.record({
    at: fc.integer({ min: 0, max: key.length - 2 }),
    kind: fc.constantFrom('swap', 'miss', 'add', 'change'),
  })
  fc.assert(
    fc.property(edit, ({ at, kind }) => {
      const [head, a, b, tail] = [key.slice(0, at), key[at] ?? '', key[at + 1] ?? '', key.slice(at + 2)]
      const mistyped = {
        swap: head + b + a + tail,
        miss: head + b + tail,
        add: `${head}${a}q${b}${tail}`,
        change: `${head}q${b}${tail}`,
      }[kind]
      expect(nearest(mistyped, ['retainedMessages', key, 'retainedBytes'])).toBe(key)
    }),
  )
})
