import { z } from 'zod'
import { banKinds } from '../../../kernel/access/index.ts'
import type { Rule } from '../../../kernel/plugin.ts'
import { defaultTenant } from '../../../kernel/tenant.ts'
import type { House } from '../house.ts'
import { pageOf, pageQuery } from '../page.ts'
import { Problem } from '../problem.ts'
import { list, type Route, route } from '../route.ts'
import { changeSettings } from '../settings.ts'
import { time, timeOf } from './names.ts'

const rule = z.strictObject({
  effect: z.enum(['allow', 'deny']),
  action: z.enum(['publish', 'subscribe', 'all']).default('all'),
  filters: z.array(z.string()).optional(),
  user: z.string().optional(),
  clientId: z.string().optional(),
  address: z.string().optional(),
})

const acl = z.strictObject({
  rules: z.array(rule).nullable().describe('null: there are none, and everything is allowed.'),
  noMatch: z
    .enum(['allow', 'deny'])
    .nullable()
    .describe('When no rule applies. null: deny as soon as there are rules.'),
})

const at = z.strictObject({ index: z.coerce.number().int().min(0) })

export const aclRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/acl',
    group: 'acl',
    summary: 'Show the rules of the configuration',
    needs: 'viewer',
    answer: acl,
    handle: ({ house }) => aclOf(house),
  }),
  route({
    method: 'PUT',
    path: '/acl',
    group: 'acl',
    summary: 'Replace the rules',
    needs: 'admin',
    body: acl,
    answer: acl,
    handle: async ({ house, body }) => {
      await changeSettings(house, {
        'access.rules': body.rules ?? undefined,
        'access.noMatch': body.noMatch ?? undefined,
      })
      return aclOf(house)
    },
  }),
  route({
    method: 'POST',
    path: '/acl/rules',
    group: 'acl',
    summary: 'Add a rule',
    needs: 'admin',
    status: 201,
    body: rule.extend({ index: z.int().min(0).optional().describe('Its place. Default: the end.') }),
    answer: acl,
    handle: async ({ house, body: { index, ...added } }) => {
      const rules = [...(aclOf(house).rules ?? [])]
      rules.splice(index ?? rules.length, 0, added)
      await changeSettings(house, { 'access.rules': rules })
      return aclOf(house)
    },
  }),
  route({
    method: 'DELETE',
    path: '/acl/rules/:index',
    group: 'acl',
    summary: 'Remove a rule',
    needs: 'admin',
    params: at,
    answer: acl,
    handle: async ({ house, params: { index } }) => {
      const rules = [...(aclOf(house).rules ?? [])]
      if (index >= rules.length)
        throw new Problem('not-found', `there is no rule ${index}: the list has ${rules.length}`)
      rules.splice(index, 1)
      await changeSettings(house, { 'access.rules': rules })
      return aclOf(house)
    },
  }),
  route({
    method: 'POST',
    path: '/acl/explain',
    group: 'acl',
    summary: 'Ask whether a client may, and which rule decides',
    needs: 'viewer',
    asks: true,
    body: z.strictObject({
      clientId: z.string(),
      action: z.enum(['publish', 'subscribe', 'receive']),
      topic: z.string().min(1).describe('For subscribe, a filter.'),
      user: z.string().optional().describe('Of a client that has no session; of one that has, its own is taken.'),
      address: z.string().default('127.0.0.1'),
      tenant: z.string().default(defaultTenant),
      protocol: z.string().default('mqtt'),
    }),
    answer: z.strictObject({
      allowed: z.boolean(),
      source: z.enum(['superuser', 'identity', 'configuration', 'reserved', 'none']),
      index: z.int().nullable().describe('Which rule of its source, from 0.'),
      rule: rule.nullable(),
    }),
    handle: ({ house, body: { action, topic, user, ...asker } }) => {
      const { allowed, source, index, rule } = house.kernel.operations.explain({ ...asker, user }, action, topic)
      return { allowed, source, index: index ?? null, rule: rule ? showRule(rule) : null }
    },
  }),
]

const ban = z.strictObject({
  kind: z.enum(banKinds),
  value: z.string().min(1),
  tenant: z.string().optional(),
  until: time.optional(),
  reason: z.string().max(1_000).optional(),
})

export const banRoutes: readonly Route[] = [
  list({
    path: '/bans',
    group: 'bans',
    summary: 'List who is kept out',
    needs: 'viewer',
    query: z.strictObject({
      ...pageQuery,
      kind: z.enum(banKinds).optional(),
      search: z.string().optional().describe('A part of the value or the reason.'),
    }),
    answer: ban,
    handle: ({ house, query: { search = '', kind, ...query } }) =>
      pageOf(house.kernel.blacklist.list(), {
        limit: query.limit,
        cursor: query.cursor,
        keep: ban =>
          (kind === undefined || ban.kind === kind) &&
          (ban.value.includes(search) || (ban.reason?.includes(search) ?? false)),
        keyOf: ({ kind, value, tenant }) => `${kind}\0${value}\0${tenant ?? ''}`,
        view: ({ kind, value, tenant, until, reason }) => ({
          kind,
          value,
          ...(tenant !== undefined && { tenant }),
          ...(until !== undefined && { until: timeOf(until) }),
          ...(reason !== undefined && { reason }),
        }),
      }),
  }),
  route({
    method: 'POST',
    path: '/bans',
    group: 'bans',
    summary: 'Keep somebody out',
    needs: 'operator',
    status: 201,
    body: ban,
    answer: ban,
    handle: async ({ house, body }) => {
      const { until, ...rest } = body
      await house.kernel.blacklist.add({ ...rest, until: until === undefined ? undefined : Date.parse(until) })
      return body
    },
  }),
  route({
    method: 'DELETE',
    path: '/bans',
    group: 'bans',
    summary: 'Let somebody in again',
    needs: 'operator',
    query: z.strictObject({ kind: z.enum(banKinds), value: z.string().min(1), tenant: z.string().optional() }),
    handle: async ({ house, query: { kind, value, tenant } }) => {
      if (await house.kernel.blacklist.remove(kind, value, tenant)) return
      const configured = [...house.kernel.blacklist.list()].some(one => one.kind === kind && one.value === value)
      if (configured) throw new Problem('conflict', 'this ban stands in the configuration (access.bans); change that')
      throw new Problem('not-found', `there is no ban of ${kind} "${value}"`)
    },
  }),
]

function aclOf({ server }: House): z.output<typeof acl> {
  const { rules, noMatch } = server.current.config.access
  return { rules: rules?.map(one => showRule(one as Rule)) ?? null, noMatch: noMatch ?? null }
}

function showRule({ effect, action, filters, user, clientId, address }: Rule): z.output<typeof rule> {
  return {
    effect,
    action: action ?? 'all',
    ...(filters && { filters: [...filters] }),
    ...(user !== undefined && { user }),
    ...(clientId !== undefined && { clientId }),
    ...(address !== undefined && { address }),
  }
}
