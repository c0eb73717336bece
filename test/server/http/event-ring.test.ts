import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonLengthAtMost } from '../../../server/http/stream/event-ring.ts'

test('what is said to be short is: the estimate is never less than the JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      expect(jsonLengthAtMost(value)).toBeGreaterThanOrEqual(JSON.stringify(value).length)
    }),
  )
})

test('an event of a client is short without its JSON being written', () => {
  const detail = {
    clientId: 'x'.repeat(64),
    username: 'u'.repeat(64),
    tenant: 'default',
    address: '192.0.2.255',
    port: 1883,
  }
  expect(jsonLengthAtMost(detail)).toBeLessThan(4_096)
})
