import { expect, test } from 'vitest'
import { Api } from './api.ts'
import { EventReader } from './event-reader.ts'

async function start(api: Api, body: object): Promise<void> {
  const { status } = await api.call('POST', '/traces', { body: { name: 't', ...body } })
  expect(status).toBe(201)
}

const events = (entries: readonly { event: string }[]) => entries.map(({ event }) => event)

test('a trace is started, read page by page, downloaded, stopped and deleted', async () => {
  const api = await Api.start()
  await start(api, { topic: 'site/#', payloadBytes: 3 })
  const meter = await api.client({ clientId: 'meter' })
  await meter.publish('site/a', 'hello', { qos: 1 })
  await meter.publish('elsewhere', 'x', { qos: 1 })
  expect((await api.get('/traces/t')).data).toMatchObject({ state: 'running', topic: 'site/#', entries: 3 })
  const first = await api.get('/traces/t/entries?limit=2')
  expect(events(first.data)).toEqual(['published', 'dropped'])
  expect(first.data[0]).toMatchObject({
    id: 1,
    clientId: 'meter',
    address: '127.0.0.1',
    topic: 'site/a',
    qos: 1,
    payloadBytes: 5,
    payload: 'hel',
    encoding: 'text',
  })
  expect(first.data[1]).toMatchObject({ reason: 'no-match', clientId: null, from: 'meter' })
  const second = await api.get(`/traces/t/entries?cursor=${first.meta.next}`)
  expect([events(second.data), second.meta]).toEqual([['acknowledged'], { next: null, count: 3 }])
  expect((await api.get('/traces/t/entries?event=dropped')).meta.count).toBe(1)
  const { headers, body } = await api.call('GET', '/traces/t/download')
  expect(headers.get('content-type')).toBe('application/x-ndjson')
  const lines = body.trimEnd().split('\n')
  expect(lines.map((line: string) => JSON.parse(line))).toEqual([...first.data, ...second.data])
  expect((await api.call('POST', '/traces/t/stop')).body.data).toMatchObject({ state: 'stopped', entries: 3 })
  expect((await api.call('DELETE', '/traces/t')).status).toBe(204)
  expect((await api.get('/traces')).data).toEqual([])
})

test('a trace is told live, from its beginning to its end', async () => {
  const api = await Api.start()
  await start(api, { clientId: 'meter' })
  const meter = await api.client({ clientId: 'meter' })
  const reader = await EventReader.open(api, 'channels=trace&trace=t')
  const before = await reader.next('trace')
  expect([before.data.name, before.data.state, events(before.data.entries)]).toEqual(['t', 'running', ['connected']])
  await meter.publish('a', 'x')
  await meter.ping()
  await api.call('POST', '/traces/t/stop')
  const last = await reader.next('trace', ({ state }) => state !== 'running')
  expect([last.data.state, events(last.data.entries)]).toEqual(['stopped', ['published', 'dropped']])
})

test('wrong conditions, a taken name and an unknown one are problems', async () => {
  const api = await Api.start()
  const post = async (body: object) => (await api.call('POST', '/traces', { body })).status
  expect(await post({ name: 'a b' })).toBe(400)
  expect(await post({ name: 't', topic: 'a/#/b' })).toBe(400)
  expect(await post({ name: 't', address: 'here' })).toBe(400)
  expect(await post({ name: 't', seconds: 86_400 })).toBe(400)
  expect(await post({ name: 't' })).toBe(201)
  expect(await post({ name: 't' })).toBe(409)
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/entries'],
    ['GET', '/download'],
    ['POST', '/stop'],
    ['DELETE', ''],
  ] as const)
    expect([path, (await api.call(method, `/traces/nobody${path}`)).status]).toEqual([path, 404])
  const stream = async (query: string) => (await fetch(`${api.http.url}/events?${query}`)).status
  expect([await stream('channels=trace'), await stream('channels=trace&trace=nobody')]).toEqual([400, 404])
})
