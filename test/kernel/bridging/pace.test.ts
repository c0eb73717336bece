import { expect, test } from 'vitest'
import { Pace } from '../../../kernel/bridging/pace.ts'
import { ManualClock } from '../../support/clock.ts'

/** Works without an end, `ms` for each message, until it has to rest. */
function work(pace: Pace, clock: ManualClock, ms: number): { messages: number; rest: Promise<void> } {
  for (let messages = 1; ; messages++) {
    clock.jump(ms)
    const rest = pace.rest()
    if (rest) return { messages, rest }
  }
}

test('where others have little to do a bridge works for a millisecond at a time', () => {
  const clock = new ManualClock()
  const pace = new Pace(clock)
  pace.begin()
  const { messages } = work(pace, clock, 1 / 256)
  expect(messages).toBe(256)
})

test('a bridge works for as long as all others had before, and never for more than eight milliseconds', async () => {
  const clock = new ManualClock()
  const pace = new Pace(clock)
  pace.begin()
  const first = work(pace, clock, 1 / 64)
  clock.jump(5)
  await first.rest
  const second = work(pace, clock, 1 / 64)
  expect(second.messages).toBe(5 * 64)
  clock.jump(100)
  await second.rest
  expect(work(pace, clock, 1 / 64).messages).toBe(8 * 64)
})

test('those who share it share a turn', async () => {
  const clock = new ManualClock()
  const pace = new Pace(clock)
  pace.begin()
  const first = work(pace, clock, 1 / 64)
  const second = work(pace, clock, 1 / 64)
  expect(second.messages).toBeLessThanOrEqual(64)
  expect(second.rest).toBe(first.rest)
})

test('others have their turn meanwhile', async () => {
  const clock = new ManualClock()
  const pace = new Pace(clock)
  pace.begin()
  let turns = 0
  setImmediate(() => turns++)
  const { rest } = work(pace, clock, 1 / 64)
  expect(turns).toBe(0)
  await rest
  expect(turns).toBe(1)
})
