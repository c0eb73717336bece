import { z } from 'zod'
import type { BindingView } from '../../../kernel/operations/views.ts'
import type { Binding } from '../../../kernel/plugin.ts'
import type { House } from '../house.ts'
import { looksPerTurn } from '../in-turns.ts'
import { narrowedPageOf, type PageInTheMaking, pageQuery } from '../page.ts'
import { list, type Route } from '../route.ts'
import { guarantee } from './names.ts'
import { sessionKey, showSubscription, subscriptionView } from './session-view.ts'

export const subscriptionRoutes: readonly Route[] = [
  list({
    path: '/subscriptions',
    group: 'subscriptions',
    summary: 'List subscriptions, client by client',
    needs: 'viewer',
    query: z.strictObject({
      ...pageQuery,
      search: z.string().optional().describe('Part of the filter.'),
      clientId: z.string().optional(),
      group: z.string().optional(),
      qos: z.coerce.number().pipe(guarantee).optional(),
    }),
    answer: subscriptionView,
    handle: ({ house, query }) => {
      const { limit, cursor, search, clientId, group, qos } = query
      const filtered = [search, clientId, group, qos].some(given => given !== undefined)
      const all = { count: 0 }
      const fits = ({ filter, options }: Binding) =>
        (search === undefined || filter.includes(search)) &&
        (group === undefined || options.group === group) &&
        (qos === undefined || options.guarantee === qos)
      return narrowedPageOf(page => subscriptions(house, { clientId, fits, all }, page), {
        limit,
        cursor,
        keyOf: binding => `${beginningOf(binding)}${binding.filter}\0${binding.options.group ?? ''}`,
        view: showSubscription,
        count: () => (filtered ? undefined : all.count),
      })
    },
  }),
]

interface Looked {
  readonly clientId: string | undefined
  readonly fits: (binding: Binding) => boolean
  /** Counts the subscriptions of all clients, wanted or not. */
  readonly all: { count: number }
}

/** Those that fit, of clients whose subscriptions are wanted. */
function* subscriptions(
  { kernel }: House,
  { clientId, fits, all }: Looked,
  { wants, offer }: PageInTheMaking<BindingView>,
): Iterable<void> {
  let looks = 0
  for (const session of kernel.operations.sessions()) {
    all.count += session.bindings
    if (++looks % looksPerTurn === 0) yield
    if (session.bindings === 0 || (clientId !== undefined && session.clientId !== clientId)) continue
    if (!wants('', beginningOf(session))) continue
    const { tenant, protocol, clientId: owner } = session
    for (const binding of session.filters) {
      if (fits(binding)) offer({ tenant, protocol, clientId: owner, filter: binding.filter, options: binding.options })
      if (++looks % looksPerTurn === 0) yield
    }
  }
}

/** What the keys of a session's subscriptions begin with. */
function beginningOf(session: Parameters<typeof sessionKey>[0]): string {
  return `${sessionKey(session)}\0`
}
