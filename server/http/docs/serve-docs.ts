import type { FastifyInstance } from 'fastify'
import type { House } from '../house.ts'
import { type ApiDocument, docsPage } from './page.ts'

/** Nothing but its own style: no script, no connection, no frame. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** `GET /api/docs`: the OpenAPI document for people. */
export function serveDocs(app: FastifyInstance, { openApi }: House): void {
  let page: string | undefined
  app.get('/api/docs', (_, reply) => {
    page ??= docsPage(openApi() as unknown as ApiDocument)
    return reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(page)
  })
}
