import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { byte, frame, properties, text, u16, u32, userProperty } from '../../support/bytes.ts'
import { answer, client, expectDisconnect, hex, resident } from './clients.ts'

const puback = 0x40
const pubrec = 0x50
const pubrel = 0x62
const pubcomp = 0x70

const publishCodes = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
const releaseCodes = [0x00, 0x92]

test('PUBACK has the identifier alone when the message was taken, and 0x10 when nobody wanted it [MQTT-3.4.2-1] [MQTT-2.2.1-5]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker)
  await watcher.subscribe('a')
  const publisher = await client(broker)
  publisher.sendPublish('a', 'x', { qos: 1, messageId: 0x0102 })
  expect(hex(await publisher.next())).toBe('40020102')
  publisher.sendPublish('nobody', 'x', { qos: 1, messageId: 0xfffe })
  expect(hex(await publisher.next())).toBe('4003fffe10')
})

test('PUBREC has the identifier alone when the message was taken, and when nobody wanted it [MQTT-3.5.2-1] [MQTT-2.2.1-5]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker)
  await watcher.subscribe('a')
  const publisher = await client(broker)
  publisher.sendPublish('a', 'x', { qos: 2, messageId: 0x0102 })
  expect(hex(await publisher.next())).toBe('50020102')
  publisher.sendPublish('nobody', 'x', { qos: 2, messageId: 0xfffe })
  expect(hex(await publisher.next())).toBe('5002fffe')
})

test('PUBCOMP has the identifier alone, even if nothing is known of it [MQTT-3.7.2-1] [MQTT-2.2.1-5] [MQTT-4.3.3-11]', async () => {
  await using broker = await startBroker()
  const publisher = await client(broker)
  publisher.sendPublish('a', 'x', { qos: 2, messageId: 0x0102 })
  await publisher.next('pubrec')
  publisher.sendRaw('62020102')
  expect(hex(await publisher.next())).toBe('70020102')
  publisher.sendRaw('62020102')
  expect(hex(await publisher.next())).toBe('70020102')
  publisher.sendRaw('62020999')
  expect(hex(await publisher.next())).toBe('70020999')
})

test('PUBREL answers PUBREC with the identifier alone, even if nothing is known of it, but no refusal [MQTT-3.6.2-1] [MQTT-2.2.1-5]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('a', { qos: 2 })
  await (await client(broker)).publish('a', 'x', { qos: 2 })
  const { messageId } = await receiver.next('publish')
  answer(receiver, 'pubrec', messageId)
  expect(hex(await receiver.next())).toBe(`6202${u16(messageId!).toString('hex')}`)
  receiver.sendRaw('50020999')
  expect(hex(await receiver.next())).toBe('62020999')
  receiver.sendRaw('5003099880')
  await receiver.nothing()
})

test.each([
  ['PUBACK', puback, publishCodes],
  ['PUBREC', pubrec, publishCodes],
  ['PUBREL', pubrel, releaseCodes],
  ['PUBCOMP', pubcomp, releaseCodes],
] as const)(
  'every reason code of its table is taken in a %s, and any other is a protocol error [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]',
  async (_, header, allowed) => {
    await using broker = await startBroker()
    const good = await client(broker)
    for (const code of allowed) {
      good.sendRaw(frame(header, u16(7), byte(code)))
      good.sendRaw(frame(header, u16(7), byte(code), properties()))
    }
    await good.ping()
    for (const code of [0x01, 0x04, 0x11, 0x18, 0x81, 0x82, 0x93, 0xff]) {
      const bad = await client(broker)
      bad.sendRaw(frame(header, u16(7), byte(code)))
      await expectDisconnect(bad, 0x82)
    }
  },
)

test.each([
  ['PUBACK', puback],
  ['PUBREC', pubrec],
  ['PUBREL', pubrel],
  ['PUBCOMP', pubcomp],
] as const)('a %s with a reason string and user properties is taken', async (_, header) => {
  await using broker = await startBroker()
  const one = await client(broker)
  const both = properties(byte(0x1f), text('why'), userProperty('a', '1'), userProperty('a', '2'))
  one.sendRaw(frame(header, u16(7), byte(0), both))
  await one.ping()
})

test.each([
  ['without its identifier', () => [], 0x81],
  ['with half an identifier', () => [byte(1)], 0x81],
  ['with identifier 0', () => [u16(0)], 0x82],
  ['with properties that end early', () => [u16(7), byte(0), byte(5)], 0x81],
  ['with bytes after its properties', () => [u16(7), byte(0), byte(0), byte(0)], 0x81],
  ['with a property that does not exist', () => [u16(7), byte(0), properties(byte(0x7f, 0))], 0x81],
  ['with a property of CONNECT', () => [u16(7), byte(0), properties(byte(0x11), u32(1))], 0x82],
  ['with two reason strings', () => [u16(7), byte(0), properties(byte(0x1f), text('a'), byte(0x1f), text('b'))], 0x82],
  ['with U+0000 in its reason string', () => [u16(7), byte(0), properties(byte(0x1f), text('a\0b'))], 0x81],
] as const)('an acknowledgement %s ends its connection', async (_, body, code) => {
  await using broker = await startBroker()
  for (const header of [puback, pubrec, pubrel, pubcomp]) {
    const one = await client(broker)
    one.sendRaw(frame(header, ...body()))
    await expectDisconnect(one, code)
  }
})

