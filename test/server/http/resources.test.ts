import { describe, expect, test } from 'vitest'
import { Api } from './api.ts'

const json = (body: unknown) => ({ body })

describe('clients and sessions', () => {
  test('a client is listed, shown, disconnected; its session stays until it is ended', async () => {
    const api = await Api.start()
    const meter = await api.client({ clientId: 'meter/1', clean: false, properties: { sessionExpiryInterval: 600 } })
    await meter.subscribe('a/#', { qos: 1 })
    const { data, meta } = await api.get('/clients')
    expect(meta).toEqual({ next: null, count: 1 })
    expect(data[0]).toMatchObject({
      clientId: 'meter/1',
      connected: true,
      subscriptions: 1,
      expiresAfterSeconds: 600,
      connection: { speaks: 'MQTT 5.0', listener: 'tcp', details: { keepAliveSeconds: 0 } },
    })
    expect((await api.call('DELETE', '/clients/meter%2F1')).status).toBe(204)
    expect((await meter.closed()).reasonCode).toBe(0x98)
    expect((await api.call('GET', '/clients/meter%2F1')).status).toBe(404)
    expect((await api.get('/sessions/meter%2F1')).data).toMatchObject({ connected: false, connection: null })
    expect((await api.call('DELETE', '/sessions/meter%2F1')).status).toBe(204)
    expect((await api.get('/sessions')).meta.count).toBe(0)
  })

  test('an operator subscribes and unsubscribes a client, and it gets what it then should', async () => {
    const api = await Api.start()
    const watcher = await api.client({ clientId: 'watcher' })
    const subscribed = await api.call('POST', '/clients/watcher/subscriptions', json({ filter: 'news/#', qos: 1 }))
    expect([subscribed.status, subscribed.body.data]).toMatchObject([201, { filter: 'news/#', qos: 1, group: null }])
    await api.call('POST', '/publish', json({ topic: 'news/a', payload: 'hello', qos: 1 }))
    expect((await watcher.next('publish')).payload.toString()).toBe('hello')
    expect((await api.get('/clients/watcher/subscriptions')).data).toHaveLength(1)
    const gone = () => api.call('DELETE', '/clients/watcher/subscriptions?filter=news%2F%23')
    expect([(await gone()).status, (await gone()).status]).toEqual([204, 404])
    expect((await api.call('POST', '/clients/watcher/subscriptions', json({ filter: 'a/#/b' }))).status).toBe(400)
    expect((await api.call('POST', '/clients/nobody/subscriptions', json({ filter: 'a' }))).status).toBe(404)
  })

  test('pages follow one another without gap or repeat while clients come and go', async () => {
    const api = await Api.start()
    const names = Array.from({ length: 25 }, (_, i) => `c${String(i).padStart(2, '0')}`)
    for (const clientId of names) await api.client({ clientId })
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { data, meta } = await api.get(`/clients?limit=10${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...data.map(({ clientId }: { clientId: string }) => clientId))
      if (cursor === '') await api.call('DELETE', '/clients/c09')
      cursor = meta.next
    }
    expect(seen).toEqual(names)
    const { meta } = await api.get('/clients?search=c1&limit=3')
    expect(meta.count).toBe(10)
    expect((await api.call('GET', '/clients?cursor=%21')).status).toBe(400)
  })
})

describe('messages', () => {
  test('what is retained is listed, shown whole, cleared, and cleared by filter', async () => {
    const api = await Api.start()
    for (const topic of ['site/a', 'site/b', 'other'])
      await api.call('POST', '/publish', json({ topic, payload: `at ${topic}`, retain: true, qos: 1 }))
    expect((await api.get('/retained?filter=site/%2B')).data.map(({ topic }: { topic: string }) => topic)).toEqual([
      'site/a',
      'site/b',
    ])
    expect((await api.get('/retained/site%2Fa')).data).toMatchObject({ payload: 'at site/a', encoding: 'text', qos: 1 })
    expect((await api.call('DELETE', '/retained/site%2Fa')).status).toBe(204)
    expect((await api.call('DELETE', '/retained/site%2Fa')).status).toBe(404)
    expect((await api.call('DELETE', '/retained?filter=%23')).body.data).toEqual({ cleared: 2 })
    expect((await api.get('/retained')).meta.count).toBe(0)
  })

  test('bytes that are no text go in and come out as base64', async () => {
    const api = await Api.start()
    const payload = Buffer.from([0, 255, 1]).toString('base64')
    await api.call('POST', '/publish', json({ topic: 'raw', payload, encoding: 'base64', retain: true, qos: 1 }))
    expect((await api.get('/retained/raw')).data).toMatchObject({ payload, encoding: 'base64', payloadBytes: 3 })
    const wrong = await api.call('POST', '/publish', json({ topic: 'raw', payload: '***', encoding: 'base64' }))
    expect(wrong.body.errors).toEqual([{ in: 'body', pointer: '/payload', message: 'expected base64' }])
  })

  test('a message arrives with all that was said of it', async () => {
    const api = await Api.start()
    const watcher = await api.client()
    await watcher.subscribe('t', { qos: 2 })
    const body = { topic: 't', payload: 'x', qos: 2, contentType: 'text/plain', responseTopic: 'r', correlation: 'c' }
    await api.call(
      'POST',
      '/publish',
      json({
        ...body,
        expiresAfterSeconds: 60,
        properties: [
          ['a', '1'],
          ['a', '2'],
        ],
      }),
    )
    expect((await watcher.next('publish')).properties).toMatchObject({
      contentType: 'text/plain',
      responseTopic: 'r',
      correlationData: Buffer.from('c'),
      userProperties: { a: ['1', '2'] },
      messageExpiryInterval: 60,
    })
  })

  test("no publisher writes the broker's own topics, whatever its role [hostile 21] [hostile 33]", async () => {
    const api = await Api.start()
    for (const topic of ['$SYS/broker/version', '$other/t']) {
      const refused = await api.call('POST', '/publish', json({ topic, payload: 'forged' }))
      expect(refused.status).toBe(403)
    }
  })

  test('the same Idempotency-Key publishes once, and another body under it is a conflict', async () => {
    const api = await Api.start()
    const watcher = await api.client()
    await watcher.subscribe('t')
    const publish = (payload: string) =>
      api.call('POST', '/publish', { body: { topic: 't', payload }, headers: { 'idempotency-key': 'k1' } })
    expect([(await publish('x')).status, (await publish('x')).status, (await publish('y')).status]).toEqual([
      200, 200, 409,
    ])
    await watcher.ping()
    expect(watcher.received.filter(({ cmd }) => cmd === 'publish')).toHaveLength(1)
  })

  test('of many messages in one call, each has its own outcome', async () => {
    const api = await Api.start()
    const messages = [{ topic: 'a' }, { topic: 'a/#' }, { topic: 'b' }]
    const { body } = await api.call('POST', '/publish/bulk', json({ messages }))
    expect(body.data).toMatchObject([
      { error: null },
      { reached: null, error: expect.stringContaining('#') },
      { error: null },
    ])
  })

  test('a delayed message is listed with its topic and can be given up', async () => {
    const api = await Api.start()
    for (const seconds of [60, 30])
      await api.call('POST', '/publish', json({ topic: `in/${seconds}`, payload: 'x', delaySeconds: seconds, qos: 1 }))
    const { data } = await api.get('/delayed')
    expect(data.map(({ topic }: { topic: string }) => topic)).toEqual(['in/30', 'in/60'])
    expect((await api.call('DELETE', `/delayed/${data[0].id}`)).status).toBe(204)
    expect((await api.call('DELETE', `/delayed/${data[0].id}`)).status).toBe(404)
    expect((await api.get('/delayed')).meta.count).toBe(1)
  })

  test('the tree of topics is walked level by level', async () => {
    const api = await Api.start()
    await api.call('POST', '/publish', json({ topic: 'site/hall/temp', payload: '21', retain: true, qos: 1 }))
    await api.call('POST', '/publish', json({ topic: 'site/hall', payload: 'x' }))
    const level = async (parent: string) =>
      (await api.get(`/topics${parent}`)).data.map(
        ({ topic, children, retained }: Record<string, { payload: string }>) => [
          topic,
          children,
          retained?.payload ?? null,
        ],
      )
    expect(await level('')).toContainEqual(['site', true, null])
    expect(await level('?parent=site')).toEqual([['site/hall', true, null]])
    expect(await level('?parent=site%2Fhall')).toEqual([['site/hall/temp', false, '21']])
    expect((await level('?all=true')).map(([topic]: [string]) => topic)).toEqual(
      expect.arrayContaining(['site/hall', 'site/hall/temp']),
    )
  })
})

describe('rights', () => {
  test('a rule that is added decides at once, is explained, and is kept through a restart of the configuration', async () => {
    const api = await Api.start()
    const ask = async () =>
      (await api.call('POST', '/acl/explain', json({ clientId: 'c', action: 'publish', topic: 'secret/x' }))).body.data
    expect(await ask()).toEqual({ allowed: true, source: 'none', index: null, rule: null })
    const added = await api.call('POST', '/acl/rules', json({ effect: 'deny', filters: ['secret/#'] }))
    expect(added.status).toBe(201)
    await api.call('POST', '/acl/rules', json({ effect: 'allow' }))
    expect(await ask()).toMatchObject({ allowed: false, source: 'configuration', index: 0 })
    const publisher = await api.client({ clientId: 'c' })
    const [answer] = await publisher.publish('secret/x', '', { qos: 1 })
    expect(answer).toMatchObject({ reasonCode: 0x87 })
    expect((await api.call('DELETE', '/acl/rules/0')).body.data.rules).toHaveLength(1)
    expect(await ask()).toMatchObject({ allowed: true, index: 0 })
    expect((await api.call('DELETE', '/acl/rules/7')).status).toBe(404)
    const { data } = await api.get('/config?path=access.rules')
    expect(data[0].from).toMatch(/settings\.json$/)
  })

  test('rules that are wrong are refused, each mistake named, and the old ones stay', async () => {
    const api = await Api.start()
    const { status, body } = await api.call(
      'PUT',
      '/acl',
      json({ rules: [{ effect: 'allow', filters: ['a/#/b'] }], noMatch: null }),
    )
    expect([status, body.errors[0].pointer]).toEqual([400, '/access.rules[0].filters[0]'])
    expect((await api.get('/acl')).data).toEqual({ rules: null, noMatch: null })
  })

  test('whoever is banned is refused until the ban ends', async () => {
    const api = await Api.start()
    const made = await api.call('POST', '/bans', json({ kind: 'client-id', value: 'bad', reason: 'noise' }))
    expect(made.status).toBe(201)
    await expect(api.client({ clientId: 'bad' })).rejects.toThrow()
    expect((await api.get('/bans')).data).toEqual([{ kind: 'client-id', value: 'bad', reason: 'noise' }])
    expect((await api.call('DELETE', '/bans?kind=client-id&value=bad')).status).toBe(204)
    await api.client({ clientId: 'bad' })
    expect((await api.call('DELETE', '/bans?kind=client-id&value=bad')).status).toBe(404)
    expect((await api.call('POST', '/bans', json({ kind: 'address', value: 'no address' }))).status).toBe(400)
  })

  test('users of the broker are added, listed without their secrets, and removed [hostile 33]', async () => {
    const api = await Api.start()
    expect((await api.get('/users')).data).toEqual([])
    const added = await api.call('PUT', '/users/ann', json({ password: 'correct horse', superuser: true }))
    expect(added.body.data).toEqual({ name: 'ann', tenant: null, superuser: true, scram: true })
    expect((await api.get('/users?search=an')).data).toEqual([
      { name: 'ann', tenant: null, superuser: true, scram: true },
    ])
    expect((await api.call('DELETE', '/users/ann')).status).toBe(204)
    expect((await api.call('DELETE', '/users/ann')).status).toBe(404)
  })
})

describe('configuration', () => {
  test('a changeable key changes the running server, and can be taken back', async () => {
    const api = await Api.start()
    const changed = await api.call('PATCH', '/config', json({ values: { 'log.level': 'warn' } }))
    expect(changed.body.data).toMatchObject([{ path: 'log.level', value: 'warn', changeable: true }])
    expect(api.server.logger.level).toBe('warn')
    expect((await api.call('DELETE', '/config/log.level')).status).toBe(204)
    expect(api.server.logger.level).toBe('info')
    expect((await api.call('DELETE', '/config/log.level')).status).toBe(404)
  })

  test('every wrong key is named, and nothing changes', async () => {
    const api = await Api.start()
    const values = { 'log.level': 'warn', 'node.name': 'x', 'no.such': 1 }
    const { status, body } = await api.call('PATCH', '/config', json({ values }))
    expect([status, body.errors.map(({ pointer }: { pointer: string }) => pointer)]).toEqual([
      400,
      ['/node.name', '/no.such'],
    ])
    const wrong = await api.call('PATCH', '/config', json({ values: { 'log.level': 'loud' } }))
    expect(wrong.body.errors).toMatchObject([{ pointer: '/log.level', message: expect.stringContaining('warn') }])
    expect(api.server.logger.level).toBe('info')
  })

  test('what the environment says cannot be changed here, and who says it is told', async () => {
    const api = await Api.start({ environment: { ROBUSTMQ__LOG__LEVEL: 'error' } })
    const { status, body } = await api.call('PATCH', '/config', json({ values: { 'log.level': 'warn' } }))
    expect([status, body.detail]).toEqual([409, expect.stringContaining('env ROBUSTMQ__LOG__LEVEL')])
  })

  test('subscriptions for every client and rewritten topics take effect for the next client', async () => {
    const api = await Api.start()
    await api.call('PUT', '/auto-subscribe', json([{ filter: 'to/${clientid}', qos: 1 }]))
    await api.call('PUT', '/topic-rewrite', json([{ filter: 'old/+', to: 'to/$1' }]))
    const late = await api.client({ clientId: 'late' })
    await late.publish('old/late', 'moved', { qos: 1 })
    expect(await late.next('publish')).toMatchObject({ topic: 'to/late' })
    expect((await api.get('/auto-subscribe')).data).toMatchObject([{ filter: 'to/${clientid}', qos: 1 }])
    const before = (await api.get('/topic-rewrite')).data
    expect((await api.call('PUT', '/topic-rewrite', json([{ filter: 'a', match: '(', to: 'x' }]))).status).toBe(400)
    expect((await api.get('/topic-rewrite')).data).toEqual(before)
  })
})

describe('the broker', () => {
  test('tells of itself: overview, node, listeners, plugins, alarms, events', async () => {
    const api = await Api.start()
    await api.client({ clientId: 'one' })
    const { data } = await api.get('/overview')
    expect(data).toMatchObject({
      node: { name: 'robustmq' },
      totals: { sessions: 1, net_connections: 1 },
      storage: 'file',
    })
    expect((await api.get('/nodes/robustmq')).data.pid).toBe(process.pid)
    expect((await api.call('GET', '/nodes/other')).status).toBe(404)
    expect((await api.get('/listeners')).data).toMatchObject([{ name: 'tcp', protocol: 'mqtt', connections: 1 }])
    expect((await api.get('/plugins')).data.map(({ name }: { name: string }) => name)).toEqual(['mqtt', 'file'])
    expect((await api.get('/alarms')).data).toEqual([])
    expect((await api.get('/events?name=client.')).data[0]).toMatchObject({
      name: 'client.connected',
      detail: { clientId: 'one' },
    })
    expect((await api.get('/history')).data).toEqual(expect.any(Array))
  })

  test('copies its data while it runs', async () => {
    const api = await Api.start()
    const { status, body } = await api.call('POST', '/backup')
    expect([status, body.data.damages]).toEqual([201, 0])
  })

  test('a body that is too large, wrong JSON and an unknown path are problems, too', async () => {
    const api = await Api.start()
    expect((await api.call('POST', '/publish', json({ topic: 'a', payload: 'x'.repeat(1_100_000) }))).status).toBe(413)
    const bad = await fetch(`${api.http.url}/api/v1/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"topic":',
    })
    expect([bad.status, bad.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('application/problem+json'),
    ])
    expect((await api.call('GET', '/nothing')).status).toBe(404)
  })
})
