import type { Clock } from '../contract/clock.ts'
import type { Log } from '../contract/log.ts'
import type { Guarantee } from '../contract/message.ts'
import { BoundFilter, MatchedVia } from '../queues/bound-filter.ts'
import { Queue } from '../queues/queue.ts'
import type { ReturningDue } from '../schedule/returning-due.ts'
import type { Ledger } from '../spool/ledger.ts'
import { dueWorkOwner } from '../spool/record.ts'
import { type Returning, recover } from '../spool/recovery.ts'
import { ClientSession, idOf } from './client-session.ts'
import { ReturningQueue, type ViaResolver } from './returning-queue.ts'
import { type BindingRow, type GroupRow, rowsOf, type SessionRow, willOf } from './session-rows.ts'
import type { SessionHost, Sessions } from './sessions.ts'

/**
 * Brings sessions, bindings, groups and queues back, and collects due work. Rows first, so that the log's records find
 * their queues; then one pass over the log. Whoever was connected when the broker stopped counts as gone from now on.
 */
export async function recoverSessions(sessions: Sessions, due: ReturningDue, log: Log, ledger: Ledger): Promise<void> {
  const { host } = sessions
  const { table } = host
  if (!table) return
  for await (const [, next] of rowsOf<number>(table, 'n')) sessions.restoreNumber(next)
  const queues = new Map<number, Returning>([[dueWorkOwner, due]])
  const finishing: (() => void)[] = []
  for await (const [[tenant = '', name = '', filter = ''], row] of rowsOf<GroupRow>(table, 'g')) {
    const returning = new ReturningQueue(anyVia)
    queues.set(row.queueId, returning)
    const group = sessions.bindings.restoreGroup(host.tenant(tenant), name, filter, row.queueId)
    finishing.push(() => {
      group.restore(returning.references())
      sessions.bindings.dropUnused(host.tenant(tenant), group)
    })
  }
  for await (const [[tenant = '', name = ''], row] of rowsOf<SessionRow>(table, 's')) {
    const session = restoreSession(sessions, host, tenant, name, row)
    const returning = new ReturningQueue(resolverOf(session))
    if (row.queueId !== 0) queues.set(row.queueId, returning)
    finishing.push(() => {
      session.queue.restore(returning.references(), returning.notes)
      if (returning.held.size > 0) session.held = returning.held
    })
  }
  for await (const [[tenant = '', name = '', , filter = ''], row] of rowsOf<BindingRow>(table, 'b')) {
    const session = sessions.get(tenant, name)
    if (session) sessions.bindings.restore(session, filter, row.options, row.id)
  }
  await recover(log, ledger, { queue: id => queues.get(id), due })
  for (const number of due.published.keys()) sessions.restoreNumber(number + 1)
  for (const finish of finishing) finish()
}

/**
 * Wills and ends of sessions that nobody holds; only when messages can be published again. Resolves when the ends that the
 * stop left unknown are stored, or there is no room for them.
 */
export async function resumeDeadlines(
  sessions: Sessions,
  published: ReadonlyMap<number, number>,
  clock: Clock,
): Promise<void> {
  const named = new Set<number>()
  const ended: ClientSession[] = []
  for (const session of [...sessions.all()]) {
    const known = session.endedAt !== undefined
    session.endedAt ??= clock.now()
    named.add(session.willId)
    if (published.has(session.willId)) session.will = undefined
    if (session.expiresAfterMs === 0 || session.will?.delayMs === 0) {
      sessions.endAlone(session)
    } else {
      sessions.wait(session)
      if (!known) ended.push(session)
    }
  }
  // Their rows were gone before the stop, which came before that was noted.
  for (const willId of published.keys()) if (!named.has(willId)) sessions.host.dueDone(willId)
  await sessions.ends.storeFound(ended)
}

function restoreSession(
  sessions: Sessions,
  host: SessionHost,
  tenantName: string,
  name: string,
  row: SessionRow,
): ClientSession {
  const tenant = host.tenant(tenantName)
  const persistent = row.expiresAfterMs === null || row.expiresAfterMs > 0
  const session = new ClientSession(tenant, name, new Queue(host.queuesOf(name), idOf(name), row.queueId, persistent))
  session.expiresAfterMs = row.expiresAfterMs ?? Number.POSITIVE_INFINITY
  session.endedAt = row.endedAt ?? undefined
  session.will = willOf(row)
  session.willId = row.willId
  session.stored = true
  const user = row.user ?? undefined
  const { rules, superuser = false } = row
  const identity = { user, superuser, ...(rules && { rules }) }
  session.queue.principal = host.principal(identity, session.id, row.address, tenantName)
  sessions.add(session, user)
  return session
}

const anyVia: ViaResolver = ({ guarantee }) => unbound(guarantee, false)

/** The way of a reference whose binding is gone: at the guarantee it was stored with. */
function unbound(guarantee: Guarantee, replay: boolean): MatchedVia {
  return new MatchedVia([new BoundFilter('', { guarantee, raise: true }, 0)], replay)
}

/** At the guarantee it was stored with, whatever its bindings say by now: what was begun is finished as it was begun. */
function resolverOf(session: ClientSession): ViaResolver {
  return ({ guarantee, replay, bindingIds }) => {
    const bindings = [...session.bindings.values()].filter(binding => bindingIds.includes(binding.id))
    return bindings.length === 0 ? unbound(guarantee, replay) : new MatchedVia(bindings, replay, guarantee)
  }
}
