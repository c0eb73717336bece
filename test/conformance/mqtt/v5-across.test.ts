import { describe, expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { frame, text } from '../../support/bytes.ts'
import { client, resident, resident3 } from './clients.ts'
import { cut } from './cut.ts'
import { bytes, hex } from './raw.ts'

const options = { time: 'manual', storage: 'file' } as const

describe('a session belongs to a client identifier, not to a version of the protocol:', () => {
  test('5.0 takes over a live 3.1.1 connection, which just ends, and gets what waits [MQTT-3.1.4-3]', async () => {
    await using broker = await startBroker(options)
    await using old = await resident3(broker, 's')
    await old.subscribe('t', { qos: 2 })
    await old.publish('t', 'open', { qos: 1 })
    await old.collect(1, { autoAck: false })
    await using young = await broker.wire()
    const connack = await young.connect({ clientId: 's', clean: false, properties: { sessionExpiryInterval: 60 } })
    expect(connack).toMatchObject({ sessionPresent: true, reasonCode: 0 })
    expect((await old.closed()).packets).toEqual([])
    expect((await young.collect(1)).map(message => `${message.text} ${message.dup}`)).toEqual(['open true'])
    await young.publish('t', 'more', { qos: 2 })
    expect((await young.collect(1)).map(message => message.text)).toEqual(['more'])
  })
  test('3.1.1 takes over a live 5.0 connection, which is told 0x8E, with its subscriptions [MQTT-3.1.4-3]', async () => {
    await using broker = await startBroker(options)
    await using young = await resident(broker, 's', { clean: true })
    await young.subscribe('t', { qos: 1, rap: true, subscriptionIdentifier: 5 })
    await using old = await broker.wire({ version: 4 })
    expect(await old.connect({ version: 4, clientId: 's', clean: false })).toMatchObject({ sessionPresent: true })
    expect(hex((await young.closed()).packets)).toEqual(['e0018e'])
    await old.publish('t', 'x', { qos: 1 })
    const [message] = await old.collect(1)
    expect(message?.raw).toEqual(frame(0x32, text('t'), bytes('0001'), Buffer.from('x')))
  })
})

describe('a client that was connected when the server stopped', () => {
  test('has its will published when the server is back, once [MQTT-3.1.2-8]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await resident(broker, 'watcher', { clean: true })
    await watcher.subscribe('will/#', { qos: 1 })
    const willOf = (topic: string) => ({ topic, payload: Buffer.from('x'), qos: 1 as const, retain: false })
    await using _short = await client(broker, { clientId: 'short', will: willOf('will/short') })
    await using _long = await client(broker, {
      clientId: 'long',
      will: { ...willOf('will/long'), properties: { willDelayInterval: 30 } },
      properties: { sessionExpiryInterval: 600 },
    })
    await broker.restart()
    await broker.clock.advance(31_000)
    await using back = await resident(broker, 'watcher')
    expect((await back.collect(2)).map(({ topic }) => topic).sort()).toEqual(['will/long', 'will/short'])
    await back.nothing()
    await cut(broker, back)
    await broker.restart()
    await broker.clock.advance(700_000)
    await using again = await resident(broker, 'watcher')
    await again.nothing()
  })
  test('keeps its will to itself when it is back within the delay [MQTT-3.1.3-9]', async () => {
    await using broker = await startBroker(options)
    await using watcher = await resident(broker, 'watcher', { clean: true })
    await watcher.subscribe('will', { qos: 1 })
    const will = { topic: 'will', payload: 'x', qos: 1 as const, retain: false, properties: { willDelayInterval: 30 } }
    await using _one = await resident(broker, 'one', { clean: true, will: { ...will, payload: Buffer.from('x') } })
    await broker.restart()
    await broker.clock.advance(20_000)
    await using _again = await resident(broker, 'one')
    await broker.clock.advance(100_000)
    await using back = await resident(broker, 'watcher')
    await back.nothing()
  })
})

describe('large messages', () => {
  test.each([0, 1, 2] as const)('of 2 MB less a few bytes pass at QoS %i, live, queued and retained', async qos => {
    await using broker = await startBroker({ ...options, kernel: { limits: { retainedMessageBytes: 4_000_000 } } })
    await using away = await resident(broker, 'away', { clean: true })
    await away.subscribe('t', { qos: 2, rh: 2 })
    if (qos > 0) await away.end()
    await using one = await client(broker)
    await one.subscribe('t', { qos: 2 })
    const payload = Buffer.alloc(2_097_152 - 100)
    for (let i = 0; i < payload.length; i++) payload[i] = (i * 31) % 251
    await one.publish('t', payload, { qos, retain: true })
    expect((await one.collect(1))[0]?.payload.equals(payload)).toBe(true)
    await using later = await client(broker)
    await later.subscribe('t', { qos: 2 })
    expect((await later.collect(1))[0]?.payload.equals(payload)).toBe(true)
    await using back = qos > 0 ? await resident(broker, 'away') : away
    expect((await back.collect(1))[0]?.payload.equals(payload)).toBe(true)
  })
})

test('retained messages come before what is published meanwhile, also through a window of one', async () => {
  await using broker = await startBroker(options)
  await using one = await client(broker)
  for (let i = 0; i < 5; i++) await one.publish(`t/${i}`, 'old', { qos: i % 2 === 0 ? 1 : 2, retain: true })
  await using narrow = await client(broker, { properties: { receiveMaximum: 1 } })
  await narrow.subscribe('t/+', { qos: 2, rap: false })
  for (let i = 0; i < 5; i++) await one.publish(`t/${i}`, 'new', { qos: (i % 3) as 0 | 1 | 2 })
  const messages = await narrow.collect(10)
  expect(messages.slice(0, 5).every(({ text, retain }) => text === 'old' && retain)).toBe(true)
  expect(messages.slice(5).map(({ topic, text, retain }) => `${topic} ${text} ${retain}`)).toEqual(
    Array.from({ length: 5 }, (_, i) => `t/${i} new false`),
  )
})

test('a client with user name and password is let in where nobody is asked for them, on loopback', async () => {
  await using broker = await startBroker()
  await using one = await broker.wire()
  expect(await one.connect({ username: 'anna', password: 'x' })).toMatchObject({ reasonCode: 0 })
})
