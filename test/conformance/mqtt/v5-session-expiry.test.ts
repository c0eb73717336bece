import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client, expectDisconnect } from './clients.ts'

const second = 1_000
const forever = 0xffff_ffff

async function connect(broker: TestBroker, sessionExpiryInterval: number | undefined, clean = false) {
  const wire = await broker.wire()
  const properties = sessionExpiryInterval === undefined ? {} : { sessionExpiryInterval }
  const { sessionPresent } = await wire.connect({ clientId: 'r', clean, properties })
  return { wire, sessionPresent }
}

test('a session is kept for its expiry interval, and not a second longer [MQTT-4.1.0-2] [MQTT-3.1.2-23]', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const first = await connect(broker, 10)
  await first.wire.subscribe('t', { qos: 1 })
  await first.wire.end()
  await broker.clock.advance(9 * second)
  const again = await connect(broker, 10)
  expect(again.sessionPresent).toBe(true)
  await again.wire.end()
  await broker.clock.advance(11 * second)
  expect((await connect(broker, 10)).sessionPresent).toBe(false)
})

test('a session is kept while its connection is open, however long, also with interval 0 [MQTT-4.1.0-1]', async () => {
  await using broker = await startBroker({ time: 'manual' })
  for (const interval of [undefined, 0, 1]) {
    const { wire } = await connect(broker, interval)
    await wire.subscribe('t', { qos: 1 })
    await broker.clock.advance(3_600 * second)
    await wire.publish('t', 'x', { qos: 1 })
    expect((await wire.collect(1))[0]!.text).toBe('x')
    await wire.end()
  }
})

test.each([undefined, 0])('interval %s: the session ends with its connection', async interval => {
  await using broker = await startBroker({ time: 'manual' })
  const { wire } = await connect(broker, interval)
  await wire.subscribe('t', { qos: 1 })
  await wire.drop()
  const after = await connect(broker, interval)
  expect(after.sessionPresent).toBe(false)
  await after.wire.publish('t', 'x', { qos: 1 })
  await after.wire.nothing()
})

test('interval 0xFFFFFFFF never ends', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const { wire } = await connect(broker, forever)
  await wire.end()
  await broker.clock.advance(7_200 * second)
  expect((await connect(broker, 0)).sessionPresent).toBe(true)
})

test('the interval of the latest CONNECT counts', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const first = await connect(broker, 1_000)
  await first.wire.end()
  const second_ = await connect(broker, 5)
  expect(second_.sessionPresent).toBe(true)
  await second_.wire.end()
  await broker.clock.advance(6 * second)
  expect((await connect(broker, 0)).sessionPresent).toBe(false)
})

test('the interval of DISCONNECT replaces that of CONNECT: to 0, shorter, longer', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const cases = [
    { connect: 100, disconnect: 0, afterMs: 0, present: false },
    { connect: 100, disconnect: 10, afterMs: 11 * second, present: false },
    { connect: 10, disconnect: 100, afterMs: 99 * second, present: true },
    { connect: 10, disconnect: forever, afterMs: 7_200 * second, present: true },
    { connect: forever, disconnect: 1, afterMs: 2 * second, present: false },
  ]
  for (const { connect: interval, disconnect, afterMs, present } of cases) {
    const { wire } = await connect(broker, interval, true)
    await wire.end({ reasonCode: 0, properties: { sessionExpiryInterval: disconnect } })
    await broker.clock.advance(afterMs)
    const after = await connect(broker, 0)
    expect(after.sessionPresent).toBe(present)
    await after.wire.end()
  }
})

test('DISCONNECT may not keep a session that was to end with its connection: 0x82, and the will is published', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker)
  await watcher.subscribe('will')
  const one = await client(broker, {
    will: { topic: 'will', payload: Buffer.from('x'), qos: 0, retain: false },
  })
  one.send({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 5 } })
  await expectDisconnect(one, 0x82)
  await watcher.next('publish')
})

test('DISCONNECT may say 0 again for a session that ends anyway', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.end({ reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
})

test('the will comes when the session ends, if that is before its delay', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const watcher = await client(broker)
  await watcher.subscribe('will')
  const one = await client(broker, {
    properties: { sessionExpiryInterval: 10 },
    will: { topic: 'will', payload: Buffer.from('x'), qos: 0, retain: false, properties: { willDelayInterval: 100 } },
  })
  await one.drop()
  await watcher.ping()
  await broker.clock.advance(9 * second)
  await watcher.nothing()
  await broker.clock.advance(2 * second)
  await watcher.next('publish')
})

test('a session whose DISCONNECT sets interval 0 publishes its will at once when the reason is not 0', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const watcher = await client(broker)
  await watcher.subscribe('will')
  const one = await client(broker, {
    properties: { sessionExpiryInterval: 10 },
    will: { topic: 'will', payload: Buffer.from('x'), qos: 0, retain: false, properties: { willDelayInterval: 100 } },
  })
  await one.end({ reasonCode: 4, properties: { sessionExpiryInterval: 0 } })
  await watcher.next('publish')
})

test('messages are queued for a session that is away, for its interval', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const publisher = await client(broker)
  const first = await connect(broker, 10)
  await first.wire.subscribe('t', { qos: 2 })
  await first.wire.end()
  for (const qos of [0, 1, 2] as const) await publisher.publish('t', `${qos}`, { qos })
  const after = await connect(broker, 10)
  expect((await after.wire.collect(2)).map(({ text, qos, dup }) => [text, qos, dup])).toEqual([
    ['1', 1, false],
    ['2', 2, false],
  ])
  await after.wire.nothing()
})
