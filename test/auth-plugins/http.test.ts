import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { HttpOptions } from '../../auth-plugins/http/index.ts'
import { failureLogIntervalMs, http, maxAnswerBytes } from '../../auth-plugins/http/index.ts'
import { Deferred } from '../../kernel/deferred.ts'
import type { Logger, Peer } from '../../kernel/plugin.ts'
import { authSuite } from '../conformance/auth.ts'
import { ManualClock } from '../support/clock.ts'

const peer: Peer = { address: '192.0.2.1', port: 1, loopback: false, secure: false, certificate: undefined }
const ann = { clientId: 'c', user: 'ann', password: Buffer.from('pw-of-ann') }

type Handle = (body: string, request: IncomingMessage, response: ServerResponse) => void

async function serving(handle: Handle) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => handle(Buffer.concat(chunks).toString(), request, response))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    address,
    url: `http://${address}/auth?token=s3cret`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function answering(body: unknown, status = 200): Handle {
  return (_, __, response) => response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
}

async function opened(options: HttpOptions) {
  const clock = new ManualClock()
  const logged: object[] = []
  const log = (fields: object) => void logged.push(fields)
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  return { clock, logged, auth: await http.open({ clock, logger }, options) }
}

authSuite(http, async host => {
  const server = await serving((body, _, response) => {
    const { username, password } = JSON.parse(body) as Record<string, string>
    const right = username === 'ann' && password === 'pw-of-ann'
    response.end(JSON.stringify({ result: right ? 'allow' : 'deny' }))
  })
  return {
    authenticator: await http.open(host, { url: server.url, headers: { 'x-key': 'k3y' } }),
    good: ann,
    user: 'ann',
    bad: { ...ann, password: Buffer.from('pw-of-bob') },
    secrets: ['s3cret', 'k3y'],
    stop: () => server[Symbol.asyncDispose](),
  }
})

test('the server is told who, from where, and with what', async () => {
  const seen: unknown[] = []
  await using server = await serving((body, request, response) => {
    const { authorization, 'x-key': key, 'content-type': type } = request.headers
    seen.push(request.method, request.url, authorization, key, type, JSON.parse(body))
    response.end('{"result":"allow"}')
  })
  const url = `http://us:p%40ss@${server.address}/auth?q=1`
  const { auth } = await opened({ url, headers: { 'x-key': 'k3y' } })
  expect(await auth.authenticate(ann, peer)).toEqual({ user: 'ann', superuser: false })
  const basic = `Basic ${Buffer.from('us:p@ss').toString('base64')}`
  const told = { clientid: 'c', username: 'ann', password: 'pw-of-ann', address: '192.0.2.1' }
  expect(seen).toEqual(['POST', '/auth?q=1', basic, 'k3y', 'application/json', told])
})

test('a password that is not text goes as base64', async () => {
  let told: unknown
  await using server = await serving((body, _, response) => {
    told = JSON.parse(body)
    response.end('{"result":"deny"}')
  })
  const { auth } = await opened({ url: server.url })
  await auth.authenticate({ ...ann, password: Buffer.from([0xff, 0x00]) }, peer)
  expect(told).toEqual({ clientid: 'c', username: 'ann', passwordBase64: '/wA=', address: '192.0.2.1' })
})

test('the answer becomes the identity', async () => {
  const expiresAt = 1_800_000_000_000
  const acl = [{ permission: 'allow', action: 'publish', topic: 'a/#' }]
  await using server = await serving(answering({ result: 'allow', superuser: true, tenant: 'acme', acl, expiresAt }))
  const { auth } = await opened({ url: server.url })
  expect(await auth.authenticate(ann, peer)).toEqual({
    user: 'ann',
    superuser: true,
    tenant: 'acme',
    rules: [{ effect: 'allow', action: 'publish', filters: ['a/#'] }],
    expiresAt,
  })
})

test.each<[unknown, number, string, number]>([
  [{ result: 'deny' }, 200, 'denied', 0],
  [{ result: 'ignore' }, 200, 'unknown', 0],
  ['', 401, 'denied', 0],
  ['', 403, 'denied', 0],
  ['', 404, 'denied', 1],
  ['', 500, 'denied', 1],
  [{ result: 'allow' }, 201, 'denied', 1],
  ['', 204, 'denied', 1],
  ['"allow"', 200, 'denied', 1],
  ['allow', 200, 'denied', 1],
  ['null', 200, 'denied', 1],
  [{ result: 'ALLOW' }, 200, 'denied', 1],
  [{ result: 'allow', superuser: 'false' }, 200, 'denied', 1],
  [{ result: 'allow', acl: [{ permission: 'deny', topc: 'a' }] }, 200, 'denied', 1],
  [{ result: 'allow', tenant: 7 }, 200, 'denied', 1],
  [{ result: 'allow', expiresAt: 'tomorrow' }, 200, 'denied', 1],
])('the answer %j with status %i means %j, with %i warnings', async (body, status, verdict, warnings) => {
  await using server = await serving(answering(body, status))
  const { auth, logged } = await opened({ url: server.url })
  expect(await auth.authenticate(ann, peer)).toBe(verdict)
  expect(logged).toHaveLength(warnings)
})

