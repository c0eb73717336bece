import { expect, test } from 'vitest'
import { CounterSet } from '../../../kernel/observe/counters.ts'
import { BrokerError, type Log, Message } from '../../../kernel/plugin.ts'
import { MatchedVia } from '../../../kernel/queues/bound-filter.ts'
import { ReturningDue } from '../../../kernel/schedule/returning-due.ts'
import { ReturningQueue } from '../../../kernel/sessions/returning-queue.ts'
import { blockSize, Ledger } from '../../../kernel/spool/ledger.ts'
import type { Target } from '../../../kernel/spool/record.ts'
import { recover } from '../../../kernel/spool/recovery.ts'
import { Spool } from '../../../kernel/spool/spool.ts'
import { MemoryLog } from '../../../storage-plugins/memory/log.ts'
import { ManualClock } from '../../support/clock.ts'
import { HeldLog, turn } from './held-log.ts'

function opened<L extends Log>(log: L, cacheBytes = 1_000_000) {
  const clock = new ManualClock()
  const ledger = new Ledger()
  const counters = new CounterSet()
  return { log, clock, ledger, counters, spool: new Spool(log, ledger, { clock, cacheBytes, counters }) }
}

const message = (payload: string) => new Message({ topic: 't', payload: Buffer.from(payload), guarantee: 1 })
const target = (queueId: number): Target => ({ queueId, guarantee: 1, via: { replay: false, bindings: [] } })
const full = new BrokerError('STORAGE_FULL', 'no room')

function holder(id: number) {
  const retracted: number[] = []
  return { id, retracted, retract: (offset: number) => void retracted.push(offset) }
}

test('everything of a turn is one append, and offsets are known before it is durable', async () => {
  const { log, spool, counters } = opened(new HeldLog())
  const offsets = ['a', 'b', 'c'].map(text => spool.append(message(text), [], [target(20)]))
  expect(offsets).toEqual([0, 1, 2])
  await turn()
  expect(log.held).toBe(1)
  await log.commit()
  expect(log.next).toBe(3)
  expect(counters.counter('spool_commits').value).toBe(1)
})

test('what comes while a commit is under way goes into the next one, and promises are kept in that order', async () => {
  const { log, spool } = opened(new HeldLog())
  const kept: string[] = []
  spool.append(message('a'), [], [target(20)])
  void spool.commit.then(() => kept.push('a'))
  await turn()
  expect(spool.append(message('b'), [], [target(20)])).toBe(1)
  void spool.commit.then(() => kept.push('b'))
  await turn()
  const durable = () => [0, 1].filter(offset => spool.isDurable(offset))
  expect([log.held, kept, durable()]).toEqual([1, [], []])
  await log.commit()
  expect([log.held, kept, durable()]).toEqual([1, ['a'], [0]])
  await log.commit()
  expect([kept, durable()]).toEqual([
    ['a', 'b'],
    [0, 1],
  ])
})

test('all who ask within one batch get one promise', () => {
  const { spool } = opened(new HeldLog())
  spool.append(message('a'), [], [target(20)])
  const first = spool.commit
  spool.append(message('b'), [], [target(20)])
  expect(spool.commit).toBe(first)
})

test('a full disk refuses the commit and all that waited behind it, tells their holders, and the next one succeeds', async () => {
  const { log, spool, ledger } = opened(new HeldLog())
  const queue = holder(20)
  spool.append(message('a'), [queue], [target(20)])
  const first = spool.commit
  await turn()
  spool.append(message('b'), [queue], [target(20)])
  const second = spool.commit
  await log.refuse(full)
  await expect(first).rejects.toBe(full)
  await expect(second).rejects.toBe(full)
  expect(queue.retracted).toEqual([0, 1])
  expect(spool.recent(0)).toBeUndefined()
  const offset = spool.append(message('c'), [queue], [target(20)])
  expect(offset).toBe(0)
  await turn()
  await log.commit()
  await expect(spool.commit).resolves.toBeUndefined()
  expect(Buffer.from((await spool.load([0])).get(0)!.payload).toString()).toBe('c')
  expect(ledger.references).toBe(1)
})

test('settlements of a refused commit are written with the next one', async () => {
  const { log, spool, clock } = opened(new HeldLog())
  spool.append(message('a'), [], [target(20)])
  await turn()
  await log.commit()
  spool.settle(20, 0)
  spool.append(message('b'), [], [target(20)])
  await turn()
  await log.refuse(full)
  await clock.advance(100)
  await turn()
  expect(log.held).toBe(1)
  await log.commit()
  expect(log.next).toBe(2)
})

test('a settlement of a refused message is forgotten: its offset becomes another message, which must survive', async () => {
  const { log, spool, clock, ledger } = opened(new HeldLog())
  spool.append(message('refused'), [], [target(20), target(21)])
  await turn()
  spool.settle(20, 0)
  spool.append(message('behind it'), [], [target(20)])
  await turn()
  await log.refuse(full)
  expect(ledger.references).toBe(0)
  expect(spool.append(message('stays'), [], [target(20)])).toBe(0)
  await turn()
  await log.commit()
  await clock.advance(100)
  await turn()
  expect(log.held).toBe(0)
  const queue = new ReturningQueue(() => new MatchedVia([], false))
  await recover(log, new Ledger(), { queue: () => queue, due: new ReturningDue() })
  expect([...queue.references()].map(({ offset }) => offset)).toEqual([0])
})

