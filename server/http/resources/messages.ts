import { z } from 'zod'
import { Message } from '../../../kernel/plugin.ts'
import { defaultTenant } from '../../../kernel/tenant.ts'
import type { House } from '../house.ts'
import { nextTurn } from '../in-turns.ts'
import { narrowedPageOf, type PageInTheMaking, pageOf, pageQuery } from '../page.ts'
import { type FieldFault, Problem, problemOf } from '../problem.ts'
import { list, type Route, route } from '../route.ts'
import { messagePreview, messageView, showMessage, showPreview } from './message-view.ts'
import { guarantee, time, timeOf } from './names.ts'

const tenant = z.string().default(defaultTenant)

const publication = z.strictObject({
  topic: z.string().min(1),
  payload: z.string().default(''),
  encoding: z.enum(['text', 'base64']).default('text'),
  qos: guarantee.default(0),
  retain: z.boolean().default(false),
  tenant,
  delaySeconds: z.number().min(0).optional().describe('Publish it later.'),
  expiresAfterSeconds: z.number().positive().optional(),
  contentType: z.string().optional(),
  responseTopic: z.string().optional(),
  correlation: z.string().optional().describe('Correlation data, as text.'),
  properties: z
    .array(z.tuple([z.string(), z.string()]))
    .default([])
    .describe('User properties, in order.'),
})
type Publication = z.output<typeof publication>

const outcome = z.strictObject({
  topic: z.string(),
  reached: z.int().nullable().describe('Queues it reached; null: it was refused.'),
  error: z.string().nullable(),
})

const maxBulk = 1_000

export const publishRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/publish',
    group: 'publish',
    summary: 'Publish a message',
    needs: 'operator',
    body: publication,
    answer: outcome,
    handle: call => repeatable(call, async () => publish(call.house, call.body)),
  }),
  route({
    method: 'POST',
    path: '/publish/bulk',
    group: 'publish',
    summary: 'Publish messages in their order',
    needs: 'operator',
    body: z.strictObject({ messages: z.array(publication).min(1).max(maxBulk) }),
    answer: z.array(outcome),
    handle: call =>
      repeatable(call, () =>
        Promise.all(
          call.body.messages.map(one =>
            publish(call.house, one).catch(error => {
              const problem = problemOf(error)
              if (!problem) throw error
              return { topic: one.topic, reached: null, error: problem.message }
            }),
          ),
        ),
      ),
  }),
]

const topicQuery = { tenant, filter: z.string().min(1).default('#').describe('A topic filter.') }
const topicParams = z.strictObject({ topic: z.string().min(1).describe('The topic, URL-encoded.') })

export const retainedRoutes: readonly Route[] = [
  list({
    path: '/retained',
    group: 'retained',
    summary: 'List retained messages',
    needs: 'viewer',
    query: z.strictObject({ ...pageQuery, ...topicQuery }),
    answer: messagePreview,
    handle: ({ house, query }) =>
      narrowedPageOf(
        ({ wants, offer }: PageInTheMaking<Message>) =>
          house.kernel.operations.surveyRetained(query.tenant, query.filter, { wants, found: offer }),
        {
          limit: query.limit,
          cursor: query.cursor,
          keyOf: ({ topic }) => topic,
          view: message => showPreview(message),
          count: () => (query.filter === '#' ? house.kernel.operations.retainedCount(query.tenant) : undefined),
        },
      ),
  }),
  route({
    method: 'GET',
    path: '/retained/:topic',
    group: 'retained',
    summary: 'Show a retained message',
    needs: 'viewer',
    params: topicParams,
    query: z.strictObject({ tenant }),
    answer: messageView,
    handle: ({ house, params, query }) => {
      const message = house.kernel.operations.retainedAt(query.tenant, params.topic)
      if (!message) throw new Problem('not-found', `nothing is retained at "${params.topic}"`)
      return showMessage(message)
    },
  }),
  route({
    method: 'DELETE',
    path: '/retained/:topic',
    group: 'retained',
    summary: 'Clear a retained message',
    needs: 'operator',
    params: topicParams,
    query: z.strictObject({ tenant }),
    handle: async ({ house, params, query }) => {
      if (!house.kernel.operations.retainedAt(query.tenant, params.topic))
        throw new Problem('not-found', `nothing is retained at "${params.topic}"`)
      await clear(house, query.tenant, params.topic)
    },
  }),
  route({
    method: 'DELETE',
    path: '/retained',
    group: 'retained',
    summary: 'Clear all retained messages that a filter matches',
    needs: 'operator',
    query: z.strictObject({ ...topicQuery, filter: z.string().min(1).describe('A topic filter; # is every topic.') }),
    answer: z.strictObject({ cleared: z.int() }),
    handle: async ({ house, query }) => ({ cleared: await clearAll(house, query) }),
  }),
]

const delayedView = z.strictObject({
  id: z.int(),
  tenant: z.string(),
  clientId: z.string().nullable(),
  publishAt: time,
  payloadBytes: z.int(),
  topic: z.string().nullable().describe('null: it was published while the list was made.'),
})

