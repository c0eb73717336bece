import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { http } from '../../../bridges/http/index.ts'
import { type Kernel, Message, type Rung } from '../../../kernel/index.ts'
import { startBroker } from '../../support/broker.ts'
import { TestWebServer } from './web-server.ts'

interface Given {
  readonly connection?: object
  readonly to?: object
  readonly bridge?: object
}

function startWith({ url }: { readonly url: string }, { connection, to, bridge }: Given = {}) {
  return startBroker({
    kernel: {
      bridging: {
        connections: { hook: { plugin: http, options: { url, ...connection } } },
        bridges: {
          b: { egress: 'in/#', to: { connection: 'hook', ...to }, retry: { backoff: '1ms..5ms' }, ...bridge },
        },
      },
    },
  })
}

function publish(kernel: Kernel, payload: string, topic = 'in/x'): void {
  const message = new Message({ topic, payload: Buffer.from(payload), guarantee: 1, from: 'c1', publishedAt: 1_000 })
  void kernel.space().publish(message)
}

async function sent(kernel: Kernel, count: number): Promise<void> {
  await expect.poll(() => kernel.bridges.get('b')?.sent).toBe(count)
}

test('a message is a request, signed over its time and body', async () => {
  await using server = await TestWebServer.start()
  const connection = { headers: { authorization: 'Bearer t' }, secret: 'hush' }
  await using broker = await startWith(server, { connection, bridge: { buffer: { maxAge: 0 } } })
  publish(broker.kernel, '{"temp":41}')
  await sent(broker.kernel, 1)
  const [request] = server.requests
  expect(request).toMatchObject({ method: 'POST', path: '/hook', headers: { authorization: 'Bearer t' } })
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'robustmq-via': expect.stringMatching(/^robustmq\/b#[0-9a-f]{8}$/),
  })
  expect(JSON.parse(request?.body ?? '')).toEqual({
    id: expect.stringMatching(/^robustmq-/),
    topic: 'in/x',
    clientid: 'c1',
    qos: 1,
    retain: false,
    timestamp: 1_000,
    payload: { temp: 41 },
  })
  const [, seconds = '', digest] = /^t=(\d+),v1=(\w+)$/.exec(String(request?.headers['robustmq-signature'])) ?? []
  expect(digest).toBe(createHmac('sha256', 'hush').update(`${seconds}.${request?.body}`).digest('hex'))
  expect(Math.abs(Number(seconds) - Date.now() / 1_000)).toBeLessThan(60)
})

test('a path, a method, headers and the bytes themselves', async () => {
  await using server = await TestWebServer.start()
  const to = { method: 'PUT', path: 'devices/${topic[1]}', body: '${payload}', headers: { 'x-client': '${clientid}' } }
  await using broker = await startWith(server, { to, bridge: { buffer: { maxAge: 0 } } })
  publish(broker.kernel, 'raw', 'in/d7')
  await sent(broker.kernel, 1)
  expect(server.requests).toMatchObject([
    {
      method: 'PUT',
      path: '/hook/devices/d7',
      body: 'raw',
      headers: { 'x-client': 'c1', 'content-type': 'application/octet-stream' },
    },
  ])
})

test.each([
  ['array', 'application/json', '[{"v":1},{"v":2},{"v":3}]'],
  ['ndjson', 'application/x-ndjson', '{"v":1}\n{"v":2}\n{"v":3}\n'],
])('%s: many messages in one request', async (format, type, body) => {
  await using server = await TestWebServer.start()
  const bridge = { delivery: { linger: 20 }, buffer: { maxAge: 0 } }
  await using broker = await startWith(server, { to: { format, body: { v: '${payload}' } }, bridge })
  for (const payload of ['1', '2', '3']) publish(broker.kernel, payload)
  await sent(broker.kernel, 3)
  expect(server.requests).toMatchObject([{ body, headers: { 'content-type': type } }])
})

