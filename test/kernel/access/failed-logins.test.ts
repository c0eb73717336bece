import { expect, test } from 'vitest'
import { FailedLogins } from '../../../kernel/access/failed-logins.ts'
import { ManualClock } from '../../support/clock.ts'

test('a name that failed too often from one address is heard again when failures are rare', async () => {
  const clock = new ManualClock()
  const failures = new FailedLogins(clock, 30)
  for (let i = 0; i < 30; i++) {
    expect(failures.allows('ann', '192.0.2.1')).toBe(true)
    failures.add('ann', '192.0.2.1')
  }
  expect(failures.allows('ann', '192.0.2.1')).toBe(false)
  expect(failures.allows('ann', '192.0.2.2')).toBe(true)
  expect(failures.allows('bob', '192.0.2.1')).toBe(true)
  expect(failures.allows(undefined, '192.0.2.1')).toBe(true)
  await clock.advance(1_999)
  expect(failures.allows('ann', '192.0.2.1')).toBe(false)
  await clock.advance(1)
  expect(failures.allows('ann', '192.0.2.1')).toBe(true)
})

test('0 counts nothing', () => {
  const failures = new FailedLogins(new ManualClock(), 0)
  for (let i = 0; i < 1_000; i++) failures.add('ann', '192.0.2.1')
  expect(failures.allows('ann', '192.0.2.1')).toBe(true)
})

test('names without end are not kept without end: the newest are counted', () => {
  const failures = new FailedLogins(new ManualClock(), 1)
  for (let i = 0; i < 20_000; i++) failures.add(`${i}`, '192.0.2.1')
  expect(failures.allows('19999', '192.0.2.1')).toBe(false)
  expect(failures.allows('0', '192.0.2.1')).toBe(true)
})
