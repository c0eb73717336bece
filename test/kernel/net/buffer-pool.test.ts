import { expect, test } from 'vitest'
import { BufferPool } from '../../../kernel/net/buffer-pool.ts'
import { ManualClock } from '../../support/clock.ts'

const KB = 1024
const MB = 1024 * KB

function pool() {
  const account = {
    bytes: 0,
    take: (bytes: number) => void (account.bytes += bytes),
    give: (bytes: number) => void (account.bytes -= bytes),
  }
  const clock = new ManualClock()
  return { account, clock, pool: new BufferPool(account, clock) }
}

const many = (length: number, take: () => Buffer) => Array.from({ length }, take)

test('what is taken at once again and again is allocated once', () => {
  const { pool: buffers } = pool()
  const first = new Set(many(1_000, () => buffers.take(16 * KB)))
  for (let turn = 0; turn < 3; turn++) {
    for (const buffer of first) buffers.release(buffer)
    const again = many(1_000, () => buffers.take(16 * KB))
    expect(again.every(buffer => first.has(buffer))).toBe(true)
  }
})

test('a burst’s buffers do not stay: after two seconds no more than 4 MiB of each size is kept', async () => {
  const { pool: buffers, account, clock } = pool()
  for (const buffer of many(1_000, () => buffers.take(64 * KB))) buffers.release(buffer)
  expect(buffers.freeBytes).toBe(1_000 * 64 * KB)
  await clock.advance(1_000)
  for (const buffer of many(100, () => buffers.take(64 * KB))) buffers.release(buffer)
  await clock.advance(1_000)
  expect(buffers.freeBytes).toBe(100 * 64 * KB)
  await clock.advance(1_000)
  expect(buffers.freeBytes).toBe(4 * MB)
  expect(account.bytes).toBe(0)
  expect(clock.pending).toBe(0)
})

test('what the system may still read is not kept, and not counted', () => {
  const { pool: buffers, account } = pool()
  for (const buffer of many(100, () => buffers.take(64 * KB))) buffers.forget(buffer)
  expect([buffers.freeBytes, account.bytes]).toEqual([0, 0])
})
