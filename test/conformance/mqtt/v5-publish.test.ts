import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { frame, text } from '../../support/bytes.ts'
import { client, resident } from './clients.ts'
import { bytes, hex, lastWords, packet } from './raw.ts'

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker({ storage: 'file' })
})
afterAll(() => broker[Symbol.asyncDispose]())

describe('a PUBLISH that breaks the rules', () => {
  test.each([
    ['QoS 3 [MQTT-3.3.1-4]', 0x36, "'t' 0001 00", 0x81],
    ['QoS 3 with DUP and RETAIN [MQTT-3.3.1-4]', 0x3f, "'t' 0001 00", 0x81],
    ['DUP at QoS 0 [MQTT-3.3.1-2]', 0x38, "'t' 00", 0x81],
    ['DUP and RETAIN at QoS 0 [MQTT-3.3.1-2]', 0x39, "'t' 00", 0x81],
    ['+ in the topic name [MQTT-3.3.2-2]', 0x30, "'a/+/b' 00", 0x81],
    ['+ within a level of the topic name [MQTT-3.3.2-2]', 0x30, "'a+' 00", 0x81],
    ['# in the topic name [MQTT-3.3.2-2]', 0x32, "'a/#' 0001 00", 0x81],
    ['# alone as topic name [MQTT-3.3.2-2]', 0x34, "'#' 0001 00", 0x81],
    ['an ill-formed topic name [MQTT-3.3.2-1]', 0x30, '0002 c328 00', 0x81],
    ['no topic name [MQTT-3.3.2-1]', 0x30, '', 0x81],
    ['half a length of a topic name [MQTT-3.3.2-1]', 0x30, '00', 0x81],
    ['a topic name longer than the packet [MQTT-3.3.2-1]', 0x30, '0004 "abc"', 0x81],
    ['an empty topic name and no alias', 0x30, "'' 00", 0x81],
    ['no packet identifier at QoS 1', 0x32, "'t'", 0x81],
    ['half a packet identifier', 0x32, "'t' 01", 0x81],
    ['no properties at QoS 1', 0x32, "'t' 0001", 0x81],
    ['properties longer than the packet', 0x30, "'t' 05 01", 0x81],
    ['a subscription identifier [MQTT-3.3.4-6]', 0x30, "'t' 02 0b01", 0x82],
    ['topic alias 0 [MQTT-3.3.2-8]', 0x30, "'t' 03 230000", 0x94],
    ['topic alias 0 and no topic name [MQTT-3.3.2-8]', 0x30, "'' 03 230000", 0x94],
    ['a topic alias above the maximum [MQTT-3.3.2-9] [MQTT-3.2.2-17]', 0x30, "'t' 03 230041", 0x94],
    ['the highest topic alias there is [MQTT-3.3.2-9]', 0x30, "'t' 03 23ffff", 0x94],
    ['an unknown topic alias', 0x30, "'' 03 230005", 0x82],
    ['+ in the response topic [MQTT-3.3.2-14]', 0x30, "'t' 06 08 'a/+'", 0x82],
    ['# in the response topic [MQTT-3.3.2-14]', 0x30, "'t' 04 08 '#'", 0x82],
    ['an ill-formed response topic [MQTT-3.3.2-13]', 0x30, "'t' 04 08 0001ff", 0x81],
    ['an ill-formed content type [MQTT-3.3.2-19]', 0x30, "'t' 04 03 0001ff", 0x81],
    ['payload format 2', 0x30, "'t' 02 0102", 0x82],
    ['payload format 255', 0x30, "'t' 02 01ff", 0x82],
  ] as const)('%s', async (_name, header, body, code) => {
    expect(await lastWords(broker, packet(header, body))).toEqual([`e001${code.toString(16)}`])
  })
  const values: Record<string, string> = {
    '01': '01',
    '02': '00000001',
    '03': "'x'",
    '08': "'x'",
    '09': "'x'",
    '23': '0001',
  }
  test.each(Object.entries(values))('property 0x%s twice is a protocol error', async (id, value) => {
    const section = bytes(`${id} ${value} ${id} ${value}`)
    const raw = frame(0x30, bytes("'t'"), Buffer.of(section.length), section)
    expect(await lastWords(broker, raw)).toEqual(['e00182'])
  })
  const others: Record<string, string> = {
    '11': '00000001',
    '12': "'x'",
    '13': '0001',
    '15': "'x'",
    '16': "'x'",
    '17': '01',
    '18': '00000001',
    '19': '01',
    '1a': "'x'",
    '1c': "'x'",
    '1f': "'x'",
    '21': '0001',
    '22': '0001',
    '24': '01',
    '25': '01',
    '27': '00000100',
    '28': '01',
    '29': '01',
    '2a': '01',
  }
  test.each(Object.entries(others))('property 0x%s is of another packet: protocol error', async (id, value) => {
    const section = bytes(`${id} ${value}`)
    const raw = frame(0x30, bytes("'t'"), Buffer.of(section.length), section)
    expect(await lastWords(broker, raw)).toEqual(['e00182'])
  })
  test.each(['00', '04', '05', '06', '07', '0a', '0c', '10', '14', '1b', '1d', '1e', '20', '2b', '7f', 'ff'])(
    'property 0x%s does not exist: malformed',
    async id => {
      const raw = frame(0x30, bytes("'t' 05"), bytes(id), bytes('00000000'))
      expect(await lastWords(broker, raw)).toEqual(['e00181'])
    },
  )
})

