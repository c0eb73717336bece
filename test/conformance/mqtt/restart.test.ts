import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { answer, client, hex, resident } from './clients.ts'

const second = 1_000

/** A broker that survives `restart`, with time that moves only when told. */
function start(): Promise<TestBroker> {
  return startBroker({ storage: 'file', time: 'manual' })
}

test('sessions and their subscriptions come back, with all options', async () => {
  await using broker = await start()
  const before = await resident(broker, 'r')
  await before.subscribe('a/+', { qos: 2, nl: true, subscriptionIdentifier: 9 })
  await before.subscribe('b/#', { qos: 1, rap: true })
  await before.subscribe('gone', { qos: 1 })
  await before.unsubscribe('gone')
  await before.end()
  await broker.restart()
  const one = await broker.wire()
  const connack = await one.connect({ clientId: 'r', clean: false, properties: { sessionExpiryInterval: 3_600 } })
  expect(connack.sessionPresent).toBe(true)
  const publisher = await client(broker)
  await one.publish('a/1', 'own', { qos: 1 })
  await publisher.publish('a/1', '1', { qos: 2 })
  await publisher.publish('b/x', '2', { qos: 2, retain: true })
  await publisher.publish('gone', '3', { qos: 1 })
  const got = await one.collect(2)
  expect(got).toMatchObject([
    { text: '1', qos: 2, retain: false, properties: { subscriptionIdentifier: 9 } },
    { text: '2', qos: 1, retain: true },
  ])
  expect(got[1]!.properties?.subscriptionIdentifier).toBeUndefined()
  await one.nothing()
  expect((await one.unsubscribe(['a/+', 'b/#', 'gone'])).granted).toEqual([0, 0, 0x11])
})

test('sessions that ended with their connection are gone', async () => {
  await using broker = await start()
  const before = await client(broker, { clientId: 'r' })
  await before.subscribe('t', { qos: 1 })
  await broker.restart()
  const after = await broker.wire()
  expect(await after.connect({ clientId: 'r', clean: false })).toMatchObject({ sessionPresent: false })
  await after.publish('t', 'x', { qos: 1 })
  await after.nothing()
})

test('queued messages come back in their order, whole, and before new ones', async () => {
  await using broker = await start()
  const before = await resident(broker, 'r')
  await before.subscribe('t/#', { qos: 2 })
  await before.end()
  const publisher = await client(broker)
  const properties = {
    userProperties: [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ] as const,
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: Buffer.from([1, 0, 255]),
    payloadFormatIndicator: true,
    messageExpiryInterval: 100,
  }
  await publisher.publish('t/0', '0', { qos: 1, properties })
  for (let i = 1; i < 50; i++) await publisher.publish(`t/${i}`, `${i}`, { qos: i % 2 === 0 ? 1 : 2 })
  await broker.clock.advance(10 * second)
  await broker.restart()
  const after = await resident(broker, 'r')
  await (await client(broker)).publish('t/50', '50', { qos: 1 })
  const got = await after.collect(51)
  expect(got.map(({ text }) => text)).toEqual(Array.from({ length: 51 }, (_, i) => `${i}`))
  expect(got.map(({ qos }) => qos).slice(0, 4)).toEqual([1, 2, 1, 2])
  expect(got.every(({ dup }) => !dup)).toBe(true)
  expect(got[0]!.properties).toMatchObject({
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: Buffer.from([1, 0, 255]),
    payloadFormatIndicator: true,
    messageExpiryInterval: 90,
  })
  expect(got[0]!.userProperties).toEqual(properties.userProperties)
  await after.nothing()
})

test('messages that expire while the broker is down are not delivered', async () => {
  await using broker = await start()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  await before.end()
  const publisher = await client(broker)
  await publisher.publish('t', 'short', { qos: 1, properties: { messageExpiryInterval: 5 } })
  await publisher.publish('t', 'long', { qos: 1, properties: { messageExpiryInterval: 500 } })
  await broker.kernel.close()
  broker.clock.jump(10 * second)
  await broker.start()
  const after = await resident(broker, 'r')
  expect((await after.collect(1))[0]!.text).toBe('long')
  await after.nothing()
})

