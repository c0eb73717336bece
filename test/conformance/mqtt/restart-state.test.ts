import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, resident, resident3 } from './clients.ts'

const second = 1_000

/** A broker that survives `restart`, with time that moves only when told. */
function start(): Promise<TestBroker> {
  return startBroker({ storage: 'file', time: 'manual' })
}

test('retained messages come back, cleared ones do not, and their expiry goes on', async () => {
  await using broker = await start()
  const one = await client(broker, { clientId: 'me' })
  await one.publish('t/kept', 'x', { qos: 2, retain: true, properties: { userProperties: [['k', 'v']] } })
  await one.publish('t/kept0', 'y', { qos: 0, retain: true })
  await one.publish('t/replaced', 'old', { qos: 1, retain: true })
  await one.publish('t/replaced', 'new', { qos: 1, retain: true })
  await one.publish('t/cleared', 'z', { qos: 1, retain: true })
  await one.publish('t/cleared', '', { qos: 1, retain: true })
  await one.publish('t/short', 's', { qos: 1, retain: true, properties: { messageExpiryInterval: 5 } })
  await one.publish('t/long', 'l', { qos: 1, retain: true, properties: { messageExpiryInterval: 50 } })
  await broker.kernel.close()
  broker.clock.jump(10 * second)
  await broker.start()
  const after = await client(broker)
  await after.subscribe('t/#', { qos: 2 })
  const got = (await after.collect(4)).sort((a, b) => (a.topic < b.topic ? -1 : 1))
  expect(got.map(({ topic, text, qos, retain }) => [topic, text, qos, retain])).toEqual([
    ['t/kept', 'x', 2, true],
    ['t/kept0', 'y', 0, true],
    ['t/long', 'l', 1, true],
    ['t/replaced', 'new', 1, true],
  ])
  expect(got[0]!.userProperties).toEqual([['k', 'v']])
  expect(got[2]!.properties?.messageExpiryInterval).toBe(40)
  await after.nothing()
  // Whose they were is known as well. [MQTT-3.8.3-3]
  const owner = await client(broker, { clientId: 'me' })
  await owner.subscribe('t/#', { nl: true })
  await owner.nothing()
})

test('delayed messages come when they are due, once, also when that was while the broker was down', async () => {
  await using broker = await start()
  const publisher = await client(broker)
  await publisher.publish('$delayed/5/t/early', 'early', { qos: 1 })
  await publisher.publish('$delayed/60/t/late', 'late', { qos: 1 })
  await publisher.publish('$delayed/60/t/kept', 'kept', { qos: 1, retain: true })
  const reader = await resident(broker, 'r')
  await reader.subscribe('t/#', { qos: 1 })
  await reader.end()
  await broker.kernel.close()
  broker.clock.jump(10 * second)
  await broker.start()
  const after = await resident(broker, 'r')
  await broker.clock.advance(second)
  expect((await after.collect(1))[0]!.text).toBe('early')
  await after.nothing()
  await broker.clock.advance(60 * second)
  expect((await after.collect(2)).map(({ text }) => text).sort()).toEqual(['kept', 'late'])
  await after.ping()
  await broker.restart()
  await broker.clock.advance(100 * second)
  const later = await resident(broker, 'r')
  await later.nothing()
  await later.subscribe('t/#', { qos: 1 })
  expect((await later.collect(1))[0]!.text).toBe('kept')
})

const will = { topic: 'will', payload: Buffer.from('dead'), qos: 1 as const, retain: false }

test('a will with a delay waits through a restart, and a client that returns in time cancels it', async () => {
  await using broker = await start()
  for (const id of ['back', 'lost']) {
    const one = await resident(broker, id, {
      will: { ...will, payload: Buffer.from(id), properties: { willDelayInterval: 30 } },
    })
    await one.ping()
    await one.drop()
  }
  const watcher = await resident(broker, 'w')
  await watcher.subscribe('will', { qos: 1 })
  await broker.clock.advance(10 * second)
  await broker.restart()
  const after = await resident(broker, 'w')
  const back = await resident(broker, 'back')
  await after.nothing()
  await broker.clock.advance(25 * second)
  expect((await after.collect(1))[0]!.text).toBe('lost')
  await back.end()
  await broker.clock.advance(100 * second)
  await after.nothing()
  await broker.restart()
  await broker.clock.advance(100 * second)
  await (await resident(broker, 'w')).nothing()
})

