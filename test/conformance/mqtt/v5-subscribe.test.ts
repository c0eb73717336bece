import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { byte, frame, properties, text, u16, varint } from '../../support/bytes.ts'
import { client, expectDisconnect, hex, resident } from './clients.ts'

test('SUBSCRIBE is answered by SUBACK with its identifier and one code for each filter, in order [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] [MQTT-2.2.1-6]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const filters = [text('a'), byte(2), text('b'), byte(0), text('$exclusive/#'), byte(1), text('c'), byte(1)]
  one.sendRaw(frame(0x82, u16(0x1234), properties(), ...filters))
  // Packet id, no properties, then 2, 0, Topic Filter invalid, 1.
  expect(hex(await one.next())).toBe('9007' + '1234' + '00' + '02008f01')
  one.sendRaw(frame(0x82, u16(0xffff), properties(), text('a'), byte(1)))
  expect(hex(await one.next())).toBe('9004ffff0001')
})

test('a SUBSCRIBE of 500 filters gets 500 codes, and all are in effect [MQTT-3.8.4-5] [MQTT-3.8.4-6]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const filters = Array.from({ length: 500 }, (_, i) => ({ topic: `t/${i}`, qos: (i % 3) as 0 | 1 | 2 }))
  expect((await one.subscribe(filters)).granted).toEqual(filters.map(({ qos }) => qos))
  await one.publish('t/499', 'x')
  expect((await one.next('publish')).topic).toBe('t/499')
})

test('the same filter twice in one SUBSCRIBE: the later options count, one copy comes [MQTT-3.8.4-3] [MQTT-3.8.4-5]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const answer = await one.subscribe([
    { topic: 't', qos: 2 },
    { topic: 't', qos: 0 },
  ])
  expect(answer.granted).toEqual([2, 0])
  await one.publish('t', 'x', { qos: 2 })
  expect(await one.next('publish')).toMatchObject({ qos: 0 })
  await one.nothing()
})

test.each([
  ['0', 0x80],
  ['1', 0x81],
  ['3', 0x83],
  ['10', 0x8a],
] as const)('SUBSCRIBE with flags %s instead of 2 is malformed [MQTT-3.8.1-1] [MQTT-2.1.3-1]', async (_, header) => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.sendRaw(frame(header, u16(1), properties(), text('t'), byte(0)))
  await expectDisconnect(one, 0x81)
})

const subscribe = (...parts: Uint8Array[]) => frame(0x82, u16(1), properties(), ...parts)

test.each([
  ['without a filter [MQTT-3.8.3-2]', subscribe(), 0x81],
  ['with a filter and no options [MQTT-3.8.3-2]', subscribe(text('t')), 0x81],
  ['with options for one of two filters [MQTT-3.8.3-2]', subscribe(text('t'), byte(0), text('u')), 0x81],
  ['with identifier 0 [MQTT-2.2.1-3]', frame(0x82, u16(0), properties(), text('t'), byte(0)), 0x81],
  ['with QoS 3 [MQTT-3.8.3-5]', subscribe(text('t'), byte(3)), 0x81],
  ['with retain handling 3 [MQTT-3.8.3-5]', subscribe(text('t'), byte(0x30)), 0x81],
  ['with reserved bit 6 [MQTT-3.8.3-5]', subscribe(text('t'), byte(0x40)), 0x81],
  ['with reserved bit 7 [MQTT-3.8.3-5]', subscribe(text('t'), byte(0x80)), 0x81],
  ['with an empty filter [MQTT-4.7.3-1]', subscribe(text(''), byte(0)), 0x81],
  ['with U+0000 in a filter [MQTT-4.7.3-2] [MQTT-1.5.4-2]', subscribe(text('a\0b'), byte(0)), 0x81],
  ['with bytes that are no UTF-8 [MQTT-3.8.3-1] [MQTT-1.5.4-1]', subscribe(text(byte(0xc3, 0x28)), byte(0)), 0x81],
  ['with an overlong form [MQTT-3.8.3-1] [MQTT-1.5.4-1]', subscribe(text(byte(0xc0, 0xaf)), byte(0)), 0x81],
  ['with a surrogate [MQTT-3.8.3-1] [MQTT-1.5.4-1]', subscribe(text(byte(0xed, 0xa0, 0x80)), byte(0)), 0x81],
  ['with a filter that ends late [MQTT-3.8.3-1]', frame(0x82, u16(1), properties(), u16(9), byte(0x61, 0)), 0x81],
  ['with No Local on a shared filter [MQTT-3.8.3-4]', subscribe(text('$share/g/t'), byte(0x04)), 0x82],
  ['with subscription identifier 0', frame(0x82, u16(1), properties(byte(0x0b, 0)), text('t'), byte(0)), 0x81],
  [
    'with two subscription identifiers',
    frame(0x82, u16(1), properties(byte(0x0b, 1, 0x0b, 2)), text('t'), byte(0)),
    0x82,
  ],
  ['with a topic alias', frame(0x82, u16(1), properties(byte(0x23, 0, 1)), text('t'), byte(0)), 0x81],
  [
    'with a subscription identifier of five bytes',
    frame(0x82, u16(1), properties(byte(0x0b, 0x80, 0x80, 0x80, 0x80, 1)), text('t'), byte(0)),
    0x81,
  ],
] as const)('SUBSCRIBE %s ends its connection', async (_, packet, code) => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.sendRaw(packet)
  await expectDisconnect(one, code)
})

