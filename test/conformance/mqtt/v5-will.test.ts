import { describe, expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import type { ConnectOptions, Wire } from '../../support/wire.ts'
import { client } from './clients.ts'
import { cut } from './cut.ts'
import { answersTo, hex, packet } from './raw.ts'

type SendableWill = NonNullable<ConnectOptions['will']>

const options = { time: 'manual', storage: 'file' } as const
const will: SendableWill = { topic: 'will', payload: Buffer.from('gone'), qos: 1, retain: false }

function doomed(broker: TestBroker, changes: Partial<SendableWill> = {}, sessionExpiryInterval = 0): Promise<Wire> {
  return client(broker, {
    clientId: 'doomed',
    clean: false,
    will: { ...will, ...changes },
    properties: { sessionExpiryInterval },
  })
}

function delayed(broker: TestBroker, willDelayInterval: number, sessionExpiryInterval: number): Promise<Wire> {
  return doomed(broker, { properties: { willDelayInterval } }, sessionExpiryInterval)
}

async function watcherOf(broker: TestBroker, qos: 0 | 1 | 2 = 2): Promise<Wire> {
  const watcher = await client(broker)
  await watcher.subscribe('will', { qos, rap: true })
  return watcher
}

describe('a will is published when its client', () => {
  test.each([
    ['cuts the connection', (one: Wire) => one.drop()],
    ['disconnects with 0x04', (one: Wire) => one.end({ reasonCode: 4 })],
    ['disconnects with an error', (one: Wire) => one.end({ reasonCode: 0x81 })],
    ['sends what is malformed', (one: Wire) => closedBy(one, 'c1 00')],
    ['breaks the protocol', (one: Wire) => closedBy(one, packet(0x10, "'MQTT' 05 02 0000 00 'c'"))],
  ])('%s [MQTT-3.1.2-7] [MQTT-3.1.2-8]', async (_name, leave) => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await doomed(broker)
    await watcher.nothing()
    await leave(one)
    expect((await watcher.collect(1)).map(({ topic, text, qos }) => ({ topic, text, qos }))).toEqual([
      { topic: 'will', text: 'gone', qos: 1 },
    ])
    await watcher.nothing()
  })
  test('falls silent for one and a half keep alives [MQTT-3.1.2-8]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await client(broker, { will, keepalive: 10 })
    await broker.clock.advance(14_500)
    await watcher.nothing()
    await broker.clock.advance(1_500)
    expect(hex((await one.closed()).packets)).toEqual(['e0018d'])
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual(['gone'])
  })
  test('is taken over by a clean start, as its session has ended [MQTT-3.1.2-8]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, 60, 100)
    await using other = await client(broker, { clientId: 'doomed', clean: true })
    await one.closed()
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual(['gone'])
    await other.nothing()
  })
  test('is taken over and its will has no delay [MQTT-3.1.2-8]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, 0, 100)
    await using other = await client(broker, { clientId: 'doomed', clean: false })
    await one.closed()
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual(['gone'])
    await other.nothing()
  })
})

describe('no will is published', () => {
  test('after DISCONNECT 0x00, now or later [MQTT-3.1.2-10] [MQTT-3.1.2-8]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, 5, 60)
    await one.end({ reasonCode: 0 })
    await broker.clock.advance(120_000)
    await watcher.nothing()
  })
  test('a second time: it is dropped once it was published [MQTT-3.1.2-10]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, 0, 60)
    await cut(broker, one)
    await watcher.collect(1)
    await using again = await client(broker, { clientId: 'doomed', clean: false })
    await cut(broker, again)
    await broker.clock.advance(120_000)
    await broker.restart()
    await using later = await watcherOf(broker)
    await broker.clock.advance(120_000)
    await later.nothing()
  })
  test('of a CONNECT that was refused', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    const raw = packet(0x10, "'MQTT' 05 06 0000 04 15 'x' 'doomed' 00 'will' 'gone'")
    expect(await answersTo(broker, raw)).toHaveLength(1)
    await watcher.nothing()
  })
  test('of an earlier connection: the last CONNECT says which will there is', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, 60, 600)
    await cut(broker, one)
    await using two = await doomed(broker, { payload: Buffer.from('second') }, 600)
    await cut(broker, two)
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual(['second'])
    await broker.clock.advance(700_000)
    await watcher.nothing()
  })
})

