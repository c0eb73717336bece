import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { catalogue } from '../../server/catalogue.ts'
import { bridgingOptions, effectiveConfig, loadConfig } from '../../server/config/index.ts'
import { load, mistakes, testFolder } from './support/config.ts'

const connections = `connections:
  hook: { type: http, url: "https://example.org/hook", secret: hush }
`

/** A bridge of these lines below the connection, from line 3 on. */
const withBridge = (...lines: string[]): string =>
  `${connections}bridges:\n  b:\n${lines.map(line => `    ${line}\n`).join('')}`

test('connections and bridges become what the kernel takes', async () => {
  const yaml = withBridge(
    'egress: [in/+/t, $events/#]',
    'when: ${payload.temp} > 40',
    'to: { connection: hook, format: array, body: { t: "${payload.temp}" } }',
    'delivery: { linger: 10ms, batch: 2MB }',
    'buffer: { store: disk, max: 2GB, maxAge: 7d, onFull: drop-newest }',
    'retry: { attempts: forever, backoff: 1s..1m }',
  )
  const { config, plugins } = await load(yaml)
  expect(bridgingOptions(config, plugins)).toMatchObject({
    connections: { hook: { options: { url: 'https://example.org/hook', timeout: 30_000 } } },
    bridges: {
      b: {
        egress: ['in/+/t', '$events/#'],
        when: '${payload.temp} > 40',
        delivery: { linger: 10, batch: 2_097_152, batchMessages: 500, parallel: 1 },
        buffer: { max: 2_147_483_648, maxAge: 604_800_000, onFull: 'drop-newest' },
        retry: { attempts: 'forever', backoff: '1s..1m' },
      },
    },
  })
})

test('secrets of connections are masked', async () => {
  const shown = effectiveConfig(await load(withBridge('egress: a', 'to: { connection: hook }')))
  const shownAs = (path: string) => shown.find(entry => entry.path === path)?.value
  expect(shownAs('connections.hook.secret')).toBe('********')
  expect(shownAs('connections.hook.url')).toContain('example.org')
  expect(shownAs('bridges.b.buffer.maxAge')).toBe('7d')
})

test.each<[string[], string]>([
  [['egress: a/#/b', 'to: { connection: hook }'], '5:13 bridges.b.egress: expected a topic filter'],
  [['egress: [a, b/#/c]', 'to: { connection: hook }'], '5:17 bridges.b.egress[1]: expected a topic filter'],
  [
    ['egress: a', 'to: { connection: hok }'],
    '6:23 bridges.b.to.connection: expected hook, got "hok"; did you mean "hook"?',
  ],
  [
    ['egress: a', 'to: { connection: hook, formt: array }'],
    '6:29 bridges.b.to.formt: unknown key "formt"; did you mean "format"?',
  ],
  [
    ['egress: a', 'to: { connection: hook, format: csv }'],
    '6:37 bridges.b.to.format: expected one of single, array, ndjson, got "csv"',
  ],
  [
    ['egress: a', 'to: { connection: hook, path: "x/${topc}" }'],
    '6:40 bridges.b.to.path: expected one of topic, payload',
  ],
  [
    ['egress: a', 'to: { connection: hook, body: { a: { b: "${payload." } } }'],
    '6:56 bridges.b.to.body.a.b: expected a name, got the end',
  ],
  [
    ['egress: a', 'when: ${payload.temp} = 40', 'to: { connection: hook }'],
    '6:27 bridges.b.when: expected "==" to compare',
  ],
  [
    ['egress: a', 'to: { connection: hook }', 'retry: { backoff: 5s }'],
    '7:23 bridges.b.retry.backoff: expected two durations such as 200ms..30s, got "5s"',
  ],
  [
    ['egress: a', 'to: { connection: hook }', 'retry: { attempts: often }'],
    '7:24 bridges.b.retry.attempts: expected forever or a number, got "often"',
  ],
  [
    ['egress: a', 'to: { connection: hook }', 'buffer: { onFull: explode }'],
    '7:23 bridges.b.buffer.onFull: expected one of drop-oldest, drop-newest, block, got "explode"',
  ],
  [['egress: a'], '4:3 bridges.b.to: required, but missing'],
  [
    ['ingress: { connection: hook }', 'publish: { topic: x }'],
    'bridges.b: bridge "b": connection "hook" is of type http, which has no ingress',
  ],
  [
    ['egress: a', 'to: { connection: hook, format: array, body: "${payload}" }'],
    '4:3 bridges.b: bridge to a connection of type http: format array needs a "body" that is a map',
  ],
])('%j is a mistake that is told with its place', async (lines, expected) => {
  expect(await mistakes(withBridge(...lines))).toEqual([expect.stringContaining(`${expected}`)])
})

