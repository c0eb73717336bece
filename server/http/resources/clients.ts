import { z } from 'zod'
import type { SessionName } from '../../../kernel/operations/operations.ts'
import type { SessionView } from '../../../kernel/operations/views.ts'
import type { House } from '../house.ts'
import { pageOf, pageQuery } from '../page.ts'
import { Problem } from '../problem.ts'
import { list, type Route, route } from '../route.ts'
import { clientParams, guarantee, nameOf, placeQuery } from './names.ts'
import { sessionKey, sessionView, showSession, showSubscription, subscriptionView } from './session-view.ts'

const filters = {
  search: z.string().optional().describe('Part of the client id.'),
  user: z.string().optional(),
  address: z.string().optional().describe('The beginning of the address.'),
  tenant: z.string().optional(),
  protocol: z.string().optional(),
}

const place = z.strictObject(placeQuery)
const listQuery = z.strictObject({ ...pageQuery, ...filters })
type Filters = z.infer<typeof listQuery>

const subscription = z.strictObject({
  filter: z.string().min(1),
  qos: guarantee.default(0),
  group: z.string().min(1).optional(),
  noLocal: z.boolean().default(false),
})

export const clientRoutes: readonly Route[] = [
  list({
    path: '/clients',
    group: 'clients',
    summary: 'List connected clients',
    needs: 'viewer',
    query: listQuery,
    answer: sessionView,
    handle: ({ house, query }) => pageOfSessions(house, query, ({ connected }) => connected),
  }),
  route({
    method: 'GET',
    path: '/clients/:clientId',
    group: 'clients',
    summary: 'Show a connected client',
    needs: 'viewer',
    params: clientParams,
    query: place,
    answer: sessionView,
    handle: ({ house, params, query }) => showSession(connected(house, nameOf(params, query))),
  }),
  route({
    method: 'DELETE',
    path: '/clients/:clientId',
    group: 'clients',
    summary: 'Disconnect a client',
    needs: 'operator',
    params: clientParams,
    query: place,
    handle: async ({ house, params, query }) => {
      const name = nameOf(params, query)
      connected(house, name)
      await house.kernel.operations.kick(name, { end: false })
    },
  }),
  route({
    method: 'GET',
    path: '/clients/:clientId/subscriptions',
    group: 'clients',
    summary: 'List the subscriptions of a client',
    needs: 'viewer',
    params: clientParams,
    query: place,
    answer: z.array(subscriptionView),
    handle: ({ house, params, query }) => {
      const name = nameOf(params, query)
      existing(house, name)
      return house.kernel.operations.bindingsOf(name).map(showSubscription)
    },
  }),
  route({
    method: 'POST',
    path: '/clients/:clientId/subscriptions',
    group: 'clients',
    summary: 'Subscribe a client',
    needs: 'operator',
    status: 201,
    params: clientParams,
    query: place,
    body: subscription,
    answer: subscriptionView,
    handle: async ({ house, params, query, body }) => {
      const name = nameOf(params, query)
      existing(house, name)
      const { filter, qos, group, noLocal } = body
      const options = { guarantee: qos, ...(group !== undefined && { group }), ...(noLocal && { excludeOwn: true }) }
      const [bound] = (await house.kernel.operations.bind(name, [{ filter, options, replay: 'if-new' }])) ?? []
      if (bound?.error) throw bound.error
      return showSubscription({ ...name, filter, options })
    },
  }),
  route({
    method: 'DELETE',
    path: '/clients/:clientId/subscriptions',
    group: 'clients',
    summary: 'Unsubscribe a client',
    needs: 'operator',
    params: clientParams,
    query: z.strictObject({ ...placeQuery, filter: z.string().min(1), group: z.string().min(1).optional() }),
    handle: async ({ house, params, query }) => {
      const name = nameOf(params, query)
      existing(house, name)
      const { filter, group } = query
      const [existed] = (await house.kernel.operations.unbind(name, [{ filter, group }])) ?? []
      if (!existed) throw new Problem('not-found', `client "${name.clientId}" is not subscribed to "${filter}"`)
    },
  }),
]

export const sessionRoutes: readonly Route[] = [
  list({
    path: '/sessions',
    group: 'sessions',
    summary: 'List sessions, connected or not',
    needs: 'viewer',
    query: listQuery.extend({ connected: z.enum(['true', 'false']).optional() }),
    answer: sessionView,
    handle: ({ house, query }) => {
      const { connected } = query
      return pageOfSessions(house, query, session => connected === undefined || String(session.connected) === connected)
    },
  }),
  route({
    method: 'GET',
    path: '/sessions/:clientId',
    group: 'sessions',
    summary: 'Show a session',
    needs: 'viewer',
    params: clientParams,
    query: place,
    answer: sessionView,
    handle: ({ house, params, query }) => showSession(existing(house, nameOf(params, query))),
  }),
  route({
    method: 'DELETE',
    path: '/sessions/:clientId',
    group: 'sessions',
    summary: 'End a session with all that waits in it',
    needs: 'operator',
    params: clientParams,
    query: place,
    handle: async ({ house, params, query }) => {
      const name = nameOf(params, query)
      existing(house, name)
      await house.kernel.operations.kick(name, { end: true })
    },
  }),
]

function pageOfSessions(house: House, query: Filters, keep: (session: SessionView) => boolean) {
  const { limit, cursor, search, user, address, tenant, protocol } = query
  return pageOf(house.kernel.operations.sessions(), {
    limit,
    cursor,
    keyOf: sessionKey,
    keep: session =>
      keep(session) &&
      (search === undefined || session.clientId.includes(search)) &&
      (user === undefined || session.user === user) &&
      (address === undefined || session.address?.startsWith(address) === true) &&
      (tenant === undefined || session.tenant === tenant) &&
      (protocol === undefined || session.protocol === protocol),
    view: showSession,
  })
}

function existing(house: House, name: SessionName): SessionView {
  const session = house.kernel.operations.session(name)
  if (session) return session
  throw new Problem('not-found', `there is no session "${name.clientId}" of ${name.protocol} in tenant ${name.tenant}`)
}

function connected(house: House, name: SessionName): SessionView {
  const session = existing(house, name)
  if (session.connected) return session
  throw new Problem('not-found', `client "${name.clientId}" is not connected; its session is at /sessions`)
}
