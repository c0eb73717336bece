import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketSlots } from '../../../protocols/mqtt/connection/packet-slots.ts'

test('open packets are found by their identifiers, whatever was opened and closed before', () => {
  const step = fc.record({
    id: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 40 })),
    open: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const slots = new PacketSlots<string>()
      const plain = new Map<number, string>()
      for (const [i, { id, open }] of steps.entries()) {
        if (open) slots.set(id, `${i}`)
        else slots.delete(id)
        if (open) plain.set(id, `${i}`)
        else plain.delete(id)
      }
      expect(slots.size).toBe(plain.size)
      for (const { id } of steps) expect(slots.get(id)).toBe(plain.get(id))
    }),
  )
})

test('one old packet does not make the slots of all grow', () => {
  const slots = new PacketSlots<number>()
  slots.set(5, 5)
  let id = 5
  for (let i = 0; i < 200_000; i++) {
    do id = id === 65_535 ? 1 : id + 1
    while (!slots.free(id))
    slots.set(id, id)
    expect(slots.get(id)).toBe(id)
    slots.delete(id)
  }
  expect(slots.get(5)).toBe(5)
  expect(slots.capacity).toBeLessThanOrEqual(1024)
})

test('every identifier can be open at once', () => {
  const slots = new PacketSlots<number>()
  for (let id = 1; id <= 65_535; id++) {
    expect(slots.free(id)).toBe(true)
    slots.set(id, id)
  }
  expect(slots.size).toBe(65_535)
  for (let id = 1; id <= 65_535; id++) expect(slots.get(id)).toBe(id)
})
