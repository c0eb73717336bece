import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { byte, frame, text, u16 } from '../../support/bytes.ts'
import { answer, client, expectClosed, hex, resident3 } from './clients.ts'

const v3 = { version: 4 } as const
const levels = [0, 1, 2] as const

test.each(levels.flatMap(published => levels.map(granted => [published, granted] as const)))(
  'published at QoS %i and granted %i: delivered at the lower one [3.1.1 MQTT-3.8.4-6]',
  async (published, granted) => {
    await using broker = await startBroker()
    const receiver = await client(broker, v3)
    await receiver.subscribe('t', { qos: granted })
    await (await client(broker, v3)).publish('t', 'x', { qos: published })
    expect(await receiver.collect(1)).toMatchObject([{ qos: Math.min(published, granted), dup: false, retain: false }])
    await receiver.nothing()
  },
)

test('bytes of each QoS level, both ways [3.1.1 MQTT-3.3.4-1] [3.1.1 MQTT-2.3.1-5] [3.1.1 MQTT-2.3.1-6] [3.1.1 MQTT-4.3.1-1] [3.1.1 MQTT-3.3.1-2] [3.1.1 MQTT-4.3.2-2] [3.1.1 MQTT-4.3.3-2] [3.1.1 MQTT-4.3.3-1]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker, v3)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker, v3)
  publisher.sendRaw('3004 0001 74 78')
  expect(hex(await receiver.next())).toBe('30040001' + '74' + '78')
  publisher.sendRaw('3206 0001 74 0102 78')
  expect(hex(await publisher.next())).toBe('40020102')
  expect(hex(await receiver.next())).toMatch(/^3206000174....78$/)
  publisher.sendRaw('3406 0001 74 0102 78')
  expect(hex(await publisher.next())).toBe('50020102')
  publisher.sendRaw('62020102')
  expect(hex(await publisher.next())).toBe('70020102')
  const exact = hex(await receiver.next())
  expect(exact).toMatch(/^3406000174....78$/)
  const id = exact.slice(10, 14)
  receiver.sendRaw(`5002${id}`)
  expect(hex(await receiver.next())).toBe(`6202${id}`)
  receiver.sendRaw(`7002${id}`)
  await receiver.nothing()
})

test('nobody matches: PUBACK and PUBREC are the same two bytes of identifier [3.1.1 MQTT-3.3.4-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  one.sendPublish('nobody', 'x', { qos: 1, messageId: 5 })
  expect(hex(await one.next())).toBe('40020005')
  one.sendPublish('nobody', 'x', { qos: 2, messageId: 6 })
  expect(hex(await one.next())).toBe('50020006')
})

test('identifiers of open deliveries are free and not 0 [3.1.1 MQTT-2.3.1-4] [3.1.1 MQTT-4.3.2-1]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker, v3)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker, v3)
  for (let i = 0; i < 50; i++) publisher.sendPublish('t', `${i}`, { qos: i % 2 === 0 ? 1 : 2 })
  const ids = (await receiver.collect(50, { autoAck: false })).map(({ messageId }) => messageId)
  expect(new Set(ids).size).toBe(50)
  expect(ids).not.toContain(0)
})

test('a delivered QoS 1 stays open until PUBACK, and is not repeated within the connection [3.1.1 MQTT-4.3.2-1]', async () => {
  await using broker = await startBroker()
  const before = await resident3(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  await (await client(broker, v3)).publish('t', 'x', { qos: 1 })
  const { messageId } = await before.next('publish')
  await before.nothing()
  await before.drop()
  const after = await resident3(broker, 'r')
  expect(await after.next('publish')).toMatchObject({ messageId, dup: true })
})

test('DUP of the publisher is not passed on [3.1.1 MQTT-3.3.1-3]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker, v3)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker, v3)
  for (const qos of [1, 2] as const) await publisher.publish('t', 'x', { qos, dup: true })
  expect((await receiver.collect(2)).map(({ dup }) => dup)).toEqual([false, false])
})