export const delayedRoutes: readonly Route[] = [
  list({
    path: '/delayed',
    group: 'delayed',
    summary: 'List messages that wait for their time, the next first',
    needs: 'viewer',
    query: z.strictObject(pageQuery),
    answer: delayedView,
    handle: ({ house, query }) => {
      const { operations } = house.kernel
      return pageOf(operations.delayed(), {
        limit: query.limit,
        cursor: query.cursor,
        keyOf: ({ deliverAt, id }) => `${String(deliverAt).padStart(16, '0')} ${String(id).padStart(16, '0')}`,
        view: one => one,
      }).andThen(async page => {
        const messages = await operations.peekDelayed(new Set(page.data.map(({ id }) => id)))
        const data = page.data.map(({ deliverAt, clientId, ...rest }) => ({
          ...rest,
          clientId: clientId ?? null,
          publishAt: timeOf(deliverAt),
          topic: messages.get(rest.id)?.topic ?? null,
        }))
        return { ...page, data }
      })
    },
  }),
  route({
    method: 'DELETE',
    path: '/delayed/:id',
    group: 'delayed',
    summary: 'Give a delayed message up',
    needs: 'operator',
    params: z.strictObject({ id: z.coerce.number().int() }),
    handle: async ({ house, params }) => {
      if (!(await house.kernel.operations.cancelDelayed(params.id)))
        throw new Problem('not-found', `no delayed message ${params.id} waits`)
    },
  }),
]

async function publish(house: House, given: Publication): Promise<z.infer<typeof outcome>> {
  if (given.encoding === 'base64' && !/^[A-Za-z0-9+/]*={0,2}$/.test(given.payload)) {
    const errors: FieldFault[] = [{ in: 'body', pointer: '/payload', message: 'expected base64' }]
    throw new Problem('invalid-request', 'the payload is not base64', { errors })
  }
  const now = house.clock.now()
  const later = now + (given.delaySeconds ?? 0) * 1_000
  const { delaySeconds, expiresAfterSeconds, contentType, responseTopic, correlation } = given
  const message = new Message(
    {
      topic: given.topic,
      payload: Buffer.from(given.payload, given.encoding === 'text' ? 'utf8' : 'base64'),
      guarantee: given.qos,
      retain: given.retain,
      headers: given.properties,
      contentType,
      replyTo: responseTopic,
      correlationId: correlation === undefined ? undefined : Buffer.from(correlation),
      deliverAt: delaySeconds === undefined || delaySeconds === 0 ? undefined : later,
      expiresAt: expiresAfterSeconds === undefined ? undefined : later + expiresAfterSeconds * 1_000,
      publishedAt: now,
    },
    true,
  )
  const reached = await house.kernel.space(given.tenant, 'http').publish(message)
  return { topic: given.topic, reached, error: null }
}

/** In steps, so that clients are served meanwhile and a million topics are not in memory twice. */
async function clearAll(house: House, of: { readonly tenant: string; readonly filter: string }): Promise<number> {
  let cleared = 0
  const found: string[] = []
  const clearFound = async () => {
    const topics = found.splice(0)
    await Promise.all(topics.map(topic => clear(house, of.tenant, topic)))
    cleared += topics.length
  }
  const survey = { wants: () => true, found: ({ topic }: Message) => void found.push(topic) }
  for (const _ of house.kernel.operations.surveyRetained(of.tenant, of.filter, survey)) {
    await clearFound()
    await nextTurn()
  }
  await clearFound()
  return cleared
}

async function clear(house: House, tenantName: string, topic: string): Promise<void> {
  const fields = { topic, payload: Buffer.alloc(0), retain: true, guarantee: 1, durability: 'stored' } as const
  await house.kernel.space(tenantName).publish(new Message({ ...fields, publishedAt: house.clock.now() }, true))
}

const keptAnswers = 1_000
const answers = new WeakMap<House, Map<string, { body: string; answer: Promise<unknown> }>>()

/** A repeat with the same `Idempotency-Key` gets the first one's answer, and publishes nothing. */
function repeatable<T>(
  {
    house,
    actor,
    body,
    header,
  }: { house: House; actor: { name: string }; body: unknown; header(name: string): string | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const given = header('idempotency-key')
  if (given === undefined) return work()
  if (given.length > 256) throw new Problem('invalid-request', 'the Idempotency-Key is longer than 256 characters')
  const known = answers.get(house) ?? new Map<string, { body: string; answer: Promise<unknown> }>()
  answers.set(house, known)
  const key = `${actor.name}\0${given}`
  const text = JSON.stringify(body)
  const before = known.get(key)
  if (before && before.body !== text)
    throw new Problem('conflict', 'this Idempotency-Key was used for another request; take a new one')
  if (before) return before.answer as Promise<T>
  const answer = work()
  known.set(key, { body: text, answer })
  // What failed may be tried again under the same key.
  answer.catch(() => known.delete(key))
  for (const oldest of known.keys()) {
    if (known.size <= keptAnswers) break
    known.delete(oldest)
  }
  return answer
}
