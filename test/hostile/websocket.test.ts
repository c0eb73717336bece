import { deflateRawSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { byte, frame, text, u16 } from '../support/bytes.ts'
import { count, type House, openHouse } from './house.ts'
import { RawWebSocket, webSocketFrame } from './raw-websocket.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterEach(() => house.intact())
afterAll(() => house[Symbol.asyncDispose]())

const connect = frame(0x10, text('MQTT'), byte(4, 2), u16(0), text('ws-guest'))
const connack = Buffer.from('820420020000', 'hex')

async function open(headers?: readonly string[]): Promise<RawWebSocket> {
  const guest = await new RawWebSocket(house.broker.wsPort).open(headers)
  expect(guest.response).toMatch(/^HTTP\/1\.1 101 /)
  return guest
}

test('a CONNECT in frames of one byte, with a ping among them, is a CONNECT [hostile 15]', async () => {
  await using guest = await open()
  for (const [i, one] of connect.entries()) {
    const isLast = i === connect.length - 1
    guest.send(webSocketFrame((isLast ? 0x80 : 0) | (i === 0 ? 2 : 0), Buffer.from([one])))
    if (i === 5) guest.send(webSocketFrame(0x89, Buffer.from('?')))
  }
  const pong = Buffer.from('8a013f', 'hex')
  expect(await guest.bytes(pong.length + connack.length)).toEqual(Buffer.concat([pong, connack]))
})

test('packets that lie across frames, and frames that hold several, are told apart by their bytes [hostile 15]', async () => {
  await using guest = await open()
  const all = Buffer.concat([connect, Buffer.from('c000c000', 'hex')])
  guest.send(webSocketFrame(0x82, all.subarray(0, 7)))
  guest.send(webSocketFrame(0x82, all.subarray(7, -3)))
  guest.send(webSocketFrame(0x82, all.subarray(-3)))
  const got = await guest.bytes(connack.length + 4)
  expect(got.toString('hex')).toContain('20020000')
})

test.each([
  ['a length of 64 bits with the top bit set', Buffer.from('82ff8000000000000001 01020304'.replaceAll(' ', ''), 'hex')],
  ['a length of 2^53', Buffer.from('82ff0020000000000000 01020304'.replaceAll(' ', ''), 'hex')],
  ['a length of 4 GiB', Buffer.from('82ff0000000100000000 01020304'.replaceAll(' ', ''), 'hex')],
  ['an unmasked frame', webSocketFrame(0x82, connect, false)],
  ['a text frame', webSocketFrame(0x81, Buffer.from('hello'))],
  ['a text frame that is not UTF-8', webSocketFrame(0x81, Buffer.from([0xff, 0xfe]))],
  ['a reserved opcode', webSocketFrame(0x83, connect)],
  ['a continuation of nothing', webSocketFrame(0x80, connect)],
  ['reserved bits', webSocketFrame(0xa2, connect)],
  ['a fragmented ping', webSocketFrame(0x09, Buffer.from('x'))],
  ['a ping of 126 bytes', webSocketFrame(0x89, Buffer.alloc(126))],
  ['a close frame of one byte', webSocketFrame(0x88, Buffer.alloc(1))],
])('%s closes [hostile 15]', async (_, bytes) => {
  await using guest = await open()
  guest.send(bytes)
  const last = await guest.closed()
  expect(last.toString('hex')).not.toContain('20020000')
})

test('a compression bomb before login: compression is not agreed on, and its frame closes [hostile 15]', async () => {
  await using guest = await open(['Sec-WebSocket-Extensions: permessage-deflate'])
  expect(guest.response.toLowerCase()).not.toContain('permessage-deflate')
  const bomb = deflateRawSync(Buffer.alloc(50_000_000))
  const received = count(house.kernel, 'net_received_bytes', { listener: 'ws' })
  guest.send(webSocketFrame(0xc2, bomb.subarray(0, 60_000)))
  await guest.closed()
  expect(count(house.kernel, 'net_received_bytes', { listener: 'ws' }) - received).toBeLessThan(100_000)
})

test('a frame above the largest message is refused by its header alone [hostile 15]', async () => {
  await using guest = await open()
  const header = Buffer.from('82ff0000000008000000 01020304'.replaceAll(' ', ''), 'hex')
  guest.send(header)
  await guest.closed()
})

test.each([
  ['another path', 'GET /elsewhere HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
  ['a plain request', 'GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['bytes that are no HTTP', '\x16\x03\x01\x02\x00\x01\x00'],
  ['headers without end', `GET /mqtt HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n`],
])('%s on the WebSocket port is answered or closed [hostile 4]', async (_, request) => {
  await using guest = new RawWebSocket(house.broker.wsPort)
  guest.socket.resume()
  guest.send(Buffer.from(request, 'latin1'))
  await guest.closed()
})
