import type { FastifyInstance } from 'fastify'
import type { House } from '../house.ts'
import { problemOf } from '../problem.ts'
import type { Alias, Given } from './alias.ts'
import { changeAliases } from './changes.ts'
import { listAliases } from './lists.ts'

export const aliases: readonly Alias[] = [...listAliases, ...changeAliases]

/** RobustMQ's paths, answering as it does: `{ code: 0, message, data }`; 0 is success, and the HTTP status says it too. */
export function serveAliases(app: FastifyInstance, house: House): void {
  for (const alias of aliases) {
    app.route({
      // What changes something is never a GET: a link must not do it.
      method: alias.action === undefined ? ['GET', 'POST'] : ['POST'],
      url: `/api${alias.path}`,
      onRequest: async ({ actor }) => house.guard.checkRights(actor, alias),
      handler: async ({ actor, query, body, ip }, reply) => {
        const given = { ...(query as Given), ...((body ?? {}) as Given) }
        if (!actor) throw new Error('a call without an actor has passed the guard')
        let status = 200
        try {
          return { code: 0, message: 'success', data: await alias.handle(house, given, actor) }
        } catch (error) {
          const problem = problemOf(error)
          status = problem?.status ?? 500
          if (!problem) throw error
          return reply.code(status).send({ code: status, message: problem.message, data: null })
        } finally {
          const { name, via } = actor
          const { action } = alias
          if (action !== undefined)
            house.audit.add({
              at: house.clock.now(),
              actor: name,
              via,
              address: ip,
              action,
              path: `/api${alias.path}`,
              status,
            })
        }
      },
    })
  }
}
