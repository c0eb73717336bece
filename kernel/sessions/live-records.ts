import type { Storage } from '../contract/storage.ts'
import { MatchedVia } from '../queues/bound-filter.ts'
import { ReturningDue } from '../schedule/returning-due.ts'
import { Ledger } from '../spool/ledger.ts'
import { liveRecords as liveRecordsOf } from '../spool/live-records.ts'
import { OffsetSet } from '../spool/offset-set.ts'
import { dueWorkOwner } from '../spool/record.ts'
import { recover } from '../spool/recovery.ts'
import { ReturningQueue } from './returning-queue.ts'
import { type GroupRow, rowsOf, type SessionRow } from './session-rows.ts'

const anyVia = new MatchedVia([], false)

/**
 * What of a stopped broker's spool its next start would need, by offset: the same recovery, without a broker.
 * @throws BrokerError STORAGE_CORRUPT
 */
export async function liveRecords(storage: Storage): Promise<(offset: number) => boolean> {
  const log = await storage.log('spool')
  const table = await storage.table('sessions')
  const queues = new Map<number, ReturningQueue>()
  for await (const [, { queueId }] of rowsOf<GroupRow>(table, 'g'))
    queues.set(queueId, new ReturningQueue(() => anyVia))
  for await (const [, { queueId }] of rowsOf<SessionRow>(table, 's')) {
    if (queueId !== 0) queues.set(queueId, new ReturningQueue(() => anyVia))
  }
  const due = new ReturningDue()
  const ledger = new Ledger()
  await recover(log, ledger, { queue: id => (id === dueWorkOwner ? due : queues.get(id)), due })
  const messages = new OffsetSet(0, log.next)
  const held = new OffsetSet(log.first, log.next)
  for (const offset of due.delayed.keys()) messages.add(offset)
  for (const offset of due.published.values()) held.add(offset)
  for (const queue of queues.values()) {
    for (const { offset } of queue.references()) messages.add(offset)
    for (const offset of queue.held.values()) held.add(offset)
  }
  const live = await liveRecordsOf(log, ledger, { messages, held })
  return offset => live.has(offset)
}
