import { z } from 'zod'
import { defaultTenant } from '../../../kernel/tenant.ts'
import type { House } from '../house.ts'
import { pageOf, pageQuery } from '../page.ts'
import { list, type Route, route } from '../route.ts'
import { time, timeOf } from './names.ts'

/** What the broker noticed by itself. */
export const watchRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/alarms',
    group: 'alarms',
    summary: 'List alarms that last',
    needs: 'viewer',
    answer: z.array(z.strictObject({ name: z.string(), message: z.string(), raisedAt: time })),
    handle: ({ house }) =>
      house.kernel.alarms.list().map(({ name, message, raisedAt }) => ({ name, message, raisedAt: timeOf(raisedAt) })),
  }),
  list({
    path: '/events',
    group: 'events',
    summary: 'List the last events, the newest first',
    needs: 'viewer',
    query: z.strictObject({ ...pageQuery, name: z.string().optional().describe('The beginning of the name.') }),
    answer: z.strictObject({
      id: z.int(),
      at: time,
      name: z.string(),
      detail: z.record(z.string(), z.unknown()),
    }),
    handle: ({ house, query }) =>
      pageOf(house.events.after(0), {
        limit: query.limit,
        cursor: query.cursor,
        keyOf: newestFirst,
        keep: ({ name }) => query.name === undefined || name.startsWith(query.name),
        view: ({ id, at, name, detail }) => ({ id, at: timeOf(at), name, detail: { ...detail } }),
      }),
  }),
  route({
    method: 'GET',
    path: '/slow-subscribers',
    group: 'slow-subscribers',
    summary: 'List who takes longest to acknowledge',
    needs: 'viewer',
    answer: z.array(
      z.strictObject({ clientId: z.string(), topic: z.string(), latencyMs: z.number(), lastSeenAt: time }),
    ),
    handle: ({ house }) =>
      house.kernel.slowConsumers.list().map(({ lastSeenAt, ...one }) => ({ ...one, lastSeenAt: timeOf(lastSeenAt) })),
  }),
  route({
    method: 'DELETE',
    path: '/slow-subscribers',
    group: 'slow-subscribers',
    summary: 'Forget the slow subscribers seen so far',
    needs: 'operator',
    handle: async ({ house }) => house.kernel.slowConsumers.clear(),
  }),
  list({
    path: '/flapping',
    group: 'flapping',
    summary: 'List clients that come and go too often',
    needs: 'viewer',
    query: z.strictObject({ ...pageQuery, search: z.string().optional().describe('Part of the client id.') }),
    answer: z.strictObject({
      tenant: z.string(),
      clientId: z.string().describe('Its beginning, where it is long.'),
      disconnects: z.int().nullable().describe('Within the window; null: it is banned.'),
      lastAt: time.nullable(),
      bannedUntil: time.nullable(),
    }),
    handle: ({ house, query }) =>
      pageOf(flappingOf(house), {
        limit: query.limit,
        cursor: query.cursor,
        keyOf: ({ tenant, clientId }) => `${tenant}\0${clientId}`,
        keep: ({ clientId }) => query.search === undefined || clientId.includes(query.search),
        view: one => one,
      }),
  }),
  list({
    path: '/audit',
    group: 'audit',
    summary: 'List what was changed through the API, the newest first',
    needs: 'admin',
    query: z.strictObject({ ...pageQuery, actor: z.string().optional() }),
    answer: z.strictObject({
      id: z.int(),
      at: time,
      actor: z.string(),
      via: z.string(),
      address: z.string(),
      action: z.string(),
      path: z.string(),
      status: z.int(),
    }),
    handle: ({ house, query }) =>
      pageOf(house.audit.entries, {
        limit: query.limit,
        cursor: query.cursor,
        keyOf: newestFirst,
        keep: ({ actor }) => query.actor === undefined || actor === query.actor,
        view: ({ at, ...entry }) => ({ ...entry, at: timeOf(at) }),
      }),
  }),
]

/** Those that may be banned soon, and those that are. */
function* flappingOf({ kernel }: House) {
  for (const { lastAt, ...one } of kernel.operations.flapping() ?? [])
    yield { ...one, lastAt: timeOf(lastAt), bannedUntil: null }
  for (const { kind, value, tenant, until, reason } of kernel.blacklist.list()) {
    if (kind !== 'client-id' || reason !== 'flapping' || until === undefined) continue
    const bannedUntil = timeOf(until)
    yield { tenant: tenant ?? defaultTenant, clientId: value, disconnects: null, lastAt: null, bannedUntil }
  }
}

function newestFirst({ id }: { id: number }): string {
  return String(Number.MAX_SAFE_INTEGER - id).padStart(16, '0')
}
