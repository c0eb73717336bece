import { expect, test } from 'vitest'
import { CounterSet } from '../../../kernel/observe/counters.ts'
import { Message, type Storage } from '../../../kernel/plugin.ts'
import { MatchedVia } from '../../../kernel/queues/bound-filter.ts'
import { ReturningDue } from '../../../kernel/schedule/returning-due.ts'
import { liveRecords } from '../../../kernel/sessions/live-records.ts'
import { ReturningQueue } from '../../../kernel/sessions/returning-queue.ts'
import { Ledger } from '../../../kernel/spool/ledger.ts'
import { dueWorkOwner, type StoredReference } from '../../../kernel/spool/record.ts'
import { recover } from '../../../kernel/spool/recovery.ts'
import { Spool } from '../../../kernel/spool/spool.ts'
import { compact } from '../../../storage-plugins/file/compact.ts'
import { fileOn } from '../../../storage-plugins/file/index.ts'
import { ManualClock } from '../../support/clock.ts'
import { Random } from '../../support/random.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { quietHost } from '../../support/storage-host.ts'
import { turn } from '../spool/held-log.ts'

const directory = '/data'
const queueIds = [20, 21, 22]
/** A queue whose session is gone: what it held is nobody's. */
const goneId = 23
const liveness = async (storage: Storage) => new Map([['spool', await liveRecords(storage)]])

function open(disk: SimulatedDisk): Promise<Storage> {
  return fileOn(disk).open(quietHost(), { directory, segment: 4_096, batch: 4_096, snapshot: 4_096 })
}

interface Held {
  /** By offset: the note. */
  readonly references: Map<number, number>
  /** What it has held at any time: none comes to a queue twice. */
  readonly known: Set<number>
  readonly identifiers: Map<number, number>
}

function take({ references, known }: Held, offset: number): void {
  references.set(offset, 0)
  known.add(offset)
}

/** A spool after some life: a few old messages, and much that is done. */
async function live(disk: SimulatedDisk, random: Random): Promise<void> {
  const storage = await open(disk)
  const table = await storage.table('sessions')
  for (const queueId of queueIds) {
    const value = Buffer.from(JSON.stringify({ queueId }))
    await table.write([{ key: `s\0default\0${queueId}`, value }])
  }
  const log = await storage.log('spool')
  const options = { clock: new ManualClock(), cacheBytes: 0, counters: new CounterSet() }
  const ledger = new Ledger()
  const spool = new Spool(log, ledger, options)
  const queues = new Map<number, Held>(
    [...queueIds, goneId].map(id => [id, { references: new Map(), known: new Set(), identifiers: new Map() }]),
  )
  const delayed = new Set<number>()
  const via = { replay: false, bindings: [] }
  let nextId = 1
  for (let act = 0; act < 200; act++) {
    const id = [...queues.keys()][random.integer(0, 3)]!
    const own = queues.get(id)!
    const offset = [...own.references.keys()][random.integer(0, 3)]
    const identifier = [...own.identifiers.keys()][0]
    const fields = { topic: `t/${act}`, payload: Buffer.alloc(random.integer(0, 300), `${act} `), publishedAt: act }
    const message = new Message({ ...fields, guarantee: 2, durability: 'stored' })
    const fate = random.integer(0, 12)
    if (fate < 3) {
      const holders = [...new Set([id, [...queues.keys()][random.integer(0, 3)]!])]
      const targets = holders.map(queueId => ({ queueId, guarantee: 2 as const, via }))
      const once = random.chance(0.4) ? { owner: id, id: nextId } : undefined
      const at = spool.append(message, [], targets, once)
      for (const holder of holders) take(queues.get(holder)!, at)
      if (once) own.identifiers.set(nextId++, at)
    } else if (fate < 6 && offset !== undefined) {
      spool.settle(id, offset)
      own.references.delete(offset)
    } else if (fate === 6 && offset !== undefined) {
      spool.note(id, offset, act + 1)
      own.references.set(offset, act + 1)
    } else if (fate === 7 && offset !== undefined) {
      const to = [...queues].find(([, { known }]) => !known.has(offset))
      if (!to) continue
      spool.move(id, to[0], offset, 2, via)
      own.references.delete(offset)
      take(to[1], offset)
    } else if (fate === 8) {
      own.identifiers.set(nextId, spool.hold({ owner: id, id: nextId }))
      nextId++
    } else if (fate === 9 && identifier !== undefined) {
      spool.release({ owner: id, id: identifier }, own.identifiers.get(identifier)!)
      own.identifiers.delete(identifier)
    } else if (fate === 10) {
      const holder = { id: dueWorkOwner, retract: () => {} }
      delayed.add(spool.delay(message, { tenant: 'default', publisher: 'null' }, holder, undefined))
    } else if (fate === 11 && delayed.size > 0) {
      const at = [...delayed][0]!
      void spool.finish(dueWorkOwner, at)
      delayed.delete(at)
    }
    if (fate === 12 && offset !== undefined) {
      // As a relocation does: for all who hold it, with their notes.
      const references: StoredReference[] = []
      for (const [queueId, { references: held }] of queues) {
        const note = held.get(offset)
        if (note !== undefined) references.push({ queueId, offset, guarantee: 2, via, note })
      }
      ledger.relocate(offset, spool.writeAgain(offset, message, references), references.length)
    }
    if (random.chance(0.3)) {
      await turn()
      await spool.commit
    }
  }
  await spool.close()
  await storage.close()
}

