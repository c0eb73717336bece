import { describe, expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { frame, properties, text, u32, userProperty } from '../../support/bytes.ts'
import { propertiesOf } from '../../support/wire-properties.ts'
import { client, resident } from './clients.ts'
import { cut } from './cut.ts'
import { bytes } from './raw.ts'

const options = { time: 'manual', storage: 'file' } as const

/** What a property section looks like to a live subscriber, to a later one (retained), and to one that was away. */
async function passedOn(broker: TestBroker, ...section: Uint8Array[]) {
  await using away = await resident(broker, 'away', { clean: true })
  await away.subscribe('t', { qos: 1, rh: 2 })
  await away.end()
  await using one = await client(broker)
  await one.subscribe('t', { qos: 2, rh: 2 })
  one.sendRaw(frame(0x33, text('t'), bytes('0001'), properties(...section), Buffer.from('x')))
  await one.take('puback')
  const [live] = await one.collect(1)
  await broker.restart()
  await using later = await client(broker)
  await later.subscribe('t', { qos: 2 })
  const [retained] = await later.collect(1)
  await using back = await resident(broker, 'away')
  const [queued] = await back.collect(1)
  return [live, retained, queued].map(message => propertiesOf(message!.raw).map(({ name, value }) => ({ name, value })))
}

describe('passed on unchanged, live, retained and queued, through a restart:', () => {
  test.each([
    ['payload format 0 [MQTT-3.3.2-4]', bytes('01 00'), [['payloadFormatIndicator', 0]]],
    ['payload format 1 [MQTT-3.3.2-4]', bytes('01 01'), [['payloadFormatIndicator', 1]]],
    ['a response topic [MQTT-3.3.2-15]', bytes("08 'answer/ü'"), [['responseTopic', 'answer/ü']]],
    ['correlation data [MQTT-3.3.2-16]', bytes('09 0003 00ff80'), [['correlationData', Buffer.from('00ff80', 'hex')]]],
    ['empty correlation data [MQTT-3.3.2-16]', bytes('09 0000'), [['correlationData', Buffer.alloc(0)]]],
    ['a content type [MQTT-3.3.2-20]', bytes("03 'application/json'"), [['contentType', 'application/json']]],
    ['an empty content type [MQTT-3.3.2-20]', bytes("03 ''"), [['contentType', '']]],
    ['one user property [MQTT-3.3.2-17]', bytes("26 'n' 'v'"), [['userProperties', ['n', 'v']]]],
    ['an empty user property [MQTT-3.3.2-17]', bytes("26 '' ''"), [['userProperties', ['', '']]]],
    [
      'user properties, repeated ones too, in their order [MQTT-3.3.2-17] [MQTT-3.3.2-18]',
      bytes("26 'b' '1' 26 'a' '2' 26 'b' '1' 26 'b' '0' 26 '__proto__' 'x' 26 'a' '2'"),
      [
        ['userProperties', ['b', '1']],
        ['userProperties', ['a', '2']],
        ['userProperties', ['b', '1']],
        ['userProperties', ['b', '0']],
        ['userProperties', ['__proto__', 'x']],
        ['userProperties', ['a', '2']],
      ],
    ],
    ['nothing where nothing was given', Buffer.alloc(0), []],
  ])('%s', async (_name, section, expected) => {
    await using broker = await startBroker(options)
    const all = await passedOn(broker, section)
    const wanted = expected.map(([name, value]) => ({ name, value }))
    expect(all).toEqual([wanted, wanted, wanted])
  })
  test('all of them together, of the largest size', async () => {
    await using broker = await startBroker(options)
    const long = 'x'.repeat(65_535)
    const section = [
      Buffer.concat([bytes('03'), text(long)]),
      Buffer.concat([bytes('08'), text(long)]),
      Buffer.concat([bytes('09'), text(long)]),
      ...Array.from({ length: 10 }, () => userProperty(long, long)),
    ]
    for (const found of await passedOn(broker, ...section)) {
      expect(found).toHaveLength(13)
      expect(found.every(({ value }) => String(value).length >= 65_535)).toBe(true)
    }
  })
  test('1,000 user properties; one more is refused', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await one.subscribe('t')
    const pairs = Array.from({ length: 1_000 }, (_, i) => [`n${i % 7}`, String(i)] as const)
    const section = pairs.map(([name, value]) => userProperty(name, value))
    one.sendRaw(frame(0x30, text('t'), properties(...section)))
    expect((await one.collect(1))[0]?.userProperties).toEqual(pairs)
    one.sendRaw(frame(0x30, text('t'), properties(...section, userProperty('one', 'more'))))
    expect((await one.closed()).reasonCode).toBe(0x97)
  })
  test('not the topic alias, which belongs to the connection', async () => {
    await using broker = await startBroker(options)
    expect(await passedOn(broker, bytes('23 0001'))).toEqual([[], [], []])
  })
})

describe('a 3.1.1 subscriber', () => {
  test('gets the message without its properties, and what it publishes has none', async () => {
    await using broker = await startBroker(options)
    await using old = await client(broker, { version: 4 })
    await using one = await client(broker)
    await old.subscribe('t')
    await one.subscribe('t')
    one.sendRaw(frame(0x30, text('t'), properties(bytes("03 'c' 26 'a' 'b'")), Buffer.from('x')))
    expect((await old.collect(1))[0]?.raw).toEqual(frame(0x30, text('t'), Buffer.from('x')))
    await one.collect(1)
    old.sendPublish('t', 'y')
    expect((await one.collect(1))[0]?.raw).toEqual(frame(0x30, text('t'), bytes('00'), Buffer.from('y')))
  })
})