test('a wrong connection is told once, not again by its bridges', async () => {
  const yaml = `connections: { hook: { type: http, url: nowhere } }
bridges: { b: { egress: a, to: { connection: hook } } }`
  expect(await mistakes(yaml)).toEqual([
    'robustmq.yaml:1:16 connections.hook: connection of type http: "url" is no URL, such as https://example.org/hook',
  ])
})

test('the environment reaches into connections and bridges', async () => {
  const environment = {
    ROBUSTMQ__CONNECTIONS__HOOK__URL: 'http://other.example/',
    ROBUSTMQ__BRIDGES__B__DELIVERY__LINGER: '7ms',
  }
  const { config } = await load(withBridge('egress: a', 'to: { connection: hook }'), { environment })
  expect(config.connections.hook).toMatchObject({ url: 'http://other.example/' })
  expect(config.bridges.b).toMatchObject({ delivery: { linger: 7 } })
})

test('what was changed while a server ran is checked as the file is, and says where it stands', async () => {
  const settings = (values: object) => ({ 'data/settings.json': JSON.stringify({ format: 1, values }) })
  const hook = { type: 'http', url: 'https://example.org/hook', secret: 'hush' }
  const bridge = { egress: 'a', to: { connection: 'hook' }, buffer: { max: '1MB' } }
  const right = await load(undefined, { files: settings({ 'connections.hook': hook, 'bridges.b': bridge }) })
  expect(right.config.bridges.b).toMatchObject({ buffer: { max: 1_048_576 }, delivery: { batchMessages: 500 } })
  const shown = effectiveConfig(right).find(({ path }) => path === 'connections.hook.secret')
  expect(shown).toMatchObject({ value: '********', from: expect.stringMatching(/settings\.json$/) })
  const wrong = settings({ 'connections.hook': { type: 'http' }, 'bridges.b': { ...bridge, buffr: {} } })
  expect(await mistakes(undefined, { files: wrong })).toEqual([
    expect.stringMatching(/settings\.json connections\.hook\.url: required, but missing/),
    expect.stringMatching(/settings\.json bridges\.b\.buffr: unknown key "buffr"; did you mean "buffer"\?/),
  ])
})

test.each(['kafka', 'pulsar'])(
  '%s: a compression that this Node lacks is refused when the configuration is checked',
  async type => {
    const address = type === 'kafka' ? 'brokers: [a]' : 'url: "pulsar://a"'
    const yaml = `connections:
  far: { type: ${type}, ${address} }
bridges:
  b:
    egress: a
    to: { connection: far, topic: t }
    delivery: { compression: zstd }
`
    const file = join(testFolder({ 'c.yaml': yaml }), 'c.yaml')
    const loaded = loadConfig({ file, catalogue, environment: {} }).then(
      () => 'taken',
      (error: Error) => error.message,
    )
    expect(await loaded).toMatch(
      'zstdCompress' in zlib
        ? /^taken$/
        : /c\.yaml:7:30 bridges\.b\.delivery\.compression: expected one of none, .*: "zstd" needs Node 22\.15/,
    )
  },
)