/** Everything that a start finds. */
async function found(disk: SimulatedDisk): Promise<object> {
  const storage = await open(disk)
  const log = await storage.log('spool')
  const queues = new Map(queueIds.map(id => [id, new ReturningQueue(() => new MatchedVia([], false))]))
  const due = new ReturningDue()
  const ledger = new Ledger()
  await recover(log, ledger, { queue: id => (id === dueWorkOwner ? due : queues.get(id)), due })
  const state = {
    next: log.next,
    references: ledger.references,
    due: [[...due.delayed], [...due.published]],
    queues: [...queues].map(([id, { notes, held }]) => [id, [...notes].sort(), [...held].sort()]),
    messages: [] as unknown[],
  }
  for (const [id, queue] of queues) {
    for (const { offset } of [...queue.references()]) {
      const { records } = await log.read(ledger.place(offset), { records: 1, bytes: 1 })
      state.messages.push([id, offset, Buffer.from(records[0]!).toString('hex')])
    }
  }
  await storage.close()
  return state
}

test('a compacted directory holds the same messages, notes and identifiers, in less room', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = new SimulatedDisk(seed)
    await live(disk, new Random(seed))
    const before = await found(disk)
    const used = disk.used
    const { bytesBefore, bytesAfter } = await compact(directory, liveness, disk)
    expect(await found(disk), `seed ${seed}`).toEqual(before)
    expect(bytesAfter, `seed ${seed}`).toBeLessThan(bytesBefore)
    expect(disk.used).toBeLessThan(used)
    // Once is enough, and twice does no harm.
    await compact(directory, liveness, disk)
    expect(await found(disk), `seed ${seed}`).toEqual(before)
  }
})

test('power that is cut at any step of it changes nothing, and it can be begun again', async () => {
  for (let seed = 1; seed <= 3; seed++) {
    for (let operations = 0, done = false; !done; operations += 1) {
      const disk = new SimulatedDisk(seed)
      await live(disk, new Random(seed))
      const before = await found(disk)
      disk.operationsLeft = operations
      done = await Promise.race([compact(directory, liveness, disk).then(() => true), disk.died.then(() => false)])
      const after = disk.crash()
      expect(await found(after), `seed ${seed}, ${operations} operations`).toEqual(before)
      if (operations % 10 !== 0) continue
      await compact(directory, liveness, after)
      expect(await found(after), `seed ${seed}, ${operations} operations, again`).toEqual(before)
    }
  }
}, 120_000)
