import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { byte, frame, properties, text, u16, userProperty } from '../../support/bytes.ts'
import { answer, client, expectDisconnect, hex, resident } from './clients.ts'

test('UNSUBSCRIBE is answered by UNSUBACK with its identifier and one code for each filter, in order [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] [MQTT-2.2.1-6]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('a')
  await one.subscribe('b/#')
  const filters = [text('x'), text('a'), text('b/+'), text('b/#'), text('$exclusive/#'), text('a')]
  one.sendRaw(frame(0xa2, u16(0x1234), properties(userProperty('k', 'v')), ...filters))
  expect(hex(await one.next())).toBe('b009' + '1234' + '00' + '1100' + '1100' + '8f11')
  one.sendRaw(frame(0xa2, u16(0xffff), properties(), text('none')))
  expect(hex(await one.next())).toBe('b004ffff0011')
})

test('filters compare literally: only the very same one ends a subscription [MQTT-3.10.4-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('a/+')
  for (const other of ['a/b', 'a/#', '+/+', '#', 'A/+', 'a/+/', '/a/+', 'a']) {
    expect((await one.unsubscribe(other)).granted).toEqual([0x11])
  }
  await one.publish('a/b', 'still')
  expect((await one.next('publish')).text).toBe('still')
  expect((await one.unsubscribe('a/+')).granted).toEqual([0])
  await one.publish('a/b', 'gone')
  await one.nothing()
})

test('other subscriptions that overlap go on [MQTT-3.10.4-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('a/#', { qos: 2 })
  await one.subscribe('a/b', { qos: 0 })
  await one.unsubscribe('a/#')
  await one.publish('a/b', 'x', { qos: 2 })
  expect(await one.next('publish')).toMatchObject({ qos: 0 })
  await one.unsubscribe('a/b')
  await one.publish('a/b', 'x')
  await one.nothing()
})

test('after UNSUBACK nothing that is published matches [MQTT-3.10.4-2]', async () => {
  await using broker = await startBroker()
  const one = await resident(broker, 'r')
  const publisher = await client(broker)
  await one.subscribe('t', { qos: 2 })
  await one.unsubscribe('t')
  for (const qos of [0, 1, 2] as const) await publisher.publish('t', 'x', { qos })
  await one.nothing()
  await one.end()
  await publisher.publish('t', 'x', { qos: 1 })
  await (await resident(broker, 'r')).nothing()
})

test('deliveries that were started are finished, QoS 1 and both halves of QoS 2 [MQTT-3.10.4-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  await publisher.publish('t', '1', { qos: 1 })
  await publisher.publish('t', '2', { qos: 2 })
  await publisher.publish('t', '3', { qos: 2 })
  const [first, second, third] = await one.collect(3, { autoAck: false })
  answer(one, 'pubrec', third!.messageId)
  await one.next('pubrel')
  expect((await one.unsubscribe('t')).granted).toEqual([0])
  answer(one, 'puback', first!.messageId)
  answer(one, 'pubrec', second!.messageId)
  expect(hex(await one.next('pubrel'))).toMatch(/^6202/)
  answer(one, 'pubcomp', second!.messageId)
  answer(one, 'pubcomp', third!.messageId)
  await one.nothing()
})

test('what was started before UNSUBSCRIBE is repeated on the next connection [MQTT-3.10.4-3] [MQTT-4.4.0-1]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  await publisher.publish('t', '1', { qos: 1 })
  await publisher.publish('t', '2', { qos: 2 })
  const sent = await before.collect(2, { autoAck: false })
  await before.unsubscribe('t')
  await before.drop()
  const after = await resident(broker, 'r')
  const again = await after.collect(2)
  expect(again.map(({ messageId }) => messageId)).toEqual(sent.map(({ messageId }) => messageId))
  expect(again.every(({ dup }) => dup)).toBe(true)
  await after.nothing()
})

test('the unsubscription belongs to the session: it holds on the next connection [MQTT-3.10.4-2]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('a', { qos: 1 })
  await before.subscribe('b', { qos: 1 })
  await before.unsubscribe('a')
  await before.end()
  const publisher = await client(broker)
  await publisher.publish('a', 'x', { qos: 1 })
  await publisher.publish('b', 'y', { qos: 1 })
  const after = await resident(broker, 'r')
  expect(await after.collect(1)).toMatchObject([{ topic: 'b' }])
  await after.nothing()
})

test('a shared and a plain subscription to one filter end separately [MQTT-3.10.4-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('$share/g/t')
  await one.subscribe('t')
  expect((await one.unsubscribe(['$share/other/t', '$share/g/t'])).granted).toEqual([0x11, 0])
  await one.publish('t', 'x')
  await one.collect(1)
  await one.nothing()
  await one.subscribe('$share/g/t')
  expect((await one.unsubscribe('t')).granted).toEqual([0])
  await one.publish('t', 'y')
  await one.collect(1)
  await one.nothing()
})

const unsubscribe = (...parts: Uint8Array[]) => frame(0xa2, u16(1), properties(), ...parts)

test.each([
  ['with flags 0 [MQTT-3.10.1-1] [MQTT-2.1.3-1]', frame(0xa0, u16(1), properties(), text('t')), 0x81],
  ['with flags 3 [MQTT-3.10.1-1] [MQTT-2.1.3-1]', frame(0xa3, u16(1), properties(), text('t')), 0x81],
  ['without a filter [MQTT-3.10.3-2]', unsubscribe(), 0x81],
  ['with identifier 0 [MQTT-2.2.1-3]', frame(0xa2, u16(0), properties(), text('t')), 0x81],
  ['with an empty filter [MQTT-4.7.3-1]', unsubscribe(text('')), 0x81],
  ['with U+0000 in a filter [MQTT-4.7.3-2]', unsubscribe(text('a\0')), 0x81],
  ['with bytes that are no UTF-8 [MQTT-3.10.3-1]', unsubscribe(text(byte(0xff))), 0x81],
  ['with a surrogate [MQTT-3.10.3-1]', unsubscribe(text(byte(0xed, 0xbf, 0xbf))), 0x81],
  ['with a filter that ends late [MQTT-3.10.3-1]', unsubscribe(u16(5), byte(0x61)), 0x81],
  ['with a subscription identifier', frame(0xa2, u16(1), properties(byte(0x0b, 1)), text('t')), 0x81],
] as const)('UNSUBSCRIBE %s ends its connection', async (_, packet, code) => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.sendRaw(packet)
  await expectDisconnect(one, code)
})
