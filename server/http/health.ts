import type { FastifyInstance } from 'fastify'
import type { House } from './house.ts'

/** For orchestrators and load balancers: no login, and nothing told but that. */
export function serveHealth(app: FastifyInstance, house: House): void {
  const alive = () => ({ status: 'ok' })
  let failed = false
  house.kernel.events.on('storage.failed', () => {
    failed = true
  })
  for (const path of ['/livez', '/health/node', '/health/live']) app.get(path, alive)
  for (const path of ['/readyz', '/health/ready', '/health/cluster'])
    app.get(path, (_, reply) => (failed ? reply.code(503).send({ status: 'the storage failed' }) : alive()))
}
