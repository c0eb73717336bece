import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeyedRates, PublishRate, Rate } from '../../../kernel/access/rates.ts'
import { ManualClock } from '../../support/clock.ts'

test('a burst passes, then so many a second', async () => {
  const clock = new ManualClock()
  const rate = new Rate(clock, 10)
  const taken = () => Array.from({ length: 20 }, () => rate.take()).filter(Boolean).length
  expect(taken()).toBe(10)
  await clock.advance(500)
  expect(taken()).toBe(5)
  await clock.advance(60_000)
  expect(taken()).toBe(10)
})

test('over any time no more passes than the burst and the rate allow', async () => {
  const steps = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 8 })), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(steps, async waits => {
      const clock = new ManualClock()
      const started = clock.now()
      const rate = new Rate(clock, 20, 8)
      let passed = 0
      for (const [wait, amount] of waits) {
        await clock.advance(wait)
        if (rate.take(amount)) passed += amount
        expect(passed).toBeLessThanOrEqual(8 + ((clock.now() - started) / 1_000) * 20 + 1e-6)
      }
    }),
    { numRuns: 50 },
  )
})

test('what has arrived is charged, and the pause it costs pays the debt exactly', async () => {
  const clock = new ManualClock()
  const rate = new Rate(clock, 1_000)
  expect(rate.charge(1_000)).toBe(0)
  expect(rate.charge(5_000)).toBe(5_000)
  await clock.advance(5_000)
  expect(rate.charge(0)).toBe(0)
  expect(rate.charge(1)).toBe(1)
})

test('an amount larger than the bucket passes when the bucket is full', async () => {
  const clock = new ManualClock()
  const rate = new Rate(clock, 10)
  expect(rate.take(25)).toBe(true)
  expect(rate.take()).toBe(false)
  await clock.advance(1_600)
  expect(rate.take()).toBe(true)
})

test('0 is no limit', () => {
  const clock = new ManualClock()
  expect(new Rate(clock, 0).take(1e9)).toBe(true)
  expect(new Rate(clock, 0).charge(1e9)).toBe(0)
  expect(new KeyedRates(clock, 0).take('t', 1e9)).toBe(true)
})

test('a wall clock that is set back takes no tokens away and gives none', () => {
  let now = 1_000_000
  const rate = new Rate({ now: () => now, after: () => () => {} }, 10)
  for (let i = 0; i < 5; i += 1) rate.take()
  now -= 500_000
  expect(Array.from({ length: 20 }, () => rate.take()).filter(Boolean)).toHaveLength(5)
})

test('a publisher is held by messages or by bytes, whichever is scarcer', () => {
  const rate = new PublishRate(new ManualClock(), { messagesPerSecond: 2, bytesPerSecond: 1_000 })
  expect(rate.charge(10)).toBe(0)
  expect(rate.charge(10)).toBe(0)
  expect(rate.charge(10)).toBe(500)
  expect(rate.charge(2_970)).toBe(2_000)
})

test('keys have buckets of their own, and the number of buckets is limited', async () => {
  const clock = new ManualClock()
  const rates = new KeyedRates(clock, 1, 3)
  expect([rates.take('a'), rates.take('b'), rates.take('a')]).toEqual([true, true, false])
  for (let i = 0; i < 100; i += 1) rates.take(`t${i}`)
  expect(rates.size).toBe(3)
})

test('room is made by forgetting full buckets first, so that a busy key stays limited', async () => {
  const clock = new ManualClock()
  const rates = new KeyedRates(clock, 1, 3)
  rates.charge('busy', 100)
  rates.take('a')
  rates.take('b')
  await clock.advance(1_000)
  rates.take('c')
  expect(rates.take('busy')).toBe(false)
})