test('PUBREL without the flags 0010 is malformed, and so is any flag of PUBACK, PUBREC or PUBCOMP [MQTT-3.6.1-1] [MQTT-2.1.3-1]', async () => {
  await using broker = await startBroker()
  const wrong = [0x60, 0x61, 0x63, 0x64, 0x68, 0x6a, 0x41, 0x42, 0x44, 0x48, 0x51, 0x52, 0x58, 0x71, 0x72, 0x78]
  for (const header of wrong) {
    const one = await client(broker)
    one.sendRaw(frame(header, u16(7)))
    await expectDisconnect(one, 0x81)
  }
})

test('acknowledgements of what was never sent change nothing', async () => {
  await using broker = await startBroker()
  const one = await client(broker, { properties: { receiveMaximum: 1 } })
  await one.subscribe('a', { qos: 1 })
  for (let i = 1; i <= 20; i++) one.sendRaw(frame(puback, u16(i)))
  for (let i = 1; i <= 20; i++) one.sendRaw(frame(pubcomp, u16(i)))
  await one.nothing()
  const publisher = await client(broker)
  await publisher.publish('a', '1', { qos: 1 })
  await publisher.publish('a', '2', { qos: 1 })
  const first = await one.next('publish')
  expect(first.text).toBe('1')
  // The stray ones did not raise the quota of one.
  await one.nothing()
  await one.ack(first)
  expect((await one.next('publish')).text).toBe('2')
})

test('a PUBACK that comes twice settles one message only', async () => {
  await using broker = await startBroker()
  const one = await client(broker, { properties: { receiveMaximum: 1 } })
  await one.subscribe('a', { qos: 1 })
  const publisher = await client(broker)
  for (const payload of ['1', '2', '3']) await publisher.publish('a', payload, { qos: 1 })
  const first = await one.next('publish')
  await one.ack(first)
  const second = await one.next('publish')
  expect(second.messageId).not.toBe(first.messageId)
  await one.ack(first)
  await one.nothing()
  await one.ack(second)
  expect((await one.next('publish')).text).toBe('3')
})

const long = `long/${'x'.repeat(200)}`

/** The broker names topics and filters in its reasons; none of this length would fit. */
const limited = { maximumPacketSize: 64 }

test('acknowledgements leave out what would not fit into the Maximum Packet Size [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3]', async () => {
  const rules = [
    { effect: 'deny', action: 'publish', filters: [long] },
    { effect: 'allow', filters: ['#'] },
  ] as const
  await using broker = await startBroker({ kernel: { access: { rules } } })
  const one = await client(broker, { properties: limited })
  one.sendPublish(long, 'x', { qos: 1, messageId: 1 })
  expect(hex(await one.next())).toBe('4003000187')
  one.sendPublish(long, 'x', { qos: 2, messageId: 2 })
  expect(hex(await one.next())).toBe('5003000287')
  one.sendRaw('62020003')
  expect(hex(await one.next())).toBe('70020003')
  one.sendRaw('50020004')
  expect(hex(await one.next())).toBe('62020004')
})

test('SUBACK and UNSUBACK leave out what would not fit into the Maximum Packet Size [MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, { properties: limited })
  one.sendRaw(frame(0x82, u16(5), properties(), text(`$exclusive/${long}/#`), byte(0)))
  expect(hex(await one.next())).toBe('90040005008f')
  one.sendRaw(frame(0xa2, u16(6), properties(), text(long)))
  expect(hex(await one.next())).toBe('b00400060011')
})

test('an acknowledgement between two sessions of a client finds nothing and hurts nothing', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'gone')
  await before.subscribe('a', { qos: 2 })
  const publisher = await client(broker)
  await publisher.publish('a', 'x', { qos: 2 })
  const { messageId } = await before.next('publish')
  await before.drop()
  const after = await client(broker, { clientId: 'gone', clean: true })
  answer(after, 'puback', messageId)
  answer(after, 'pubcomp', messageId)
  await after.nothing()
  answer(after, 'pubrec', messageId)
  expect(hex(await after.next('pubrel'))).toBe(`6202${u16(messageId!).toString('hex')}`)
})

test('a retained message that was stored and that nobody heard is acknowledged with 0x10 [MQTT-3.4.2-1]', async () => {
  await using broker = await startBroker({ storage: 'file' })
  const publisher = await client(broker)
  const publish = async () => (await publisher.publish('a', 'x', { qos: 1, retain: true }))[0]
  expect(await publish()).toMatchObject({ cmd: 'puback', reasonCode: 0x10 })
  const watcher = await client(broker)
  await watcher.subscribe('a')
  expect(await publish()).not.toHaveProperty('reasonCode', 0x10)
})
