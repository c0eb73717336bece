import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { defaultTenant } from '../../../kernel/tenant.ts'
import { reaches } from '../access/guard.ts'
import { checkPart, told } from '../faults.ts'
import type { House } from '../house.ts'
import { Problem } from '../problem.ts'
import { type Channel, channels, EventStream, maxStreams } from './event-stream.ts'
import { TopicWatch } from './topic-watch.ts'
import { TraceTail } from './trace-tail.ts'

const asked = z.strictObject({
  channels: z
    .string()
    .default('metrics,alarms')
    .transform(text => text.split(','))
    .pipe(z.array(z.enum(channels)).min(1).max(channels.length)),
  topic: z
    .union([z.string(), z.array(z.string())])
    .transform(one => (typeof one === 'string' ? [one] : one))
    .pipe(z.array(z.string().min(1)).max(20))
    .default(['#']),
  tenant: z.string().default(defaultTenant),
  trace: z.string().optional(),
})

/** Payloads and log lines are more than numbers. */
const operatorChannels: readonly Channel[] = ['topics', 'log', 'trace']

/** `GET /events`: one stream for all that moves. `channels` chooses, `topic` filters the channel of topics, `trace` names one. */
export function serveStream(app: FastifyInstance, house: House): () => void {
  const open = new Set<EventStream>()
  app.get('/events', async (request, reply) => {
    const query = checkPart('query', asked, request.query)
    if ('faults' in query) throw new Problem('invalid-request', told(query.faults), { errors: query.faults })
    const { tenant, topic, channels: wanted, trace: named } = query.data
    house.guard.checkRights(request.actor, { needs: 'viewer', group: 'stream' })
    const beyond = wanted.filter(channel => operatorChannels.includes(channel))
    if (beyond.length > 0 && !(request.actor && reaches(request.actor.role, 'operator')))
      throw new Problem('forbidden', `the channels ${beyond.join(' and ')} need the role operator`)
    if (open.size >= maxStreams)
      throw new Problem('too-many-requests', `${maxStreams} streams are open; close one`, { retryAfter: 5 })
    const trace = wanted.includes('trace') ? tailOf(house, named) : undefined
    const topics = wanted.includes('topics') ? await TopicWatch.open(house.kernel.space(tenant), topic) : undefined
    reply.hijack()
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    })
    const last = Number(request.headers['last-event-id'])
    const after = request.headers['last-event-id'] !== undefined && Number.isInteger(last) ? last : undefined
    const stream = new EventStream(house, { response: reply.raw, channels: wanted, topics, trace, after })
    open.add(stream)
    reply.raw.on('close', () => {
      open.delete(stream)
      stream.end()
    })
  })
  return () => {
    for (const stream of open) stream.end()
  }
}

function tailOf(house: House, name: string | undefined): TraceTail {
  const trace = name === undefined ? undefined : house.kernel.traces.get(name)
  if (trace) return new TraceTail(trace)
  if (name !== undefined) throw new Problem('not-found', `there is no trace "${name}"`)
  const errors = [{ in: 'query' as const, pointer: '/trace', message: 'expected the name of a trace' }]
  throw new Problem('invalid-request', 'the channel of a trace needs its name: trace=NAME', { errors })
}
