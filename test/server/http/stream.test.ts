import { expect, test } from 'vitest'
import { Api } from './api.ts'
import { EventReader } from './event-reader.ts'

test('numbers come every second, clients as they come and go', async () => {
  const api = await Api.start()
  const reader = await EventReader.open(api, 'channels=metrics,clients')
  const client = await api.client({ clientId: 'seen' })
  const came = await reader.next('clients')
  expect(came.data).toContainEqual(
    expect.objectContaining({ name: 'client.connected', detail: expect.objectContaining({ clientId: 'seen' }) }),
  )
  expect((await reader.next('metrics')).data.values).toMatchObject({ connections: 1, sessions: 1 })
  await client.end()
  expect((await reader.next('clients')).data.map(({ name }: { name: string }) => name)).toContain('client.disconnected')
})

test('the channel of topics tells the last message of each and how many came', async () => {
  const api = await Api.start()
  const reader = await EventReader.open(api, 'channels=topics&topic=site/%23')
  const publisher = await api.client()
  for (const text of ['1', '2', '3']) await publisher.publish('site/a', text, { qos: 1 })
  await publisher.publish('elsewhere', 'x', { qos: 1 })
  let messages = 0
  let last = ''
  while (messages < 3) {
    const { data } = await reader.next('topics')
    expect(data.topics.map(({ topic }: { topic: string }) => topic)).toEqual(['site/a'])
    messages += data.topics[0].messages
    last = data.topics[0].payload
  }
  expect([messages, last]).toEqual([3, '3'])
})

test('a reader that comes back is told what happened meanwhile', async () => {
  const api = await Api.start()
  const { id } = await (await EventReader.open(api, 'channels=metrics')).next('metrics')
  await api.client({ clientId: 'meanwhile' })
  const again = await EventReader.open(api, 'channels=clients', { 'last-event-id': String(id) })
  expect((await again.next('clients')).data[0].detail.clientId).toBe('meanwhile')
})

test('a wrong channel, a wrong filter and no rights are problems, and leave nothing behind', async () => {
  const api = await Api.start({ host: '0.0.0.0' })
  expect((await fetch(`${api.http.url}/events`)).status).toBe(401)
  const login = await api.call('POST', '/login', { body: api.created })
  const cookie = { cookie: login.headers.getSetCookie()[0]?.replace(/;.*/, '') ?? '' }
  const status = async (query: string, headers: Record<string, string>) =>
    (await fetch(`${api.http.url}/events?${query}`, { headers })).status
  expect(await status('channels=nothing', cookie)).toBe(400)
  expect(await status('channels=topics&topic=a/%23/b', cookie)).toBe(400)
  const made = await api.call('POST', '/api-keys', { headers: cookie, body: { name: 'k', role: 'viewer' } })
  expect(await status('channels=topics', { authorization: `Bearer ${made.body.data.secret}` })).toBe(403)
  const sessions = [...api.server.kernel.counters.all()].find(({ name }) => name === 'sessions')
  expect(sessions?.value).toBe(0)
})