test('open deliveries come again under their identifiers with DUP, released ones as PUBREL [MQTT-4.4.0-1] [MQTT-4.3.3-6]', async () => {
  await using broker = await start()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 6; i++) await publisher.publish('t', `${i}`, { qos: i < 3 ? 1 : 2 })
  const sent = await before.collect(6, { autoAck: false })
  await before.ack(sent[1]!)
  answer(before, 'pubrec', sent[4]!.messageId)
  await before.next('pubrel')
  await before.ack(sent[5]!)
  await before.ping()
  for (let times = 0; times < 2; times++) {
    await broker.restart()
    const after = await resident(broker, 'r')
    const got = []
    for (let i = 0; i < 4; i++) got.push(await after.next())
    expect(got.map(({ cmd, messageId }) => [cmd, messageId])).toEqual([
      ['publish', sent[0]!.messageId],
      ['publish', sent[2]!.messageId],
      ['publish', sent[3]!.messageId],
      ['pubrel', sent[4]!.messageId],
    ])
    expect(got.slice(0, 3)).toMatchObject([
      { dup: true, text: '0' },
      { dup: true, text: '2' },
      { dup: true, text: '3' },
    ])
    await after.nothing()
  }
})

test('a delivery that is finished after a restart stays finished', async () => {
  await using broker = await start()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 3; i++) await publisher.publish('t', `${i}`, { qos: 2 })
  const sent = await before.collect(3, { autoAck: false })
  answer(before, 'pubrec', sent[0]!.messageId)
  await before.next('pubrel')
  await broker.restart()
  const after = await resident(broker, 'r')
  answer(after, 'pubcomp', (await after.next('pubrel')).messageId)
  for (const message of await after.collect(2, { autoAck: false })) await after.ack(message)
  await after.nothing()
  await broker.restart()
  await (await resident(broker, 'r')).nothing()
})

test('new deliveries take no identifier that a returned one still has', async () => {
  await using broker = await start()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  for (let i = 0; i < 5; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const sent = await before.collect(5, { autoAck: false })
  await before.ack(sent[0]!)
  await before.ping()
  await broker.restart()
  const after = await resident(broker, 'r')
  const again = await client(broker)
  for (let i = 5; i < 10; i++) await again.publish('t', `${i}`, { qos: 1 })
  const got = await after.collect(9, { autoAck: false })
  expect(new Set(got.map(({ messageId }) => messageId)).size).toBe(9)
  expect(got.map(({ text }) => text)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
})

test('inbound QoS 2 is exactly once over a restart, at every step [MQTT-4.3.3-10] [MQTT-4.3.3-12]', async () => {
  await using broker = await start()
  const receiver = await resident(broker, 'r')
  await receiver.subscribe('t', { qos: 2 })
  await receiver.end()
  const before = await resident(broker, 'p')
  before.sendPublish('t', 'held', { qos: 2, messageId: 7 })
  await before.next('pubrec')
  await before.publish('t', 'done', { qos: 2, messageId: 8 })
  before.sendPublish('nobody', 'x', { qos: 2, messageId: 9 })
  await before.next('pubrec')
  await broker.restart()
  const after = await resident(broker, 'p')
  after.sendPublish('t', 'held', { qos: 2, messageId: 7, dup: true })
  expect(hex(await after.next())).toBe('50020007')
  answer(after, 'pubrel', 7)
  expect(hex(await after.next())).toBe('70020007')
  answer(after, 'pubrel', 8)
  expect(hex(await after.next())).toBe('70020008')
  answer(after, 'pubrel', 9)
  expect(hex(await after.next())).toBe('70020009')
  await broker.restart()
  const later = await resident(broker, 'p')
  answer(later, 'pubrel', 7)
  expect(hex(await later.next())).toBe('70020007')
  await later.publish('t', 'new', { qos: 2, messageId: 7 })
  const back = await resident(broker, 'r')
  expect((await back.collect(3)).map(({ text }) => text)).toEqual(['held', 'done', 'new'])
  await back.nothing()
})
