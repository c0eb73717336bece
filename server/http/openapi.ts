import { z } from 'zod'
import { version } from '../../kernel/version.ts'
import { problems } from './problem.ts'
import type { Route } from './route.ts'

export const apiPrefix = '/api/v1'

type Json = Record<string, unknown>

/** The OpenAPI 3.1 document of the routes. */
export function openApi(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = `${apiPrefix}${route.path.replace(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'RobustMQ', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    tags: [...new Set(routes.map(({ group }) => group))].map(name => ({ name })),
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key: rmq_...' },
        session: { type: 'apiKey', in: 'cookie', name: 'robustmq_session' },
      },
      schemas: { Problem: problemSchema },
    },
  }
}

function operation(route: Route): Json {
  const { method, path, group, summary, needs, params, query, body, answer, paged, produces } = route
  const status = String(route.status ?? (answer || produces ? 200 : 204))
  const data = answer && schemaOf(answer, 'output')
  const content = data && (paged ? pageSchema(data) : { type: 'object', properties: { data }, required: ['data'] })
  return {
    operationId: operationId(method, path),
    tags: [group],
    summary,
    'x-role': needs,
    ...(needs === 'nobody' ? { security: [] } : { security: [{ key: [] }, { session: [] }] }),
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: {
      [status]: {
        description: 'Done',
        ...(content && { content: { 'application/json': { schema: content } } }),
        ...(produces !== undefined && { content: { [produces]: { schema: { type: 'string' } } } }),
      },
      default: {
        description: 'A problem document, RFC 9457',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

/** `GET /clients/:clientId` is `getClientsByClientId`. */
function operationId(method: string, path: string): string {
  const words = path
    .split(/[/-]/)
    .filter(word => word !== '')
    .map(word => (word.startsWith(':') ? `By${capital(word.slice(1))}` : capital(word)))
  return method.toLowerCase() + words.join('')
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function parametersOf(where: 'path' | 'query', schema: z.ZodType | undefined): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }))
}

function pageSchema(element: Json): Json {
  return {
    type: 'object',
    properties: {
      data: { type: 'array', items: element },
      meta: {
        type: 'object',
        properties: {
          next: {
            type: ['string', 'null'],
            description:
              'The cursor to go on with; null: this is the last page. An empty page with one: among very many it is still looking.',
          },
          count: {
            type: ['integer', 'null'],
            description:
              'Elements that fit the filters, on all pages; null: only looking at each of very many would tell.',
          },
        },
        required: ['next', 'count'],
      },
    },
    required: ['data', 'meta'],
  }
}

export function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' })
  return rest
}

const problemSchema: Json = {
  type: 'object',
  properties: {
    type: { type: 'string', enum: Object.keys(problems).map(name => `urn:robustmq:problem:${name}`) },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          in: { type: 'string', enum: ['path', 'query', 'body'] },
          pointer: { type: 'string' },
          message: { type: 'string' },
        },
        required: ['in', 'pointer', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail'],
}
