import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Api, document } from './api.ts'

const everyOperation = Object.entries(document.paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase(),
    url: template.replace('/api/v1', '').replace(/\{\w+\}/g, '1'),
    role: operation['x-role'],
    group: operation.tags[0] ?? '',
  })),
)

/** Bound to all addresses, so that everybody must log in. */
const guarded = () => Api.start({ host: '0.0.0.0' })

async function logIn(api: Api, account = api.created): Promise<Record<string, string>> {
  const { status, headers } = await api.call('POST', '/login', { body: account })
  expect(status).toBe(200)
  return { cookie: headers.getSetCookie()[0]?.replace(/;.*/, '') ?? '' }
}

async function key(api: Api, admin: Record<string, string>, body: object): Promise<Record<string, string>> {
  const made = await api.call('POST', '/api-keys', { headers: admin, body: { name: 'k', ...body } })
  expect(made.status).toBe(201)
  return { authorization: `Bearer ${made.body.data.secret}` }
}

test('every operation of the document is refused without credentials, but for logging in and out [hostile 33]', async () => {
  const api = await guarded()
  const open: string[] = []
  for (const { method, url } of everyOperation) {
    const { status } = await api.call(method, url)
    if (status !== 401) open.push(`${method} ${url} ${status}`)
  }
  expect(open).toEqual(['POST /login 400', 'POST /logout 204'])
})

test('every operation is refused to a role below its own, and to no other [hostile 33]', async () => {
  const api = await guarded()
  const admin = await logIn(api)
  const viewer = await key(api, admin, { role: 'viewer' })
  const operator = await key(api, admin, { role: 'operator' })
  const wrong: string[] = []
  for (const { method, url, role } of everyOperation) {
    if (role === 'nobody') continue
    const byViewer = (await api.call(method, url, { headers: viewer })).status
    const byOperator = (await api.call(method, url, { headers: operator })).status
    if ((byViewer === 403) !== (role !== 'viewer')) wrong.push(`${method} ${url} viewer ${byViewer}`)
    if ((byOperator === 403) !== (role === 'admin')) wrong.push(`${method} ${url} operator ${byOperator}`)
  }
  expect(wrong).toEqual([])
})

test('whatever changes something needs more than looking does', () => {
  const lax = everyOperation.filter(
    ({ method, role, url }) => method !== 'GET' && role === 'viewer' && url !== '/acl/explain',
  )
  expect(lax).toEqual([])
})

test('a key that is narrowed to groups opens no others', async () => {
  const api = await guarded()
  const narrow = await key(api, await logIn(api), { role: 'admin', groups: ['clients'] })
  expect((await api.call('GET', '/clients', { headers: narrow })).status).toBe(200)
  expect((await api.call('GET', '/retained', { headers: narrow })).status).toBe(403)
})