describe('a topic name', () => {
  test.each(['/', '//', 'a/', '/a', ' ', 'ÄÖ/世界/😀', 'a b/c', '$own/t', 'x'.repeat(65_535)])(
    'is the first field, and arrives as it was sent: "%.20s" [MQTT-3.3.2-1] [MQTT-3.3.2-3]',
    async topic => {
      await using one = await client(broker)
      await one.subscribe(topic)
      one.sendRaw(frame(0x30, text(topic), bytes('00'), Buffer.from('x')))
      const [message] = await one.collect(1)
      expect(message?.raw.equals(frame(0x30, text(topic), bytes('00'), Buffer.from('x')))).toBe(true)
    },
  )
  test('that is delivered matches the filter, character by character [MQTT-3.3.2-3]', async () => {
    await using one = await client(broker)
    await one.subscribe([{ topic: 'Case/+' }, { topic: 'deep/#' }])
    for (const topic of ['case/x', 'Case/x', 'Case/x/y', 'Case', 'deep', 'deep/1/2', 'deeper', 'Case/']) {
      one.sendPublish(topic)
    }
    const messages = await one.collect(4)
    expect(messages.map(({ topic }) => topic)).toEqual(['Case/x', 'deep', 'deep/1/2', 'Case/'])
    await one.nothing()
  })
  test('of 128 levels is served, one of more refused with 0x90', async () => {
    await using one = await client(broker)
    await one.subscribe('deep/#')
    const deep = `deep${'/x'.repeat(127)}`
    expect(await one.publish(deep, '', { qos: 1 })).toMatchObject([{ reasonCode: 0 }])
    expect((await one.collect(1)).map(({ topic }) => topic)).toEqual([deep])
    expect(await one.publish(`${deep}/x`, '', { qos: 1 })).toMatchObject([{ reasonCode: 0x90 }])
    expect(await one.publish(`${deep}/x`, '', { qos: 2 })).toMatchObject([{ reasonCode: 0x90 }])
    await one.nothing()
  })
  test('of the server itself is refused to clients, and no subscriber sees it', async () => {
    await using one = await client(broker)
    await one.subscribe('$SYS/broker/forged')
    expect(await one.publish('$SYS/broker/forged', '', { qos: 1 })).toMatchObject([{ reasonCode: 0x87 }])
    expect(await one.publish('$SYS/broker/forged', '', { qos: 2 })).toMatchObject([{ reasonCode: 0x87 }])
    one.sendPublish('$SYS/broker/forged')
    await one.nothing()
  })
})