describe('the will delay', () => {
  test.each([
    ['passes: the will comes then', 5, 60, 4_900, 5_100],
    ['is longer than the session: the will comes with its end', 60, 5, 4_900, 5_100],
    ['is as long as the session', 5, 5, 4_900, 5_100],
  ])('%s [MQTT-3.1.2-8]', async (_name, delay, expiry, silentMs, dueMs) => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, delay, expiry)
    await cut(broker, one)
    await broker.clock.advance(silentMs)
    await watcher.nothing()
    await broker.clock.advance(dueMs - silentMs)
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual(['gone'])
    await broker.clock.advance(100_000)
    await watcher.nothing()
  })
  test('does not hold up the will of a session that ends with its connection [MQTT-3.1.2-8]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, 60, 0)
    await cut(broker, one)
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual(['gone'])
  })
  test('is not over when the client is back: no will is sent, even later [MQTT-3.1.3-9]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, 10, 60)
    await cut(broker, one)
    await broker.clock.advance(9_000)
    await using back = await client(broker, {
      clientId: 'doomed',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    })
    await broker.clock.advance(100_000)
    await cut(broker, back)
    await broker.clock.advance(100_000)
    await watcher.nothing()
  })
  test('is not over when the client takes itself over: no will is sent [MQTT-3.1.3-9]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await delayed(broker, 10, 60)
    await using back = await client(broker, { clientId: 'doomed', clean: false })
    await one.closed()
    await broker.clock.advance(100_000)
    await back.nothing()
    await watcher.nothing()
  })
  test('goes on through a restart of the server [MQTT-3.1.2-8]', async () => {
    await using broker = await startBroker(options)
    await using one = await delayed(broker, 10, 60)
    await cut(broker, one)
    await broker.clock.advance(4_000)
    await broker.restart()
    await using watcher = await watcherOf(broker)
    await broker.clock.advance(4_000)
    await watcher.nothing()
    await broker.clock.advance(3_000)
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual(['gone'])
  })
})

describe('the will is published', () => {
  test.each([0, 1, 2] as const)('at its QoS %i [MQTT-3.1.2-12]', async qos => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await doomed(broker, { qos })
    await cut(broker, one)
    expect((await watcher.collect(1)).map(message => message.qos)).toEqual([qos])
  })
  test('not retained when Will Retain is 0 [MQTT-3.1.2-14]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await doomed(broker)
    await cut(broker, one)
    expect((await watcher.collect(1)).map(({ retain }) => retain)).toEqual([false])
    await using later = await watcherOf(broker)
    await later.nothing()
  })
  test('retained when Will Retain is 1 [MQTT-3.1.2-15]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await doomed(broker, { retain: true })
    await cut(broker, one)
    expect((await watcher.collect(1)).map(({ retain }) => retain)).toEqual([true])
    await using later = await watcherOf(broker)
    expect((await later.collect(1)).map(({ retain, text, qos }) => ({ retain, text, qos }))).toEqual([
      { retain: true, text: 'gone', qos: 1 },
    ])
  })
  test('clearing what is retained, when it is empty and Will Retain is 1', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await watcher.publish('will', 'kept', { qos: 1, retain: true })
    await watcher.collect(1)
    await using one = await doomed(broker, { retain: true, payload: Buffer.alloc(0) })
    await cut(broker, one)
    expect((await watcher.collect(1)).map(({ text }) => text)).toEqual([''])
    await using later = await watcherOf(broker)
    await later.nothing()
  })
  test('with its expiry interval counted from its publication, not from CONNECT', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    await using one = await doomed(
      broker,
      { retain: true, properties: { messageExpiryInterval: 10, willDelayInterval: 20 } },
      60,
    )
    await broker.clock.advance(30_000)
    await cut(broker, one)
    await broker.clock.advance(20_100)
    expect((await watcher.collect(1)).map(({ properties }) => properties?.messageExpiryInterval)).toEqual([10])
    await broker.clock.advance(4_000)
    await using later = await watcherOf(broker)
    expect((await later.collect(1)).map(({ properties }) => properties?.messageExpiryInterval)).toEqual([6])
    await broker.clock.advance(6_000)
    await using last = await watcherOf(broker)
    await last.nothing()
  })
  test('with an empty payload, and with one of 65,535 bytes', async () => {
    await using broker = await startBroker(options)
    await using watcher = await watcherOf(broker)
    for (const size of [0, 65_535]) {
      await using one = await doomed(broker, { payload: Buffer.alloc(size, 7) })
      await cut(broker, one)
      const [message] = await watcher.collect(1)
      expect(message?.payload.equals(Buffer.alloc(size, 7))).toBe(true)
    }
  })
})

async function closedBy(one: Wire, raw: string | Buffer): Promise<void> {
  one.sendRaw(raw)
  await one.closed()
}
