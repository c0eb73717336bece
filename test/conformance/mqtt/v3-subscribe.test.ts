import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { byte, frame, text, u16 } from '../../support/bytes.ts'
import { answer, client, expectClosed, hex, resident3 } from './clients.ts'

const v3 = { version: 4 } as const

test('SUBSCRIBE is answered by SUBACK with its identifier and a code for each filter, in order [3.1.1 MQTT-3.8.4-1] [3.1.1 MQTT-3.8.4-2] [3.1.1 MQTT-3.8.4-4] [3.1.1 MQTT-3.8.4-5] [3.1.1 MQTT-3.9.3-1] [3.1.1 MQTT-3.9.3-2] [3.1.1 MQTT-2.3.1-7]', async () => {
  const rules = [
    { effect: 'deny', action: 'subscribe', filters: ['no'] },
    { effect: 'allow', filters: ['#'] },
  ] as const
  await using broker = await startBroker({ kernel: { access: { rules } } })
  const one = await client(broker, v3)
  one.sendRaw(frame(0x82, u16(0x1234), text('a'), byte(2), text('no'), byte(1), text('b'), byte(0), text('c'), byte(1)))
  expect(hex(await one.next())).toBe('9006' + '1234' + '02800001')
})

test.each([
  ['flags 0 [3.1.1 MQTT-3.8.1-1]', frame(0x80, u16(1), text('t'), byte(0))],
  ['flags 3 [3.1.1 MQTT-3.8.1-1]', frame(0x83, u16(1), text('t'), byte(0))],
  ['identifier 0 [3.1.1 MQTT-2.3.1-1]', frame(0x82, u16(0), text('t'), byte(0))],
  ['no filter [3.1.1 MQTT-3.8.3-3]', frame(0x82, u16(1))],
  ['a filter and no QoS [3.1.1 MQTT-3.8.3-3]', frame(0x82, u16(1), text('t'))],
  ['QoS 3 [3.1.1 MQTT-3.8.3-4]', frame(0x82, u16(1), text('t'), byte(3))],
  ['reserved bits [3.1.1 MQTT-3.8.3-4]', frame(0x82, u16(1), text('t'), byte(4))],
  ['the highest reserved bit [3.1.1 MQTT-3.8.3-4]', frame(0x82, u16(1), text('t'), byte(0x80))],
  ['a filter that is no UTF-8 [3.1.1 MQTT-3.8.3-1]', frame(0x82, u16(1), text(byte(0xff)), byte(0))],
  ['an empty filter [3.1.1 MQTT-4.7.3-1]', frame(0x82, u16(1), text(''), byte(0))],
  ['U+0000 in a filter [3.1.1 MQTT-4.7.3-2]', frame(0x82, u16(1), text('a\0'), byte(0))],
] as const)('SUBSCRIBE with %s closes the connection', async (_, bytes) => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  one.sendRaw(bytes)
  await expectClosed(one)
})

test.each([
  ['flags 0 [3.1.1 MQTT-3.10.1-1]', frame(0xa0, u16(1), text('t'))],
  ['flags 6 [3.1.1 MQTT-3.10.1-1]', frame(0xa6, u16(1), text('t'))],
  ['identifier 0 [3.1.1 MQTT-2.3.1-1]', frame(0xa2, u16(0), text('t'))],
  ['no filter [3.1.1 MQTT-3.10.3-2]', frame(0xa2, u16(1))],
  ['a filter that is no UTF-8 [3.1.1 MQTT-3.10.3-1]', frame(0xa2, u16(1), text(byte(0xff)))],
  ['an empty filter [3.1.1 MQTT-4.7.3-1]', frame(0xa2, u16(1), text(''))],
] as const)('UNSUBSCRIBE with %s closes the connection', async (_, bytes) => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  one.sendRaw(bytes)
  await expectClosed(one)
})

test('the same filter replaces the subscription, sends retained messages again, and loses nothing [3.1.1 MQTT-3.8.4-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  const publisher = await client(broker, v3)
  await publisher.publish('t', 'kept', { qos: 2, retain: true })
  for (const qos of [2, 1, 0] as const) {
    await one.subscribe('t', { qos })
    expect(await one.collect(1)).toMatchObject([{ text: 'kept', retain: true, qos }])
    await publisher.publish('t', 'live', { qos: 2 })
    expect(await one.collect(1)).toMatchObject([{ text: 'live', retain: false, qos }])
  }
  await one.nothing()
})

test('overlapping subscriptions bring one copy at the highest QoS [3.1.1 MQTT-3.3.5-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  await one.subscribe([
    { topic: 'a/#', qos: 1 },
    { topic: 'a/+', qos: 2 },
    { topic: 'a/b', qos: 0 },
  ])
  await one.publish('a/b', 'x', { qos: 2 })
  expect(await one.collect(1)).toMatchObject([{ qos: 2 }])
  await one.nothing()
})

