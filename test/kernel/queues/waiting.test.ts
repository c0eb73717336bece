import { expect, test } from 'vitest'
import { BrokerError, type Message } from '../../../kernel/plugin.ts'
import type { QueueHost } from '../../../kernel/queues/queue-host.ts'
import { Waiting } from '../../../kernel/queues/waiting.ts'
import type { Spool } from '../../../kernel/spool/spool.ts'
import { message, QueueBench, via } from './queue-bench.ts'

interface Read {
  readonly offsets: readonly number[]
  resolve(found: Map<number, Message>): void
  reject(error: Error): void
}

/** A backlog of stored references whose reads end when a test says so. */
function stored(queueMessages: number) {
  const reads: Read[] = []
  const load = (offsets: readonly number[]) =>
    new Promise<Map<number, Message>>((resolve, reject) => reads.push({ offsets, resolve, reject }))
  const spool = { recent: () => undefined, load } as unknown as Spool
  const host = Object.assign(new QueueBench({ queueMessages }).host satisfies QueueHost, { spool })
  const settled: number[] = []
  let pumped = 0
  const waiting = new Waiting(host, {
    consumed: true,
    principal: undefined,
    settled: offset => void settled.push(offset),
    pump: () => void pumped++,
  })
  return { waiting, reads, settled, pumps: () => pumped }
}

const lost = new BrokerError('STORAGE_CORRUPT', 'not in the log')
const turn = () => new Promise(resolve => setImmediate(resolve))

test('the head is read with those behind it, once, and its owner is pumped', async () => {
  const { waiting, reads, pumps } = stored(0)
  for (const offset of [3, 4, 9]) waiting.push(offset, via, 10)
  expect([waiting.first(), waiting.first()]).toEqual([undefined, undefined])
  expect(reads.map(({ offsets }) => offsets)).toEqual([[3, 4, 9]])
  const found = message('3')
  reads[0]!.resolve(new Map([[3, found]]))
  await turn()
  expect([pumps(), waiting.first()]).toEqual([1, found])
  expect(waiting.shift()).toBe(3)
})

test('what was given up while it was being read is not missed', async () => {
  const { waiting, reads, settled, pumps } = stored(2)
  for (const offset of [3, 4]) waiting.push(offset, via, 10)
  waiting.first()
  waiting.push(5, via, 10)
  expect(settled).toEqual([3])
  // The log was trimmed meanwhile.
  reads[0]!.reject(lost)
  await turn()
  expect(pumps()).toBe(1)
  expect(waiting.first()).toBeUndefined()
  expect(reads[1]!.offsets).toEqual([4, 5])
  const found = message('4')
  reads[1]!.resolve(new Map([[4, found]]))
  await turn()
  expect(waiting.first()).toBe(found)
})

test('an offset that is given anew is not taken for the refused message that had it, read before or being read', async () => {
  const { waiting, reads } = stored(0)
  for (const offset of [3, 4]) waiting.push(offset, via, 10)
  waiting.first()
  reads[0]!.resolve(
    new Map([
      [3, message('3')],
      [4, message('refused')],
    ]),
  )
  await turn()
  waiting.retract(4)
  waiting.push(4, via, 10)
  waiting.shift()
  expect(waiting.first()).toBeUndefined()
  expect(reads[1]!.offsets).toEqual([4])

  waiting.retract(4)
  waiting.push(4, via, 10)
  reads[1]!.resolve(new Map([[4, message('refused too')]]))
  await turn()
  expect(waiting.first()).toBeUndefined()
  const found = message('taken')
  reads[2]!.resolve(new Map([[4, found]]))
  await turn()
  expect(waiting.first()).toBe(found)
})
