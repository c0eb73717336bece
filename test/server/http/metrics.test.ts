import { expect, test } from 'vitest'
import { numbers } from '../../../server/http/metrics/numbers.ts'
import { wire } from '../../support/wire.ts'
import { Api } from './api.ts'

async function scrape(api: Api, query = ''): Promise<string> {
  const response = await fetch(`${api.http.url}/metrics${query}`)
  expect(response.headers.get('content-type')).toContain('text/plain')
  return response.text()
}

test('every number of the kernel is exported with its type, unit and help', async () => {
  const api = await Api.start()
  const client = await api.client({ clientId: 'canary-client' })
  await client.subscribe('canary/topic')
  await client.publish('canary/topic', 'x', { qos: 1 })
  const text = await scrape(api)
  expect(text).toContain('# TYPE robustmq_messages_published_total counter')
  expect(text).toMatch(/^robustmq_messages_published_total \d+$/m)
  expect(text).toMatch(/^robustmq_net_connections\{listener="tcp".*\} 1$/m)
  expect(text).toMatch(/^process_cpu_seconds_total /m)
  expect(text).toMatch(/^robustmq_info\{version=".+",node="robustmq"\} 1$/m)
})

test('every number is described with its type, and with all of its labels', async () => {
  const api = await Api.start({
    configuration: `
connections: { far: { type: http, url: "http://127.0.0.1:9/" } }
bridges: { out: { egress: out/#, to: { connection: far } } }
`,
  })
  const seen = new Map<string, { type: string; labels: Set<string> }>()
  for (const { name, type, labels } of api.server.kernel.counters.all()) {
    const before = seen.get(name)?.labels ?? []
    seen.set(name, { type, labels: new Set([...before, ...Object.keys(labels)]) })
  }
  for (const [name, { type, labels }] of seen)
    expect({ name, ...numbers[name] }).toMatchObject({ name, type, labels: [...labels] })
  // What is told only once there is something to tell.
  const later = Object.keys(numbers).filter(name => !seen.has(name))
  for (const name of later) expect(['net_connections_refused', 'logins_refused']).toContain(name)
})

test('times are told in seconds, and their names say so', () => {
  const times = Object.entries(numbers).filter(
    ([name, { help }]) => /_(ms|millis\w*|seconds)$|time|how long/i.test(name) || /\bms\b|how long|took/i.test(help),
  )
  expect(times.map(([name]) => name)).toEqual([
    'bridge_lag_age_seconds',
    'bridge_send_seconds',
    'bridge_send_latency_seconds',
  ])
})

test('no client id and no topic is ever a label', async () => {
  const api = await Api.start()
  const client = await api.client({ clientId: 'canary-client' })
  await client.subscribe('canary/topic')
  await client.publish('canary/topic', 'x', { qos: 1 })
  expect(await scrape(api)).not.toContain('canary')
})

test('every refusal and every drop is there from the start, before the first one happens', async () => {
  const api = await Api.start()
  const at = (text: string) => [...text.matchAll(/^(robustmq_\w*(?:refus|drop)\w*(?:\{.*\})?) (\d+)$/gm)]
  const before = at(await scrape(api))
  expect(before.filter(([, , value]) => value !== '0')).toEqual([])
  const { port } = api.server.kernel.listeners[0] ?? { port: 0 }
  await api.server.kernel.blacklist.add({ kind: 'client-id', value: 'bad' })
  expect((await (await wire(port)).connect({ clientId: 'bad' })).reasonCode).toBe(0x8a)
  const client = await api.client()
  await client.publish('nobody', 'x', { qos: 1 })
  const after = at(await scrape(api))
  expect(after.map(([, series]) => series)).toEqual(before.map(([, series]) => series))
  expect(after.filter(([, , value]) => value !== '0').map(([, series]) => series)).toEqual([
    'robustmq_logins_refused_total{reason="banned"}',
    'robustmq_messages_dropped_total{reason="no-match"}',
  ])
})

test('the names of EMQX have the same values', async () => {
  const api = await Api.start()
  await api.client()
  expect(await scrape(api, '?compat=emqx')).toMatch(/^emqx_connections_count 1$/m)
})

test('health is told without a login, in both spellings', async () => {
  const api = await Api.start({ host: '0.0.0.0' })
  for (const path of ['/livez', '/readyz', '/health/ready', '/health/node', '/health/cluster'])
    expect([path, (await fetch(api.http.url + path)).status]).toEqual([path, 200])
  api.server.kernel.events.emit('storage.failed', {})
  expect((await fetch(`${api.http.url}/readyz`)).status).toBe(503)
  expect((await fetch(`${api.http.url}/livez`)).status).toBe(200)
  expect((await fetch(`${api.http.url}/metrics`)).status).toBe(401)
})
