import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { addUser, removeUser } from '../../../auth-plugins/password/index.ts'
import { Message, type Rule } from '../../../kernel/plugin.ts'
import { effectiveConfig } from '../../config/index.ts'
import type { House } from '../house.ts'
import { Problem } from '../problem.ts'
import { usersFileOf, usersOf } from '../resources/users.ts'
import type { Role } from '../route.ts'
import { changeSettings } from '../settings.ts'
import { type Alias, fits, type Given, paged } from './alias.ts'
import { banTypes, look } from './lists.ts'

const created = 'Created successfully!'
const deleted = 'Deleted successfully!'

/** What RobustMQ's paths change, and the lists of what they change. */
export const changeAliases: readonly Alias[] = [
  look('/cluster/config/get', 'config', ({ server }) => nested(effectiveConfig(server.current))),
  change('/cluster/config/set', { group: 'config', needs: 'admin' }, async (house, given) => {
    const { config_type: path, config } = read(z.looseObject({ config_type: z.string(), config: z.string() }), given)
    await changeSettings(house, { [path]: json(config) })
    return 'success'
  }),
  ...userAliases('/mqtt'),
  ...userAliases('/cluster'),
  ...aclAliases('/mqtt'),
  ...aclAliases('/cluster'),
  ...banAliases('/mqtt'),
  ...banAliases('/cluster'),
  ...rewriteAliases('/mqtt'),
  ...rewriteAliases('/cluster'),
  look('/mqtt/auto-subscribe/list', 'auto-subscribe', (house, given) =>
    paged(listed(house, 'autoSubscribe'), given, {
      view: ({ filter, qos = 0, noLocal = false, retainAsPublished = false, retainHandling = 0 }) => ({
        topic: filter,
        qos: `QoS${qos}`,
        no_local: noLocal,
        retain_as_published: retainAsPublished,
        retained_handling: retainHandling,
      }),
    }),
  ),
  change('/mqtt/auto-subscribe/create', { group: 'auto-subscribe', needs: 'admin' }, async (house, given) => {
    const { topic, qos, no_local, retain_as_published, retained_handling } = read(autoSubscription, given)
    const others = listed(house, 'autoSubscribe').filter(({ filter }) => filter !== topic)
    const added = {
      filter: topic,
      qos,
      noLocal: no_local,
      retainAsPublished: retain_as_published,
      retainHandling: retained_handling,
    }
    await changeSettings(house, { 'mqtt.autoSubscribe': [...others, added] })
    return 'success'
  }),
  change('/mqtt/auto-subscribe/delete', { group: 'auto-subscribe', needs: 'admin' }, async (house, given) => {
    const { topic_name: topic } = read(z.looseObject({ topic_name: z.string() }), given)
    const others = listed(house, 'autoSubscribe').filter(({ filter }) => filter !== topic)
    await changeSettings(house, { 'mqtt.autoSubscribe': others })
    return 'success'
  }),
  change('/cluster/message/send', { group: 'publish', needs: 'operator' }, async (house, given) => {
    const { topic, payload, retain } = read(
      z.looseObject({ topic: z.string(), payload: z.string().default(''), retain: z.boolean().default(false) }),
      given,
    )
    const fields = {
      topic,
      payload: Buffer.from(payload),
      retain,
      guarantee: 1,
      publishedAt: house.clock.now(),
    } as const
    await house.kernel.space(undefined, 'http').publish(new Message(fields, true))
    return 'success'
  }),
]

const autoSubscription = z.looseObject({
  topic: z.string(),
  qos: z.number().default(0),
  no_local: z.boolean().default(false),
  retain_as_published: z.boolean().default(false),
  retained_handling: z.number().default(0),
})

function change(
  path: string,
  { group, needs }: { group: string; needs: Role },
  handle: (house: House, given: Given) => Promise<string>,
): Alias {
  return { path, group, needs, action: `${path} of RobustMQ`, handle }
}

