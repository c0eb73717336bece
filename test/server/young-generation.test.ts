import { expect, test } from 'vitest'
import { useOf } from '../../server/young-generation.ts'

test('a configuration with a way out asks for room for what waits for a far side, one without does not', () => {
  const ingress = { ingress: { connection: 'k', topic: 't' }, publish: { topic: 't' } }
  const egress = { egress: 'a/#', to: { connection: 'k', topic: 't' } }
  expect(useOf({ bridges: {} })).toBe('clients')
  expect(useOf({ bridges: { in: ingress } })).toBe('clients')
  expect(useOf({ bridges: { in: ingress, out: egress } })).toBe('bridges')
})