test('No Local: what a client publishes does not come back to it, and reaches others [MQTT-3.8.3-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const other = await client(broker)
  await one.subscribe('t', { qos: 2, nl: true })
  await other.subscribe('t', { qos: 2 })
  for (const qos of [0, 1, 2] as const) await one.publish('t', `${qos}`, { qos })
  await one.nothing()
  expect((await other.collect(3)).map(({ text }) => text)).toEqual(['0', '1', '2'])
  await other.publish('t', 'theirs')
  expect((await one.next('publish')).text).toBe('theirs')
})

test('No Local holds for the client id, also on its next connection [MQTT-3.8.3-3]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'me')
  await before.subscribe('t', { qos: 1, nl: true })
  await before.end()
  const after = await resident(broker, 'me')
  await after.publish('t', 'x', { qos: 1 })
  await after.nothing()
})

test('No Local keeps own retained messages away as well [MQTT-3.8.3-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.publish('t/mine', 'x', { qos: 1, retain: true })
  await (await client(broker)).publish('t/theirs', 'y', { qos: 1, retain: true })
  await one.subscribe('t/#', { qos: 1, nl: true })
  expect(await one.collect(1)).toMatchObject([{ topic: 't/theirs' }])
  await one.nothing()
})

test('an overlapping subscription without No Local brings own messages, at its own QoS [MQTT-3.8.3-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('t/#', { qos: 2, nl: true, subscriptionIdentifier: 1 })
  await one.subscribe('t/a', { qos: 1, subscriptionIdentifier: 2 })
  await one.publish('t/a', 'x', { qos: 2 })
  expect(await one.next('publish')).toMatchObject({ qos: 1, properties: { subscriptionIdentifier: 2 } })
  await one.nothing()
})

test('No Local is replaced with the subscription [MQTT-3.8.4-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('t', { nl: true })
  await one.subscribe('t')
  await one.publish('t', 'back')
  expect((await one.next('publish')).text).toBe('back')
  await one.subscribe('t', { nl: true })
  await one.publish('t', 'away')
  await one.nothing()
})

test('a repeated filter replaces QoS, retain as published and identifier [MQTT-3.8.4-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const publisher = await client(broker)
  await one.subscribe('t', { qos: 2, rap: true, subscriptionIdentifier: 7 })
  await publisher.publish('t', '1', { qos: 2, retain: true })
  expect((await one.collect(1))[0]).toMatchObject({ qos: 2, retain: true, properties: { subscriptionIdentifier: 7 } })
  await one.subscribe('t', { qos: 1, rh: 2, subscriptionIdentifier: 8 })
  await publisher.publish('t', '2', { qos: 2, retain: true })
  expect((await one.collect(1))[0]).toMatchObject({ qos: 1, retain: false, properties: { subscriptionIdentifier: 8 } })
  await one.subscribe('t', { qos: 1, rh: 2 })
  await publisher.publish('t', '3', { qos: 2 })
  const last = await one.next('publish')
  expect(last.properties?.subscriptionIdentifier).toBeUndefined()
  await one.nothing()
})