describe('the answer to a PUBLISH [MQTT-3.3.4-1]', () => {
  test('is nothing at QoS 0, PUBACK at QoS 1, PUBREC at QoS 2', async () => {
    await using listener = await client(broker)
    await listener.subscribe('answer')
    await using one = await client(broker)
    one.sendRaw(packet(0x30, "'answer' 00"))
    await one.nothing()
    one.sendRaw(packet(0x32, "'answer' 1234 00"))
    expect(hex([await one.next()])).toEqual(['40021234'])
    one.sendRaw(packet(0x34, "'answer' 1234 00"))
    expect(hex([await one.next()])).toEqual(['50021234'])
    one.sendRaw(packet(0x62, '1234'))
    expect(hex([await one.next()])).toEqual(['70021234'])
    await listener.collect(3)
  })
  test('says with 0x10 in PUBACK that nobody matched', async () => {
    await using one = await client(broker)
    one.sendRaw(packet(0x32, "'answer/nobody' 0001 00"))
    one.sendRaw(packet(0x34, "'answer/nobody' 0002 00"))
    expect(hex([await one.next(), await one.next()])).toEqual(['4003000110', '50020002'])
  })
  test('says with 0x87 that the client may not, and nobody gets the message', async () => {
    const rules = [
      { effect: 'deny' as const, action: 'publish' as const, filters: ['secret/#'] },
      { effect: 'allow' as const },
    ]
    await using guarded = await startBroker({ kernel: { access: { rules } } })
    await using one = await client(guarded)
    await one.subscribe('secret/t')
    one.sendPublish('secret/t', 'x', { qos: 0 })
    expect(await one.publish('secret/t', 'x', { qos: 1 })).toMatchObject([{ cmd: 'puback', reasonCode: 0x87 }])
    expect(await one.publish('secret/t', 'x', { qos: 2 })).toMatchObject([{ cmd: 'pubrec', reasonCode: 0x87 }])
    await one.nothing()
  })
  test('says with 0x99 that a payload is not the text it was declared to be', async () => {
    await using one = await client(broker)
    await one.subscribe('text')
    one.sendRaw(packet(0x32, "'text' 0001 02 0101 ff"))
    one.sendRaw(packet(0x34, "'text' 0002 02 0101 c0af"))
    one.sendRaw(packet(0x32, "'text' 0003 02 0100 ff"))
    const answers = [await one.take('puback'), await one.take('pubrec'), await one.take('puback')]
    expect(hex(answers)).toEqual(['4003000199', '5003000299', '40020003'])
    expect((await one.collect(1)).map(({ payload }) => payload)).toEqual([Buffer.of(0xff)])
    one.sendRaw(packet(0x30, "'text' 02 0101 ff"))
    expect(hex((await one.closed()).packets)).toEqual(['e00199'])
  })
})

describe('DUP', () => {
  test('of a message on its way out is 0, whatever the publisher set [MQTT-3.3.1-3] [MQTT-3.3.1-2]', async () => {
    await using one = await client(broker)
    await one.subscribe('dup', { qos: 2 })
    one.sendRaw(packet(0x30, "'dup' 00"))
    one.sendRaw(packet(0x3a, "'dup' 0001 00"))
    one.sendRaw(packet(0x3c, "'dup' 0002 00"))
    const seen = []
    for (let i = 0; i < 3; i++) seen.push((await one.take('publish')).raw[0])
    expect(seen).toEqual([0x30, 0x32, 0x34])
  })
  test('of a message that is delivered again is 1, its payload and identifier the same [MQTT-3.3.1-1] [MQTT-3.3.1-3]', async () => {
    await using first = await resident(broker, 'dup-again', { clean: true })
    await first.subscribe('dup/again', { qos: 2 })
    await using publisher = await client(broker)
    await publisher.publish('dup/again', 'one', { qos: 1 })
    await publisher.publish('dup/again', 'two', { qos: 2 })
    const sent = await first.collect(2, { autoAck: false })
    expect(sent.map(({ dup }) => dup)).toEqual([false, false])
    await first.drop()
    for (let i = 0; i < 2; i++) {
      await using again = await resident(broker, 'dup-again')
      const repeated = await again.collect(2, { autoAck: false })
      for (const [at, { raw }] of repeated.entries()) {
        const expected = Buffer.from(sent[at]!.raw)
        expected[0]! |= 8
        expect(raw).toEqual(expected)
      }
    }
  })
  test('of what was queued and never sent is 0 [MQTT-3.3.1-3]', async () => {
    await using first = await resident(broker, 'dup-queued', { clean: true })
    await first.subscribe('dup/queued', { qos: 1 })
    await first.end()
    await using publisher = await client(broker)
    await publisher.publish('dup/queued', '', { qos: 1, dup: true })
    await using second = await resident(broker, 'dup-queued')
    expect((await second.collect(1)).map(({ dup }) => dup)).toEqual([false])
  })
})
