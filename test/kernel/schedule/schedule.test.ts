import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Schedule } from '../../../kernel/schedule/schedule.ts'
import { ManualClock } from '../../support/clock.ts'

const start = 1_700_000_000_000

function scheduled() {
  const clock = new ManualClock(start)
  const schedule = new Schedule(clock)
  const done: string[] = []
  const at = (ms: number, name: string) => schedule.at(start + ms, () => void done.push(name))
  return { clock, schedule, done, at }
}

test('work is done in the order it falls due, equal times in the order of entry, and cancelled work never', async () => {
  const works = fc.array(fc.record({ due: fc.nat(1_000), cancelled: fc.boolean() }), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(works, fc.array(fc.nat(300), { maxLength: 8 }), async (entries, steps) => {
      const { clock, schedule, done, at } = scheduled()
      const dues = entries.map(({ due }, i) => at(due, `${i}`))
      for (const [i, { cancelled }] of entries.entries()) if (cancelled) dues[i]!.cancel()
      const expected = (until: number) =>
        entries
          .map((entry, i) => ({ ...entry, name: `${i}` }))
          .filter(({ due, cancelled }) => !cancelled && due <= until)
          .sort((a, b) => a.due - b.due)
          .map(({ name }) => name)
      for (const step of steps) {
        await clock.advance(step)
        expect(done).toEqual(expected(clock.now() - start))
      }
      await clock.advance(1_000)
      expect(done).toEqual(expected(1_000))
      expect(schedule.size).toBe(0)
    }),
    { numRuns: 100 },
  )
})

test('one timer serves all of it', () => {
  const { clock, at } = scheduled()
  for (let i = 0; i < 100; i++) at(1_000 - i, `${i}`)
  expect(clock.pending).toBe(1)
})

test('what is past is done as soon as possible, but not within the call', async () => {
  const { clock, done, at } = scheduled()
  at(-5_000, 'late')
  expect(done).toEqual([])
  await clock.advance(0)
  expect(done).toEqual(['late'])
})

test('work may enter and cancel other work', async () => {
  const { clock, schedule, done, at } = scheduled()
  const doomed = at(20, 'doomed')
  schedule.at(start + 10, () => {
    doomed.cancel()
    at(15, 'entered')
  })
  await clock.advance(30)
  expect(done).toEqual(['entered'])
})

test('a time beyond what a timer can be set for is waited for in several steps', async () => {
  const { clock, done, at } = scheduled()
  const delays: number[] = []
  const after = clock.after.bind(clock)
  clock.after = (delayMs, work) => {
    delays.push(delayMs)
    return after(delayMs, work)
  }
  const year = 365 * 86_400_000
  at(year, 'a year')
  await clock.advance(year - 1)
  expect(done).toEqual([])
  await clock.advance(1)
  expect(done).toEqual(['a year'])
  expect(Math.max(...delays)).toBeLessThan(2 ** 31)
})

test('never is never, and takes no room', async () => {
  const { clock, schedule, done } = scheduled()
  schedule.at(Number.POSITIVE_INFINITY, () => done.push('never'))
  expect([schedule.size, clock.pending]).toEqual([0, 0])
})

test('after close nothing is done', async () => {
  const { clock, schedule, done, at } = scheduled()
  at(10, 'late')
  schedule.close()
  await clock.advance(100)
  expect(done).toEqual([])
  expect(clock.pending).toBe(0)
})

test('cancelled work does not pile up until its time: what is far away may be replaced for ever', async () => {
  const { clock, schedule, done, at } = scheduled()
  const year = 365 * 86_400_000
  const kept = Array.from({ length: 500 }, (_, i) => (i * 7_919) % 500)
  for (const ms of kept) at(ms, String(ms))
  let last = at(year, 'last')
  for (let i = 0; i < 20_000; i++) {
    last.cancel()
    last.cancel()
    last = at(year - i, 'last')
    expect(schedule.size).toBeLessThan(3_000)
  }
  await clock.advance(1_000)
  expect(done).toEqual(kept.toSorted((a, b) => a - b).map(String))
  await clock.advance(year)
  expect(done.slice(500)).toEqual(['last'])
  expect(schedule.size).toBe(0)
})

test('very much that is due at one moment is done in several turns, in its order', async () => {
  const { clock, schedule, done, at } = scheduled()
  const names = Array.from({ length: 1_000 }, (_, i) => `${i}`)
  for (const name of names) at(10, name)
  const seen: number[] = []
  const look = () => {
    seen.push(done.length)
    if (schedule.size > 0) setImmediate(look)
  }
  setImmediate(look)
  await clock.advance(10)
  expect(done).toEqual(names)
  expect(seen.some(count => count > 0 && count < names.length)).toBe(true)
})
