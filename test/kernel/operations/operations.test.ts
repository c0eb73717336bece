import { expect, test } from 'vitest'
import { client, message, messages } from '../../protocols/mqtt/client.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'

const named = (clientId: string) => ({ tenant: 'default', protocol: 'mqtt', clientId })
const lasting = { clean: false, properties: { sessionExpiryInterval: 600 } }

function operations(broker: TestBroker) {
  return broker.kernel.operations
}

test('a connected session is seen with what its protocol says of the connection', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using _ = await client(broker, { clientId: 'meter', keepalive: 30, username: 'ann', password: 'x' }).catch(() =>
    client(broker, { clientId: 'meter', keepalive: 30 }),
  )
  expect(operations(broker).session(named('meter'))).toMatchObject({
    clientId: 'meter',
    protocol: 'mqtt',
    tenant: 'default',
    connected: true,
    bindings: 0,
    depth: 0,
    connection: {
      speaks: 'MQTT 5.0',
      listener: 'tcp',
      address: '127.0.0.1',
      connectedAt: broker.clock.now(),
      details: { keepAliveSeconds: 30, cleanStart: true },
    },
  })
})

test('a session without a connection says since when, and what waits for it', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const away = await client(broker, { clientId: 'away', ...lasting })
  await away.subscribe('a', { qos: 1 })
  await away.end()
  await using publisher = await client(broker)
  await publisher.publish('a', 'one', { qos: 1 })
  expect(operations(broker).session(named('away'))).toMatchObject({
    connected: false,
    connection: undefined,
    endedAt: broker.clock.now(),
    expiresAfterMs: 600_000,
    bindings: 1,
    depth: 1,
  })
  expect(operations(broker).session(named('nobody'))).toBeUndefined()
})

test('an operator binds for a client, within its rights, and unbinds', async () => {
  const rules = [{ effect: 'deny', filters: ['secret/#'] } as const, { effect: 'allow' } as const]
  await using broker = await startBroker({ kernel: { access: { rules } } })
  await using watcher = await client(broker, { clientId: 'watcher' })
  const bind = (filter: string) => operations(broker).bind(named('watcher'), [{ filter, options: { guarantee: 1 } }])
  expect((await bind('a/#'))?.[0]).toMatchObject({ existed: false, error: undefined })
  expect((await bind('secret/a'))?.[0]?.error?.code).toBe('NOT_AUTHORIZED')
  await watcher.publish('a/b', 'x')
  expect(await message(watcher)).toEqual(['a/b', 'x'])
  expect(operations(broker).bindingsOf(named('watcher'))).toMatchObject([{ filter: 'a/#', options: { guarantee: 1 } }])
  expect(await operations(broker).unbind(named('watcher'), [{ filter: 'a/#' }, { filter: 'b' }])).toEqual([true, false])
  await watcher.publish('a/b', 'y')
  await watcher.nothing()
  expect(await operations(broker).bind(named('nobody'), [])).toBeUndefined()
})

test('a delayed message that was given up is never published, also not after a restart', async () => {
  await using broker = await startBroker({ time: 'manual', storage: 'file' })
  await using publisher = await client(broker)
  for (const text of ['one', 'two']) await publisher.publish(`$delayed/60/${text}`, text, { qos: 1 })
  const [one, two] = [...operations(broker).delayed()]
  expect([one, two]).toMatchObject([
    { payloadBytes: 3, deliverAt: broker.clock.now() + 60_000 },
    { payloadBytes: 3, tenant: 'default' },
  ])
  const peeked = await operations(broker).peekDelayed(new Set([one?.id ?? 0]))
  expect([...peeked.values()].map(({ topic }) => topic)).toEqual(['one'])
  expect(await operations(broker).cancelDelayed(one?.id ?? 0)).toBe(true)
  expect(await operations(broker).cancelDelayed(one?.id ?? 0)).toBe(false)
  await broker.restart()
  await using watcher = await client(broker)
  await watcher.subscribe('#')
  await broker.clock.advance(60_000)
  expect(await message(watcher)).toEqual(['two', 'two'])
  await watcher.ping()
  expect(messages(watcher)).toHaveLength(1)
  expect([...operations(broker).delayed()]).toEqual([])
})

test('topics that something was published to are known, heard or not, and so are retained ones', async () => {
  await using broker = await startBroker()
  await using publisher = await client(broker)
  await publisher.publish('heard/by/nobody', 'x')
  await publisher.publish('kept', 'x', { retain: true, qos: 1 })
  const { recentTopics, retained } = bound(operations(broker))
  expect([...recentTopics('default')]).toEqual(expect.arrayContaining(['heard/by/nobody', 'kept']))
  expect([...retained('default', '#')].map(({ topic }) => topic)).toEqual(['kept'])
  expect([...recentTopics('another')]).toEqual([])
})

test('kicked with an end, nothing of a session is left', async () => {
  await using broker = await startBroker()
  await using kept = await client(broker, { clientId: 'kept', ...lasting })
  expect(await operations(broker).kick(named('kept'), { end: false })).toBe(true)
  expect((await kept.closed()).reasonCode).toBe(0x98)
  expect(operations(broker).session(named('kept'))?.connected).toBe(false)
  expect(await operations(broker).kick(named('kept'), { end: true })).toBe(true)
  expect([...operations(broker).sessions()]).toEqual([])
  expect(await operations(broker).kick(named('kept'), { end: true })).toBe(false)
})

function bound<T extends object>(thing: T): T {
  return new Proxy(thing, { get: (target, key) => (target[key as keyof T] as () => unknown).bind(target) as never })
}
