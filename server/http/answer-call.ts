import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { idleMs, sessionCookie } from './access/browser-sessions.ts'
import { checkPart, told } from './faults.ts'
import type { House } from './house.ts'
import { type FieldFault, Problem, problemOf } from './problem.ts'
import type { Actor, Call, Route } from './route.ts'

/** Checks all of a call at once, does it, tells it in the audit log if it changes something, and answers. */
export async function answerCall(
  house: House,
  { route, request, reply }: { route: Route; request: FastifyRequest; reply: FastifyReply },
): Promise<unknown> {
  const call = checked(house, { route, request, reply })
  const audited = route.method !== 'GET' && !route.asks
  try {
    const result = await (route.paged ? pageFor(route, call) : route.handle(call as Call<never, never, never>))
    const status = route.status ?? (route.answer || route.produces ? 200 : 204)
    if (audited) audit(house, { route, request, status })
    reply.code(status)
    if (route.produces !== undefined) return reply.type(route.produces).send(result)
    if (!route.answer) return reply.send()
    return route.paged ? result : { data: result }
  } catch (error) {
    if (audited) audit(house, { route, request, status: problemOf(error)?.status ?? 500 })
    throw error
  }
}

/** A page of a list: what another request began to look for is gone on with. */
function pageFor(route: Route, call: Call<unknown, unknown, unknown>): unknown {
  const { house, actor, params } = call
  const { cursor, ...query } = call.query as { readonly cursor?: string | number }
  // A list of what stands in a file goes on by its place there, and looks for nothing.
  if (typeof cursor === 'number') return route.handle(call as Call<never, never, never>)
  return house.searches.page({
    asked: JSON.stringify([actor.name, route.path, params, query]),
    cursor,
    begin: after => route.handle({ ...call, query: { ...query, cursor: after } } as Call<never, never, never>),
  })
}

function checked(
  house: House,
  { route, request, reply }: { route: Route; request: FastifyRequest; reply: FastifyReply },
): Call<unknown, unknown, unknown> {
  const errors: FieldFault[] = []
  const part = (where: FieldFault['in'], schema: z.ZodType | undefined, given: unknown): unknown => {
    if (!schema) return undefined
    const checked = checkPart(where, schema, given)
    if ('data' in checked) return checked.data
    errors.push(...checked.faults)
    return undefined
  }
  const params = part('path', route.params, request.params)
  const query = part('query', route.query, request.query)
  const body = part('body', route.body, request.body ?? {})
  if (errors.length > 0) {
    throw new Problem('invalid-request', told(errors), { errors })
  }
  return {
    params,
    query,
    body,
    house,
    actor: request.actor ?? nobody,
    address: request.ip,
    header: name => {
      const value = request.headers[name]
      return Array.isArray(value) ? value[0] : value
    },
    session: request.cookies[sessionCookie],
    setSession: token => {
      const options = {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure: request.protocol === 'https',
        maxAge: idleMs / 1_000,
      } as const
      if (token === undefined) reply.clearCookie(sessionCookie, options)
      else reply.setCookie(sessionCookie, token, options)
    },
  }
}

/** Whoever calls what needs no rights. */
const nobody: Actor = { name: 'nobody', role: 'viewer', via: 'session', groups: [] }

function audit(
  house: House,
  { route, request, status }: { route: Route; request: FastifyRequest; status: number },
): void {
  const actor = request.actor ?? nobody
  house.audit.add({
    at: house.clock.now(),
    actor: actor.name,
    via: actor.via,
    address: request.ip,
    action: route.summary,
    path: request.url.replace(/\?.*/, ''),
    status,
  })
}