test('repeats of a QoS 2 publish are answered and delivered once; after PUBCOMP its identifier is new [3.1.1 MQTT-4.3.3-2]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker, v3)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker, v3)
  for (let i = 0; i < 3; i++) {
    publisher.sendPublish('t', '1', { qos: 2, messageId: 4, dup: i > 0 })
    expect(hex(await publisher.next())).toBe('50020004')
  }
  answer(publisher, 'pubrel', 4)
  expect(hex(await publisher.next())).toBe('70020004')
  await publisher.publish('t', '2', { qos: 2, messageId: 4 })
  expect((await receiver.collect(2)).map(({ text }) => text)).toEqual(['1', '2'])
  await receiver.nothing()
})

test('stray acknowledgements are harmless; PUBREL and PUBREC of nothing are completed', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  one.sendRaw('40020009 70020009')
  await one.nothing()
  one.sendRaw('62020009')
  expect(hex(await one.next())).toBe('70020009')
  one.sendRaw('50020009')
  expect(hex(await one.next())).toBe('62020009')
})

test.each([
  ['QoS 3 [3.1.1 MQTT-3.3.1-4]', frame(0x36, text('t'), u16(1))],
  ['DUP at QoS 0 [3.1.1 MQTT-3.3.1-2] [3.1.1 MQTT-4.3.1-1]', frame(0x38, text('t'))],
  ['identifier 0 [3.1.1 MQTT-2.3.1-1]', frame(0x32, text('t'), u16(0))],
  ['no identifier at QoS 1 [3.1.1 MQTT-2.3.1-1]', frame(0x32, text('t'))],
  ['# in its topic [3.1.1 MQTT-3.3.2-2] [3.1.1 MQTT-4.7.1-1]', frame(0x30, text('a/#'))],
  ['+ in its topic [3.1.1 MQTT-3.3.2-2] [3.1.1 MQTT-4.7.1-1]', frame(0x30, text('a/+/b'))],
  ['an empty topic [3.1.1 MQTT-4.7.3-1]', frame(0x30, text(''))],
  ['U+0000 in its topic [3.1.1 MQTT-4.7.3-2] [3.1.1 MQTT-1.5.3-2]', frame(0x30, text('a\0b'))],
  ['a topic that is no UTF-8 [3.1.1 MQTT-3.3.2-1] [3.1.1 MQTT-1.5.3-1]', frame(0x30, text(byte(0xc3, 0x28)))],
  ['a topic that ends late [3.1.1 MQTT-3.3.2-1]', frame(0x30, u16(50), byte(0x61))],
] as const)('PUBLISH with %s closes the connection, and reaches nobody [3.1.1 MQTT-4.8.0-1]', async (_, bytes) => {
  await using broker = await startBroker()
  const watcher = await client(broker, v3)
  await watcher.subscribe('#')
  const one = await client(broker, v3)
  one.sendRaw(bytes)
  await expectClosed(one)
  await watcher.nothing()
})

test('retained: stored with its QoS, replaced, not by RETAIN 0, cleared by an empty payload [3.1.1 MQTT-3.3.1-5] [3.1.1 MQTT-3.3.1-7] [3.1.1 MQTT-3.3.1-10] [3.1.1 MQTT-3.3.1-11] [3.1.1 MQTT-3.3.1-12]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  const found = async () => {
    const reader = await client(broker, v3)
    await reader.subscribe('t', { qos: 2 })
    await reader.ping()
    const texts = reader.received.flatMap(packet => (packet.cmd === 'publish' ? [`${packet.text} ${packet.qos}`] : []))
    await reader.drop()
    return texts
  }
  await one.publish('t', 'first', { qos: 2, retain: true })
  expect(await found()).toEqual(['first 2'])
  await one.publish('t', 'second', { qos: 1, retain: true })
  await one.publish('t', 'passing', { qos: 1 })
  await one.publish('t', '', { qos: 1 })
  expect(await found()).toEqual(['second 1'])
  await one.publish('t', 'zero', { qos: 0, retain: true })
  await one.ping()
  expect(await found()).toEqual(['zero 0'])
  await one.publish('t', '', { qos: 1, retain: true })
  expect(await found()).toEqual([])
})

