import type { Clock } from '../contract/clock.ts'
import type { Log } from '../contract/log.ts'
import { dueWorkOwner } from '../exchange.ts'
import { BoundFilter, MatchedVia } from '../queues/bound-filter.ts'
import { Queue } from '../queues/queue.ts'
import type { Ledger } from '../spool/ledger.ts'
import { recover } from '../spool/recovery.ts'
import { ClientSession, idOf } from './client-session.ts'
import { ReturningQueue, type ViaResolver } from './returning-queue.ts'
import { type BindingRow, type GroupRow, rowsOf, type SessionRow, willOf } from './session-rows.ts'
import type { SessionHost, Sessions } from './sessions.ts'

/** What a restart found of due work: published, but perhaps not yet crossed off. */
export type PublishedDue = ReadonlyMap<number, number>

/**
 * Brings sessions, bindings, groups and queues back. Rows first, so that the log's records find their queues; then one
 * pass over the log. Whoever was connected when the broker stopped counts as gone from now on.
 */
export async function recoverSessions(
  sessions: Sessions,
  host: SessionHost,
  log: Log,
  ledger: Ledger,
): Promise<PublishedDue> {
  const { table } = host
  if (!table) return new Map()
  for await (const [, next] of rowsOf<number>(table, 'n')) sessions.restoreNumber(next)
  const queues = new Map<number, ReturningQueue>()
  const due = new ReturningQueue(anyVia)
  queues.set(dueWorkOwner, due)
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
  await recover(log, ledger, id => queues.get(id))
  for (const number of due.held.keys()) sessions.restoreNumber(number + 1)
  for (const finish of finishing) finish()
  return due.held
}

/** Wills and ends of sessions that nobody holds; only when messages can be published again. */
export function resumeDeadlines(sessions: Sessions, published: PublishedDue, clock: Clock): void {
  for (const session of [...sessions.all()]) {
    session.endedAt ??= clock.now()
    if (published.has(session.willId)) session.will = undefined
    if (session.expiresAfterMs === 0 || session.will?.delayMs === 0) {
      void sessions.end(session, undefined, { will: 'publish' })
    } else {
      sessions.wait(session)
    }
  }
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
  const session = new ClientSession(tenant, name, new Queue(host.queues, idOf(name), row.queueId, persistent))
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

const anyVia: ViaResolver = ({ guarantee }) => unbound(guarantee)

/** The way of a reference whose binding is gone: at the guarantee it was stored with. */
function unbound(guarantee: 0 | 1 | 2): MatchedVia {
  return new MatchedVia([new BoundFilter('', { guarantee }, 0)], false)
}

/** Ways are shared: a session has few, however long its backlog. */
function resolverOf(session: ClientSession): ViaResolver {
  const known = new Map<string, MatchedVia>()
  return ({ guarantee, replay, bindingIds }) => {
    const key = `${guarantee} ${replay} ${bindingIds.join(' ')}`
    let via = known.get(key)
    if (!via) {
      const bindings = [...session.bindings.values()].filter(binding => bindingIds.includes(binding.id))
      via = bindings.length === 0 ? unbound(guarantee) : new MatchedVia(bindings, replay)
      known.set(key, via)
    }
    return via
  }
}
