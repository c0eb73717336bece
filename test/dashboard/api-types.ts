import { openApi } from '../../server/http/openapi.ts'
import { routes } from '../../server/http/routes.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
}

interface Operation {
  readonly parameters: readonly { name: string; in: 'path' | 'query'; required: boolean; schema: Schema }[]
  readonly requestBody?: { content: Record<string, { schema: Schema }> }
  readonly responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}

/** The routes of the API as a type, one route a line, from the OpenAPI document. */
export function apiTypes(): string {
  const { paths } = openApi(routes) as { paths: Record<string, Record<string, Operation>> }
  const lines = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const key = `${method.toUpperCase()} ${path.replace('/api/v1', '').replace(/\{(\w+)\}/g, ':$1')}`
      return `  '${key}': ${typeOfRoute(operation)}`
    }),
  )
  const groups = [...new Set(routes.filter(({ needs }) => needs !== 'nobody').map(({ group }) => group))]
  return `// Written by test/dashboard/api-types.test.ts from the OpenAPI document: change the routes, and run it with UPDATE=1.

/** What each route takes, and answers in \`data\`. */
export interface Routes {
${lines.join('\n')}
}

/** What an API key can be narrowed to. */
export const groups = [
${groups.map(group => `  '${group}',`).join('\n')}
] as const
`
}

function typeOfRoute({ parameters, requestBody, responses }: Operation): string {
  const partOf = (where: 'path' | 'query') => {
    const those = parameters.filter(one => one.in === where)
    return those.length === 0
      ? 'undefined'
      : objectOf(those.map(({ name, required, schema }) => [name, required, schema]))
  }
  const body = requestBody?.content['application/json']?.schema
  const whole = Object.entries(responses).find(([status]) => status !== 'default')?.[1].content?.['application/json']
  const data = whole?.schema.properties?.data
  return `{ params: ${partOf('path')}; query: ${partOf('query')}; body: ${body ? typeOf(body) : 'undefined'}; answer: ${
    data ? typeOf(data) : 'undefined'
  }; paged: ${whole?.schema.properties?.meta !== undefined} }`
}

function typeOf(schema: Schema): string {
  const { type, anyOf, oneOf, items, prefixItems, properties, required = [], additionalProperties } = schema
  if ('const' in schema) return literal(schema.const)
  if (schema.enum) return schema.enum.map(literal).join(' | ')
  const either = anyOf ?? oneOf
  if (either) return either.map(typeOf).join(' | ')
  if (typeof type === 'object') return type.map(one => typeOf({ ...schema, type: one })).join(' | ')
  if (prefixItems) return `readonly [${prefixItems.map(typeOf).join(', ')}]`
  if (type === 'array') return `readonly (${items ? typeOf(items) : 'unknown'})[]`
  if (type === 'object' && properties)
    return objectOf(Object.entries(properties).map(([name, one]) => [name, required.includes(name), one]))
  if (type === 'object')
    return `Readonly<Record<string, ${typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown'}>>`
  if (type === 'integer') return 'number'
  return type ?? 'unknown'
}

function objectOf(fields: readonly (readonly [name: string, required: boolean, schema: Schema])[]): string {
  const text = fields.map(([name, required, schema]) => {
    const key = /^\w+$/.test(name) ? name : `'${name}'`
    return required ? `readonly ${key}: ${typeOf(schema)}` : `readonly ${key}?: ${typeOf(schema)} | undefined`
  })
  return `{ ${text.join('; ')} }`
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : String(value)
}
