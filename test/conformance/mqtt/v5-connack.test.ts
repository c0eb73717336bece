import { describe, expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { frame, properties, u16, u32, varint } from '../../support/bytes.ts'
import { propertiesOf } from '../../support/wire-properties.ts'
import { client } from './clients.ts'
import { answersTo, bytes, hex, lastWords, packet } from './raw.ts'

describe('CONNACK', () => {
  test('of an accepted CONNECT is 0x00 with what this server can do [MQTT-3.1.4-5] [MQTT-3.2.2-1] [MQTT-3.2.2-8]', async () => {
    await using broker = await startBroker()
    await using one = await broker.wire()
    const { raw } = await one.connect()
    const section = properties(bytes('21'), u16(1024), bytes('22'), u16(10), bytes('27'), u32(2_097_152))
    const sorted = propertiesOf(raw).toSorted((a, b) => a.id - b.id)
    expect(sorted).toEqual(propertiesOf(frame(0x20, bytes('00 00'), section)))
    expect(raw.subarray(0, 4)).toEqual(bytes('20 0e 00 00'))
  })
  test('says things in one order, and leaves out what goes without saying', async () => {
    const mqtt = { topicAliasMaximum: 10, maxPacketBytes: 2_000_000, receiveMaximum: 20 }
    await using broker = await startBroker({ mqtt })
    await using one = await broker.wire()
    expect((await one.connect()).raw.toString('hex')).toBe('200e00000b22000a27001e8480210014')
    await using plain = await startBroker({ mqtt: { ...mqtt, topicAliasMaximum: 0, receiveMaximum: 65_535 } })
    await using two = await plain.wire()
    expect((await two.connect()).raw.toString('hex')).toBe('200800000527001e8480')
  })
  test('has no flag but Session Present [MQTT-3.2.2-1]', async () => {
    await using broker = await startBroker()
    for (const flags of [0, 1]) {
      await using one = await broker.wire()
      const { raw } = await one.connect({ clientId: 's', clean: false, properties: { sessionExpiryInterval: 9 } })
      expect(raw[2]).toBe(flags)
    }
  })
  test('is the first packet, before what is queued and before all answers [MQTT-3.2.0-1] [MQTT-3.2.0-2]', async () => {
    await using broker = await startBroker()
    const kept = { clientId: 's', clean: false, properties: { sessionExpiryInterval: 9 } }
    await using first = await client(broker, kept)
    await first.subscribe('t', { qos: 1 })
    await first.drop()
    await using publisher = await client(broker)
    for (const text of ['1', '2', '3']) await publisher.publish('t', text, { qos: 1 })
    await using second = await broker.wire()
    second.sendRaw(
      Buffer.concat([
        packet(0x10, "'MQTT' 05 00 0000 05 11 00000009 's'"),
        packet(0xc0, ''),
        packet(0x32, "'u' 0001 00"),
      ]),
    )
    const cmds = []
    for (let i = 0; i < 6; i++) cmds.push((await second.next()).cmd)
    expect(cmds.slice(0, 4)).toEqual(['connack', 'publish', 'publish', 'publish'])
    expect(cmds.slice(4).sort()).toEqual(['pingresp', 'puback'])
    await second.subscribe('x')
    await second.ping()
    expect(second.received.filter(({ cmd }) => cmd === 'connack')).toHaveLength(1)
  })
})

describe('a refusal', () => {
  test('has Session Present 0 even where there is a session, and the connection ends [MQTT-3.2.2-6] [MQTT-3.2.2-7]', async () => {
    await using broker = await startBroker()
    await using one = await client(broker, { clientId: 'c', properties: { sessionExpiryInterval: 9 } })
    await one.drop()
    for (const body of ["'MQTT' 05 01 0000 00 'c'", "'MQTT' 05 00 0000 04 15 'x' 'c'", "'MQTT' 06 00 0000 00 'c'"]) {
      const [connack, ...rest] = await answersTo(broker, packet(0x10, body))
      expect(connack).toMatch(/^20..00(81|8c|84)/)
      expect(rest).toEqual([])
    }
  })
  test.each([
    ['malformed', "'MQTT' 05 03 0000 00 'c'", 0x81],
    ['protocol error', "'MQTT' 05 02 0000 03 21 0000 'c'", 0x82],
    ['unsupported protocol version', "'MQTT' 07 02 0000 00 'c'", 0x84],
    ['client identifier not valid', "'MQTT' 05 02 0000 00 0001 ff", 0x85],
    ['bad authentication method', "'MQTT' 05 02 0000 04 15 'x' 'c'", 0x8c],
    ['topic name invalid', "'MQTT' 05 06 0000 00 'c' 00 '$SYS/a' 'p'", 0x90],
    ['payload format invalid', "'MQTT' 05 06 0000 00 'c' 02 0101 'w' 0001 ff", 0x99],
  ])('says why: %s [MQTT-3.2.2-8]', async (_name, body, code) => {
    await using broker = await startBroker()
    const [connack, ...rest] = await answersTo(broker, packet(0x10, body))
    expect(Number.parseInt(connack?.slice(6, 8) ?? '', 16)).toBe(code)
    expect(rest).toEqual([])
  })
  test.each([
    [false, 0x9c],
    [true, 0x9d],
  ])('sends to another server, with its reference: permanent %s [MQTT-3.2.2-8]', async (permanent, code) => {
    await using broker = await startBroker({ mqtt: { redirect: { to: 'b.example:1883', permanent } } })
    const answer = frame(0x20, bytes('00'), Buffer.of(code), bytes("11 1c 'b.example:1883'"))
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 00 'c'"))).toEqual([answer.toString('hex')])
  })
  test('for want of room says quota exceeded [MQTT-3.2.2-8]', async () => {
    await using broker = await startBroker({ kernel: { limits: { sessions: 1 } } })
    await using one = await client(broker)
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 00 'c'"))).toEqual(['2003009700'])
    await one.nothing()
  })
  test('of a banned client says so [MQTT-3.2.2-8]', async () => {
    await using broker = await startBroker()
    await broker.kernel.blacklist.add({ kind: 'client-id', value: 'bad' })
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 00 'bad'"))).toEqual(['2003008a00'])
  })
})

describe('what CONNACK leaves out is available', () => {
  test('every QoS, so no Maximum QoS [MQTT-3.2.2-9] [MQTT-3.2.2-10] [MQTT-3.2.2-11] [MQTT-3.2.2-12]', async () => {
    await using broker = await startBroker()
    await using one = await broker.wire()
    const connack = await one.connect({ will: { topic: 'w', payload: Buffer.from('w'), qos: 2, retain: false } })
    expect(connack.reasonCode).toBe(0)
    expect(connack.properties).not.toHaveProperty('maximumQoS')
    for (const qos of [0, 1, 2] as const) {
      expect((await one.subscribe(`q/${qos}`, { qos })).granted).toEqual([qos])
      await one.publish(`q/${qos}`, '', { qos })
      expect((await one.collect(1)).map(message => message.qos)).toEqual([qos])
    }
  })
  test('retained messages, so no Retain Available [MQTT-3.2.2-13] [MQTT-3.2.2-14]', async () => {
    await using broker = await startBroker()
    await using one = await broker.wire()
    const connack = await one.connect({ will: { topic: 'w', payload: Buffer.from('w'), qos: 0, retain: true } })
    expect(connack.reasonCode).toBe(0)
    expect(connack.properties).not.toHaveProperty('retainAvailable')
    expect(await one.publish('r', 'x', { qos: 1, retain: true })).toMatchObject([{ reasonCode: 0x10 }])
    await one.subscribe('r')
    expect((await one.collect(1)).map(({ retain }) => retain)).toEqual([true])
  })
  test('wildcards, identifiers and shared subscriptions, so nothing is said of them', async () => {
    await using broker = await startBroker()
    await using one = await broker.wire()
    const names = propertiesOf((await one.connect()).raw).map(({ name }) => name)
    for (const name of names) expect(name).not.toMatch(/Available$/)
    const granted = await one.subscribe([{ topic: '+/#' }, { topic: '$share/g/t' }], { subscriptionIdentifier: 1 })
    expect(granted.granted).toEqual([0, 0])
  })
})

describe('the maximum packet size of the server', () => {
  test('is announced; a packet of that size is taken, one byte more is 0x95 [MQTT-3.2.2-15]', async () => {
    await using broker = await startBroker({ mqtt: { maxPacketBytes: 1_000 } })
    await using one = await broker.wire()
    expect((await one.connect()).properties).toMatchObject({ maximumPacketSize: 1_000 })
    await one.subscribe('t')
    const payload = Buffer.alloc(1_000 - 3 - 3 - 1)
    one.sendRaw(frame(0x30, bytes("'t' 00"), payload))
    expect((await one.collect(1))[0]?.raw).toHaveLength(1_000)
    one.sendRaw(frame(0x30, bytes("'t' 00"), payload, Buffer.of(0)))
    expect(hex((await one.closed()).packets)).toEqual(['e00195'])
  })
  test('is held against the announced length, before anything has come [MQTT-3.2.2-15]', async () => {
    await using broker = await startBroker({ mqtt: { maxPacketBytes: 1_000 } })
    expect(await lastWords(broker, Buffer.concat([bytes('30'), varint(268_435_455)]))).toEqual(['e00195'])
    expect(await lastWords(broker, Buffer.concat([bytes('82'), varint(998)]))).toEqual(['e00195'])
  })
  test('binds CONNECT too [MQTT-3.2.2-15]', async () => {
    await using broker = await startBroker({ mqtt: { maxPacketBytes: 1_000 } })
    expect(await answersTo(broker, Buffer.concat([bytes('10'), varint(1_000)]))).toEqual([])
  })
})

describe('the topic alias maximum of the server', () => {
  test.each([1, 10, 65_535])('%i is announced and kept [MQTT-3.2.2-17]', async topicAliasMaximum => {
    await using broker = await startBroker({ mqtt: { topicAliasMaximum } })
    await using one = await broker.wire()
    expect((await one.connect()).properties).toMatchObject({ topicAliasMaximum })
    await one.subscribe('t')
    one.sendRaw(frame(0x30, bytes("'t' 03 23"), u16(topicAliasMaximum)))
    await one.collect(1)
    const above = topicAliasMaximum === 65_535 ? 0 : topicAliasMaximum + 1
    one.sendRaw(frame(0x30, bytes("'t' 03 23"), u16(above)))
    expect(hex((await one.closed()).packets)).toEqual(['e00194'])
  })
  test('is left out when it is 0; any alias is then 0x94 [MQTT-3.2.2-18]', async () => {
    await using broker = await startBroker({ mqtt: { topicAliasMaximum: 0 } })
    await using one = await broker.wire()
    expect((await one.connect()).properties).not.toHaveProperty('topicAliasMaximum')
    one.sendRaw(packet(0x30, "'t' 03 23 0001"))
    expect(hex((await one.closed()).packets)).toEqual(['e00194'])
  })
})

test('a CONNACK for a client of small packets has neither reason string nor user properties [MQTT-3.2.2-19] [MQTT-3.2.2-20]', async () => {
  await using broker = await startBroker({ mqtt: { redirect: { to: 'x' } } })
  await using one = await broker.wire()
  const { raw } = await one.connect({ properties: { maximumPacketSize: 9 } })
  expect(raw.toString('hex')).toBe(frame(0x20, bytes("00 9c 04 1c 'x'")).toString('hex'))
  await using narrow = await startBroker()
  await using other = await narrow.wire()
  const connack = await other.connect({ properties: { maximumPacketSize: 16 } })
  expect(connack.raw).toHaveLength(16)
  expect(connack.properties).not.toHaveProperty('reasonString')
  expect(connack.userProperties).toEqual([])
})
