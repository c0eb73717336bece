import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Api } from './api.ts'

/** A web server that keeps what is posted. */
class FarSide {
  readonly bodies: string[] = []
  readonly headers: unknown[] = []
  url = ''

  static async start(): Promise<FarSide> {
    const far = new FarSide()
    const server = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      request.on('end', () => {
        if (request.method === 'POST') {
          far.bodies.push(body)
          far.headers.push(request.headers['x-key'])
        }
        response.writeHead(204).end()
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    far.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    return far
  }
}

const hook = (url: string) => ({ type: 'http', url, headers: { 'x-key': 'hush' } })
const out = { egress: 'out/#', to: { connection: 'hook', body: '${payload}' } }

async function put(api: Api, url: string, body: object): Promise<{ status: number; body: Record<string, never> }> {
  return await api.call('PUT', url, { body })
}

/** Asks until the bridge has sent so many. */
async function sent(api: Api, name: string, count: number): Promise<void> {
  while ((await api.get(`/bridges/${name}`)).data.sent < count);
}

const publish = (api: Api, payload: string) =>
  api.call('POST', '/publish', { body: { topic: 'out/a', payload, qos: 1 } })

test('a connection and a bridge are made, work, are changed, and are removed', async () => {
  const far = await FarSide.start()
  const api = await Api.start()
  expect((await put(api, '/connections/hook', hook(far.url))).body.data).toMatchObject({
    name: 'hook',
    type: 'http',
    standing: 'added',
    bridges: [],
    config: { type: 'http', url: far.url, headers: { 'x-key': '********' } },
  })
  expect((await put(api, '/bridges/out', out)).body.data).toMatchObject({ name: 'out', standing: 'added', config: out })
  await publish(api, 'one')
  await sent(api, 'out', 1)
  const changed = { ...out, to: { ...out.to, body: '2 ${payload}' } }
  expect((await put(api, '/bridges/out', changed)).status).toBe(200)
  await publish(api, 'two')
  await expect.poll(() => far.bodies).toEqual(['one', '2 two'])
  expect((await api.get('/connections')).data).toMatchObject([{ name: 'hook', bridges: ['out'] }])
  expect((await api.get('/bridges/out/config')).data.config).toEqual(changed)

  const inUse = await api.call('DELETE', '/connections/hook')
  expect([inUse.status, inUse.body.detail]).toEqual([409, expect.stringContaining('used by out')])
  expect((await api.call('DELETE', '/bridges/out')).status).toBe(204)
  expect((await api.call('DELETE', '/connections/hook')).status).toBe(204)
  expect((await api.get('/bridges')).data).toEqual([])
  for (const url of ['/bridges/out', '/connections/hook']) expect((await api.call('DELETE', url)).status).toBe(404)
  expect((await api.call('GET', '/bridges/out/config')).status).toBe(404)
})

test('nothing of it needs a restart', async () => {
  const api = await Api.start()
  const { server } = api
  await put(api, '/connections/hook', hook('http://127.0.0.1:9/'))
  await put(api, '/bridges/out', out)
  const added = server.current
  const reloaded = await server.reload(async () => added)
  expect(reloaded).toEqual({ applied: true, restart: [] })
})

test('both are kept for the owner of the files alone, and are there after a restart of the configuration', async () => {
  const api = await Api.start()
  await put(api, '/connections/hook', hook('http://127.0.0.1:9/'))
  await put(api, '/bridges/out', out)
  const file = path.join(api.data, 'settings.json')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(JSON.parse(await readFile(file, 'utf8')).values['connections.hook'].headers['x-key']).toBe('hush')
  const again = await Api.start({ environment: { ROBUSTMQ__LOG__LEVEL: 'warn' }, settings: file })
  expect((await again.get('/bridges/out/config')).data.config).toEqual(out)
})

describe('secrets', () => {
  test('a mask that comes back keeps the secret that is there', async () => {
    const far = await FarSide.start()
    const api = await Api.start()
    await put(api, '/connections/hook', hook(far.url))
    const { config } = (await api.get('/connections/hook')).data
    expect((await put(api, '/connections/hook', { ...config, timeout: '5s' })).status).toBe(200)
    await put(api, '/bridges/out', out)
    await publish(api, 'x')
    await expect.poll(() => far.headers).toEqual(['hush'])
    expect((await api.get('/config?path=connections.hook')).data).toContainEqual(
      expect.objectContaining({ path: 'connections.hook.headers.x-key', value: '********' }),
    )
  })

  test('a mask where there is no secret is a mistake of that field', async () => {
    const api = await Api.start()
    const { status, body } = await put(api, '/connections/new', { ...hook('http://127.0.0.1:9/'), secret: '********' })
    expect([status, body.errors]).toMatchObject([400, [{ pointer: '/secret' }]])
  })

  test('what stands in the environment stays there', async () => {
    const far = await FarSide.start()
    const api = await Api.start({
      environment: { HOOK_KEY: 'from-afar' },
      configuration: `connections: { hook: { type: http, url: "${far.url}", headers: { x-key: "\${env:HOOK_KEY}" } } }`,
    })
    const { config } = (await api.get('/connections/hook')).data
    expect(config.headers).toEqual({ 'x-key': '********' })
    await put(api, '/connections/hook', { ...config, timeout: '5s' })
    await put(api, '/bridges/out', out)
    const kept = await readFile(path.join(api.data, 'settings.json'), 'utf8')
    expect(kept).toContain('${env:HOOK_KEY}')
    expect(kept).not.toContain('from-afar')
    await publish(api, 'x')
    await expect.poll(() => far.headers).toEqual(['from-afar'])
  })
})

describe('mistakes', () => {
  test.each([
    ['/connections/x', { type: 'http' }, '/url'],
    ['/connections/x', { type: 'htp', url: 'http://a/' }, '/type'],
    ['/connections/x', { type: 'http', url: 'http://a/', headers: { a: 1 } }, '/headers/a'],
    ['/connections/x', { type: 'http', url: 'nowhere' }, ''],
    ['/bridges/x', { egress: ['a', 'b/#/c'], to: { connection: 'hook' } }, '/egress/1'],
    ['/bridges/x', { egress: 'a', to: { connection: 'nobody' } }, '/to/connection'],
    ['/bridges/x', { egress: 'a', to: { connection: 'hook', formt: 'array' } }, '/to/formt'],
    ['/bridges/x', { egress: 'a', to: { connection: 'hook' }, retry: { attempts: 'often' } }, '/retry/attempts'],
  ])('PUT %s %j is refused, and names the field %s', async (url, given, pointer) => {
    const api = await Api.start()
    await put(api, '/connections/hook', hook('http://127.0.0.1:9/'))
    const { status, body } = await put(api, url, given)
    expect([status, body.errors]).toMatchObject([400, [{ in: 'body', pointer }]])
    expect((await api.call('GET', `${url.replace('/bridges/x', '/bridges/x/config')}`)).status).toBe(404)
  })

  test('a change that breaks a bridge elsewhere names the bridge, and nothing changes', async () => {
    const api = await Api.start()
    await put(api, '/connections/hook', hook('http://127.0.0.1:9/'))
    await put(api, '/bridges/out', { ...out, to: { ...out.to, format: 'single' } })
    const { status, body } = await put(api, '/connections/hook', { type: 'mqtt', url: 'mqtt://127.0.0.1:9' })
    expect([status, body.detail]).toEqual([400, expect.stringContaining('bridges.out.to.')])
    expect((await api.get('/connections/hook')).data.type).toBe('http')
  })

  test('a name that no configuration may have is refused', async () => {
    const api = await Api.start()
    const { status, body } = await put(api, '/connections/A', hook('http://127.0.0.1:9/'))
    expect([status, body.errors]).toMatchObject([400, [{ in: 'path', pointer: '/name' }]])
  })
})

describe('what the configuration defines', () => {
  const configuration = `
connections:
  hook: { type: http, url: "http://127.0.0.1:9/" }
bridges:
  out: { egress: out/#, to: { connection: hook } }
`

  test('can be changed, not removed, and the change can be taken back', async () => {
    const api = await Api.start({ configuration })
    expect((await api.get('/bridges/out/config')).data).toMatchObject({
      standing: 'configured',
      from: 'robustmq.yaml:5:8',
    })
    const asWritten = await api.call('DELETE', '/bridges/out')
    expect([asWritten.status, asWritten.body.detail]).toEqual([409, expect.stringContaining('robustmq.yaml:5:8')])
    const changed = await put(api, '/bridges/out', { ...out, egress: ['other/#'] })
    expect(changed.body.data).toMatchObject({ standing: 'changed', config: { egress: ['other/#'] } })
    const over = await api.call('DELETE', '/bridges/out')
    expect([over.status, over.body.detail]).toEqual([409, expect.stringContaining('change that file')])
    expect((await api.call('DELETE', '/config/bridges.out')).status).toBe(204)
    expect((await api.get('/bridges/out/config')).data.config.egress).toBe('out/#')
  })

  test.each([
    ['ROBUSTMQ__CONNECTIONS', '{"hook":{"type":"http","url":"http://127.0.0.1:9/"}}'],
    ['ROBUSTMQ__CONNECTIONS__NEW__TIMEOUT', '3s'],
  ])('the environment comes before what would be changed, and says so: %s', async (name, value) => {
    const base = name.endsWith('TIMEOUT') ? { ROBUSTMQ__CONNECTIONS__NEW__TYPE: 'http' } : {}
    const url = name.endsWith('TIMEOUT') ? { ROBUSTMQ__CONNECTIONS__NEW__URL: 'http://127.0.0.1:9/' } : {}
    const api = await Api.start({ environment: { ...base, ...url, [name]: value } })
    const { status, body } = await put(api, '/connections/new', hook('http://127.0.0.1:9/'))
    expect([status, body.detail]).toEqual([409, expect.stringContaining('set by env ROBUSTMQ__CONNECTIONS')])
  })
})

test('a connection is tested without any bridge, as it is and as it would be', async () => {
  const far = await FarSide.start()
  const api = await Api.start()
  const rungs = async (url: string, body?: object) => {
    const answer = await api.call('POST', url, body && { body })
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    return answer.body.data.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok])
  }
  expect(await rungs('/connections/hook/try', hook(far.url))).toEqual([
    ['TCP', true],
    ['HTTP', true],
  ])
  expect((await api.get('/connections')).data).toEqual([])
  expect((await api.call('POST', '/connections/hook/test')).status).toBe(404)
  await put(api, '/connections/hook', hook(far.url))
  expect(await rungs('/connections/hook/test')).toHaveLength(2)
  expect(await rungs('/connections/hook/try', hook('http://127.0.0.1:9/'))).toEqual([['TCP', false]])
  expect((await api.call('POST', '/connections/hook/try', { body: { type: 'http' } })).body.errors).toMatchObject([
    { pointer: '/url' },
  ])
})

