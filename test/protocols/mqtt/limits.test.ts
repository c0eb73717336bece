import { expect, test } from 'vitest'
import type { Limits } from '../../../kernel/limits.ts'
import type { AccessOptions } from '../../../kernel/options.ts'
import type { AuthPlugin } from '../../../kernel/plugin.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, message, messages, publishCode, refusal } from './client.ts'

const quota = 0x97
const rateExceeded = 0x9f

/** Everybody's tenant is their user name. */
const tenants: AuthPlugin<unknown> = {
  kind: 'auth',
  name: 'tenants',
  api: 1,
  options: {},
  open: async () => ({
    authenticate: async ({ user = 'default' }) => ({ user, tenant: user.split('.')[0] ?? user }),
    close: async () => {},
  }),
}
const access: AccessOptions = { authenticators: [{ plugin: tenants }] }
const red = { username: 'red', password: 'x' }
const blue = { username: 'blue', password: 'x' }

function start(limits: Partial<Limits>): Promise<TestBroker> {
  return startBroker({ time: 'manual', kernel: { limits, access } })
}

test('connections: the node takes so many, and another when one has left', async () => {
  await using broker = await start({ connections: 2 })
  const one = await client(broker)
  await using _two = await client(broker)
  const three = await broker.wire()
  expect((await three.closed()).packets).toEqual([])
  await one.end()
  await using _four = await client(broker)
})

test('tenantConnections: of one tenant; others are not touched', async () => {
  await using broker = await start({ tenantConnections: 1 })
  const one = await client(broker, red)
  expect(await refusal(broker, red)).toBe(quota)
  await using _blue = await client(broker, blue)
  const gone = new Promise(resolve => broker.kernel.events.on('client.disconnected', resolve))
  await one.end()
  await gone
  await using _again = await client(broker, red)
})

test('connectsPerSecond: a burst of one second’s worth, then as many a second', async () => {
  await using broker = await start({ connectsPerSecond: 2 })
  for (let i = 0; i < 2; i++) await (await client(broker)).end()
  expect(await refusal(broker)).toBe(rateExceeded)
  await broker.clock.advance(500)
  await (await client(broker)).end()
  expect(await refusal(broker)).toBe(rateExceeded)
})

test('connectsPerSecond: a 3.x client is told that the server is unavailable', async () => {
  await using broker = await start({ connectsPerSecond: 1 })
  await (await client(broker)).end()
  expect(await refusal(broker, { version: 4 })).toBe(3)
})

test('tenantConnectsPerSecond: one tenant’s storm does not keep out another', async () => {
  await using broker = await start({ tenantConnectsPerSecond: 1 })
  await (await client(broker, red)).end()
  expect(await refusal(broker, red)).toBe(rateExceeded)
  await using _ = await client(broker, blue)
})

test.each(['sessions', 'tenantSessions', 'userSessions'] as const)(
  '%s: a new one is refused, an old one is resumed',
  async limit => {
    await using broker = await start({ [limit]: 2 })
    const kept = { ...red, properties: { sessionExpiryInterval: 100 } }
    await (await client(broker, { ...kept, clientId: 'a' })).end()
    await using _b = await client(broker, { ...red, clientId: 'b' })
    expect(await refusal(broker, { ...red, clientId: 'c' })).toBe(quota)
    await (await client(broker, { ...kept, clientId: 'a', clean: false })).end()
    await broker.clock.advance(101_000)
    await using _c = await client(broker, { ...red, clientId: 'c' })
  },
)

test('tenantSessions and userSessions leave others alone', async () => {
  await using broker = await start({ tenantSessions: 2, userSessions: 1 })
  await using _1 = await client(broker, { username: 'red.1', password: 'x' })
  expect(await refusal(broker, { username: 'red.1', password: 'x' })).toBe(quota)
  await using _2 = await client(broker, { username: 'red.2', password: 'x' })
  expect(await refusal(broker, { username: 'red.3', password: 'x' })).toBe(quota)
  await using _3 = await client(broker, blue)
})

