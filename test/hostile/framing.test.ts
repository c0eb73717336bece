import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { byte, frame, properties, text, u16, varint } from '../support/bytes.ts'
import { count, type House, lastCode, openHouse, transports } from './house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ mqtt: { connectTimeout: 1_000 } })
})
afterEach(() => house.intact())
afterAll(() => house[Symbol.asyncDispose]())

const connect5 = frame(0x10, text('MQTT'), byte(5, 2), u16(0), properties(), text(''))

describe.each(transports)('over %s', transport => {
  test('a CONNECT that announces more than it sends is given up after the connect timeout [hostile 1]', async () => {
    const guest = await house.wire(transport)
    guest.sendRaw(connect5.subarray(0, -3))
    await guest.closed()
  })

  test('a PUBLISH that announces more than it sends delivers nothing and ends with its connection [hostile 1]', async () => {
    const watcher = await house.client(transport)
    await watcher.subscribe('#')
    const guest = await house.client(transport)
    guest.sendRaw(Buffer.concat([byte(0x30), varint(100), text('cut/t'), Buffer.alloc(20)]))
    await guest.drop()
    await watcher.nothing()
  })

  test.each([
    ['five bytes', '10 ff ff ff ff 01', undefined],
    ['more bytes than needed', '10 80 00', undefined],
  ])('a remaining length of %s before CONNECT closes [hostile 2]', async (_, bytes, code) => {
    const guest = await house.wire(transport)
    guest.sendRaw(bytes)
    expect(await lastCode(guest)).toBe(code)
  })

  test('a remaining length of more bytes than needed is malformed [hostile 2]', async () => {
    const guest = await house.client(transport)
    guest.sendRaw('c0 80 00')
    expect(await lastCode(guest)).toBe(0x81)
  })

  test('a remaining length of five bytes closes an open connection [hostile 2]', async () => {
    const guest = await house.client(transport)
    guest.sendRaw('30 80 80 80 80 01')
    expect((await guest.closed()).packets.every(({ cmd }) => cmd === 'disconnect')).toBe(true)
  })

  test.each([
    ['five bytes', byte(0x80, 0x80, 0x80, 0x80, 0x01)],
    ['more bytes than needed', byte(0x80, 0x00)],
  ])('a property length of %s is malformed [hostile 2]', async (_, length) => {
    const guest = await house.client(transport)
    guest.sendRaw(frame(0x30, text('t'), length))
    expect(await lastCode(guest)).toBe(0x81)
  })

  test('256 MB announced before login is refused by its header alone [hostile 3]', async () => {
    const guest = await house.wire(transport)
    const received = count(house.kernel, 'net_received_bytes', { listener: transport })
    guest.sendRaw('10 ff ff ff 7f')
    expect((await guest.closed()).packets).toEqual([])
    expect(count(house.kernel, 'net_received_bytes', { listener: transport }) - received).toBeLessThan(1_000)
  })

  test('memory grows with what arrives of a CONNECT, not with what it announces [hostile 3]', async () => {
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 50; i++) {
      const guest = await house.wire(transport)
      guest.sendRaw(Buffer.concat([byte(0x10), varint(120_000), text('MQTT')]))
    }
    await house.until(() => house.kernel.listeners.length === 0, 50)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 60_000)
  })

  test.each([
    ['PINGREQ', 'c000'],
    ['PUBLISH', '30 05 0001 74 00 78'],
    ['SUBSCRIBE', '82 07 0001 00 0001 74 00'],
    ['DISCONNECT', 'e000'],
    ['AUTH', 'f000'],
    ['type 0', '0000'],
    ['a TLS hello', '16 0301 0200 01 0001fc 0303'],
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n').toString('hex')],
    ['an SSH banner', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n').toString('hex')],
  ])('%s as the first packet closes without an answer [hostile 4]', async (_, bytes) => {
    const guest = await house.wire(transport)
    guest.sendRaw(bytes)
    expect((await guest.closed()).packets).toEqual([])
  })

  test('a second CONNECT is a protocol error [hostile 5]', async () => {
    const guest = await house.client(transport)
    guest.sendRaw(connect5)
    expect(await lastCode(guest)).toBe(0x82)
  })

  test('a second CONNECT in the same write reaches no session [hostile 5]', async () => {
    const guest = await house.wire(transport)
    guest.sendRaw(Buffer.concat([connect5, frame(0x10, text('MQTT'), byte(4, 2), u16(0), text('house-watcher'))]))
    await guest.closed()
  })

  test.each([
    ['CONNACK', '20 03 00 00 00'],
    ['SUBACK', '90 04 0001 00 00'],
    ['UNSUBACK', 'b0 04 0001 00 00'],
    ['PINGRESP', 'd0 00'],
  ])('%s from a client closes it [hostile 6]', async (_, bytes) => {
    const guest = await house.client(transport)
    guest.sendRaw(bytes)
    expect([0x81, 0x82]).toContain(await lastCode(guest))
  })

  test.each([
    ['PUBACK', '41 02 0001'],
    ['PUBREC', '51 02 0001'],
    ['PUBREL without its flag', '60 02 0001'],
    ['PUBCOMP', '71 02 0001'],
    ['SUBSCRIBE without its flag', '80 07 0001 00 0001 74 00'],
    ['UNSUBSCRIBE without its flag', 'a0 06 0001 00 0001 74'],
    ['PINGREQ', 'c1 00'],
    ['DISCONNECT', 'e1 00'],
    ['PUBLISH with QoS 3', '36 06 0001 74 0001 00'],
    ['PUBLISH with DUP at QoS 0', '38 04 0001 74 00'],
  ])('reserved flag bits of %s are malformed [hostile 7]', async (_, bytes) => {
    const guest = await house.client(transport)
    guest.sendRaw(bytes)
    expect(await lastCode(guest)).toBe(0x81)
  })

  test.each([
    ['PUBLISH at QoS 1', '32 06 0001 74 0000 00'],
    ['PUBLISH at QoS 2', '34 06 0001 74 0000 00'],
    ['SUBSCRIBE', '82 07 0000 00 0001 74 00'],
    ['UNSUBSCRIBE', 'a2 06 0000 00 0001 74'],
    ['PUBACK', '40 02 0000'],
    ['PUBREC', '50 02 0000'],
    ['PUBREL', '62 02 0000'],
    ['PUBCOMP', '70 02 0000'],
  ])('packet identifier 0 in %s closes with a reason [hostile 8]', async (_, bytes) => {
    const guest = await house.client(transport)
    guest.sendRaw(bytes)
    expect([0x81, 0x82]).toContain(await lastCode(guest))
  })

  test('stray PUBACK, PUBREC and PUBCOMP do not raise the send quota [hostile 9]', async () => {
    const guest = await house.client(transport, { properties: { receiveMaximum: 1 } })
    await guest.subscribe('quota/t', { qos: 2 })
    for (const id of [1, 2, 7, 65_535]) {
      guest.send({ cmd: 'puback', messageId: id })
      guest.send({ cmd: 'pubcomp', messageId: id })
      guest.send({ cmd: 'pubrec', messageId: id })
      const pubrel = await guest.next('pubrel')
      expect(pubrel.messageId).toBe(id)
      guest.send({ cmd: 'pubcomp', messageId: id })
    }
    const sender = await house.client(transport)
    for (const payload of ['a', 'b', 'c']) await sender.publish('quota/t', payload, { qos: 2 })
    const first = await guest.next('publish')
    await guest.nothing()
    await guest.ack(first)
    expect((await guest.collect(2)).map(({ text }) => text)).toEqual(['b', 'c'])
  })
})
