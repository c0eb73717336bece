import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { areaTextOf } from '../../dashboard/pages/bridges/form/area-text.ts'
import { filledIn, valueAt, withValue } from '../../dashboard/pages/bridges/form/entry.ts'
import type { Option } from '../../dashboard/pages/bridges/form/options.ts'
import { egressSpec, filtersOption, ingressSpec } from '../../kernel/bridging/bridge-options.ts'
import { catalogue } from '../../server/catalogue.ts'
import { describedOptions } from '../../server/http/resources/described-options.ts'
import { snippetsOf } from '../docs/snippets.ts'

interface Guide {
  readonly connections: Record<string, { type: string }>
  readonly bridges: Record<string, Record<string, { connection: string }>>
}

/** Every configuration of the guides that has bridges. */
const guides = ['bridges', 'bridges-kafka', 'bridges-pulsar'].flatMap(page =>
  snippetsOf(`docs/guides/${page}.md`, 'yaml').map(
    ({ text, line }) => [`${page}.md:${line}`, parse(text) as Guide] as const,
  ),
)

describe('what a form does not touch stays as it is', () => {
  test.each(guides)('%s', async (_, { connections = {}, bridges = {} }) => {
    expect(Object.keys(connections).length + Object.keys(bridges).length).toBeGreaterThan(0)
    for (const { type, ...entry } of Object.values(connections)) {
      const plugin = await catalogue.bridges[type]!()
      expect(filledIn(entry, describedOptions(plugin.options))).toEqual(entry)
    }
    for (const entry of Object.values(bridges)) {
      const { connection = '' } = entry.to ?? entry.ingress ?? {}
      const type = connections[connection]?.type
      if (type === undefined) continue
      const plugin = await catalogue.bridges[type]!()
      const spec = entry.to ? { egress: filtersOption, ...egressSpec(plugin) } : ingressSpec(plugin)
      expect(filledIn(entry, describedOptions(spec))).toEqual(entry)
    }
  })
})

const option = (name: string, type: Option['type'], more: Partial<Option> = {}): Option => {
  return { name, type, describe: '', required: false, secret: false, ...more }
}

test('what is left empty or is not known is not sent; a section that is chosen is', () => {
  const options = [
    option('to', 'object', { required: true }),
    option('to.topic', 'template'),
    option('tls', 'object'),
    option('tls.ca', 'file'),
    option('delivery', 'object', { default: {} }),
    option('delivery.linger', 'duration'),
    option('topics', 'list'),
    option('topics[]', 'string'),
    option('headers', 'map'),
    option('headers.<name>', 'string'),
  ]
  const entry = {
    to: { topic: '', formt: 1 },
    tls: {},
    delivery: { linger: '' },
    topics: ['', 'a'],
    headers: {},
    other: 1,
  }
  expect(filledIn(entry, options)).toEqual({ to: {}, tls: {}, topics: ['a'] })
})

test('a value is set where its name says, and taken away again', () => {
  const entry = withValue({ a: 1 }, 'tls.ca', 'x')
  expect([entry, valueAt(entry, 'tls.ca'), valueAt(entry, 'a.b')]).toEqual([{ a: 1, tls: { ca: 'x' } }, 'x', undefined])
  expect(withValue(entry, 'tls', undefined)).toEqual({ a: 1 })
})

const word = fc.stringMatching(/^[a-z$]([a-z{}. -]{0,8}[a-z}])?$/)

test.each([
  ['list', fc.array(word, { minLength: 1 })],
  ['map', fc.dictionary(word, word)],
  ['document', fc.oneof(word, fc.dictionary(word, fc.jsonValue(), { noNullPrototype: true }))],
  ['object', fc.jsonValue()],
] as const)('what is written in a field of a %s is what it was', (type, values) => {
  const area = areaTextOf(option('x', type), option('x[]', 'string'))
  fc.assert(
    fc.property(values as fc.Arbitrary<unknown>, value => {
      expect(JSON.stringify(area?.parse(area.write(value)))).toBe(JSON.stringify(value))
    }),
  )
})