test('sessionBindings: also when they come in one SUBSCRIBE; what is bound may be bound anew', async () => {
  await using broker = await start({ sessionBindings: 2 })
  await using one = await client(broker)
  const { granted } = await one.subscribe([{ topic: 'a' }, { topic: 'a', qos: 1 }, { topic: 'b' }, { topic: 'c' }])
  expect(granted.filter(code => code === quota).length).toBeGreaterThanOrEqual(1)
  expect((await one.subscribe('d')).granted.concat((await one.subscribe('e')).granted)).toContain(quota)
  expect((await one.subscribe('a', { qos: 2 })).granted).toEqual([2])
  await one.unsubscribe('a')
  expect((await one.subscribe('f')).granted).toEqual([0])
})

test('tenantBindings: over all its sessions, free again when they end', async () => {
  await using broker = await start({ tenantBindings: 3 })
  const one = await client(broker, red)
  await using two = await client(broker, red)
  expect((await one.subscribe([{ topic: 'a' }, { topic: '$share/g/b' }])).granted).toEqual([0, 0])
  expect((await two.subscribe([{ topic: 'a' }, { topic: 'c' }])).granted).toEqual([0, quota])
  await using other = await client(broker, blue)
  expect((await other.subscribe([{ topic: 'a' }, { topic: 'b' }])).granted).toEqual([0, 0])
  const gone = new Promise(resolve => broker.kernel.events.on('client.disconnected', resolve))
  await one.end()
  await gone
  expect((await two.subscribe([{ topic: 'd' }, { topic: 'e' }])).granted).toEqual([0, 0])
})

test('bindings: over all tenants', async () => {
  await using broker = await start({ bindings: 2 })
  await using one = await client(broker, red)
  await using other = await client(broker, blue)
  expect((await one.subscribe('a')).granted).toEqual([0])
  expect((await other.subscribe([{ topic: 'a' }, { topic: 'b' }])).granted).toEqual([0, quota])
  await one.unsubscribe('a')
  expect((await other.subscribe('b')).granted).toEqual([0])
})

test('nodeRetainedMessages and nodeRetainedBytes: over all tenants', async () => {
  await using broker = await start({ nodeRetainedMessages: 2, nodeRetainedBytes: 10 })
  await using one = await client(broker, red)
  await using other = await client(broker, blue)
  const retain = { retain: true }
  expect(await publishCode(one, 'a', '12345678', retain)).toBeLessThan(0x80)
  expect(await publishCode(other, 'a', '123', retain)).toBe(quota)
  expect(await publishCode(other, 'a', '12', retain)).toBeLessThan(0x80)
  expect(await publishCode(one, 'a', '1', retain)).toBeLessThan(0x80)
  expect(await publishCode(one, 'b', '1', retain)).toBe(quota)
  expect(await publishCode(other, 'a', '', retain)).toBeLessThan(0x80)
  expect(await publishCode(one, 'b', '1', retain)).toBeLessThan(0x80)
})

test('retainedMessages: a new topic is refused, a known one replaced, a cleared one makes room', async () => {
  await using broker = await start({ retainedMessages: 1 })
  await using one = await client(broker, red)
  const retain = { retain: true }
  expect(await publishCode(one, 'a', '1', retain)).toBeLessThan(0x80)
  expect(await publishCode(one, 'b', '1', retain)).toBe(quota)
  expect(await publishCode(one, 'a', '2', retain)).toBeLessThan(0x80)
  expect(await publishCode(one, 'b', 'not retained')).toBeLessThan(0x80)
  await using other = await client(broker, blue)
  expect(await publishCode(other, 'b', '1', retain)).toBeLessThan(0x80)
  expect(await publishCode(one, 'a', '', retain)).toBeLessThan(0x80)
  expect(await publishCode(one, 'b', '1', retain)).toBeLessThan(0x80)
})

test('retainedBytes and retainedMessageBytes: what is too large is refused', async () => {
  await using broker = await start({ retainedBytes: 15, retainedMessageBytes: 10 })
  await using one = await client(broker)
  const retain = { retain: true }
  expect(await publishCode(one, 'a', '12345678901', retain)).toBe(quota)
  expect(await publishCode(one, 'a', '1234567890', retain)).toBeLessThan(0x80)
  expect(await publishCode(one, 'b', '123456', retain)).toBe(quota)
  expect(await publishCode(one, 'b', '12345', retain)).toBeLessThan(0x80)
})