function userAliases(prefix: string): readonly Alias[] {
  const of = { group: 'users', needs: 'admin' } as const
  return [
    look(`${prefix}/user/list`, 'users', async (house, given) =>
      paged(await usersOf(house), given, {
        keep: ({ name }) => fits(given, 'user_name', name),
        view: ({ name, superuser }) => ({ username: name, is_superuser: superuser }),
      }),
    ),
    change(`${prefix}/user/create`, of, async (house, given) => {
      const user = z.looseObject({
        username: z.string().min(1),
        password: z.string().min(1),
        is_superuser: z.boolean().default(false),
      })
      const { username, password, is_superuser } = read(user, given)
      const file = usersFileOf(house)
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await addUser(file, { name: username, password, superuser: is_superuser, scram: true })
      await house.reload()
      return created
    }),
    change(`${prefix}/user/delete`, of, async (house, given) => {
      const { username } = read(z.looseObject({ username: z.string() }), given)
      if (!(await removeUser(usersFileOf(house), username)))
        throw new Problem('not-found', `there is no user "${username}"`)
      await house.reload()
      return deleted
    }),
  ]
}

const aclRule = z.looseObject({
  resource_type: z.enum(['ClientId', 'User', 'Username', 'IpAddress']),
  resource_name: z.string(),
  topic: z.string().default(''),
  ip: z.string().default(''),
  action: z.enum(['All', 'Publish', 'Subscribe', 'PubSub', 'Retain', 'Qos']),
  permission: z.enum(['Allow', 'Deny']),
})

function aclAliases(prefix: string): readonly Alias[] {
  const rulesOf = ({ server }: House) => (server.current.config.access.rules ?? []) as readonly Rule[]
  const of = { group: 'acl', needs: 'admin' } as const
  return [
    look(`${prefix}/acl/list`, 'acl', (house, given) => paged(rulesOf(house), given, { view: showRule })),
    change(`${prefix}/acl/create`, of, async (house, given) => {
      await changeSettings(house, { 'access.rules': [...rulesOf(house), ruleOf(read(aclRule, given))] })
      return created
    }),
    change(`${prefix}/acl/delete`, of, async (house, given) => {
      const gone = JSON.stringify(showRule(ruleOf(read(aclRule, given))))
      const rules = rulesOf(house)
      const others = rules.filter(rule => JSON.stringify(showRule(rule)) !== gone)
      if (others.length === rules.length) throw new Problem('not-found', 'there is no such rule')
      await changeSettings(house, { 'access.rules': others })
      return deleted
    }),
  ]
}

function ruleOf({ resource_type, resource_name, topic, ip, action, permission }: z.output<typeof aclRule>): Rule {
  const actions = { Publish: 'publish', Subscribe: 'subscribe' } as const
  const known = action === 'Publish' || action === 'Subscribe' ? actions[action] : 'all'
  return {
    effect: permission === 'Allow' ? 'allow' : 'deny',
    action: known,
    ...(topic !== '' && { filters: [topic] }),
    ...(resource_type === 'ClientId' && { clientId: resource_name }),
    ...((resource_type === 'User' || resource_type === 'Username') && { user: resource_name }),
    ...(resource_type === 'IpAddress' ? { address: resource_name } : ip !== '' && { address: ip }),
  }
}

function showRule({ effect, action = 'all', filters, user, clientId, address }: Rule) {
  const type = clientId !== undefined ? 'ClientId' : user !== undefined ? 'Username' : 'IpAddress'
  return {
    resource_type: type,
    resource_name: clientId ?? user ?? address ?? '',
    topic: filters?.join(',') ?? '',
    ip: address ?? '',
    action: { all: 'All', publish: 'Publish', subscribe: 'Subscribe' }[action],
    permission: effect === 'allow' ? 'Allow' : 'Deny',
  }
}

