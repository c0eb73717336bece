import { expect, test } from 'vitest'
import { Random } from '../../support/random.ts'
import { Api, document } from './api.ts'

type Schema = Readonly<Record<string, unknown>>

interface Operation {
  readonly method: string
  readonly template: string
  readonly body: Schema | undefined
  readonly query: readonly string[]
}

const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { requestBody, parameters }]) => ({
    method: method.toUpperCase(),
    template: path.replace('/api/v1', ''),
    body: (requestBody as { content: { 'application/json': { schema: Schema } } } | undefined)?.content[
      'application/json'
    ].schema,
    query: parameters.filter(one => one.in === 'query').map(({ name }) => name),
  })),
)

const at = (template: string, value = 'unknown') => template.replace(/\{\w+\}/g, value)

/** Of no type that any field takes where it stands. */
const wrongOfEach: readonly (readonly [type: string, value: unknown])[] = [
  ['object', { surprise: true }],
  ['array', [{ surprise: true }]],
  ['boolean', true],
  ['integer', 1.5],
  ['string', 'surprise'],
]

function typesOf(schema: Schema): readonly string[] {
  const {
    type,
    anyOf,
    oneOf,
    enum: values,
  } = schema as { type?: string | string[]; anyOf?: Schema[]; oneOf?: Schema[]; enum?: unknown[] }
  const ways = [...(anyOf ?? []), ...(oneOf ?? [])].flatMap(typesOf)
  const own = type === undefined ? (values ?? []).map(value => typeof value) : [type].flat()
  return [...own, ...ways].map(name => (name === 'number' ? 'integer' : name))
}

/** Undefined: the field takes everything. */
function wrongFor(schema: Schema): unknown {
  const types = typesOf(schema)
  if (types.length === 0) return undefined
  return wrongOfEach.find(([type]) => !types.includes(type))?.[1]
}

test('a field of the wrong type is refused in each body, and each of them is named', async () => {
  const api = await Api.start()
  const silent: string[] = []
  for (const { method, template, body } of operations) {
    const properties = Object.entries((body?.properties ?? {}) as Readonly<Record<string, Schema>>)
    const wrong = properties.flatMap(([name, schema]) => {
      const value = wrongFor(schema)
      return value === undefined ? [] : [[name, value] as const]
    })
    if (wrong.length === 0) continue
    const { status, body: answer } = await api.call(method, at(template), { body: Object.fromEntries(wrong) })
    const named = ((answer?.errors ?? []) as { in: string; pointer: string }[]).map(
      ({ pointer }) => pointer.split('/')[1],
    )
    const missed = wrong.map(([name]) => name).filter(name => !named.includes(name))
    if (status !== 400 || missed.length > 0) silent.push(`${method} ${template} ${status}: ${missed.join(', ')}`)
  }
  expect(silent).toEqual([])
})

test('a field that nothing knows is refused in each body and each query, by its name', async () => {
  const api = await Api.start()
  const taken: string[] = []
  for (const { method, template, body, query } of operations) {
    const errors = async (url: string, given?: object) => {
      const { status, body: answer } = await api.call(method, url, { ...(given && { body: given }) })
      const found = ((answer?.errors ?? []) as { pointer: string }[]).some(({ pointer }) => pointer === '/surprise')
      if (status !== 400 || !found) taken.push(`${method} ${url} ${status}`)
    }
    if (body?.additionalProperties === false) await errors(at(template), { surprise: 1 })
    if (query.length > 0) await errors(`${at(template)}?surprise=1`)
  }
  expect(taken).toEqual([])
})

test('a body that is no object, no JSON, or too much is a problem of its sender', async () => {
  const api = await Api.start()
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  const bodies = [
    '[]',
    '"text"',
    '1',
    'null',
    '{',
    '',
    '{"__proto__": {"admin": true}}',
    deep,
    `"${'x'.repeat(3_000_000)}"`,
  ]
  const wrong: string[] = []
  for (const { method, template, body } of operations) {
    if (!body) continue
    for (const text of bodies) {
      const response = await fetch(`${api.http.url}/api/v1${at(template)}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: text,
      })
      const type = response.headers.get('content-type') ?? ''
      await response.arrayBuffer()
      const refused = response.status >= 400 && response.status < 500 && type.startsWith('application/problem+json')
      // What has no field that is required may be called with nothing.
      const empty = text === '' && response.status < 300
      if (!refused && !empty && body.type === 'object')
        wrong.push(`${method} ${template} ${text.slice(0, 20)}: ${response.status} ${type}`)
    }
  }
  expect(wrong).toEqual([])
})

test('whatever stands in a path or a query, nobody but its sender is to blame', async () => {
  const api = await Api.start()
  const random = new Random(1)
  const odd = [
    '%00',
    '%ff',
    '%2e%2e%2f',
    '%F0%9F%92%A5',
    '-1',
    '1e999',
    'x'.repeat(5_000),
    '%E2%80%AE',
    '%',
    '$share%2F',
    '#',
    '+',
    '%20',
  ]
  const failed: string[] = []
  const ask = async (method: string, url: string) => {
    const response = await fetch(`${api.http.url}/api/v1${url}`, { method })
    await response.arrayBuffer()
    if (response.status >= 500) failed.push(`${method} ${url} ${response.status}`)
  }
  for (const { method, template, query } of operations) {
    for (const value of odd) {
      if (template.includes('{')) await ask(method, at(template, value))
      // What changes everything is not asked without being meant.
      if (method !== 'GET') continue
      for (const name of query) await ask(method, `${at(template)}?${name}=${value}`)
    }
    if (method === 'GET' && query.length > 1) {
      for (let i = 0; i < 10; i++) {
        const some = query
          .filter(() => random.chance(0.6))
          .map(name => `${name}=${odd[random.integer(0, odd.length - 1)]}`)
        await ask(method, `${at(template)}?${some.join('&')}`)
      }
    }
  }
  expect(failed).toEqual([])
  await api.get('/overview')
})
