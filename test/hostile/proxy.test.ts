import { once } from 'node:events'
import net from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { byte, frame, text, u16 } from '../support/bytes.ts'
import { count, type House, openHouse } from './house.ts'

let house: House
beforeAll(async () => {
  const at = { protocol: 'mqtt', host: '127.0.0.1', port: 0, transport: 'tcp' as const }
  house = await openHouse({
    listeners: [
      { ...at, name: 'proxied', proxyFrom: ['127.0.0.1'] },
      { ...at, name: 'elsewhere', proxyFrom: ['192.0.2.0/24'] },
    ],
  })
})
afterEach(() => house.intact())
afterAll(() => house[Symbol.asyncDispose]())

const connect = frame(0x10, text('MQTT'), byte(4, 2), u16(0), text('proxy-guest'))
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const addresses = Buffer.from('7f000001 7f000001 04d2 075b'.replaceAll(' ', ''), 'hex')

function v2(command: number, family: number, body: Buffer, length = body.length): Buffer {
  return Buffer.concat([signature, byte(command, family), u16(length), body])
}

/** All the broker answers, until it closes or the CONNACK is complete. */
async function answer(listener: string, bytes: Buffer): Promise<string> {
  const socket = net.connect({ port: house.broker.portOf(listener), host: '127.0.0.1' })
  let got = Buffer.alloc(0)
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.on('data', (chunk: Buffer) => {
    got = Buffer.concat([got, chunk])
    if (got.length >= 4) socket.destroy()
  })
  socket.write(bytes)
  await closed
  return got.toString('hex')
}

test.each([
  ['v1', Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 1234 1883\r\n')],
  ['v1 UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
  ['v2', v2(0x21, 0x11, addresses)],
  ['v2 with a TLV', v2(0x21, 0x11, Buffer.concat([addresses, byte(0x04, 0, 3, 1, 2, 3)]))],
])('a good header, %s, lets the client through', async (_, header) => {
  // Whether it may come in is another question: the proxy names no loopback client everywhere.
  expect(await answer('proxied', Buffer.concat([header, connect]))).toMatch(/^2002000[05]$/)
})

test.each([
  ['no header at all', connect],
  ['a v1 line of 200 bytes', Buffer.from(`PROXY TCP4 ${'1'.repeat(190)}\r\n`)],
  ['a v1 line with words for addresses', Buffer.from('PROXY TCP4 localhost localhost 1 2\r\n')],
  ['a v1 line with a port of 70000', Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 70000 1883\r\n')],
  ['a v1 line of another protocol', Buffer.from('PROXY UDP4 127.0.0.1 127.0.0.1 1 2\r\n')],
  ['v2 of version 3', v2(0x31, 0x11, addresses)],
  ['v2 with an unknown command', v2(0x2f, 0x11, addresses)],
  ['v2 with too few bytes of addresses', v2(0x21, 0x11, addresses.subarray(0, 6))],
  ['v2 with a TLV that is longer than the header', v2(0x21, 0x11, Buffer.concat([addresses, byte(0x04, 0xff, 0xff)]))],
  ['v2 with half a TLV', v2(0x21, 0x11, Buffer.concat([addresses, byte(0x04)]))],
  ['v2 of 65,535 bytes', v2(0x21, 0x11, addresses, 65_535)],
])('%s closes without a word [hostile 16]', async (_, header) => {
  expect(await answer('proxied', Buffer.concat([header, connect]))).toBe('')
})

test('a header from a peer that is not trusted is not believed: it closes [hostile 16]', async () => {
  expect(await answer('elsewhere', Buffer.concat([v2(0x21, 0x11, addresses), connect]))).toBe('')
  expect(count(house.kernel, 'net_connections_refused', { listener: 'elsewhere' })).toBeGreaterThan(0)
})

test('a header where none is expected is no CONNECT [hostile 16]', async () => {
  expect(await answer('tcp', Buffer.concat([v2(0x21, 0x11, addresses), connect]))).toBe('')
})