test.each([503, 500, 429, 408])('%i is repeated until it passes, in order', async status => {
  await using server = await TestWebServer.start()
  let refusals = 3
  server.answer = ({ method }) =>
    method !== 'HEAD' && refusals-- > 0 ? { status, headers: { 'retry-after': '0' } } : 200
  await using broker = await startWith(server, { to: { body: '${payload}' }, bridge: { buffer: { maxAge: 0 } } })
  for (const payload of ['a', 'b']) publish(broker.kernel, payload)
  await sent(broker.kernel, 2)
  expect(server.requests.map(({ body }) => body)).toEqual(['a', 'a', 'a', 'a', 'b'])
})

test('of a refused batch only what the server does not take becomes a dead letter', async () => {
  await using server = await TestWebServer.start()
  server.answer = ({ body }) => (body.includes('poison') ? 422 : 200)
  const to = { format: 'array', body: { v: '${payload}' } }
  const bridge = { delivery: { linger: 20 }, buffer: { maxAge: 0 } }
  await using broker = await startWith(server, { to, bridge })
  for (const payload of ['a', 'b', 'poison', 'c', 'd']) publish(broker.kernel, payload)
  await expect.poll(() => broker.kernel.bridges.get('b')).toMatchObject({ sent: 4, rejected: 1, state: 'running' })
  expect(await broker.kernel.bridges.deadLetters('b')?.list()).toMatchObject([
    { code: 'REFUSED', reason: 'the server answered 422' },
  ])
})

test.each([
  [401, 'correct the headers or the secret'],
  [404, 'correct the URL or the method'],
  [301, 'redirected to nowhere'],
])('%i makes no dead letters: it is for somebody to mend', async (status, mend) => {
  await using server = await TestWebServer.start()
  server.answer = () => status
  await using broker = await startWith(server, { bridge: { buffer: { maxAge: 0 } } })
  publish(broker.kernel, 'kept')
  await expect.poll(() => broker.kernel.bridges.get('b')?.detail).toContain(status === 401 ? 'headers' : mend)
  expect(broker.kernel.bridges.get('b')).toMatchObject({ state: 'degraded', deadLetters: 0, lag: { messages: 1 } })
  server.answer = () => 200
  await sent(broker.kernel, 1)
})

test('the ladder tells what is wrong and how to mend it', async () => {
  let gone = ''
  await using server = await TestWebServer.start()
  await using broker = await startWith(server)
  const ladder = async (kernel: Kernel) => {
    const rungs: Rung[] = []
    for await (const rung of kernel.bridges.test('b') ?? []) rungs.push(rung)
    return rungs
  }
  expect(await ladder(broker.kernel)).toMatchObject([
    { name: 'TCP', ok: true },
    { name: 'HTTP', ok: true, detail: 'HEAD was answered with 204' },
  ])
  server.answer = () => 403
  expect(await ladder(broker.kernel)).toMatchObject([
    { ok: true },
    { name: 'HTTP', ok: false, mend: expect.stringContaining('correct') },
  ])
  gone = server.url
  await server[Symbol.asyncDispose]()
  expect(await ladder(broker.kernel)).toMatchObject([
    { name: 'TCP', ok: false, mend: expect.stringContaining(`nobody listens on port ${new URL(gone).port}`) },
  ])
})

test.each<[Given, string]>([
  [{ connection: { url: 'nowhere' } }, '"url" is no URL'],
  [{ connection: { url: 'ftp://x' } }, '"url" must begin with http:// or https://'],
  [{ connection: { url: 'http://u:p@x' } }, '"url" names a password'],
  [{ connection: { tls: {} } }, '"tls" needs a URL that begins with https://'],
  [{ to: { format: 'array', body: '${payload}' } }, 'format array needs a "body" that is a map'],
  [{ to: { format: 'csv' } }, 'option "to.format" must be one of single, array, ndjson'],
  [{ bridge: { delivery: { acks: 1 } } }, 'option "delivery.acks" is unknown; known are linger, batch'],
])('%j is refused at the start', async (given, fault) => {
  await expect(startWith({ url: 'http://127.0.0.1:1' }, given)).rejects.toThrow(fault)
})
