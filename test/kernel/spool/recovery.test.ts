import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CounterSet } from '../../../kernel/observe/counters.ts'
import { MatchedVia } from '../../../kernel/queues/bound-filter.ts'
import { ReturningDue } from '../../../kernel/schedule/returning-due.ts'
import { ReturningQueue } from '../../../kernel/sessions/returning-queue.ts'
import { Ledger } from '../../../kernel/spool/ledger.ts'
import { dueWorkOwner } from '../../../kernel/spool/record.ts'
import { readStored, recover } from '../../../kernel/spool/recovery.ts'
import { Spool } from '../../../kernel/spool/spool.ts'
import { MemoryLog } from '../../../storage-plugins/memory/log.ts'
import { ManualClock } from '../../support/clock.ts'
import { fieldsOf, messages } from './arbitraries.ts'
import { turn } from './held-log.ts'

const queueIds = [20, 21, 22]

/** What a queue should come back with: per offset its note, and identifiers it holds. */
class Expected {
  readonly references = new Map<number, number>()
  /** Offsets it has held at any time: none comes to a queue twice. */
  readonly known = new Set<number>()
  readonly held = new Map<number, number>()

  take(offset: number): void {
    this.references.set(offset, 0)
    this.known.add(offset)
  }
}

const delayedFrom = { tenant: 'one', publisher: '{"clientId":"p"}' }
const holder = { id: dueWorkOwner, retract: () => {} }

const steps = fc.array(
  fc.record({
    act: fc.constantFrom('append', 'append', 'settle', 'note', 'move', 'hold', 'release', 'commit', 'delay', 'finish'),
    queue: fc.nat(2),
    other: fc.nat(2),
    pick: fc.nat(1_000),
    note: fc.integer({ min: 1, max: 131_071 }),
    once: fc.boolean(),
  }),
  { maxLength: 60 },
)

test('references, notes, moves and identifiers survive: recovery finds what was there, in its order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async acts => {
      const log = new MemoryLog()
      const ledger = new Ledger()
      const clock = new ManualClock()
      const spool = new Spool(log, ledger, { clock, cacheBytes: 1_000, counters: new CounterSet() })
      const expected = new Map(queueIds.map(id => [id, new Expected()]))
      const delayed = new Set<number>()
      let nextId = 1
      for (const { act, queue, other, pick, note, once } of acts) {
        const id = queueIds[queue]!
        const own = expected.get(id)!
        const offset = [...own.references.keys()][pick % Math.max(1, own.references.size)]
        const identifier = [...own.held.keys()][pick % Math.max(1, own.held.size)]
        if (act === 'append') {
          const holders = [...new Set([id, queueIds[other]!])]
          const targets = holders.map(queueId => ({
            queueId,
            guarantee: 1 as const,
            via: { replay: false, bindings: [] },
          }))
          const one = anyMessage(pick)
          const at = spool.append(one, [], targets, once ? { owner: id, id: nextId } : undefined)
          for (const holder of holders) expected.get(holder)!.take(at)
          if (once) own.held.set(nextId++, at)
        } else if (act === 'settle' && offset !== undefined) {
          spool.settle(id, offset)
          own.references.delete(offset)
        } else if (act === 'note' && offset !== undefined) {
          spool.note(id, offset, note)
          own.references.set(offset, note)
        } else if (act === 'move' && offset !== undefined && !expected.get(queueIds[other]!)!.known.has(offset)) {
          spool.move(id, queueIds[other]!, offset, 2, { replay: false, bindings: [] })
          own.references.delete(offset)
          expected.get(queueIds[other]!)!.take(offset)
        } else if (act === 'hold') {
          own.held.set(nextId, spool.hold({ owner: id, id: nextId }))
          nextId++
        } else if (act === 'release' && identifier !== undefined) {
          spool.release({ owner: id, id: identifier }, own.held.get(identifier)!)
          own.held.delete(identifier)
        } else if (act === 'delay') {
          const at = spool.delay(anyMessage(pick), delayedFrom, holder, once ? { owner: id, id: nextId } : undefined)
          delayed.add(at)
          if (once) own.held.set(nextId++, at)
        } else if (act === 'finish' && delayed.size > 0) {
          const at = [...delayed][pick % delayed.size]!
          void spool.finish(dueWorkOwner, at)
          delayed.delete(at)
        } else if (act === 'commit') await turn()
      }
      await spool.close()

      const found = new Map(queueIds.map(id => [id, new ReturningQueue(() => new MatchedVia([], false))]))
      const recovered = new Ledger()
      const due = new ReturningDue()
      await recover(log, recovered, { queue: id => (id === dueWorkOwner ? due : found.get(id)), due })
      expect([...due.delayed.keys()]).toEqual([...delayed])
      for (const one of due.delayed.values()) expect(one).toMatchObject(delayedFrom)
      for (const id of queueIds) {
        const { references, held } = expected.get(id)!
        const returning = found.get(id)!
        const offsets = [...returning.references()].map(({ offset }) => offset)
        expect(offsets).toEqual([...references.keys()].sort((a, b) => a - b))
        for (const offset of offsets) expect(returning.notes.get(offset) ?? 0).toBe(references.get(offset))
        expect([...returning.held].sort()).toEqual([...held].sort())
      }
      expect(recovered.references).toBe(ledger.references)
    }),
    { numRuns: 150 },
  )
})

