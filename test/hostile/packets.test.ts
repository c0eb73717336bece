import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { byte, frame, properties, text, u16, u32, userProperty, varint } from '../support/bytes.ts'
import { type House, lastCode, openHouse, transports } from './house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterEach(() => house.intact())
afterAll(() => house[Symbol.asyncDispose]())

const connectStart = (flags: number) => [text('MQTT'), byte(5, flags), u16(0)]

describe.each(transports)('over %s', transport => {
  test.each([
    ['a length past the packet', Buffer.concat([varint(50), byte(1, 0)])],
    ['an unknown property', properties(byte(0x7f, 0))],
    ['an unknown property of two bytes', properties(byte(0x80, 0x01))],
    ['a duplicate property', properties(byte(1, 0), byte(1, 1))],
    ['a property of CONNECT', properties(byte(0x11), u32(1))],
    ['a subscription identifier from a client', properties(byte(0x0b, 1))],
    ['a value that is cut', properties(byte(0x02, 0, 0))],
    ['a payload format of 2', properties(byte(1, 2))],
    ['a string that is longer than the section', properties(byte(3), u16(40))],
  ])('PUBLISH with %s closes with a reason [hostile 10]', async (_, section) => {
    const guest = await house.client(transport)
    guest.sendRaw(frame(0x30, text('house/t'), section, Buffer.from('payload')))
    expect([0x81, 0x82]).toContain(await lastCode(guest))
  })

  test.each([
    ['a length past the packet', varint(200)],
    ['an unknown property', properties(byte(0x7f, 0))],
    ['a duplicate receive maximum', properties(byte(0x21), u16(5), byte(0x21), u16(5))],
    ['a receive maximum of 0', properties(byte(0x21), u16(0))],
    ['a maximum packet size of 0', properties(byte(0x27), u32(0))],
    ['a will property', properties(byte(0x18), u32(0))],
    ['authentication data without a method', properties(byte(0x16), text('x'))],
    ['a request problem information of 2', properties(byte(0x17, 2))],
  ])('CONNECT with %s is refused [hostile 10]', async (_, section) => {
    const guest = await house.wire(transport)
    guest.sendRaw(frame(0x10, ...connectStart(2), section, text('')))
    expect([0x81, 0x82]).toContain(await lastCode(guest))
  })

  test.each([
    ['of CONNECT', properties(byte(0x11), u32(5))],
    ['of a wrong type', properties(byte(0x18), text('six'))],
    ['given twice', properties(byte(0x18), u32(1), byte(0x18), u32(1))],
    ['with a length past the packet', varint(100)],
    ['with a payload format of 3', properties(byte(1, 3))],
  ])('a will property %s is refused [hostile 10]', async (_, section) => {
    const guest = await house.wire(transport)
    guest.sendRaw(frame(0x10, ...connectStart(6), properties(), text(''), section, text('will/t'), text('x')))
    expect([0x81, 0x82]).toContain(await lastCode(guest))
  })

  test('thousands of user properties in a PUBLISH close it, before anybody gets them [hostile 11]', async () => {
    const watcher = await house.client(transport)
    await watcher.subscribe('many/t')
    const guest = await house.client(transport)
    const many = Array.from({ length: 20_000 }, () => userProperty('k', 'v'))
    guest.sendRaw(frame(0x30, text('many/t'), properties(...many)))
    expect(await lastCode(guest)).toBeGreaterThanOrEqual(0x80)
    await watcher.nothing()
  })

  test('thousands of user properties in CONNECT are refused [hostile 11]', async () => {
    const guest = await house.wire(transport)
    const many = Array.from({ length: 10_000 }, () => userProperty('k', 'v'))
    guest.sendRaw(frame(0x10, ...connectStart(2), properties(...many), text('')))
    expect(await lastCode(guest)).toBeGreaterThanOrEqual(0x80)
  })

  test('PUBLISH without topic and alias is a protocol error [hostile 12]', async () => {
    const guest = await house.client(transport)
    guest.sendRaw(frame(0x30, text(''), properties(), Buffer.from('x')))
    expect([0x81, 0x82]).toContain(await lastCode(guest))
  })

  test('PUBLISH without topic closes a 3.1.1 client [hostile 12]', async () => {
    const guest = await house.client(transport, { version: 4 })
    guest.sendRaw(frame(0x30, text(''), Buffer.from('x')))
    expect((await guest.closed()).packets).toEqual([])
  })

  test.each([
    ['0', 'house/t', 0, 0x94],
    ['above the maximum', 'house/t', 65, 0x94],
    ['that was never bound', '', 7, 0x82],
  ])('a topic alias %s ends its connection only [hostile 13]', async (_, topic, alias, code) => {
    const guest = await house.client(transport)
    guest.sendRaw(frame(0x30, text(topic), properties(byte(0x23), u16(alias)), Buffer.from('x')))
    expect(await lastCode(guest)).toBe(code)
  })

  test('a topic alias that is bound anew under load always means its last topic [hostile 13]', async () => {
    const watcher = await house.client(transport)
    await watcher.subscribe('alias/+')
    const guest = await house.client(transport)
    const wanted: string[] = []
    const packets: Buffer[] = []
    for (let i = 0; i < 500; i++) {
      packets.push(frame(0x30, text(`alias/${i}`), properties(byte(0x23), u16(1)), Buffer.from('bound')))
      packets.push(frame(0x30, text(''), properties(byte(0x23), u16(1)), Buffer.from('used')))
      wanted.push(`alias/${i} bound`, `alias/${i} used`)
    }
    guest.sendRaw(Buffer.concat(packets))
    const got = await watcher.collect(1_000)
    expect(got.map(({ topic, text }) => `${topic} ${text}`)).toEqual(wanted)
  })

  const stream = Buffer.concat([
    frame(0x10, ...connectStart(2), properties(byte(0x21), u16(10)), text('')),
    frame(0x82, u16(1), properties(), text('split/t'), byte(2)),
    frame(0x30, text('split/t'), properties(), Buffer.from('a')),
    frame(0x32, text('split/t'), u16(2), properties(), Buffer.from('b')),
    frame(0x34, text('split/t'), u16(3), properties(), Buffer.from('c')),
    frame(0x62, u16(3)),
    frame(0xa2, u16(4), properties(), text('split/t')),
    frame(0xc0),
  ])
  const answers = ['connack', 'suback', 'publish', 'publish', 'puback', 'publish', 'pubrec', 'pubcomp', 'unsuback']

  async function expectAnswers(parts: readonly Buffer[]): Promise<void> {
    const guest = await house.wire(transport)
    for (const part of parts) {
      guest.sendRaw(part)
      await new Promise(resolve => setImmediate(resolve))
    }
    await guest.take('pingresp')
    const came = guest.received.map(({ cmd }) => cmd).slice(0, -1)
    expect([...came].sort()).toEqual([...answers].sort())
    const messages = guest.received.flatMap(packet => (packet.cmd === 'publish' ? [packet.text] : []))
    expect(messages).toEqual(['a', 'b', 'c'])
    await guest.drop()
  }

  test('packets cut at every single byte say the same [hostile 14]', async () => {
    for (let at = 1; at < stream.length; at++) await expectAnswers([stream.subarray(0, at), stream.subarray(at)])
  })

  test('packets that come byte by byte say the same [hostile 14]', async () => {
    await expectAnswers(Array.from(stream, one => Buffer.from([one])))
  })

  test('many packets in one read are all taken, in order [hostile 14]', async () => {
    const watcher = await house.client(transport)
    await watcher.subscribe('read/t', { qos: 1 })
    const guest = await house.client(transport)
    const numbers = Array.from({ length: 900 }, (_, i) => i + 1)
    guest.sendRaw(
      Buffer.concat(numbers.map(i => frame(0x32, text('read/t'), u16(i), properties(), Buffer.from(`${i}`)))),
    )
    const got = await watcher.collect(900)
    expect(got.map(({ text }) => Number(text))).toEqual(numbers)
    for (const i of numbers) expect((await guest.next('puback')).messageId).toBe(i)
  })
})
