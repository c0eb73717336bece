import type { FastifyInstance } from 'fastify'
import type { House } from '../house.ts'
import { Metrics } from './metrics.ts'

/** `GET /metrics` for Prometheus; with `?compat=emqx` by EMQX's names. */
export function serveMetrics(app: FastifyInstance, house: House): void {
  const metrics = new Metrics(house.kernel, house.server.started.config.node.name)
  app.get<{ Querystring: { compat?: string } }>('/metrics', async ({ actor, query }, reply) => {
    house.guard.checkRights(actor, { needs: 'viewer', group: 'metrics' })
    reply.type(metrics.contentType)
    return query.compat === 'emqx' ? metrics.emqxText() : metrics.text()
  })
  app.addHook('onClose', async () => metrics.close())
}
