import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { answer, client, expectDisconnect, hex, resident } from './clients.ts'

const levels = [0, 1, 2] as const
const combinations = levels.flatMap(published => levels.map(granted => [published, granted] as const))

test.each(combinations)(
  'published at QoS %i and granted %i: delivered at the lower one [MQTT-3.8.4-8]',
  async (published, granted) => {
    await using broker = await startBroker()
    const receiver = await client(broker)
    expect((await receiver.subscribe('t', { qos: granted })).granted).toEqual([granted])
    await (await client(broker)).publish('t', 'x', { qos: published })
    const message = await receiver.next('publish')
    expect(message).toMatchObject({ topic: 't', qos: Math.min(published, granted), dup: false, retain: false })
    await receiver.ack(message)
    await receiver.nothing()
  },
)

test('QoS 0 goes out without identifier and DUP, and nothing answers it [MQTT-4.3.1-1] [MQTT-2.2.1-2] [MQTT-3.3.4-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  await one.subscribe('t')
  await one.publish('t', 'x')
  expect(hex(await one.next())).toBe('300500017400' + '78')
  await one.nothing()
})

test('a QoS 1 publish is answered by PUBACK, and its identifier then means a new message [MQTT-4.3.2-4] [MQTT-4.3.2-5] [MQTT-3.3.4-1]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  for (const payload of ['1', '2', '3']) {
    publisher.sendPublish('t', payload, { qos: 1, messageId: 7 })
    expect(hex(await publisher.next())).toBe('40020007')
  }
  expect((await receiver.collect(3)).map(({ text }) => text)).toEqual(['1', '2', '3'])
})

test('DUP of a QoS 1 publish is not passed on, and it is delivered as a new message [MQTT-3.3.1-3]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  await publisher.publish('t', '1', { qos: 1, messageId: 7 })
  await publisher.publish('t', '1', { qos: 1, messageId: 7, dup: true })
  const messages = await receiver.collect(2)
  expect(messages.map(({ dup }) => dup)).toEqual([false, false])
})

test('QoS 1 stays open until PUBACK: unacknowledged, it comes again on the next connection [MQTT-4.3.2-3] [MQTT-4.4.0-1] [MQTT-3.3.1-1]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  await (await client(broker)).publish('t', 'x', { qos: 1 })
  const first = await before.next('publish')
  // Never repeated within a connection.
  await before.nothing()
  await before.drop()
  const after = await resident(broker, 'r')
  const again = await after.next('publish')
  expect(again).toMatchObject({ messageId: first.messageId, dup: true, qos: 1, topic: 't' })
  await after.ack(again)
  await after.nothing()
  await after.end()
  await (await resident(broker, 'r')).nothing()
})

test('QoS 2 inbound: PUBREC, PUBREL, PUBCOMP, one delivery [MQTT-4.3.3-8] [MQTT-4.3.3-11]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  publisher.sendPublish('t', 'x', { qos: 2, messageId: 9 })
  expect(hex(await publisher.next())).toBe('50020009')
  answer(publisher, 'pubrel', 9)
  expect(hex(await publisher.next())).toBe('70020009')
  await receiver.collect(1)
  await receiver.nothing()
})

test('repeats of a QoS 2 publish before PUBREL get PUBREC and are delivered once [MQTT-4.3.3-10]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  for (const dup of [false, true, true, false]) {
    publisher.sendPublish('t', 'x', { qos: 2, messageId: 9, dup })
    expect(hex(await publisher.next())).toBe('50020009')
  }
  answer(publisher, 'pubrel', 9)
  await publisher.next('pubcomp')
  expect((await receiver.collect(1))[0]).toMatchObject({ dup: false })
  await receiver.nothing()
})

test('after PUBCOMP the identifier means a new message [MQTT-4.3.3-12]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  await publisher.publish('t', '1', { qos: 2, messageId: 9 })
  await publisher.publish('t', '2', { qos: 2, messageId: 9 })
  await publisher.publish('t', '3', { qos: 2, messageId: 9, dup: true })
  expect((await receiver.collect(3)).map(({ text }) => text)).toEqual(['1', '2', '3'])
})

test('PUBREL comes twice: PUBCOMP each time, and still one delivery [MQTT-4.3.3-11]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  await publisher.publish('t', 'x', { qos: 2, messageId: 9 })
  answer(publisher, 'pubrel', 9)
  expect(hex(await publisher.next())).toBe('70020009')
  await receiver.collect(1)
  await receiver.nothing()
})

test('exactly once holds when the publisher repeats on its next connection [MQTT-4.3.3-10] [MQTT-4.4.0-1]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  const before = await resident(broker, 'p')
  before.sendPublish('t', 'x', { qos: 2, messageId: 9 })
  await before.next('pubrec')
  await before.drop()
  const between = await resident(broker, 'p')
  between.sendPublish('t', 'x', { qos: 2, messageId: 9, dup: true })
  expect(hex(await between.next())).toBe('50020009')
  await between.drop()
  const after = await resident(broker, 'p')
  answer(after, 'pubrel', 9)
  expect(hex(await after.next())).toBe('70020009')
  await receiver.collect(1)
  await receiver.nothing()
})

test('a new session knows no old identifiers: the same one is a new message [MQTT-4.3.3-12]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  const before = await resident(broker, 'p')
  before.sendPublish('t', '1', { qos: 2, messageId: 9 })
  await before.next('pubrec')
  await before.drop()
  const after = await resident(broker, 'p', { clean: true })
  answer(after, 'pubrel', 9)
  expect(hex(await after.next())).toBe('70020009')
  await after.publish('t', '2', { qos: 2, messageId: 9 })
  expect((await receiver.collect(2)).map(({ text }) => text)).toEqual(['1', '2'])
})