test('a refused release is written with the next commit; what was held and refused is forgotten', async () => {
  const { log, spool, ledger, clock } = opened(new HeldLog())
  const durable = spool.hold({ owner: 20, id: 1 })
  await turn()
  await log.commit()
  spool.release({ owner: 20, id: 1 }, durable)
  spool.release({ owner: 20, id: 2 }, spool.hold({ owner: 20, id: 2 }))
  await turn()
  await log.refuse(full)
  expect(ledger.references).toBe(0)
  await clock.advance(100)
  await turn()
  await log.commit()
  const queue = new ReturningQueue(() => new MatchedVia([], false))
  const recovered = new Ledger()
  await recover(log, recovered, { queue: () => queue, due: new ReturningDue() })
  expect([log.next, queue.held.size, recovered.references]).toEqual([2, 0, 0])
})

test('an identifier whose release was refused and which is held again is held after a restart', async () => {
  const { log, spool } = opened(new HeldLog())
  const once = { owner: 20, id: 1 }
  const durable = spool.hold(once)
  await turn()
  await log.commit()
  spool.release(once, durable)
  await turn()
  await log.refuse(full)
  const again = spool.append(message('new'), [], [target(20)], once)
  await turn()
  await log.commit()
  const queue = new ReturningQueue(() => new MatchedVia([], false))
  await recover(log, new Ledger(), { queue: () => queue, due: new ReturningDue() })
  expect([...queue.held]).toEqual([[1, again]])
})

test('after a failed disk nothing is taken any more', async () => {
  const { log, spool } = opened(new HeldLog())
  const failed = new BrokerError('STORAGE_FAILED', 'fsync failed')
  spool.append(message('a'), [], [target(20)])
  const commit = spool.commit
  await turn()
  await log.refuse(failed)
  await expect(commit).rejects.toBe(failed)
  await expect(spool.commit).rejects.toBe(failed)
  expect(() => spool.append(message('b'), [], [target(20)])).toThrow(failed)
})

test('settlements alone wait a little, then are written together', async () => {
  const { log, spool, clock } = opened(new HeldLog())
  for (const text of ['a', 'b']) spool.append(message(text), [], [target(20)])
  await turn()
  await log.commit()
  spool.settle(20, 0)
  spool.settle(20, 1)
  await turn()
  expect(log.held).toBe(0)
  await clock.advance(20)
  await turn()
  expect(log.held).toBe(1)
  await log.commit()
  expect(log.next).toBe(3)
})

test('what nobody refers to is trimmed by whole blocks; one reference keeps its block and all behind it', async () => {
  const { log, spool, clock } = opened(new HeldLog())
  const write = async () => {
    for (let i = 0; i < blockSize; i++) spool.append(message(`${i}`), [], [target(20)])
    await turn()
    await log.commit()
  }
  for (let i = 0; i < 3; i++) await write()
  for (let offset = 0; offset < 3 * blockSize; offset++) if (offset !== blockSize + 5) spool.settle(20, offset)
  await clock.advance(20)
  await turn()
  await log.commit()
  expect(log.trims).toEqual([blockSize])
  expect(spool.recent(0)).toBeUndefined()
  spool.settle(20, blockSize + 5)
  await clock.advance(20)
  await turn()
  await log.commit()
  expect(log.trims).toEqual([blockSize, 3 * blockSize])
})

test('the memory for recent messages is bounded, and what is not in it is read from the log', async () => {
  const { spool } = opened(new MemoryLog(), 10_000)
  const offsets: number[] = []
  for (let i = 0; i < 500; i++) offsets.push(spool.append(message(`${i}`), [], [target(20)]))
  await spool.commit
  expect(offsets.filter(offset => spool.recent(offset)).length).toBeLessThan(50)
  const wanted = [0, 1, 7, 300, 499]
  const found = await spool.load(wanted)
  expect(wanted.map(offset => Buffer.from(found.get(offset)!.payload).toString())).toEqual(wanted.map(String))
})

test('what is not yet durable is never forgotten, however small the memory', () => {
  const { spool } = opened(new HeldLog(), 1)
  for (let i = 0; i < 100; i++) spool.append(message(`${i}`), [], [target(20)])
  expect(Buffer.from(spool.recent(0)!.payload).toString()).toBe('0')
})

test('close writes what is left, settlements included', async () => {
  const { log, spool } = opened(new MemoryLog())
  spool.append(message('a'), [], [target(20)])
  spool.settle(20, 0)
  await spool.close()
  expect(log.next).toBe(2)
})

test('what is finished with a commit is held until that commit, and after its refusal as before', async () => {
  const { log, ledger, spool } = opened(new HeldLog())
  const delayed = spool.delay(message('later'), { tenant: 't', publisher: 'null' }, holder(1))
  await turn()
  await log.commit()
  for (const refused of [true, false]) {
    spool.append(message('now'), [], [target(20)])
    const finished = spool.finish(1, delayed)
    await turn()
    expect(ledger.references).toBe(2)
    if (refused) await Promise.all([expect(finished).rejects.toThrow('no room'), log.refuse(full)])
    else await Promise.all([finished, log.commit()])
    expect(ledger.references).toBe(1)
  }
  const due = new ReturningDue()
  const queue = new ReturningQueue(() => new MatchedVia([], false))
  await recover(log, new Ledger(), { queue: id => (id === 1 ? due : queue), due })
  expect([...due.delayed.keys()]).toEqual([])
  expect([...queue.references()].map(({ offset }) => offset)).toEqual([1])
})
