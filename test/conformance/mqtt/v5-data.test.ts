import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { frame, properties, text, userProperty, varint } from '../../support/bytes.ts'
import { propertiesOf } from '../../support/wire-properties.ts'
import { answersTo, bytes, hex, lastWords, packet } from './raw.ts'

let broker: TestBroker
beforeAll(async () => {
  broker = await startBroker()
})
afterAll(() => broker[Symbol.asyncDispose]())

const malformed = ['e00181']
const refused = ['2003008100']
const invalidId = ['2003008500']
/** The connection closes, and nothing is said. */
const nothing: string[] = []

/** Every string that a client can send, `#` standing for its bytes with their length. */
const places: [name: string, first: boolean, header: number, notation: string, answer: string[]][] = [
  ['client identifier [MQTT-3.1.3-4]', true, 0x10, "'MQTT' 05 02 0000 00 #", invalidId],
  ['user name [MQTT-3.1.3-12]', true, 0x10, "'MQTT' 05 82 0000 00 'c' #", nothing],
  ['will topic [MQTT-3.1.3-11]', true, 0x10, "'MQTT' 05 06 0000 00 'c' 00 # 'p'", refused],
  ['authentication method', true, 0x10, "'MQTT' 05 02 0000 {15 #} 'c'", refused],
  ['user property value of CONNECT', true, 0x10, "'MQTT' 05 02 0000 {26 'n' #} 'c'", refused],
  ['content type of a will', true, 0x10, "'MQTT' 05 06 0000 00 'c' {03 #} 'w' 'p'", refused],
  ['response topic of a will', true, 0x10, "'MQTT' 05 06 0000 00 'c' {08 #} 'w' 'p'", refused],
  ['user property name of a will', true, 0x10, "'MQTT' 05 06 0000 00 'c' {26 # 'v'} 'w' 'p'", refused],
  ['topic name', false, 0x30, '# 00', malformed],
  ['content type', false, 0x30, "'t' {03 #}", malformed],
  ['response topic', false, 0x30, "'t' {08 #}", malformed],
  ['user property name', false, 0x30, "'t' {26 # 'v'}", malformed],
  ['user property value', false, 0x30, "'t' {26 'n' #}", malformed],
  ['topic filter to subscribe', false, 0x82, '0001 00 # 00', malformed],
  ['topic filter to unsubscribe', false, 0xa2, '0001 00 #', malformed],
  ['reason string of PUBACK', false, 0x40, '0001 00 {1f #}', malformed],
  ['reason string of DISCONNECT', false, 0xe0, '00 {1f #}', malformed],
  ['server reference of DISCONNECT', false, 0xe0, '00 {1c #}', malformed],
]

const faults = [
  ['a lone surrogate', 'eda080'],
  ['the last surrogate', 'edbfbf'],
  ['a pair of surrogates', 'eda081edb080'],
  ['an overlong slash', 'c0af'],
  ['an overlong NUL', 'c080'],
  ['an overlong euro sign', 'f08282ac'],
  ['a lone continuation', '80'],
  ['a character cut short', 'e282'],
  ['a character above U+10FFFF', 'f4908080'],
  ['a byte that never occurs', 'ff'],
] as const

/** `#` becomes the string, `{...}` a section of properties with its length. */
function fill(notation: string, hexadecimal: string): Buffer {
  const string = text(Buffer.from(hexadecimal, 'hex')).toString('hex')
  const filled = notation.replace('#', string).replace(/\{(.*)\}/, (_, inner: string) => {
    return properties(bytes(inner)).toString('hex')
  })
  return bytes(filled)
}

function send(first: boolean, raw: Buffer): Promise<string[]> {
  return first ? answersTo(broker, raw) : lastWords(broker, raw)
}

