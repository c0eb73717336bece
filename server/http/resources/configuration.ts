import { z } from 'zod'
import { effectiveConfig, isChangeable } from '../../config/index.ts'
import type { House } from '../house.ts'
import { Problem } from '../problem.ts'
import { type Route, route } from '../route.ts'
import { changeSettings } from '../settings.ts'

const entry = z.strictObject({
  path: z.string(),
  value: z.string().describe('As it would be written; secrets are masked.'),
  from: z.string().describe('`default`, a place in a file, an environment variable, a flag.'),
  changeable: z.boolean().describe('It can be changed while the server runs.'),
})

const autoSubscription = z.strictObject({
  filter: z.string().min(1),
  qos: z.int().min(0).max(2).optional(),
  noLocal: z.boolean().optional(),
  retainAsPublished: z.boolean().optional(),
  retainHandling: z.int().min(0).max(2).optional(),
})

const rewriteRule = z.strictObject({
  action: z.enum(['publish', 'subscribe', 'all']).optional(),
  filter: z.string().min(1),
  match: z.string().optional(),
  to: z.string().min(1),
})

export const configurationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/config',
    group: 'config',
    summary: 'Show the effective configuration',
    needs: 'viewer',
    query: z.strictObject({ path: z.string().optional().describe('The beginning of the path.') }),
    answer: z.array(entry),
    handle: ({ house, query: { path = '' } }) => entriesOf(house).filter(one => one.path.startsWith(path)),
  }),
  route({
    method: 'PATCH',
    path: '/config',
    group: 'config',
    summary: 'Change keys that may change while the server runs',
    needs: 'admin',
    body: z.strictObject({ values: z.record(z.string(), z.unknown()).describe('By path, such as `log.level`.') }),
    answer: z.array(entry),
    handle: async ({ house, body: { values } }) => {
      await changeSettings(house, values)
      const changed = Object.keys(values)
      return entriesOf(house).filter(({ path }) =>
        changed.some(key => path === key || path.startsWith(`${key}[`) || path.startsWith(`${key}.`)),
      )
    },
  }),
  route({
    method: 'DELETE',
    path: '/config/:path',
    group: 'config',
    summary: 'Take a change back: the configuration decides again',
    needs: 'admin',
    params: z.strictObject({ path: z.string() }),
    handle: async ({ house, params: { path } }) => {
      if (!house.server.current.settings.values.has(path))
        throw new Problem('not-found', `${path} was not changed while the server ran`)
      await changeSettings(house, { [path]: undefined })
    },
  }),
  ...optionRoutes({
    path: '/auto-subscribe',
    what: 'subscriptions made for every client',
    key: 'autoSubscribe',
    element: autoSubscription,
  }),
  ...optionRoutes({
    path: '/topic-rewrite',
    what: 'rules that replace topics',
    key: 'rewrite',
    element: rewriteRule,
  }),
]

/** A list among the options of MQTT that is an own thing for whoever uses it. */
function optionRoutes({
  path,
  what,
  key,
  element,
}: {
  path: string
  what: string
  key: 'autoSubscribe' | 'rewrite'
  element: z.ZodObject
}): readonly Route[] {
  const group = path.slice(1)
  const read = ({ server }: House) => ((server.current.config.mqtt as Record<string, unknown>)[key] ?? []) as never
  return [
    route({
      method: 'GET',
      path,
      group,
      summary: `List ${what}`,
      needs: 'viewer',
      answer: z.array(element),
      handle: ({ house }) => read(house),
    }),
    route({
      method: 'PUT',
      path,
      group,
      summary: `Replace ${what}`,
      needs: 'admin',
      body: z.array(element).max(1_000),
      answer: z.array(element),
      handle: async ({ house, body }) => {
        await changeSettings(house, { [`mqtt.${key}`]: body })
        return read(house)
      },
    }),
  ]
}

function entriesOf({ server }: House): z.output<typeof entry>[] {
  return effectiveConfig(server.current).map(one => ({
    ...one,
    changeable: isChangeable(one.path.replace(/[[].*$/, '')),
  }))
}
