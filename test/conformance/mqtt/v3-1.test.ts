import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { binary, byte, frame, text, u16 } from '../../support/bytes.ts'
import { answer, client, expectClosed, hex } from './clients.ts'

const v31 = { version: 3 } as const
const protocol = [text('MQIsdp'), byte(3)]
const clean = 0x02

test('MQIsdp at level 3 is let in, and its CONNACK has no session present flag', async () => {
  await using broker = await startBroker()
  const one = await broker.wire({ version: 3 })
  one.sendRaw(frame(0x10, ...protocol, byte(0), u16(0), text('c')))
  expect(hex(await one.next())).toBe('20020000')
  await one.nothing()
})

test('the second byte of CONNACK stays 0 when a session is resumed', async () => {
  await using broker = await startBroker()
  for (let i = 0; i < 2; i++) {
    const one = await broker.wire({ version: 3 })
    one.sendRaw(frame(0x10, ...protocol, byte(0), u16(0), text('c')))
    expect(hex(await one.next())).toBe('20020000')
    await one.end()
  }
})

test('an empty identifier is refused with 0x02', async () => {
  await using broker = await startBroker()
  const one = await broker.wire({ version: 3 })
  one.sendRaw(frame(0x10, ...protocol, byte(clean), u16(0), text('')))
  expect((await one.closed()).packets.map(hex)).toEqual(['20020002'])
})

test('identifiers longer than 23 characters are taken', async () => {
  await using broker = await startBroker()
  await (await client(broker, { ...v31, clientId: 'x'.repeat(100) })).nothing()
})

test('all QoS levels, retained messages and shared bytes with 3.1.1', async () => {
  await using broker = await startBroker()
  const old = await client(broker, v31)
  const newer = await client(broker, { version: 4 })
  expect((await old.subscribe('t', { qos: 2 })).granted).toEqual([2])
  await newer.subscribe('t', { qos: 2 })
  for (const qos of [0, 1, 2] as const) {
    await newer.publish('t', `${qos}`, { qos })
    await newer.ping()
    await old.publish('t', `${qos}`, { qos })
  }
  for (const one of [old, newer]) {
    expect((await one.collect(6)).map(({ text, qos }) => `${text}${qos}`)).toEqual(['00', '00', '11', '11', '22', '22'])
    await one.nothing()
  }
  await old.publish('r', 'kept', { qos: 1, retain: true })
  await newer.subscribe('r', { qos: 1 })
  expect(await newer.collect(1)).toMatchObject([{ text: 'kept', retain: true }])
})

test('a session without clean session queues and repeats, with DUP', async () => {
  await using broker = await startBroker()
  const before = await client(broker, { ...v31, clientId: 'r', clean: false })
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker, v31)
  await publisher.publish('t', '1', { qos: 1 })
  const { messageId } = await before.next('publish')
  await before.end()
  await publisher.publish('t', '2', { qos: 2 })
  const after = await client(broker, { ...v31, clientId: 'r', clean: false })
  expect(await after.collect(2)).toMatchObject([
    { text: '1', dup: true, messageId },
    { text: '2', qos: 2 },
  ])
})

test('repeated SUBSCRIBE, UNSUBSCRIBE and PUBREL have the DUP flag, which is no error here', async () => {
  await using broker = await startBroker()
  const one = await client(broker, v31)
  one.sendRaw(frame(0x8a, u16(1), text('t'), byte(1)))
  expect(hex(await one.next())).toBe('9003000101')
  one.sendPublish('t', 'x', { qos: 2, messageId: 5 })
  await one.take('pubrec')
  one.sendRaw(frame(0x6a, u16(5)))
  await one.take('pubcomp')
  expect((await one.take('publish')).text).toBe('x')
  one.sendRaw(frame(0xaa, u16(2), text('t')))
  expect(hex(await one.next())).toBe('b0020002')
})

test('a will with its QoS and retain', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker, v31)
  await watcher.subscribe('w', { qos: 2 })
  const one = await broker.wire({ version: 3 })
  one.sendRaw(frame(0x10, ...protocol, byte(clean | 0x04 | 0x20 | 0x10), u16(0), text('c'), text('w'), binary('dead')))
  await one.next('connack')
  await one.drop()
  const message = await watcher.next('publish')
  expect(message).toMatchObject({ text: 'dead', qos: 2, retain: false })
  answer(watcher, 'pubrec', message.messageId)
  expect(hex(await watcher.next())).toBe(`6202${u16(message.messageId!).toString('hex')}`)
})

test('wrong credentials get 0x04, none 0x05', async () => {
  await using broker = await startBroker({ kernel: { access: { anonymous: 'never' } } })
  const named = await broker.wire({ version: 3 })
  named.sendRaw(frame(0x10, ...protocol, byte(clean | 0xc0), u16(0), text('c'), text('ann'), binary('no')))
  expect((await named.closed()).packets.map(hex)).toEqual(['20020004'])
  const nobody = await broker.wire({ version: 3 })
  nobody.sendRaw(frame(0x10, ...protocol, byte(clean), u16(0), text('c')))
  expect((await nobody.closed()).packets.map(hex)).toEqual(['20020005'])
})

test.each([
  ['QoS 3', '36050001740001'],
  ['a wildcard in its topic', '3003000123'],
  ['an empty topic', '30020000'],
])('PUBLISH with %s closes the connection', async (_, bytes) => {
  await using broker = await startBroker()
  const one = await client(broker, v31)
  one.sendRaw(bytes)
  await expectClosed(one)
})