describe('ill-formed UTF-8 closes the connection [MQTT-1.5.4-1]', () => {
  test.each(places)('as %s', async (_name, first, header, notation, answer) => {
    for (const [fault, string] of faults) {
      expect([fault, await send(first, frame(header, fill(notation, `61${string}62`)))]).toEqual([fault, answer])
    }
  })
  test('in the name or the value of a user property, of CONNECT, of a will and of PUBLISH [MQTT-1.5.7-1]', async () => {
    const pairs = ['26 0001ff 0001 76', '26 0001 6e 0001ff', '26 000100 000176', '26 00016e 000100']
    for (const pair of pairs) {
      const own = fill(`'MQTT' 05 02 0000 {${pair}} 'c'`, '')
      expect(await answersTo(broker, frame(0x10, own))).toEqual(refused)
      const will = fill(`'MQTT' 05 06 0000 00 'c' {${pair}} 'w' 'p'`, '')
      expect(await answersTo(broker, frame(0x10, will))).toEqual(refused)
      expect(await lastWords(broker, frame(0x30, fill(`'t' {${pair}}`, '')))).toEqual(malformed)
    }
  })
})

test.each(places)('U+0000 closes the connection, as %s [MQTT-1.5.4-2] [MQTT-4.7.3-2]', async (...place) => {
  const [_name, first, header, notation, answer] = place
  for (const string of ['00', '6100', '610062']) {
    expect(await send(first, frame(header, fill(notation, string)))).toEqual(answer)
  }
})

test('U+FEFF is a character like any other, in topics and in properties [MQTT-1.5.4-3]', async () => {
  await using client = await broker.wire()
  await client.connect()
  await client.subscribe([{ topic: '\ufeffbom', qos: 0 }, { topic: 'plain-bom' }])
  client.sendRaw(frame(0x30, text('\ufeffbom'), properties(userProperty('\ufeffn', '\ufeffv')), Buffer.from('1')))
  client.sendPublish('bom', '2')
  client.sendPublish('plain-bom', '\ufeff3')
  const [marked, plain] = await client.collect(2)
  expect(marked?.raw.includes(bytes('0006 efbbbf "bom"'))).toBe(true)
  expect(propertiesOf(marked!.raw)).toMatchObject([{ value: ['\ufeffn', '\ufeffv'] }])
  expect(plain?.payload).toEqual(Buffer.from('efbbbf33', 'hex'))
  await client.nothing()
})

describe('variable byte integers', () => {
  const publish = bytes("'t' 00")
  test.each([
    ['a remaining length of two bytes for one', Buffer.concat([bytes('30 8400'), publish])],
    ['a remaining length of three bytes for one', Buffer.concat([bytes('30 848000'), publish])],
    ['a remaining length of four bytes for one', Buffer.concat([bytes('30 84808000'), publish])],
    ['a PINGREQ with a length of two bytes', bytes('c0 8000')],
    ['a length of properties of two bytes for one', frame(0x30, text('t'), varint(0, 2))],
    ['a length of properties of five bytes', frame(0x30, text('t'), bytes('8080808000'))],
    ['a subscription identifier of two bytes for one', packet(0x82, "0001 03 0b8100 'f' 00")],
    ['a subscription identifier of five bytes', packet(0x82, "0001 06 0b8080808001 'f' 00")],
  ])('%s is malformed [MQTT-1.5.5-1]', async (_name, raw) => {
    expect(await lastWords(broker, raw)).toEqual(malformed)
  })
  test.each(['30 8480808000', '30 ffffffff', '82 8080808001'])(
    'a remaining length of five bytes begins no packet, and closes without a word: %s [MQTT-1.5.5-1]',
    async notation => {
      expect(await lastWords(broker, Buffer.concat([bytes(notation), publish]))).toEqual(nothing)
    },
  )
  test('a CONNECT with a remaining length that is longer than needed is malformed [MQTT-1.5.5-1]', async () => {
    const raw = Buffer.concat([bytes('10 8e00'), bytes("'MQTT' 05 02 0000 00 'c'")])
    // What a level was announced for is not read before the length is right.
    expect(await answersTo(broker, raw)).toEqual([])
  })
  test.each([0, 100, 121, 122, 123, 124, 127, 128, 16_370, 16_376, 16_377, 16_378, 16_384, 100_000])(
    'a PUBLISH with a payload of %i bytes arrives with the shortest lengths [MQTT-1.5.5-1]',
    async size => {
      await using client = await broker.wire()
      await client.connect()
      const topic = `length/${size}`
      await client.subscribe(topic)
      const payload = Buffer.alloc(size, 'x')
      const contentType = 'y'.repeat((size % 200) + 1)
      client.sendPublish(topic, payload, { properties: { contentType } })
      const [message] = await client.collect(1)
      const expected = frame(0x30, text(topic), properties(bytes('03'), text(contentType)), payload)
      expect(message?.raw.equals(expected)).toBe(true)
    },
  )
})