describe('the message expiry interval', () => {
  const expiring = (seconds: number) => ({ qos: 1 as const, properties: { messageExpiryInterval: seconds } })

  test.each([1, 60, 4_294_967_295])('of %i s is sent as it came where nothing waits [MQTT-3.3.2-6]', async seconds => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await one.subscribe('t', { qos: 1 })
    await one.publish('t', 'x', expiring(seconds))
    expect((await one.collect(1))[0]?.properties).toMatchObject({ messageExpiryInterval: seconds })
  })
  test('of 0 s is delivered to who is there, and never queued or retained', async () => {
    await using broker = await startBroker(options)
    await using away = await resident(broker, 'away', { clean: true })
    await away.subscribe('t', { qos: 1 })
    await away.end()
    await using one = await client(broker)
    await one.publish('t', 'x', { ...expiring(0), retain: true })
    await broker.clock.advance(1)
    await one.subscribe('t')
    await one.nothing()
    await using back = await resident(broker, 'away')
    await back.nothing()
  })
  test('is reduced by the time in a queue, a restart included [MQTT-3.3.2-6]', async () => {
    await using broker = await startBroker(options)
    await using away = await resident(broker, 'away', { clean: true })
    await away.subscribe('t', { qos: 1 })
    await away.end()
    await using one = await client(broker)
    await one.publish('t', 'x', expiring(60))
    await broker.clock.advance(20_000)
    await broker.restart()
    await broker.clock.advance(10_000)
    await using back = await resident(broker, 'away')
    expect((await back.collect(1))[0]?.properties).toMatchObject({ messageExpiryInterval: 30 })
  })
  test('ends a queued message before its delivery has begun; others stay [MQTT-3.3.2-5]', async () => {
    await using broker = await startBroker(options)
    await using away = await resident(broker, 'away', { clean: true })
    await away.subscribe('t', { qos: 2 })
    await away.end()
    await using one = await client(broker)
    await one.publish('t', 'short', expiring(10))
    await one.publish('t', 'endless', { qos: 1 })
    await one.publish('t', 'long', expiring(100))
    await one.publish('t', 'short too', { ...expiring(10), qos: 2 })
    await broker.clock.advance(10_001)
    await using back = await resident(broker, 'away')
    expect((await back.collect(2)).map(({ text }) => text)).toEqual(['endless', 'long'])
    await back.nothing()
  })
  test('ends a message that waits for the receive window of a connected client [MQTT-3.3.2-5]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker, { properties: { receiveMaximum: 1 } })
    await one.subscribe('t', { qos: 1 })
    await using publisher = await client(broker)
    await publisher.publish('t', 'first', { qos: 1 })
    await publisher.publish('t', 'expires', expiring(5))
    await publisher.publish('t', 'last', expiring(50))
    const [first] = await one.collect(1, { autoAck: false })
    await broker.clock.advance(6_000)
    await one.ack(first!)
    const [last] = await one.collect(1)
    expect(last).toMatchObject({ text: 'last', properties: { messageExpiryInterval: 44 } })
    await one.nothing()
  })
  test('is of each delivery its own, though others got the same message earlier [MQTT-3.3.2-6]', async () => {
    await using broker = await startBroker(options)
    await using quick = await client(broker)
    await quick.subscribe('t', { qos: 1 })
    await using slow = await client(broker, { properties: { receiveMaximum: 1 } })
    await slow.subscribe('t', { qos: 1 })
    await using away = await resident(broker, 'away', { clean: true })
    await away.subscribe('t', { qos: 1, rh: 2 })
    await cut(broker, away)
    await using publisher = await client(broker)
    await publisher.publish('t', 'first', { qos: 1 })
    await publisher.publish('t', 'second', { ...expiring(60), retain: true })
    expect((await quick.collect(2))[1]?.properties).toMatchObject({ messageExpiryInterval: 60 })
    const [first] = await slow.collect(1, { autoAck: false })
    await broker.clock.advance(20_000)
    await slow.ack(first!)
    expect((await slow.collect(1))[0]?.properties).toMatchObject({ messageExpiryInterval: 40 })
    await broker.clock.advance(10_000)
    await using back = await resident(broker, 'away')
    expect((await back.collect(2))[1]?.properties).toMatchObject({ messageExpiryInterval: 30 })
    await quick.subscribe('t', { qos: 1 })
    expect((await quick.collect(1))[0]?.properties).toMatchObject({ messageExpiryInterval: 30 })
  })
  test('does not end a message whose delivery has begun: it is repeated [MQTT-3.3.2-5]', async () => {
    await using broker = await startBroker(options)
    await using one = await resident(broker, 's', { clean: true })
    await one.subscribe('t', { qos: 2 })
    await using publisher = await client(broker)
    await publisher.publish('t', 'begun', { ...expiring(5), qos: 2 })
    await one.collect(1, { autoAck: false })
    await cut(broker, one)
    await broker.clock.advance(6_000)
    await using again = await resident(broker, 's')
    expect((await again.collect(1)).map(({ text, dup }) => ({ text, dup }))).toEqual([{ text: 'begun', dup: true }])
  })
  test('twice, or cut short, closes the connection', async () => {
    await using broker = await startBroker(options)
    for (const [section, code] of [
      [Buffer.concat([bytes('02'), u32(1), bytes('02'), u32(1)]), 0x82],
      [bytes('02 000000'), 0x81],
    ] as const) {
      await using one = await client(broker)
      one.sendRaw(frame(0x30, text('t'), properties(section)))
      expect((await one.closed()).reasonCode).toBe(code)
    }
  })
})
