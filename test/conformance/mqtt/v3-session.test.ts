import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { answer, client, expectClosed, hex, resident3 } from './clients.ts'

const v3 = { version: 4 } as const

async function presence(broker: TestBroker, clean: boolean): Promise<boolean> {
  const one = await broker.wire({ version: 4 })
  const { sessionPresent, returnCode } = await one.connect({ clientId: 'r', clean })
  expect(returnCode).toBe(0)
  await one.end()
  return sessionPresent
}

test('session present tells whether state was found [3.1.1 MQTT-3.2.2-1] [3.1.1 MQTT-3.2.2-2] [3.1.1 MQTT-3.2.2-3] [3.1.1 MQTT-3.1.4-3] [3.1.1 MQTT-3.1.2-4] [3.1.1 MQTT-3.1.2-6]', async () => {
  await using broker = await startBroker()
  expect(await presence(broker, false)).toBe(false)
  expect(await presence(broker, false)).toBe(true)
  expect(await presence(broker, true)).toBe(false)
  expect(await presence(broker, false)).toBe(false)
})

test('a session without clean session keeps its subscriptions and collects QoS 1 and 2, however long [3.1.1 MQTT-3.1.2-4] [3.1.1 MQTT-3.1.2-5] [3.1.1 MQTT-4.1.0-1]', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const before = await resident3(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  await before.end()
  const publisher = await client(broker, v3)
  for (const qos of [0, 1, 2] as const) await publisher.publish('t', `${qos}`, { qos })
  await broker.clock.advance(7_200_000)
  const after = await resident3(broker, 'r')
  expect((await after.collect(2)).map(({ text, qos, dup }) => [text, qos, dup])).toEqual([
    ['1', 1, false],
    ['2', 2, false],
  ])
  await after.nothing()
})

test('a clean session drops what was before and leaves nothing behind [3.1.1 MQTT-3.1.2-6] [3.1.1 MQTT-4.1.0-2]', async () => {
  await using broker = await startBroker()
  const before = await resident3(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  await before.end()
  const publisher = await client(broker, v3)
  await publisher.publish('t', 'queued', { qos: 1 })
  const clean = await resident3(broker, 'r', { clean: true })
  await clean.nothing()
  await clean.subscribe('t', { qos: 1 })
  await publisher.publish('t', 'live', { qos: 1 })
  await clean.collect(1)
  await clean.drop()
  await (await resident3(broker, 'r')).nothing()
})

test('open PUBLISH and PUBREL come again with their identifiers [3.1.1 MQTT-4.4.0-1] [3.1.1 MQTT-3.3.1-1] [3.1.1 MQTT-4.3.2-1] [3.1.1 MQTT-4.3.3-1]', async () => {
  await using broker = await startBroker()
  const before = await resident3(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker, v3)
  for (const [text, qos] of [
    ['1', 1],
    ['2', 2],
    ['3', 2],
  ] as const)
    await publisher.publish('t', text, { qos })
  const sent = await before.collect(3, { autoAck: false })
  expect(sent.every(({ dup }) => !dup)).toBe(true)
  answer(before, 'pubrec', sent[2]!.messageId)
  await before.next('pubrel')
  await before.nothing()
  await before.drop()
  const after = await resident3(broker, 'r')
  const got = [await after.next(), await after.next(), await after.next()]
  expect(got.map(({ cmd, messageId }) => [cmd, messageId])).toEqual([
    ['publish', sent[0]!.messageId],
    ['publish', sent[1]!.messageId],
    ['pubrel', sent[2]!.messageId],
  ])
  expect(got.slice(0, 2)).toMatchObject([{ dup: true }, { dup: true }])
  await after.nothing()
})

test('a QoS 2 publish that is repeated over connections is delivered once [3.1.1 MQTT-4.3.3-2]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker, v3)
  await receiver.subscribe('t', { qos: 2 })
  const before = await resident3(broker, 'p')
  before.sendPublish('t', 'x', { qos: 2, messageId: 9 })
  expect(hex(await before.next())).toBe('50020009')
  await before.drop()
  const after = await resident3(broker, 'p')
  after.sendPublish('t', 'x', { qos: 2, messageId: 9, dup: true })
  expect(hex(await after.next())).toBe('50020009')
  answer(after, 'pubrel', 9)
  expect(hex(await after.next())).toBe('70020009')
  await receiver.collect(1)
  await receiver.nothing()
})