test('what a member took from a group that is gone by now is still its own', async () => {
  const log = new MemoryLog()
  const spool = new Spool(log, new Ledger(), { clock: new ManualClock(), cacheBytes: 0, counters: new CounterSet() })
  const via = { replay: false, bindings: [] }
  const taken = spool.append(anyMessage(1), [], [{ queueId: 30, guarantee: 2, via }], undefined)
  const finished = spool.append(anyMessage(2), [], [{ queueId: 30, guarantee: 2, via }], undefined)
  for (const offset of [taken, finished]) spool.move(30, 20, offset, 2, via)
  spool.note(20, taken, 5)
  spool.settle(20, finished)
  await spool.close()
  const member = new ReturningQueue(() => new MatchedVia([], false))
  const ledger = new Ledger()
  await recover(log, ledger, { queue: id => (id === 20 ? member : undefined), due: new ReturningDue() })
  expect([...member.references()].map(({ offset }) => offset)).toEqual([taken])
  expect([...member.notes]).toEqual([[taken, 5]])
  expect(ledger.references).toBe(1)
})

test('a stored message is read back from its record, whatever targets and identifier it has', async () => {
  await fc.assert(
    fc.asyncProperty(messages, fc.array(fc.nat(300), { maxLength: 5 }), fc.boolean(), async (message, ids, once) => {
      const log = new MemoryLog()
      const spool = new Spool(log, new Ledger(), {
        clock: new ManualClock(),
        cacheBytes: 0,
        counters: new CounterSet(),
      })
      const via = { replay: true, bindings: ids.map(id => ({ id })) }
      const targets = ids.map(queueId => ({ queueId, guarantee: 2 as const, via }))
      spool.append(message, [], targets, once ? { owner: 1, id: 70_000 } : undefined)
      await spool.close()
      const { records } = await log.read(0, { records: 1, bytes: 1 })
      expect(fieldsOf(readStored(records[0]!)!)).toEqual(fieldsOf(message))
    }),
  )
})

test('a delayed message is read back from its record, also when it was written again under its old place', async () => {
  const message = anyMessage(3)
  const log = new MemoryLog()
  const spool = new Spool(log, new Ledger(), { clock: new ManualClock(), cacheBytes: 0, counters: new CounterSet() })
  const offset = spool.delay(message, delayedFrom, holder, { owner: 20, id: 7 })
  await spool.commit
  const reference = {
    queueId: dueWorkOwner,
    offset,
    guarantee: 0,
    via: { replay: false, bindings: [] },
    note: 0,
  } as const
  const place = spool.writeAgain(offset, message, [{ ...reference, delayed: delayedFrom }])
  await spool.close()
  for (const at of [offset, place]) {
    const { records } = await log.read(at, { records: 1, bytes: 1 })
    expect(fieldsOf(readStored(records[0]!)!)).toEqual(fieldsOf(message))
  }
  const due = new ReturningDue()
  const ledger = new Ledger()
  await recover(log, ledger, { queue: () => undefined, due })
  expect([...due.delayed.keys()]).toEqual([offset])
  expect([ledger.place(offset), ledger.references]).toEqual([place, 1])
})

test('a queue that is gone keeps nothing in the log', async () => {
  const log = new MemoryLog()
  const spool = new Spool(log, new Ledger(), { clock: new ManualClock(), cacheBytes: 0, counters: new CounterSet() })
  const via = { replay: false, bindings: [] }
  spool.append(anyMessage(1), [], [{ queueId: 99, guarantee: 1, via }], { owner: 99, id: 1 })
  await spool.close()
  const ledger = new Ledger()
  expect(await recover(log, ledger, { queue: () => undefined, due: new ReturningDue() })).toEqual({ records: 1 })
  expect(ledger.references).toBe(0)
})

function anyMessage(seed: number) {
  return fc.sample(messages, { numRuns: 1, seed })[0]!
}