function banAliases(prefix: string): readonly Alias[] {
  const ban = z.looseObject({
    blacklist_type: z.enum(banTypes.map(([type]) => type) as [string, ...string[]]),
    resource_name: z.string().min(1),
    end_time: z.number().optional(),
    desc: z.string().optional(),
  })
  const kindOf = (type: string) => banTypes.find(([name]) => name === type)?.[1] ?? 'client-id'
  const of = { group: 'bans', needs: 'operator' } as const
  return [
    change(`${prefix}/blacklist/create`, of, async (house, given) => {
      const { blacklist_type, resource_name: value, end_time, desc: reason } = read(ban, given)
      const until = end_time === undefined ? undefined : end_time * 1_000
      await house.kernel.blacklist.add({ kind: kindOf(blacklist_type), value, until, reason })
      return created
    }),
    change(`${prefix}/blacklist/delete`, of, async (house, given) => {
      const { blacklist_type, resource_name: value } = read(ban, given)
      if (!(await house.kernel.blacklist.remove(kindOf(blacklist_type), value)))
        throw new Problem('not-found', `there is no ban of ${blacklist_type} "${value}"`)
      return deleted
    }),
  ]
}

function rewriteAliases(prefix: string): readonly Alias[] {
  const of = { group: 'topic-rewrite', needs: 'admin' } as const
  const named = z.looseObject({ action: z.enum(['All', 'Publish', 'Subscribe']), source_topic: z.string().min(1) })
  const same = (action: string, source: string) => (rule: { action?: string; filter: string }) =>
    rule.filter === source && (rule.action ?? 'all') === action.toLowerCase()
  return [
    look(`${prefix}/topic-rewrite/list`, 'topic-rewrite', (house, given) =>
      paged(listed(house, 'rewrite'), given, {
        view: ({ action = 'all', filter, match, to }) => ({
          source_topic: filter,
          dest_topic: to,
          regex: match ?? '',
          action: action.charAt(0).toUpperCase() + action.slice(1),
        }),
      }),
    ),
    change(`${prefix}/topic-rewrite/create`, of, async (house, given) => {
      const rule = named.extend({ dest_topic: z.string().min(1), regex: z.string().optional() })
      const { action, source_topic, dest_topic, regex } = read(rule, given)
      const others = listed(house, 'rewrite').filter(one => !same(action, source_topic)(one))
      const match = regex === undefined || regex === '' ? {} : { match: regex }
      const added = { action: action.toLowerCase(), filter: source_topic, to: dest_topic, ...match }
      await changeSettings(house, { 'mqtt.rewrite': [...others, added] })
      return 'success'
    }),
    change(`${prefix}/topic-rewrite/delete`, of, async (house, given) => {
      const { action, source_topic } = read(named, given)
      const others = listed(house, 'rewrite').filter(one => !same(action, source_topic)(one))
      await changeSettings(house, { 'mqtt.rewrite': others })
      return 'success'
    }),
  ]
}

interface Listed {
  readonly autoSubscribe: {
    filter: string
    qos?: number
    noLocal?: boolean
    retainAsPublished?: boolean
    retainHandling?: number
  }
  readonly rewrite: { action?: string; filter: string; match?: string; to: string }
}

function listed<Key extends keyof Listed>({ server }: House, key: Key): readonly Listed[Key][] {
  return (server.current.config.mqtt as Partial<Record<Key, readonly Listed[Key][]>>)[key] ?? []
}

function read<Schema extends z.ZodType>(schema: Schema, given: Given): z.output<Schema> {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const wrong = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Problem('invalid-request', wrong.join('; '))
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `a.b[0]` as objects in objects. */
function nested(entries: readonly { path: string; value: string }[]): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const { path, value } of entries) {
    const steps = path.replace(/\[(\d+)\]/g, '.$1').split('.')
    let at = root
    for (const step of steps.slice(0, -1)) at = (Object.hasOwn(at, step) ? at[step] : (at[step] = {})) as typeof root
    at[steps.at(-1) ?? ''] = value
  }
  return root
}