describe('the fixed header', () => {
  test.each(Array.from({ length: 15 }, (_, i) => i + 1))(
    'CONNECT with flags %i is malformed [MQTT-2.1.3-1]',
    async flags => {
      expect(await answersTo(broker, packet(0x10 | flags, "'MQTT' 05 02 0000 00 'c'"))).toEqual(refused)
    },
  )
  test.each([
    ['PUBACK', 0x40, '0001', 0],
    ['PUBREC', 0x50, '0001', 0],
    ['PUBREL', 0x60, '0001', 2],
    ['PUBCOMP', 0x70, '0001', 0],
    ['SUBSCRIBE', 0x80, "0001 00 'f' 00", 2],
    ['UNSUBSCRIBE', 0xa0, "0001 00 'f'", 2],
    ['PINGREQ', 0xc0, '', 0],
    ['DISCONNECT', 0xe0, '', 0],
  ] as const)('%s with any flags but its own is malformed [MQTT-2.1.3-1]', async (_name, type, body, own) => {
    for (let flags = 0; flags < 16; flags++) {
      if (flags !== own) expect(await lastWords(broker, packet(type | flags, body))).toEqual(malformed)
    }
  })
  test.each([
    ['type 0', packet(0x00, '')],
    ['CONNACK', packet(0x20, '00 00 00')],
    ['CONNACK with flags', packet(0x29, '00 01')],
    ['AUTH of a client without a method', packet(0xf0, "18 04 15 'm'")],
    ['AUTH of a client without a method, with flags', packet(0xf4, '')],
    ['SUBACK', packet(0x90, '0001 00 00')],
    ['UNSUBACK', packet(0xb0, '0001 00 00')],
    ['PINGRESP', packet(0xd0, '')],
  ])('%s from a client is a protocol error', async (_name, raw) => {
    expect(await lastWords(broker, raw)).toEqual(['e00182'])
  })
  test('what the server sends has exactly the flags of its type [MQTT-2.1.3-1]', async () => {
    await using client = await broker.wire()
    await client.connect()
    await client.subscribe('flags', { qos: 2 })
    await client.publish('flags', '1', { qos: 1 })
    await client.publish('flags', '2', { qos: 2 })
    await client.collect(2)
    await client.unsubscribe('flags')
    await client.ping()
    client.sendRaw('00 00')
    await client.closed()
    const headers = new Set(client.received.map(({ raw }) => raw[0]))
    expect(headers).toEqual(new Set([0x20, 0x90, 0x40, 0x32, 0x50, 0x70, 0x34, 0x62, 0xb0, 0xd0, 0xe0]))
  })
})

