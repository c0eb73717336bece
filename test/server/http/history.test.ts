import { expect, test } from 'vitest'
import { CounterSet } from '../../../kernel/observe/counters.ts'
import { History } from '../../../server/http/stream/history.ts'
import { ManualClock } from '../../support/clock.ts'

test('rates are per second, coarser points are means, and what is older than a span leaves it', async () => {
  const clock = new ManualClock(Date.parse('2030-01-01T00:00:00Z'))
  const counters = new CounterSet()
  const published = counters.counter('messages_published')
  let sessions = 0
  counters.gauge('sessions', () => sessions)
  const history = new History(counters, clock)
  for (let second = 0; second < 400; second++) {
    published.value += 50
    sessions = second
    await clock.advance(1_000)
  }
  expect(history.latest).toMatchObject({ messagesIn: 50, sessions: 399 })
  const fine = history.of('5m')
  expect(fine).toHaveLength(300)
  expect(fine.every(({ values }) => values.messagesIn === 50)).toBe(true)
  expect(fine.at(-1)?.values.sessions).toBe(398)
  const coarse = history.of('1h')
  expect(coarse.at(-1)?.at).toBe(Date.parse('2030-01-01T00:06:30Z'))
  // Sampled at 390..399 s, when there were 389..398.
  expect(coarse.at(-1)?.values.sessions).toBe(393.5)
  history.close()
})