test('queued before new, and in order, when a client returns [3.1.1 MQTT-4.6.0-5] [3.1.1 MQTT-4.6.0-6]', async () => {
  await using broker = await startBroker()
  const before = await resident3(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  const publisher = await client(broker, v3)
  await publisher.publish('t', '0', { qos: 1 })
  await before.collect(1, { autoAck: false })
  await before.end()
  for (let i = 1; i < 20; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const after = await resident3(broker, 'r')
  for (let i = 20; i < 40; i++) publisher.sendPublish('t', `${i}`, { qos: 1 })
  expect((await after.collect(40)).map(({ text }) => text)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`))
})

test('retained messages outlive the session they came from [3.1.1 MQTT-3.1.2-7]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  await one.publish('t', 'kept', { qos: 1, retain: true })
  await one.end()
  const two = await client(broker, v3)
  await two.subscribe('t')
  expect(await two.next('publish')).toMatchObject({ text: 'kept', retain: true })
})

const will = { topic: 'w', payload: Buffer.from('dead'), qos: 1 as const, retain: false }

test('a will is published when the connection ends without DISCONNECT, once [3.1.1 MQTT-3.1.2-8] [3.1.1 MQTT-3.1.2-10] [3.1.1 MQTT-3.1.2-9]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker, v3)
  await watcher.subscribe('w', { qos: 2 })
  for (const clean of [true, false]) {
    const one = await client(broker, { ...v3, clientId: 'r', clean, will })
    await one.drop()
    expect(await watcher.collect(1)).toMatchObject([{ text: 'dead', qos: 1, retain: false }])
  }
  await (await client(broker, { ...v3, clientId: 'r', clean: false })).drop()
  await watcher.nothing()
})

test('DISCONNECT discards the will, and the server closes [3.1.1 MQTT-3.14.4-3] [3.1.1 MQTT-3.1.2-10] [3.1.1 MQTT-3.1.2-8]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker, v3)
  await watcher.subscribe('w')
  const one = await client(broker, { ...v3, will })
  one.sendRaw('e000')
  await expectClosed(one)
  await watcher.nothing()
})

test('without a will flag nothing is published [3.1.1 MQTT-3.1.2-12] [3.1.1 MQTT-3.1.2-11]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker, v3)
  await watcher.subscribe('#')
  const one = await client(broker, v3)
  await one.drop()
  await client(broker, v3)
  await watcher.nothing()
})

test('will retain 1 keeps the will as a retained message, 0 does not [3.1.1 MQTT-3.1.2-16] [3.1.1 MQTT-3.1.2-17]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker, v3)
  await watcher.subscribe('w/#', { qos: 1 })
  await (await client(broker, { ...v3, will: { ...will, topic: 'w/0' } })).drop()
  await (await client(broker, { ...v3, will: { ...will, topic: 'w/1', retain: true } })).drop()
  await watcher.collect(2)
  const late = await client(broker, v3)
  await late.subscribe('w/#', { qos: 1 })
  expect(await late.collect(1)).toMatchObject([{ topic: 'w/1', text: 'dead', retain: true }])
  await late.nothing()
})

test.each([0, 1, 2] as const)('a will is published at its QoS %i [3.1.1 MQTT-3.1.2-14]', async qos => {
  await using broker = await startBroker()
  const watcher = await client(broker, v3)
  await watcher.subscribe('w', { qos: 2 })
  await (await client(broker, { ...v3, will: { ...will, qos } })).drop()
  expect(await watcher.collect(1)).toMatchObject([{ qos }])
})

test('a takeover publishes the will of the connection that was taken [3.1.1 MQTT-3.1.2-8]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker, v3)
  await watcher.subscribe('w', { qos: 1 })
  for (const clean of [true, false]) {
    await client(broker, { ...v3, clientId: 'same', clean, will })
    await client(broker, { ...v3, clientId: 'same', clean })
    await watcher.collect(1)
  }
  await watcher.nothing()
})