test('a bridge is tested up to its topic before it and its connection are kept', async () => {
  const api = await Api.start()
  const url = `mqtt://127.0.0.1:${api.server.kernel.listeners[0]?.port}`
  const broker = { type: 'mqtt', url }
  const tried = (body: object) => api.call('POST', '/bridges/out/try', { body })
  const rungs = async (body: object) => {
    const answer = await tried(body)
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    return answer.body.data.map(({ name, ok }: { name: string; ok: boolean }) => `${name} ${ok}`)
  }
  const inward = (filter: string) => ({ ingress: { connection: 'far', topics: [filter] }, publish: { topic: 'in' } })
  expect(await rungs({ bridge: inward('a/#'), connection: broker })).toEqual(['TCP true', 'login true', 'topic true'])
  expect((await api.get('/connections')).data).toEqual([])
  expect((await api.get('/bridges')).data).toEqual([])
  const wrong = await tried({ bridge: { ...inward('a/#'), publish: {} }, connection: { type: 'mqtt' } })
  expect([wrong.status, wrong.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()]).toEqual([
    400,
    ['/bridge/publish/topic', '/connection/url'],
  ])
  const unnamed = await tried({ bridge: { egress: 'a', to: {} }, connection: broker })
  expect([unnamed.status, unnamed.body.errors[0].pointer]).toEqual([400, '/bridge/to/connection'])
  await put(api, '/connections/far', broker)
  await api.call('POST', '/acl/rules', { body: { effect: 'deny', filters: ['secret/#'] } })
  expect(await rungs({ bridge: inward('secret/#') })).toEqual(['TCP true', 'login true', 'topic false'])
})

