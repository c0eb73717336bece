import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Flapping } from '../../../kernel/access/flapping.ts'
import { ManualClock } from '../../support/clock.ts'

const options = { disconnects: 3, windowMs: 1_000, banMs: 5_000 }

test('one disconnect more than allowed within the window bans for the given time', async () => {
  const clock = new ManualClock()
  const flapping = new Flapping(clock, options)
  for (let i = 0; i < 3; i += 1) expect(flapping.disconnected('t', 'c')).toBeUndefined()
  expect(flapping.disconnected('t', 'c')).toBe(clock.now() + 5_000)
})

test('a client is judged over any window, not over fixed minutes', () => {
  const gaps = fc.array(fc.nat(800), { minLength: 1, maxLength: 30 })
  return fc.assert(
    fc.asyncProperty(gaps, async waits => {
      const clock = new ManualClock()
      const flapping = new Flapping(clock, options)
      let times: number[] = []
      for (const wait of waits) {
        await clock.advance(wait)
        times = [...times, clock.now()].filter(time => clock.now() - time < options.windowMs)
        const expected = times.length > options.disconnects
        if (expected) times = []
        expect(flapping.disconnected('t', 'c') !== undefined).toBe(expected)
      }
    }),
    { numRuns: 50 },
  )
})

test('clients do not count for each other', () => {
  const flapping = new Flapping(new ManualClock(), options)
  for (let i = 0; i < 20; i += 1) expect(flapping.disconnected('t', `c${i}`)).toBeUndefined()
  for (let i = 0; i < 20; i += 1) expect(flapping.disconnected(`t${i}`, 'c')).toBeUndefined()
})

test('a storm of client ids stays within the limit, the quietest is forgotten first', () => {
  const flapping = new Flapping(new ManualClock(), options, 10)
  for (let i = 0; i < 3; i += 1) flapping.disconnected('t', 'flapper')
  for (let i = 0; i < 9; i += 1) flapping.disconnected('t', `c${i}`.repeat(10_000))
  expect(flapping.disconnected('t', 'flapper')).toBeDefined()
  for (let i = 0; i < 1_000; i += 1) flapping.disconnected('t', `d${i}`)
  expect(flapping.size).toBe(10)
})

test('clients that became quiet are forgotten', async () => {
  const clock = new ManualClock()
  const flapping = new Flapping(clock, options)
  for (let i = 0; i < 100; i += 1) flapping.disconnected('t', `c${i}`)
  await clock.advance(options.windowMs)
  flapping.disconnected('t', 'last')
  expect(flapping.size).toBe(1)
})
