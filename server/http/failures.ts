import type { FastifyReply, FastifyRequest } from 'fastify'
import type { House } from './house.ts'
import { Problem, problemOf } from './problem.ts'

/** Every failure leaves as a problem document; what is our fault is logged, and not told. */
export function sendProblem(
  { server }: House,
  { error, request, reply }: { error: unknown; request: FastifyRequest; reply: FastifyReply },
): FastifyReply {
  const known = problemOf(error)
  if (!known) {
    const { method, url } = request
    server.logger.error({ method, path: url.replace(/\?.*/, ''), error }, 'an HTTP call failed')
  }
  const problem = known ?? new Problem('internal-error', 'the server failed; its log says how')
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter))
  if (problem.problem === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="RobustMQ"')
  return reply.code(problem.status).type('application/problem+json').send(problem.document)
}