test('a refused QoS 2 publish leaves its identifier free for a new message [MQTT-4.3.3-9]', async () => {
  const rules = [
    { effect: 'deny', action: 'publish', filters: ['secret'] },
    { effect: 'allow', filters: ['#'] },
  ] as const
  await using broker = await startBroker({ kernel: { access: { rules } } })
  const receiver = await client(broker)
  await receiver.subscribe('#', { qos: 2 })
  const publisher = await client(broker)
  publisher.sendPublish('secret', 'x', { qos: 2, messageId: 9 })
  expect(hex(await publisher.next())).toBe('5003000987')
  publisher.sendPublish('open', 'y', { qos: 2, messageId: 9 })
  expect(hex(await publisher.next())).toBe('50020009')
  expect((await receiver.collect(1))[0]).toMatchObject({ topic: 'open' })
})

test('QoS 2 outbound: PUBREL follows PUBREC, PUBCOMP ends it [MQTT-4.3.3-3] [MQTT-4.3.3-4] [MQTT-4.3.3-5]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  await (await client(broker)).publish('t', 'x', { qos: 2 })
  const { messageId } = await receiver.next('publish')
  await receiver.nothing()
  answer(receiver, 'pubrec', messageId)
  expect(await receiver.next('pubrel')).toMatchObject({ messageId })
  await receiver.nothing()
  answer(receiver, 'pubcomp', messageId)
  await receiver.nothing()
  // Done: a repetition is answered as before.
  answer(receiver, 'pubrec', messageId)
  expect(await receiver.next('pubrel')).toMatchObject({ messageId })
})

test('PUBREC comes twice: PUBREL each time, never PUBLISH [MQTT-4.3.3-4] [MQTT-4.3.3-6]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  await (await client(broker)).publish('t', 'x', { qos: 2 })
  const { messageId } = await receiver.next('publish')
  for (let i = 0; i < 3; i++) {
    answer(receiver, 'pubrec', messageId)
    expect(hex(await receiver.next())).toMatch(/^6202/)
  }
  answer(receiver, 'pubcomp', messageId)
  await receiver.nothing()
})

test('PUBCOMP before PUBREC is a protocol error, and does not end the delivery [MQTT-4.3.3-3]', async () => {
  await using broker = await startBroker()
  const receiver = await resident(broker, 'r')
  await receiver.subscribe('t', { qos: 2 })
  await (await client(broker)).publish('t', 'x', { qos: 2 })
  const { messageId } = await receiver.next('publish')
  answer(receiver, 'pubcomp', messageId)
  await expectDisconnect(receiver, 0x82)
  const again = await resident(broker, 'r')
  expect(await again.next('publish')).toMatchObject({ messageId, dup: true })
})

test.each([
  ['PUBACK', 2],
  ['PUBREC', 1],
  ['PUBCOMP', 1],
] as const)('%s for a delivery at QoS %i is a protocol error', async (name, qos) => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos })
  await (await client(broker)).publish('t', 'x', { qos })
  const { messageId } = await receiver.next('publish')
  answer(receiver, name === 'PUBACK' ? 'puback' : 'pubrec', messageId)
  await expectDisconnect(receiver, 0x82)
})

test.each([0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])(
  'PUBACK or PUBREC %i ends the delivery: it is never sent again [MQTT-4.4.0-2]',
  async reasonCode => {
    await using broker = await startBroker()
    const before = await resident(broker, 'r')
    await before.subscribe('t', { qos: 2 })
    const publisher = await client(broker)
    await publisher.publish('t', '1', { qos: 1 })
    await publisher.publish('t', '2', { qos: 2 })
    const [one, two] = await before.collect(2, { autoAck: false })
    answer(before, 'puback', one!.messageId, reasonCode)
    answer(before, 'pubrec', two!.messageId, reasonCode)
    await before.nothing()
    await before.drop()
    await (await resident(broker, 'r')).nothing()
  },
)

test('the handshake of a QoS 2 message is finished although the message has expired [MQTT-4.3.3-7] [MQTT-4.3.3-13]', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  const properties = { messageExpiryInterval: 5 }
  await publisher.publish('t', 'sent', { qos: 2, properties })
  await publisher.publish('t', 'received', { qos: 2, properties })
  const [sent, received] = await before.collect(2, { autoAck: false })
  answer(before, 'pubrec', received!.messageId)
  await before.next('pubrel')
  await broker.clock.advance(60_000)
  await before.drop()
  const after = await resident(broker, 'r')
  const again = await after.next('publish')
  expect(again).toMatchObject({ messageId: sent!.messageId, dup: true })
  const released = await after.next('pubrel')
  expect(released.messageId).toBe(received!.messageId)
  answer(after, 'pubcomp', released.messageId)
  answer(after, 'pubrec', again.messageId)
  expect((await after.next('pubrel')).messageId).toBe(again.messageId)
})

test('an inbound QoS 2 handshake is finished although the message has expired [MQTT-4.3.3-13]', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const publisher = await client(broker)
  publisher.sendPublish('t', 'x', { qos: 2, messageId: 9, properties: { messageExpiryInterval: 1 } })
  await publisher.next('pubrec')
  await broker.clock.advance(5_000)
  answer(publisher, 'pubrel', 9)
  expect(hex(await publisher.next())).toBe('70020009')
})