test('every type tells its options and those of its bridges, as the plugins describe them', async () => {
  const api = await Api.start()
  const { data } = await api.get('/bridge-types')
  expect(data.map(({ type, egress, ingress }: Record<string, unknown>) => [type, !!egress, !!ingress])).toEqual([
    ['http', true, false],
    ['mqtt', true, true],
    ['kafka', true, true],
    ['pulsar', true, true],
  ])
  const [http, mqtt, kafka] = data
  const option = (of: { name: string }[], name: string) => of.find(one => one.name === name)
  expect(option(http.connection, 'timeout')).toMatchObject({ type: 'duration', default: '30s', unit: 'ms', min: 1 })
  expect(option(http.connection, 'headers.<name>')).toMatchObject({ type: 'string', secret: true })
  expect(option(http.egress, 'delivery.batchMessages')).toMatchObject({ default: 500, max: 10_000 })
  expect(option(http.egress, 'to.format')).toMatchObject({ values: ['single', 'array', 'ndjson'] })
  expect(option(http.egress, 'retry.attempts')).toMatchObject({ words: ['forever'], default: 'forever' })
  expect(option(mqtt.ingress, 'publish.topic')).toMatchObject({ type: 'template', required: true })
  expect(option(kafka.connection, 'sasl.password')).toMatchObject({ secret: true })
  expect(option(kafka.connection, 'brokers[]')).toMatchObject({ type: 'string' })
  expect(option(kafka.egress, 'egress')).toMatchObject({ type: 'list', required: true })
})
