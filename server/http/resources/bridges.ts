import { z } from 'zod'
import type { BridgeView } from '../../../kernel/bridging/bridge.ts'
import type { House } from '../house.ts'
import { Problem } from '../problem.ts'
import { list, type Route, route } from '../route.ts'
import { climbed, rung } from './ladder.ts'
import { time, timeOf } from './names.ts'

const bridge = z.strictObject({
  name: z.string(),
  direction: z.enum(['egress', 'ingress']),
  connection: z.string(),
  type: z.string(),
  state: z.enum(['starting', 'running', 'degraded', 'paused', 'failed']),
  detail: z.string().nullable().describe('Why it is not running.'),
  since: time,
  lag: z.strictObject({ messages: z.int(), bytes: z.int(), ageMs: z.number() }).describe('What waits to be sent.'),
  sent: z.int(),
  received: z.int(),
  rejected: z.int(),
  retried: z.int(),
  filtered: z.int(),
  looped: z.int(),
  dropped: z.int(),
  deadLetters: z.int(),
})

const deadLetter = z.strictObject({
  id: z.string(),
  code: z.string(),
  reason: z.string(),
  topic: z.string(),
  at: time,
  payloadBytes: z.int(),
})

const named = z.strictObject({ name: z.string() })
const chosen = z.strictObject({ ids: z.array(z.string()).min(1).max(10_000).optional().describe('Default: all.') })
const counted = z.strictObject({ messages: z.int() })

export const bridgeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/bridges',
    group: 'bridges',
    summary: 'List bridges',
    needs: 'viewer',
    answer: z.array(bridge),
    handle: ({ house }) => house.kernel.bridges.list().map(show),
  }),
  route({
    method: 'GET',
    path: '/bridges/:name',
    group: 'bridges',
    summary: 'Show a bridge',
    needs: 'viewer',
    params: named,
    answer: bridge,
    handle: ({ house, params: { name } }) => show(found(house.kernel.bridges.get(name), name)),
  }),
  ...(['pause', 'resume'] as const).map(act =>
    route({
      method: 'POST',
      path: `/bridges/:name/${act}`,
      group: 'bridges',
      summary: act === 'pause' ? 'Stop a bridge; what it is to send waits' : 'Let a bridge run again',
      needs: 'operator',
      params: named,
      answer: bridge,
      handle: async ({ house, params: { name } }) => {
        if (!(await house.kernel.bridges[act](name))) throw unknown(name)
        return show(found(house.kernel.bridges.get(name), name))
      },
    }),
  ),
  route({
    method: 'POST',
    path: '/bridges/:name/test',
    group: 'bridges',
    summary: 'Try what a bridge needs, step by step, to the first that fails',
    needs: 'operator',
    asks: true,
    params: named,
    answer: z.array(rung),
    handle: ({ house, params: { name } }) => climbed(signal => found(house.kernel.bridges.test(name, signal), name)),
  }),
  list({
    path: '/bridges/:name/dead-letters',
    group: 'bridges',
    summary: 'List what a bridge could not send',
    needs: 'viewer',
    params: named,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
      cursor: z.coerce.number().int().min(0).max(1_000_000).default(0).describe('`meta.next` of the page before.'),
    }),
    answer: deadLetter,
    handle: async ({ house, params: { name }, query: { limit, cursor } }) => {
      const letters = lettersOf(house, name)
      const data = await letters.list({ skip: cursor, limit })
      const count = letters.length
      const next = cursor + data.length
      return {
        data: data.map(({ id, code, reason, topic, at, payload }) => {
          return { id, code, reason, topic, at: timeOf(at), payloadBytes: payload.length }
        }),
        meta: { next: data.length > 0 && next < count ? String(next) : null, count },
      }
    },
  }),
  route({
    method: 'POST',
    path: '/bridges/:name/dead-letters/retry',
    group: 'bridges',
    summary: 'Send dead letters again',
    needs: 'operator',
    params: named,
    body: chosen,
    answer: counted,
    handle: async ({ house, params: { name }, body: { ids } }) => ({
      messages: await lettersOf(house, name).retry(ids),
    }),
  }),
  route({
    method: 'POST',
    path: '/bridges/:name/dead-letters/purge',
    group: 'bridges',
    summary: 'Throw dead letters away',
    needs: 'operator',
    params: named,
    body: chosen,
    answer: counted,
    handle: async ({ house, params: { name }, body: { ids } }) => ({
      messages: await lettersOf(house, name).purge(ids),
    }),
  }),
]

function lettersOf({ kernel }: House, name: string) {
  return found(kernel.bridges.deadLetters(name), name)
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw unknown(name)
  return value
}

function unknown(name: string): Problem {
  return new Problem('not-found', `there is no bridge "${name}"`)
}

function show({ since, detail, ...view }: BridgeView): z.output<typeof bridge> {
  return { ...view, detail: detail ?? null, since: timeOf(since), lag: { ...view.lag } }
}
