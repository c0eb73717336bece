import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { frame } from '../../support/bytes.ts'
import { userPropertiesOf } from '../../support/wire-properties.ts'
import { answersTo, bytes, hex, lastWords, packet } from './raw.ts'

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker[Symbol.asyncDispose]())

const malformed = ['2003008100']
const violation = ['2003008200']
const unsupported = ['2003008400']

describe('the first packet', () => {
  test.each([
    ['PUBLISH', packet(0x30, "'t' 00")],
    ['PUBACK', packet(0x40, '0001')],
    ['SUBSCRIBE', packet(0x82, "0001 00 'f' 00")],
    ['PINGREQ', packet(0xc0, '')],
    ['DISCONNECT', packet(0xe0, '')],
    ['AUTH', packet(0xf0, "18 04 15 'm'")],
    ['a CONNACK', packet(0x20, '00 00 00')],
    ['type 0', packet(0x00, '')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['TLS', bytes('16 0301 00a0 01')],
  ])('%s instead of CONNECT closes the connection without a word [MQTT-3.1.0-1]', async (_name, raw) => {
    expect(await answersTo(broker, raw)).toEqual([])
  })
  test('a second CONNECT is a protocol error, whatever it holds [MQTT-3.1.0-2]', async () => {
    expect(await lastWords(broker, packet(0x10, "'MQTT' 05 02 0000 00 'second'"))).toEqual(['e00182'])
    expect(await lastWords(broker, packet(0x10, "'MQTT' 04 02 0000 'second'"))).toEqual(['e00182'])
    expect(await lastWords(broker, packet(0x10, ''))).toEqual(['e00182'])
  })
})

describe('protocol name and level', () => {
  test.each([
    ['MQTU at level 5', "'MQTU' 05 02 0000 00 'c'"],
    ['mqtt at level 5', "'mqtt' 05 02 0000 00 'c'"],
    ['MQT at level 5', "'MQT' 05 02 0000 00 'c'"],
    ['MQTTX at level 5', "'MQTTX' 05 02 0000 00 'c'"],
    ['MQIsdp at level 5', "'MQIsdp' 05 02 0000 00 'c'"],
    ['an empty name at level 5', "'' 05 02 0000 00 'c'"],
  ])('%s is answered by 0x84 and the end [MQTT-3.1.2-1]', async (_name, body) => {
    expect(await answersTo(broker, packet(0x10, body))).toEqual(unsupported)
  })
  test.each(['00', '01', '02', '06', '07', '7f', '85', 'ff'])(
    'level 0x%s is answered by 0x84 and the end [MQTT-3.1.2-2]',
    async level => {
      expect(await answersTo(broker, packet(0x10, `'MQTT' ${level} 02 0000 00 'c'`))).toEqual(unsupported)
    },
  )
  test.each([
    ['MQTT at level 3', "'MQTT' 03 02 0000 'c'"],
    ['MQIsdp at level 4', "'MQIsdp' 04 02 0000 'c'"],
  ])('%s is answered in 3.x, by 0x01 [MQTT-3.1.2-2]', async (_name, body) => {
    expect(await answersTo(broker, packet(0x10, body), 4)).toEqual(['20020001'])
  })
})

describe('connect flags', () => {
  test.each([
    ['the reserved flag [MQTT-3.1.2-3]', "'MQTT' 05 03 0000 00 'c'"],
    ['the reserved flag alone [MQTT-3.1.2-3]', "'MQTT' 05 01 0000 00 'c'"],
    ['will QoS 1 without a will [MQTT-3.1.2-11]', "'MQTT' 05 0a 0000 00 'c'"],
    ['will QoS 2 without a will [MQTT-3.1.2-11]', "'MQTT' 05 12 0000 00 'c'"],
    ['will QoS 3 without a will [MQTT-3.1.2-11]', "'MQTT' 05 1a 0000 00 'c'"],
    ['will QoS 3 [MQTT-3.1.2-12]', "'MQTT' 05 1e 0000 00 'c' 00 'w' 'p'"],
    ['will retain without a will [MQTT-3.1.2-13]', "'MQTT' 05 22 0000 00 'c'"],
    ['a will flag and nothing of a will [MQTT-3.1.2-9]', "'MQTT' 05 06 0000 00 'c'"],
    ['a will flag and no will properties [MQTT-3.1.2-9]', "'MQTT' 05 06 0000 00 'c' 'w' 'p'"],
    ['a will flag and no will topic [MQTT-3.1.2-9]', "'MQTT' 05 06 0000 00 'c' 00"],
    ['a will flag and no will payload [MQTT-3.1.2-9]', "'MQTT' 05 06 0000 00 'c' 00 'w'"],
    ['no will flag and a will', "'MQTT' 05 02 0000 00 'c' 00 'w' 'p'"],
    ['no user name flag and a user name [MQTT-3.1.2-16]', "'MQTT' 05 02 0000 00 'c' 'u'"],
    ['no password flag and a password [MQTT-3.1.2-18]', "'MQTT' 05 82 0000 00 'c' 'u' 'p'"],
  ])('%s: malformed', async (_name, body) => {
    expect(await answersTo(broker, packet(0x10, body))).toEqual(malformed)
  })
  test.each([
    ['a user name flag and no user name [MQTT-3.1.2-17]', "'MQTT' 05 82 0000 00 'c'"],
    ['an empty will topic', "'MQTT' 05 06 0000 00 'c' 00 '' 'p'"],
    ['a user name that is cut short', "'MQTT' 05 82 0000 00 'c' 00"],
    ['a password flag and no password [MQTT-3.1.2-19]', "'MQTT' 05 c2 0000 00 'c' 'u'"],
    ['a password flag alone and no password [MQTT-3.1.2-19]', "'MQTT' 05 42 0000 00 'c'"],
  ])('%s: closed without a word', async (_name, body) => {
    expect(await answersTo(broker, packet(0x10, body))).toEqual([])
  })
})

describe('the payload', () => {
  test('no client identifier is malformed [MQTT-3.1.3-3]', async () => {
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 00"))).toEqual(malformed)
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 00 00"))).toEqual(malformed)
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 00 0005 'c'"))).toEqual(malformed)
  })
  test.each(['a/+', 'a/#', '#', '+', 'a#', 'a+/b'])('a will to "%s" is malformed', async topic => {
    expect(await answersTo(broker, packet(0x10, `'MQTT' 05 06 0000 00 'c' 00 '${topic}' 'p'`))).toEqual(malformed)
  })
  test.each(['$SYS/broker/uptime', '$delayed/5/t', '$share/g/t'])(
    'a will to "%s", which is the server\'s, is refused with 0x90',
    async topic => {
      expect(await answersTo(broker, packet(0x10, `'MQTT' 05 06 0000 00 'c' 00 '${topic}' 'p'`))).toEqual([
        '2003009000',
      ])
    },
  )
  test('bytes after the last field are malformed [MQTT-3.1.4-1]', async () => {
    for (const body of ["'MQTT' 05 02 0000 00 'c' 00", "'MQTT' 05 c6 0000 00 'c' 00 'w' 'p' 'u' 'x' 00"]) {
      expect(await answersTo(broker, packet(0x10, body))).toEqual(malformed)
    }
  })
  test('a CONNECT that ends anywhere before its end is never accepted [MQTT-3.1.4-1]', async () => {
    const whole = bytes(
      "'MQTT' 05 f6 000a 0f 11 00000001 21 0001 26 'a' 'b' 'id' 0b 1800000001 26 'c' '' 'w' 'p' 'user' 'pass'",
    )
    const afterLevel = 7
    const credentials = whole.length - bytes("'user' 'pass'").length
    for (let length = 0; length < whole.length; length++) {
      const answers = await answersTo(broker, frame(0x10, whole.subarray(0, length)))
      expect([length, answers]).toEqual([length, length < afterLevel || length >= credentials ? [] : malformed])
    }
    await using client = await broker.wire()
    client.sendRaw(frame(0x10, whole))
    expect(await client.next('connack')).toMatchObject({ reasonCode: 0 })
  })
  test('a CONNECT in single bytes, and one with what follows it in the same write, are understood', async () => {
    const connect = packet(0x10, "'MQTT' 05 02 0000 00 'bytewise'")
    await using slow = await broker.wire()
    for (const value of connect) slow.sendRaw(Buffer.of(value))
    expect(await slow.next('connack')).toMatchObject({ reasonCode: 0 })
    await using fast = await broker.wire()
    fast.sendRaw(Buffer.concat([connect, packet(0x82, "0001 00 'f' 00"), packet(0x30, "'f' 00"), packet(0xc0, '')]))
    const cmds = []
    for (let i = 0; i < 4; i++) cmds.push((await fast.next()).cmd)
    expect(cmds).toEqual(['connack', 'suback', 'publish', 'pingresp'])
    expect(hex((await slow.closed()).packets)).toEqual(['e0018e'])
  })
})

describe('properties of CONNECT', () => {
  const connect = (section: string) => frame(0x10, bytes("'MQTT' 05 02 0000"), withLength(section), bytes("'c'"))
  const values: Record<number, string> = {
    1: '01',
    2: '00000001',
    3: "'x'",
    8: "'x'",
    9: "'x'",
    11: '01',
    18: "'x'",
    19: '0001',
    24: '00000001',
    26: "'x'",
    28: "'x'",
    31: "'x'",
    35: '0001',
    36: '01',
    37: '01',
    40: '01',
    41: '01',
    42: '01',
  }
  test.each(Object.entries(values))('property %s belongs to another packet: protocol error', async (id, value) => {
    const section = `${Number(id).toString(16).padStart(2, '0')} ${value}`
    expect(await answersTo(broker, connect(section))).toEqual(violation)
  })
  test('an identifier that does not exist is malformed', async () => {
    const known = new Set([...Object.keys(values).map(Number), 17, 21, 22, 23, 25, 33, 34, 38, 39])
    for (let id = 0; id < 128; id++) {
      if (known.has(id)) continue
      expect(await answersTo(broker, connect(`${id.toString(16).padStart(2, '0')} 00000000`))).toEqual(malformed)
    }
  })
  test.each([
    ['session expiry interval', '11 00000001'],
    ['receive maximum', '21 0001'],
    ['maximum packet size', '27 00001000'],
    ['topic alias maximum', '22 0000'],
    ['request response information', '19 00'],
    ['request problem information', '17 00'],
    ['authentication method', "15 'm'"],
    ['authentication data', "16 'm'"],
  ])('%s twice is a protocol error', async (_name, one) => {
    expect(await answersTo(broker, connect(`${one} ${one}`))).toEqual(violation)
  })
  test.each([
    ['receive maximum 0', '21 0000'],
    ['maximum packet size 0', '27 00000000'],
    ['request response information 2', '19 02'],
    ['request response information 255', '19 ff'],
    ['request problem information 2', '17 02'],
    ['request problem information 255', '17 ff'],
    ['authentication data without a method', "16 'd'"],
  ])('%s is a protocol error', async (_name, section) => {
    expect(await answersTo(broker, connect(section))).toEqual(violation)
  })
  test.each(['11 000000', '21 00', '22 00', '27 000000', '19', '17', '26', "26 'n'", "26 'n' 0005 76", '15 0002 6d'])(
    'a value cut short by the end of the section is malformed: %s',
    async section => {
      expect(await answersTo(broker, connect(section))).toEqual(malformed)
    },
  )
  test.each([
    '11 00000000',
    '11 00000001',
    '11 ffffffff',
    '21 0001',
    '21 ffff',
    '22 0000',
    '22 0001',
    '22 ffff',
    '27 00000100',
    '27 ffffffff',
    '17 00',
    '17 01',
    '19 00',
    '19 01',
    "26 'a' 'b'",
    "26 '' ''",
    "26 'a' 'b' 26 'a' 'b'",
  ])('a value at the edge of what is allowed is taken: %s', async section => {
    await using client = await broker.wire()
    client.sendRaw(connect(section))
    expect(await client.next('connack')).toMatchObject({ reasonCode: 0 })
    await client.end({ reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
  })
  test.each(['7f', 'ffffff7f', '80', 'ff'])('a length of properties past the packet is malformed: %s', async length => {
    expect(await answersTo(broker, packet(0x10, `'MQTT' 05 02 0000 ${length} 'c'`))).toEqual(malformed)
  })
  test('a client that takes packets too small for any CONNACK is not left waiting', async () => {
    for (const size of ['00000001', '00000004']) expect(await answersTo(broker, connect(`27 ${size}`))).toEqual([])
  })
})

describe('properties of the will', () => {
  const withWill = (section: string) =>
    frame(0x10, bytes("'MQTT' 05 06 0000 00 'will-props'"), withLength(section), bytes("'will/props' 'p'"))
  test.each([
    ['session expiry interval', '11 00000001'],
    ['receive maximum', '21 0001'],
    ['topic alias', '23 0001'],
    ['subscription identifier', '0b 01'],
    ['reason string', "1f 'x'"],
    ['payload format indicator twice', '01 01 01 01'],
    ['payload format indicator 2', '01 02'],
    ['message expiry interval twice', '02 00000001 02 00000001'],
    ['content type twice', "03 'x' 03 'x'"],
    ['response topic twice', "08 'x' 08 'x'"],
    ['response topic with a wildcard', "08 'x/#'"],
    ['correlation data twice', "09 'x' 09 'x'"],
    ['will delay interval twice', '18 00000000 18 00000000'],
  ])('%s is a protocol error', async (_name, section) => {
    expect(await answersTo(broker, withWill(section))).toEqual(violation)
  })
  test('a payload that is declared to be text and is none is refused with 0x99', async () => {
    const raw = packet(0x10, "'MQTT' 05 06 0000 00 'c' 02 0101 'w' 0001 ff")
    expect(await answersTo(broker, raw)).toEqual(['2003009900'])
  })
  test('all of them are passed on, user properties in order [MQTT-3.1.3-10]', async () => {
    await using watcher = await broker.wire()
    await watcher.connect()
    await watcher.subscribe('will/props')
    await using doomed = await broker.wire()
    doomed.sendRaw(
      withWill("01 01 02 0000000a 03 'c' 08 'r' 09 0002 00ff 26 'b' '1' 26 'a' '2' 26 'b' '1' 18 00000000"),
    )
    await doomed.next('connack')
    await doomed.drop()
    const [will] = await watcher.collect(1)
    expect(will).toMatchObject({
      qos: 0,
      text: 'p',
      properties: {
        payloadFormatIndicator: true,
        messageExpiryInterval: 10,
        contentType: 'c',
        responseTopic: 'r',
        correlationData: Buffer.from([0, 255]),
      },
    })
    expect(will?.properties).not.toHaveProperty('willDelayInterval')
    expect(userPropertiesOf(will!.raw)).toEqual([
      ['b', '1'],
      ['a', '2'],
      ['b', '1'],
    ])
  })
})

function withLength(section: string): Buffer {
  const body = bytes(section)
  return Buffer.concat([Buffer.of(body.length), body])
}