test('an answer cannot smuggle rights in by a prototype [hostile 23]', async () => {
  await using server = await serving(answering('{"result":"allow","__proto__":{"superuser":true,"tenant":"x"}}'))
  const { auth } = await opened({ url: server.url })
  expect(await auth.authenticate(ann, peer)).toEqual({ user: 'ann', superuser: false })
  expect(({} as Record<string, unknown>).superuser).toBeUndefined()
})

test('a deep answer is refused in order [hostile 57]', async () => {
  await using server = await serving(answering(`${'['.repeat(100_000)}${']'.repeat(100_000)}`))
  const { auth } = await opened({ url: server.url })
  expect(await auth.authenticate(ann, peer)).toBe('denied')
})

test('a redirect is not followed', async () => {
  let requests = 0
  await using server = await serving((_, __, response) => {
    requests += 1
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  const { auth } = await opened({ url: server.url })
  expect(await auth.authenticate(ann, peer)).toBe('denied')
  expect(requests).toBe(1)
})

test('an answer without end is cut off', async () => {
  const gone = new Deferred()
  await using server = await serving((_, request, response) => {
    request.socket.on('close', () => gone.resolve())
    response.write(' '.repeat(maxAnswerBytes + 1))
  })
  const { auth, logged } = await opened({ url: server.url })
  expect(await auth.authenticate(ann, peer)).toBe('denied')
  expect(logged).toMatchObject([{ reason: expect.stringContaining('larger than') }])
  await gone.promise
})

test('a server that does not answer in time denies', async () => {
  const asked = new Deferred()
  await using server = await serving(() => asked.resolve())
  const { auth, clock, logged } = await opened({ url: server.url, timeout: 1_000 })
  const answer = auth.authenticate(ann, peer)
  await asked.promise
  await clock.advance(1_000)
  expect(await answer).toBe('denied')
  expect(logged).toMatchObject([{ reason: 'no answer in time' }])
  expect(clock.pending).toBe(0)
})

test('a failing server is reported once in an interval, by host and path, without secrets [hostile 33]', async () => {
  const { address } = await (async () => {
    await using server = await serving(() => {})
    return server
  })()
  const { auth, clock, logged } = await opened({ url: `http://us:pass@${address}/auth?token=s3cret` })
  for (let i = 0; i < 3; i += 1) expect(await auth.authenticate(ann, peer)).toBe('denied')
  await clock.advance(failureLogIntervalMs)
  await auth.authenticate(ann, peer)
  const fields = { host: address, path: '/auth', reason: 'ECONNREFUSED' }
  expect(logged).toEqual([
    { ...fields, failuresNotLogged: 0 },
    { ...fields, failuresNotLogged: 2 },
  ])
})

test('anonymous clients are asked about only when the configuration says so', async () => {
  const nobody = { clientId: 'c', user: undefined, password: undefined }
  await using server = await serving(answering({ result: 'allow' }))
  expect(await (await opened({ url: server.url })).auth.authenticate(nobody, peer)).toBe('unknown')
  const { auth } = await opened({ url: server.url, anonymous: true })
  expect(await auth.authenticate(nobody, peer)).toEqual({ user: undefined, superuser: false })
})

test('logins one after the other share connections', async () => {
  const ports = new Set<number | undefined>()
  await using server = await serving((_, request, response) => {
    ports.add(request.socket.remotePort)
    response.end('{"result":"allow"}')
  })
  const { auth } = await opened({ url: server.url })
  for (let i = 0; i < 20; i += 1) await auth.authenticate(ann, peer)
  expect(ports.size).toBeLessThan(5)
})

test('closing ends what is still being asked', async () => {
  const asked = new Deferred()
  await using server = await serving(() => asked.resolve())
  const { auth } = await opened({ url: server.url })
  const answer = auth.authenticate(ann, peer)
  await asked.promise
  await auth.close()
  expect(await answer).toBe('denied')
})

test.each(['', 'example.com', 'file:///etc/passwd', 'ftp://example.com'])('the url %j is refused', async url => {
  await expect(opened({ url })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('a header that HTTP forbids is refused without its value', async () => {
  const options = { url: 'http://127.0.0.1:1/', headers: { 'x-key': 'a\nb-k3y' } }
  await expect(opened(options)).rejects.toThrow(/^(?!.*k3y).*x-key/s)
})