test('the will of a client that was connected when the broker stopped is published, once', async () => {
  await using broker = await start()
  const watcher = await resident(broker, 'w')
  await watcher.subscribe('will', { qos: 1 })
  await client(broker, { will })
  await broker.restart()
  const after = await resident(broker, 'w')
  await broker.clock.advance(second)
  expect((await after.collect(1))[0]!.text).toBe('dead')
  await after.ping()
  await broker.restart()
  const later = await resident(broker, 'w')
  await broker.clock.advance(second)
  await later.nothing()
})

test('a will that was discarded by DISCONNECT does not come back', async () => {
  await using broker = await start()
  const watcher = await resident(broker, 'w')
  await watcher.subscribe('will', { qos: 1 })
  await (await resident(broker, 'r', { will })).end()
  await broker.restart()
  await broker.clock.advance(10 * second)
  await (await resident(broker, 'w')).nothing()
})

test('a session that is away ends when its interval is over, counted from its disconnection', async () => {
  await using broker = await start()
  for (const [id, interval] of [
    ['short', 20],
    ['long', 200],
  ] as const) {
    const one = await client(broker, { clientId: id, properties: { sessionExpiryInterval: interval } })
    await one.end()
  }
  await broker.clock.advance(10 * second)
  await broker.restart()
  await broker.clock.advance(15 * second)
  for (const [id, present] of [
    ['short', false],
    ['long', true],
  ] as const) {
    const one = await broker.wire()
    expect((await one.connect({ clientId: id, clean: false })).sessionPresent).toBe(present)
  }
})

test('shared groups keep their members and what waits for them', async () => {
  await using broker = await start()
  const before = await resident(broker, 'm')
  await before.subscribe('$share/g/t', { qos: 2 })
  await before.end()
  const publisher = await client(broker)
  for (let i = 0; i < 5; i++) await publisher.publish('t', `${i}`, { qos: i % 2 === 0 ? 1 : 2 })
  await broker.restart()
  const after = await resident(broker, 'm')
  expect((await after.collect(5)).map(({ text }) => text)).toEqual(['0', '1', '2', '3', '4'])
  await after.ping()
  await broker.restart()
  const later = await resident(broker, 'm')
  await (await client(broker)).publish('t', '5', { qos: 1 })
  expect((await later.collect(1))[0]!.text).toBe('5')
  await later.nothing()
})

test('a shared QoS 2 delivery that was started returns to its session after a restart [MQTT-4.8.2-4]', async () => {
  await using broker = await start()
  const before = await resident(broker, 'm')
  const other = await resident(broker, 'o')
  await before.subscribe('$share/g/t', { qos: 2 })
  await (await client(broker)).publish('t', 'x', { qos: 2 })
  const { messageId } = await before.next('publish')
  await other.subscribe('$share/g/t', { qos: 2 })
  await broker.restart()
  const otherAgain = await resident(broker, 'o')
  await otherAgain.nothing()
  const again = await resident(broker, 'm')
  const message = await again.next('publish')
  expect(message).toMatchObject({ text: 'x', dup: true, messageId })
  await again.ack(message)
  await again.ping()
  await broker.restart()
  await (await resident(broker, 'm')).nothing()
  await (await resident(broker, 'o')).nothing()
})

test('an exclusive subscription is still held', async () => {
  await using broker = await start()
  const holder = await resident(broker, 'holder')
  await holder.subscribe('$exclusive/t', { qos: 1 })
  await broker.restart()
  const other = await client(broker)
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([0x97])
  const back = await resident(broker, 'holder')
  expect((await back.unsubscribe('$exclusive/t')).granted).toEqual([0])
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([0])
})

test('a session of 3.1.1 comes back like one of 5.0', async () => {
  await using broker = await start()
  const before = await resident3(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker, { version: 4 })
  await publisher.publish('t', '0', { qos: 1 })
  const [open] = await before.collect(1, { autoAck: false })
  await before.drop()
  await publisher.publish('t', '1', { qos: 2 })
  await broker.restart()
  await broker.clock.advance(7_200 * second)
  const after = await broker.wire({ version: 4 })
  expect(await after.connect({ clientId: 'r', clean: false })).toMatchObject({ returnCode: 0, sessionPresent: true })
  expect(await after.collect(2)).toMatchObject([
    { text: '0', dup: true, messageId: open!.messageId, qos: 1 },
    { text: '1', qos: 2 },
  ])
  await after.nothing()
})