test('a key that has expired, was removed, or is wrong by one character is refused', async () => {
  const api = await guarded()
  const admin = await logIn(api)
  const expired = await key(api, admin, { role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' })
  expect((await api.call('GET', '/me', { headers: expired })).status).toBe(401)
  const good = await key(api, admin, { role: 'viewer' })
  const text = good.authorization ?? ''
  const bad = { authorization: text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A') }
  expect((await api.call('GET', '/me', { headers: good })).body.data).toMatchObject({ role: 'viewer', via: 'key' })
  expect((await api.call('GET', '/me', { headers: bad })).status).toBe(401)
  const { data } = await api.get('/api-keys', admin)
  for (const { id } of data) await api.call('DELETE', `/api-keys/${id}`, { headers: admin })
  expect((await api.call('GET', '/me', { headers: good })).status).toBe(401)
})

test('bound to this machine, nobody needs to log in until there is an account', async () => {
  const api = await Api.start()
  expect((await api.get('/me')).data).toEqual({ name: 'this machine', role: 'admin', via: 'loopback' })
  const body = { role: 'admin', password: 'correct horse' }
  expect((await api.call('PUT', '/accounts/ann', { body })).status).toBe(200)
  expect((await api.call('GET', '/me')).status).toBe(401)
  const cookie = await logIn(api, { name: 'ann', password: 'correct horse' })
  expect((await api.get('/me', cookie)).data).toMatchObject({ name: 'ann', via: 'session' })
  expect((await api.call('DELETE', '/accounts/ann', { headers: cookie })).status).toBe(204)
  expect((await api.call('GET', '/me')).status).toBe(200)
})

test('the first account is made with a password that is told once and kept as a hash, for its owner alone', async () => {
  const api = await guarded()
  expect(api.created).toMatchObject({ name: 'admin', password: expect.stringMatching(/^[A-Za-z0-9_-]{20}$/) })
  const file = path.join(api.data, 'accounts.json')
  expect(await readFile(file, 'utf8')).not.toContain(api.created?.password)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('the cookie is out of reach of scripts and of other sites, and ends with the logout', async () => {
  const api = await guarded()
  const { headers } = await api.call('POST', '/login', { body: api.created })
  const [set = ''] = headers.getSetCookie()
  expect(set).toMatch(/; HttpOnly/)
  expect(set).toMatch(/; SameSite=Strict/)
  const cookie = { cookie: set.replace(/;.*/, '') }
  expect((await api.call('GET', '/me', { headers: cookie })).status).toBe(200)
  await api.call('POST', '/logout', { headers: cookie })
  expect((await api.call('GET', '/me', { headers: cookie })).status).toBe(401)
})

test('a new password ends the sessions of the old one', async () => {
  const api = await guarded()
  const cookie = await logIn(api)
  const body = { role: 'admin', password: 'something else' }
  expect((await api.call('PUT', '/accounts/admin', { headers: cookie, body })).status).toBe(200)
  expect((await api.call('GET', '/me', { headers: cookie })).status).toBe(401)
})

test('the last admin cannot be removed or made less while others remain', async () => {
  const api = await guarded()
  const cookie = await logIn(api)
  const viewer = { role: 'viewer', password: 'just looking' }
  await api.call('PUT', '/accounts/viewer', { headers: cookie, body: viewer })
  expect((await api.call('DELETE', '/accounts/admin', { headers: cookie })).status).toBe(409)
  expect((await api.call('PUT', '/accounts/admin', { headers: cookie, body: viewer })).status).toBe(409)
})

test('guessing passwords becomes slow, and says when to try again', async () => {
  const api = await guarded()
  const guess = () => api.call('POST', '/login', { body: { name: 'admin', password: 'wrong' } })
  const statuses: number[] = []
  for (let i = 0; i < 6; i++) statuses.push((await guess()).status)
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
  expect(Number((await guess()).headers.get('retry-after'))).toBeGreaterThan(0)
  // Not even with the right one.
  expect((await api.call('POST', '/login', { body: api.created })).status).toBe(429)
})

describe('pages of others', () => {
  test.each(['evil.example', 'evil.example:8080', ''])('a host name that is not ours is refused: "%s"', async host => {
    const api = await Api.start()
    expect(await statusOf(api, { host })).toBe(421)
  })

  test.each(['localhost', '127.0.0.1', '[::1]', '192.0.2.7', 'broker.example'])('ours are taken: %s', async host => {
    const api = await Api.start({ hosts: ['broker.example'] })
    expect(await statusOf(api, { host })).toBe(200)
  })

  test('a page of another origin may not call, whatever it asks', async () => {
    const api = await Api.start()
    expect(await statusOf(api, { host: 'localhost', origin: 'http://evil.example' })).toBe(403)
    expect(await statusOf(api, { host: 'localhost', origin: 'null' })).toBe(403)
    expect(await statusOf(api, { host: 'localhost:1', origin: 'http://localhost:1' })).toBe(200)
  })

  test('a form cannot be posted: only JSON is taken', async () => {
    const api = await Api.start()
    const headers = { 'content-type': 'text/plain' }
    const { status } = await fetch(`${api.http.url}/api/v1/publish`, { method: 'POST', headers, body: '{"topic":"a"}' })
    expect(status).toBe(415)
  })

  test('no answer may be framed, sniffed or cached, and scripts are our own', async () => {
    const api = await Api.start()
    const { headers } = await api.call('GET', '/me')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
  })
})

test('every change is in the audit log, refused ones too, and no secret is [hostile 33]', async () => {
  const api = await guarded()
  const cookie = await logIn(api)
  const body = { role: 'viewer', password: 'canary-password' }
  await api.call('PUT', '/accounts/bob', { headers: cookie, body })
  await api.call('DELETE', '/accounts/nobody', { headers: cookie })
  const wrong = { kind: 'address', value: 'no address' }
  expect((await api.call('POST', '/bans', { headers: cookie, body: wrong })).status).toBe(400)
  await api.get('/accounts', cookie)
  const { data } = await api.get('/audit', cookie)
  expect(
    data.map((entry: { action: string; status: number; actor: string }) => [entry.actor, entry.action, entry.status]),
  ).toEqual([
    ['admin', 'Keep somebody out', 400],
    ['admin', 'Remove an account', 404],
    ['admin', 'Add an account, or set its password and role', 200],
    ['nobody', 'Log in with a browser', 200],
  ])
  await api.http.close()
  const written = await readFile(path.join(api.data, 'audit.log'), 'utf8')
  expect(written.split('\n')).toHaveLength(5)
  expect(written).not.toContain('canary-password')
})

/** With headers that `fetch` does not let one choose. */
async function statusOf(api: Api, headers: Readonly<Record<string, string>>): Promise<number> {
  const { request } = await import('node:http')
  const { port, hostname } = new URL(api.http.url)
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: hostname, path: '/api/v1/me', headers, setHost: false }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('error', reject)
    asked.end()
  })
}