describe('packet identifiers', () => {
  test('a PUBLISH at QoS 0 has none, either way [MQTT-2.2.1-2]', async () => {
    await using client = await broker.wire()
    await client.connect()
    await client.subscribe('id/0', { qos: 2 })
    client.sendRaw(packet(0x30, "'id/0' 00 0001 'x'"))
    expect(hex([await client.next()])).toEqual([packet(0x30, "'id/0' 00 0001 'x'").toString('hex')])
  })
  test.each([
    ['PUBLISH at QoS 1', 0x32, "'t' 0000 00", ['e00182']],
    ['PUBLISH at QoS 2', 0x34, "'t' 0000 00", ['e00182']],
    ['SUBSCRIBE', 0x82, "0000 00 'f' 00", malformed],
    ['UNSUBSCRIBE', 0xa2, "0000 00 'f'", malformed],
    ['PUBACK', 0x40, '0000', ['e00182']],
    ['PUBREC', 0x50, '0000', ['e00182']],
    ['PUBREL', 0x62, '0000', ['e00182']],
    ['PUBCOMP', 0x70, '0000', ['e00182']],
  ])('%s with identifier 0 closes the connection [MQTT-2.2.1-3]', async (_name, header, body, answer) => {
    expect(await lastWords(broker, packet(header, body))).toEqual(answer)
  })
  test('every identifier from 1 to 65,535 may be used, and is repeated in the answers [MQTT-2.2.1-5] [MQTT-2.2.1-6]', async () => {
    await using client = await broker.wire()
    await client.connect()
    for (const id of ['0001', '0100', '7fff', '8000', 'ffff']) {
      client.sendRaw(packet(0x82, `${id} 00 'nobody/here' 00`))
      client.sendRaw(packet(0x32, `'nobody/there' ${id} 00`))
      client.sendRaw(packet(0x34, `'nobody/there' ${id} 00`))
      const answers = [await client.take('suback'), await client.take('puback'), await client.take('pubrec')]
      expect(hex(answers)).toEqual([`9004${id}0000`, `4003${id}10`, `5002${id}`])
      client.sendRaw(packet(0x62, id))
      client.sendRaw(packet(0xa2, `${id} 00 'nobody/here'`))
      expect(hex([await client.next(), await client.next()])).toEqual([`7002${id}`, `b004${id}0000`])
    }
  })
  test('the server gives each open PUBLISH an identifier of its own, none 0 [MQTT-2.2.1-4]', async () => {
    await using client = await broker.wire()
    await client.connect({ clientId: 'ids', clean: true, properties: { sessionExpiryInterval: 100 } })
    await client.subscribe('ids/#', { qos: 2 })
    for (let i = 0; i < 20; i++) await client.publish(`ids/${i}`, '', { qos: i % 2 ? 1 : 2 })
    const messages = await client.collect(20, { autoAck: false })
    const ids = messages.map(({ messageId }) => messageId)
    expect(new Set(ids).size).toBe(20)
    expect(ids).not.toContain(0)
    await client.drop()

    await using again = await broker.wire()
    await again.connect({ clientId: 'ids', clean: false, properties: { sessionExpiryInterval: 0 } })
    const repeated = await again.collect(20, { autoAck: false })
    expect(repeated.map(({ messageId }) => messageId)).toEqual(ids)
    await again.publish('ids/new', '', { qos: 1 })
    const [fresh] = await again.collect(1, { autoAck: false })
    expect([0, undefined, ...ids]).not.toContain(fresh?.messageId)
  })
})

test('no properties are a length of zero: left out they are malformed, and the server writes it [MQTT-2.2.2-1]', async () => {
  expect(await lastWords(broker, packet(0x30, "'t'"))).toEqual(malformed)
  expect(await lastWords(broker, packet(0x82, "0001 'f' 00"))).toEqual(malformed)
  await using client = await broker.wire()
  await client.connect()
  const suback = await client.subscribe('length/zero')
  client.sendPublish('length/zero')
  expect(hex([suback, await client.next()])).toEqual(['900400010000', packet(0x30, "'length/zero' 00").toString('hex')])
  const refusal = await answersTo(broker, packet(0x10, "'MQTT' 05 03 0000 00 'c'"))
  expect(refusal).toEqual(refused)
})
