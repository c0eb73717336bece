import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import type { Wire } from '../../support/wire.ts'
import { client, messages, publishCode } from './client.ts'

async function watch(broker: TestBroker, filter = '$events/#', options = {}): Promise<Wire> {
  const watcher = await client(broker, { clientId: 'watcher', ...options })
  await watcher.subscribe(filter)
  // It hears of its own subscription first.
  if (filter === '$events/#') await event(watcher)
  return watcher
}

async function event(watcher: Wire): Promise<{ topic: string; detail: Record<string, unknown> }> {
  const { topic, payload, properties } = await watcher.next('publish')
  expect(properties?.contentType).toBe('application/json')
  return { topic, detail: JSON.parse(String(payload)) as Record<string, unknown> }
}

test('a connect is told with who, from where and how', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await watch(broker)
  await using _ = await client(broker, { clientId: 'c1', username: 'ann', password: 'x', keepalive: 30, version: 4 })
  expect(await event(watcher)).toEqual({
    topic: '$events/client/connected',
    detail: {
      clientId: 'c1',
      username: 'ann',
      tenant: 'default',
      address: '127.0.0.1',
      port: expect.any(Number),
      listener: 'tcp',
      protocolLevel: 4,
      cleanStart: true,
      keepAlive: 30,
      node: 'robustmq',
      at: broker.clock.now(),
    },
  })
})

test('a disconnect is told with its reason, a graceful one and a lost one', async () => {
  await using broker = await startBroker()
  await using watcher = await watch(broker, '$events/client/disconnected')
  const leaves = await client(broker, { clientId: 'leaves' })
  await leaves.end()
  expect(await event(watcher)).toMatchObject({
    topic: '$events/client/disconnected',
    detail: { clientId: 'leaves', username: null, reason: 'the client disconnected' },
  })
  const lost = await client(broker, { clientId: 'lost' })
  await lost.drop()
  const { detail } = await event(watcher)
  expect(detail).toMatchObject({ clientId: 'lost', reason: expect.not.stringMatching('the client disconnected') })
})

test('subscribes and unsubscribes are told with the filters that took effect', async () => {
  await using broker = await startBroker()
  await using watcher = await watch(broker)
  await using busy = await client(broker, { clientId: 'busy' })
  await event(watcher)
  await busy.subscribe([{ topic: 'a/+' }, { topic: '$share/g/b' }, { topic: '$exclusive/+' }])
  expect(await event(watcher)).toMatchObject({
    topic: '$events/client/subscribed',
    detail: { clientId: 'busy', filters: ['a/+', '$share/g/b'] },
  })
  await busy.unsubscribe(['a/+', 'never'])
  expect(await event(watcher)).toMatchObject({
    topic: '$events/client/unsubscribed',
    detail: { clientId: 'busy', filters: ['a/+'] },
  })
})

test('what changed nothing is no event', async () => {
  await using broker = await startBroker()
  await using watcher = await watch(broker)
  await using busy = await client(broker)
  await event(watcher)
  await busy.subscribe('$exclusive/+')
  await busy.unsubscribe('never')
  await watcher.nothing()
})

test('a watcher that was away gets what happened meanwhile, also after a restart', async () => {
  await using broker = await startBroker({ storage: 'file' })
  const durable = { clientId: 'watcher', clean: false, properties: { sessionExpiryInterval: 3_600 } }
  const watcher = await client(broker, durable)
  await watcher.subscribe('$events/client/connected', { qos: 1 })
  await watcher.end()
  const seen = await client(broker, { clientId: 'seen' })
  await seen.end()
  await broker.restart()
  await using back = await client(broker, durable)
  await back
    .next('publish')
    .then(first => expect(JSON.parse(String(first.payload))).toMatchObject({ clientId: 'seen' }))
})

test('events are not retained, and no wildcard in the first level reaches them', async () => {
  await using broker = await startBroker()
  await using first = await client(broker)
  await first.subscribe([{ topic: '#' }, { topic: '+/client/#' }])
  const other = await client(broker)
  await other.end()
  await first.nothing()
  const late = await client(broker)
  await late.subscribe('$events/client/disconnected')
  await late.nothing()
})

test('a client may not publish events', async () => {
  await using broker = await startBroker()
  await using watcher = await watch(broker, '$events/client/connected')
  await using forger = await client(broker)
  await event(watcher)
  expect(await publishCode(forger, '$events/client/connected', '{}')).toBe(0x87)
  await watcher.nothing()
})

test('they can be turned off', async () => {
  await using broker = await startBroker({ mqtt: { clientEvents: false } })
  await using watcher = await client(broker)
  await watcher.subscribe('$events/#')
  const other = await client(broker)
  await other.end()
  await watcher.nothing()
  expect(messages(watcher)).toEqual([])
})

test('a tenant hears of its own clients only', async () => {
  const tenants = {
    kind: 'auth' as const,
    name: 'tenants',
    api: 1 as const,
    options: {},
    open: async () => ({
      authenticate: async ({ user }: { user: string | undefined }) => ({ user, tenant: user ?? 'default' }),
      close: async () => {},
    }),
  }
  await using broker = await startBroker({ kernel: { access: { authenticators: [{ plugin: tenants }] } } })
  await using watcher = await watch(broker, '$events/client/connected', { username: 'red', password: 'x' })
  await using _blue = await client(broker, { username: 'blue', password: 'x' })
  await using _red = await client(broker, { clientId: 'mine', username: 'red', password: 'x' })
  expect((await event(watcher)).detail).toMatchObject({ clientId: 'mine', tenant: 'red' })
  await watcher.nothing()
})

test('an event that nobody listens to costs no JSON, and one that many listen to costs it once', async () => {
  await using broker = await startBroker()
  let written = 0
  const detail = { tenant: 'default', clientId: { toJSON: () => `written ${++written} times` } }
  broker.kernel.events.emit('client.connected', detail)
  expect(written).toBe(0)
  await using one = await watch(broker, '$events/client/connected', { clientId: 'one' })
  await using two = await watch(broker, '$events/client/connected', { clientId: 'two' })
  expect((await event(one)).detail).toMatchObject({ clientId: 'two' })
  broker.kernel.events.emit('client.connected', detail)
  expect((await event(one)).detail).toMatchObject({ clientId: 'written 1 times' })
  expect((await event(two)).detail).toMatchObject({ clientId: 'written 1 times' })
})

test('a client id that is hostile to JSON stays inside its string', async () => {
  await using broker = await startBroker()
  await using watcher = await watch(broker, '$events/client/connected')
  const clientId = '","__proto__":{"x":1},"y":"'
  await using _ = await client(broker, { clientId })
  const { detail } = await event(watcher)
  expect(detail.clientId).toBe(clientId)
  expect(Object.keys(detail)).not.toContain('y')
})