test('topicLevels and topicBytes: longer topics and filters are refused', async () => {
  await using broker = await start({ topicLevels: 3, topicBytes: 10 })
  await using one = await client(broker)
  expect(await publishCode(one, 'a/b/c')).toBeLessThan(0x80)
  expect(await publishCode(one, 'a/b/c/d')).toBe(0x90)
  expect(await publishCode(one, '12345678901')).toBe(0x90)
  expect((await one.subscribe([{ topic: 'a/b/#' }, { topic: 'a/b/c/d' }, { topic: '12345678901' }])).granted).toEqual([
    0, 0x8f, 0x8f,
  ])
})

test.each([0, 1, 2] as const)('publishesPerSecond: reading pauses, and nothing is lost, at QoS %i', async qos => {
  await using broker = await start({ publishesPerSecond: 10 })
  await using watcher = await client(broker)
  await watcher.subscribe('t')
  await using publisher = await client(broker)
  const sent = Array.from({ length: 40 }, (_, i) => String(i))
  for (const text of sent) publisher.sendPublish('t', text, { qos })
  publisher.send({ cmd: 'pingreq' })
  // A second's worth at once, and the one that goes over it.
  for (let i = 0; i < 11; i++) await watcher.next('publish')
  await watcher.nothing()
  for (let tenths = 0; tenths < 30; tenths++) await broker.clock.advance(100)
  await publisher.take('pingresp')
  await watcher.ping()
  expect(messages(watcher).map(([, text]) => text)).toEqual(sent)
})

test('publishBytesPerSecond: a message larger than a second’s worth passes, and is paid for', async () => {
  await using broker = await start({ publishBytesPerSecond: 100 })
  await using watcher = await client(broker)
  await watcher.subscribe('t')
  await using publisher = await client(broker)
  publisher.sendPublish('t', 'x'.repeat(300))
  publisher.sendPublish('t', 'next')
  expect((await message(watcher))[1]).toHaveLength(300)
  await broker.clock.advance(1_900)
  await watcher.nothing()
  await broker.clock.advance(200)
  expect(await message(watcher)).toEqual(['t', 'next'])
})

test('tenantPublishesPerSecond: shared by its clients; another tenant goes on', async () => {
  await using broker = await start({ tenantPublishesPerSecond: 2 })
  await using one = await client(broker, red)
  await using two = await client(broker, red)
  await using other = await client(broker, blue)
  for (let i = 0; i < 3; i++) one.sendPublish('t', String(i))
  one.send({ cmd: 'pingreq' })
  await other.publish('t', 'x')
  await other.ping()
  two.sendPublish('t', 'x')
  two.send({ cmd: 'pingreq' })
  await broker.clock.advance(2_000)
  await one.take('pingresp')
  await two.take('pingresp')
})

test('nodePublishesPerSecond: shared by all tenants', async () => {
  await using broker = await start({ nodePublishesPerSecond: 2 })
  await using watcher = await client(broker, blue)
  await watcher.subscribe('t')
  await using one = await client(broker, red)
  for (let i = 0; i < 3; i++) one.sendPublish('t', String(i))
  await using two = await client(broker, blue)
  two.sendPublish('t', 'first')
  two.sendPublish('t', 'second')
  expect(await message(watcher)).toEqual(['t', 'first'])
  await watcher.nothing()
  for (let i = 0; i < 4; i++) await broker.clock.advance(500)
  expect(await message(watcher)).toEqual(['t', 'second'])
})

test('a client that is throttled is not taken for silent', async () => {
  await using broker = await start({ publishBytesPerSecond: 10 })
  await using publisher = await client(broker, { keepalive: 2 })
  publisher.sendPublish('t', 'x'.repeat(100))
  publisher.send({ cmd: 'pingreq' })
  for (let i = 0; i < 40; i++) await broker.clock.advance(250)
  await publisher.take('pingresp')
})
