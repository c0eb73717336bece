import { expect, test } from 'vitest'
import { aliases } from '../../../server/http/aliases/serve-aliases.ts'
import { Api } from './api.ts'

async function ask(api: Api, path: string, body: object = {}, headers: Record<string, string> = {}) {
  const response = await fetch(`${api.http.url}/api${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
  return { status: response.status, ...((await response.json()) as any) }
}

test('the paths of the mission answer with code 0', async () => {
  const api = await Api.start()
  await api.client({ clientId: 'one' })
  await api.call('POST', '/publish', { body: { topic: 'a/b', payload: 'x', retain: true, qos: 1 } })
  const overview = await (await fetch(`${api.http.url}/api/mqtt/overview`)).json()
  expect(overview).toMatchObject({ code: 0, data: { connection_num: 1, tcp_connection_num: 1, session_num: 1 } })
  expect(await ask(api, '/mqtt/topic/list')).toMatchObject({
    code: 0,
    data: { data: [{ topic_name: 'a/b', is_contain_retain_message: true }], total_count: 1 },
  })
  expect(await ask(api, '/mqtt/client/list')).toMatchObject({
    data: { data: [{ client_id: 'one', connection_type: 'TCP' }] },
  })
  expect(await ask(api, '/cluster/config/get')).toMatchObject({ code: 0, data: { node: { name: 'robustmq' } } })
})

test('lists are paged by number, and filtered', async () => {
  const api = await Api.start()
  for (const clientId of ['a', 'b', 'c']) await api.client({ clientId })
  const names = async (body: object) =>
    (await ask(api, '/mqtt/client/list', body)).data.data.map(({ client_id }: { client_id: string }) => client_id)
  expect(await names({ limit: 2, page: 2 })).toEqual(['c'])
  expect(await names({ client_id: 'b' })).toEqual(['b'])
})

test('what can be made can be listed and unmade: users, rules, bans, rewriting, subscriptions', async () => {
  const api = await Api.start()
  const count = async (path: string) => (await ask(api, path)).data.total_count
  const cases = [
    ['/cluster/user', { username: 'ann', password: 'pw', is_superuser: true }],
    [
      '/mqtt/acl',
      { resource_type: 'ClientId', resource_name: 'c', topic: 'a/#', ip: '', action: 'Publish', permission: 'Deny' },
    ],
    [
      '/cluster/blacklist',
      { blacklist_type: 'ClientId', resource_name: 'bad', end_time: 4_000_000_000, desc: 'noise' },
    ],
    ['/mqtt/topic-rewrite', { action: 'All', source_topic: 'a/+', dest_topic: 'b/$1', regex: '' }],
    ['/mqtt/auto-subscribe', { topic: 'x', qos: 1, topic_name: 'x' }],
  ] as const
  for (const [path, body] of cases) {
    expect(await ask(api, `${path}/create`, body), path).toMatchObject({ status: 200, code: 0 })
    expect(await count(`${path}/list`), path).toBe(1)
    expect(await ask(api, `${path}/delete`, body), path).toMatchObject({ status: 200, code: 0 })
    expect(await count(`${path}/list`), path).toBe(0)
  }
})

test('a mistake has a code that is not 0, and a real status', async () => {
  const api = await Api.start()
  expect(await ask(api, '/mqtt/user/create', { username: 'ann' })).toMatchObject({ status: 400, code: 400, data: null })
  expect(await ask(api, '/mqtt/blacklist/delete', { blacklist_type: 'ClientId', resource_name: 'x' })).toMatchObject({
    status: 404,
    code: 404,
  })
})

test('none of them is open where people must log in, and what changes something is no GET', async () => {
  const api = await Api.start({ host: '0.0.0.0' })
  for (const { path, action } of aliases) {
    expect([path, (await ask(api, path)).status]).toEqual([path, 401])
    if (action !== undefined) expect([path, (await fetch(`${api.http.url}/api${path}`)).status]).toEqual([path, 404])
  }
})