test('RETAIN is 1 for a new subscription and 0 for one that is there [3.1.1 MQTT-3.3.1-6] [3.1.1 MQTT-3.3.1-8] [3.1.1 MQTT-3.3.1-9]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  for (const topic of ['a/1', 'a/2', 'b']) await one.publish(topic, topic, { qos: 1, retain: true })
  await one.subscribe('a/+', { qos: 1 })
  const got = await one.collect(2)
  expect(got.map(({ topic }) => topic).sort()).toEqual(['a/1', 'a/2'])
  expect(got.every(({ retain }) => retain)).toBe(true)
  await one.publish('a/1', 'live', { retain: true })
  expect(await one.collect(1)).toMatchObject([{ text: 'live', retain: false }])
  await one.publish('a/1', '', { retain: true })
  expect(await one.collect(1)).toMatchObject([{ text: '', retain: false }])
  await one.nothing()
})

test('a publish that is not allowed is acknowledged like any other, and reaches nobody [3.1.1 MQTT-3.3.5-2]', async () => {
  const rules = [
    { effect: 'deny', action: 'publish', filters: ['no'] },
    { effect: 'allow', filters: ['#'] },
  ] as const
  await using broker = await startBroker({ kernel: { access: { rules } } })
  const watcher = await client(broker, v3)
  await watcher.subscribe('#', { qos: 2 })
  const one = await client(broker, v3)
  await one.publish('no', 'x', { qos: 0 })
  expect((await one.publish('no', 'x', { qos: 1 })).map(hex)).toEqual(['40020001'])
  expect((await one.publish('no', 'x', { qos: 2 })).map(hex)).toEqual(['50020002', '70020002'])
  await watcher.nothing()
})

test('a topic name matches the filter it is delivered for, exactly as sent [3.1.1 MQTT-3.3.2-3] [3.1.1 MQTT-4.7.3-4] [3.1.1 MQTT-1.5.3-3]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v3)
  const topics = ['/a', 'a/', 'A', 'a', '\ufeffa', 'ä', 'a\u0308', ' a', '//']
  for (const topic of topics) {
    await one.subscribe(topic)
    for (const other of topics) await one.publish(other, 'x')
    expect((await one.collect(1))[0]!.topic).toBe(topic)
    await one.nothing()
    await one.unsubscribe(topic)
  }
})

test('an accepted message reaches every matching session [3.1.1 MQTT-4.5.0-1] [3.1.1 MQTT-4.6.0-5]', async () => {
  await using broker = await startBroker()
  const receivers = []
  for (const filter of ['t', '+', '#']) {
    const one = await client(broker, v3)
    await one.subscribe(filter, { qos: 1 })
    receivers.push(one)
  }
  const publisher = await client(broker, v3)
  for (let i = 0; i < 20; i++) publisher.sendPublish('t', `${i}`, { qos: 1 })
  for (const one of receivers) {
    expect((await one.collect(20)).map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`))
  }
})

test('what cannot be stored is not acknowledged: its connection closes [3.1.1 MQTT-4.8.0-2]', async () => {
  await using broker = await startBroker({ kernel: { limits: { retainedMessages: 1 } } })
  const one = await client(broker, v3)
  await one.publish('a', 'x', { qos: 1, retain: true })
  one.sendPublish('b', 'x', { qos: 1, retain: true })
  const { packets } = await one.closed()
  expect(packets).toEqual([])
})

test('clients of 3.1.1 and 5.0 exchange messages, and need nothing of each other [3.1.1 MQTT-7.0.0-2]', async () => {
  await using broker = await startBroker()
  const old = await client(broker, v3)
  const modern = await client(broker)
  for (const one of [old, modern]) await one.subscribe('t', { qos: 2 })
  await modern.publish('t', 'new', {
    qos: 2,
    properties: { contentType: 'x', userProperties: [['a', 'b']], messageExpiryInterval: 5 },
  })
  expect(hex((await old.collect(1))[0]!)).toMatch(/^3408000174....6e6577$/)
  await modern.collect(1)
  await old.publish('t', 'old', { qos: 1 })
  const [message] = await modern.collect(1)
  expect(message!.properties ?? {}).toEqual({})
  await old.collect(1)
})