test.each([
  ['#', ['a', 'a/b', '/'], ['$a', '$a/b']],
  ['+', ['a'], ['a/b', '/a', '$a']],
  ['a/#', ['a', 'a/', 'a/b/c'], ['b', 'ab']],
  ['a/+', ['a/b', 'a/'], ['a', 'a/b/c']],
  ['+/+', ['a/b', '/'], ['a', '$a/b']],
  ['+/b/#', ['a/b', 'a/b/c', '/b'], ['b', '$a/b']],
  ['$a/#', ['$a', '$a/b'], ['a']],
] as const)(
  'filter %j matches what it should and nothing else [3.1.1 MQTT-4.7.1-2] [3.1.1 MQTT-4.7.1-3] [3.1.1 MQTT-4.7.2-1]',
  async (filter, hits, misses) => {
    await using broker = await startBroker()
    const one = await client(broker, v3)
    await one.subscribe(filter)
    for (const topic of [...misses, ...hits]) await one.publish(topic, '')
    expect((await one.collect(hits.length)).map(({ topic }) => topic)).toEqual(hits)
    await one.nothing()
  },
)

test.each(['a#', '#/a', 'a/#/b', '##', 'a+', '+a', 'a/b+/c'])(
  'filter %j is not taken [3.1.1 MQTT-4.7.1-2] [3.1.1 MQTT-4.7.1-3]',
  async filter => {
    await using broker = await startBroker()
    const one = await client(broker, v3)
    one.sendRaw(frame(0x82, u16(1), text(filter), byte(0)))
    const { packets } = await one.closed()
    expect(packets).toEqual([])
  },
)

test('filters with wildcards are supported [3.1.1 MQTT-3.8.3-2]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  expect((await one.subscribe([{ topic: '#' }, { topic: '+/a', qos: 1 }])).granted).toEqual([0, 1])
})

test('a topic and a filter may have 65,535 bytes [3.1.1 MQTT-4.7.3-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  const topic = 't'.repeat(65_535)
  expect((await one.subscribe(topic)).granted).toEqual([0])
  await one.publish(topic, 'x')
  expect((await one.next('publish')).topic).toBe(topic)
})

test('UNSUBSCRIBE is answered by UNSUBACK with its identifier, whether or not there was anything to end [3.1.1 MQTT-3.10.4-4] [3.1.1 MQTT-3.10.4-5] [3.1.1 MQTT-3.10.4-6] [3.1.1 MQTT-2.3.1-7]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  await one.subscribe([{ topic: 'a' }, { topic: 'b' }, { topic: 'c' }])
  one.sendRaw(frame(0xa2, u16(0x1234), text('a'), text('none'), text('b')))
  expect(hex(await one.next())).toBe('b0021234')
  for (const topic of ['a', 'b', 'c']) await one.publish(topic, '')
  expect(await one.collect(1)).toMatchObject([{ topic: 'c' }])
  await one.nothing()
  one.sendRaw(frame(0xa2, u16(0xffff), text('none')))
  expect(hex(await one.next())).toBe('b002ffff')
})

test('filters compare literally when they are ended [3.1.1 MQTT-3.10.4-1] [3.1.1 MQTT-3.10.4-2]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  await one.subscribe('a/+')
  for (const other of ['a/b', '#', 'a/#', '+/+']) await one.unsubscribe(other)
  await one.publish('a/b', 'still')
  await one.collect(1)
  await one.unsubscribe('a/+')
  await one.publish('a/b', 'gone')
  await one.nothing()
})

test('deliveries that were started are finished after UNSUBSCRIBE [3.1.1 MQTT-3.10.4-3]', async () => {
  await using broker = await startBroker()
  const before = await resident3(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker, v3)
  await publisher.publish('t', '1', { qos: 1 })
  await publisher.publish('t', '2', { qos: 2 })
  const [first, second] = await before.collect(2, { autoAck: false })
  await before.unsubscribe('t')
  answer(before, 'pubrec', second!.messageId)
  expect((await before.next('pubrel')).messageId).toBe(second!.messageId)
  await before.nothing()
  await before.drop()
  const after = await resident3(broker, 'r')
  expect(await after.next('publish')).toMatchObject({ messageId: first!.messageId, dup: true })
  expect((await after.next('pubrel')).messageId).toBe(second!.messageId)
  await after.nothing()
})

test('shared subscriptions work for 3.1.1 as well', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  const two = await client(broker, v3)
  for (const member of [one, two]) expect((await member.subscribe('$share/g/t', { qos: 1 })).granted).toEqual([1])
  for (let i = 0; i < 4; i++) await one.publish('t', `${i}`, { qos: 1 })
  expect((await one.collect(2)).map(({ text }) => text)).toEqual(['0', '2'])
  expect((await two.collect(2)).map(({ text }) => text)).toEqual(['1', '3'])
})