test('replacing a subscription loses and doubles no message [MQTT-3.8.4-3] [MQTT-3.8.4-4]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  const publisher = await client(broker)
  await one.subscribe('t', { qos: 1 })
  for (let i = 0; i < 200; i++) {
    publisher.sendPublish('t', `${i}`, { qos: 1 })
    one.send({
      cmd: 'subscribe',
      messageId: i + 1,
      subscriptions: [{ topic: 't', qos: (i % 2) as 0 | 1, nl: false, rap: false, rh: 2 }],
    })
    if (i % 20 === 19) await publisher.ping()
  }
  const payloads: string[] = []
  while (payloads.length < 200) {
    const message = await one.take('publish')
    payloads.push(message.text)
    await one.ack(message)
  }
  expect(payloads).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`))
})

test('Retain Handling 0 sends retained messages again when a subscription is replaced [MQTT-3.8.4-4] [MQTT-3.3.1-9]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.publish('t', 'kept', { qos: 1, retain: true })
  for (let i = 0; i < 3; i++) {
    await one.subscribe('t', { qos: 1, rh: 0 })
    expect(await one.collect(1)).toMatchObject([{ text: 'kept', retain: true, qos: 1 }])
  }
  await one.nothing()
})

test('Retain Handling 1 sends them to a new subscription only, 2 never [MQTT-3.3.1-10] [MQTT-3.3.1-11]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.publish('t', 'kept', { retain: true })
  await one.subscribe('t', { rh: 2 })
  await one.nothing()
  await one.subscribe('t', { rh: 1 })
  await one.nothing()
  await one.unsubscribe('t')
  await one.subscribe('t', { rh: 1 })
  expect(await one.next('publish')).toMatchObject({ text: 'kept', retain: true })
  await one.subscribe('t', { rh: 1 })
  await one.nothing()
  await one.subscribe('t', { rh: 2 })
  await one.nothing()
})

test('Retain Handling 1 knows a subscription of the resumed session [MQTT-3.3.1-10]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.publish('t', 'kept', { retain: true })
  await before.subscribe('t', { rh: 2 })
  await before.end()
  const after = await resident(broker, 'r')
  await after.subscribe('t', { rh: 1 })
  await after.nothing()
})

test('Retain As Published keeps the flag of live messages; retained ones have it always [MQTT-3.3.1-12] [MQTT-3.3.1-13]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.publish('t', 'old', { retain: true })
  await one.subscribe('t', { rap: false })
  expect(await one.next('publish')).toMatchObject({ text: 'old', retain: true })
  await one.publish('t', 'new', { retain: true })
  expect(await one.next('publish')).toMatchObject({ text: 'new', retain: false })
  await one.subscribe('t', { rap: true, rh: 2 })
  await one.publish('t', 'newer', { retain: true })
  expect(await one.next('publish')).toMatchObject({ text: 'newer', retain: true })
  await one.publish('t', 'plain', { retain: false })
  expect(await one.next('publish')).toMatchObject({ text: 'plain', retain: false })
})

test('the retained message comes after SUBACK and at the lower QoS of both [MQTT-3.8.4-8]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.publish('t', 'kept', { qos: 2, retain: true })
  one.sendRaw(frame(0x82, u16(1), properties(), text('t'), byte(1)))
  await one.next('suback')
  expect(await one.next('publish')).toMatchObject({ qos: 1, retain: true, dup: false })
})

test.each([1, 127, 128, 16_383, 16_384, 2_097_152, 268_435_455])(
  'subscription identifier %i comes with each message',
  async subscriptionIdentifier => {
    await using broker = await startBroker()
    const one = await client(broker)
    one.sendRaw(frame(0x82, u16(1), properties(byte(0x0b), varint(subscriptionIdentifier)), text('t'), byte(0)))
    await one.next('suback')
    await one.publish('t', 'x')
    expect((await one.next('publish')).properties).toEqual({ subscriptionIdentifier })
  },
)

test('one copy with all identifiers, at the highest QoS, for overlapping subscriptions [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('a/#', { qos: 0, subscriptionIdentifier: 1 })
  await one.subscribe('a/+', { qos: 2, subscriptionIdentifier: 2 })
  await one.subscribe('a/b', { qos: 1 })
  await one.publish('a/b', 'x', { qos: 2 })
  const [message] = await one.collect(1)
  expect(message!.qos).toBe(2)
  expect([message!.properties!.subscriptionIdentifier].flat().sort()).toEqual([1, 2])
  await one.nothing()
})

test('requests sent together are carried out in their order, also where a session is stored', async () => {
  await using broker = await startBroker({ storage: 'file' })
  const one = await resident(broker, 'r')
  one.sendRaw(
    Buffer.concat([
      frame(0x82, u16(1), properties(), text('t'), byte(1)),
      frame(0x32, text('t'), u16(2), properties(), Buffer.from('x')),
      frame(0xa2, u16(3), properties(), text('t')),
      frame(0x32, text('t'), u16(4), properties(), Buffer.from('y')),
    ]),
  )
  await one.take('suback')
  await one.take('unsuback')
  expect((await one.take('publish')).text).toBe('x')
  await one.take('puback', ({ messageId }) => messageId === 2)
  expect(await one.take('puback', ({ messageId }) => messageId === 4)).toMatchObject({ reasonCode: 0x10 })
  await one.nothing()
})
