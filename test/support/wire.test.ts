import { once } from 'node:events'
import net from 'node:net'
import { type Packet, parser } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { byte, frame, properties, text, u16, userProperty, varint } from './bytes.ts'
import { wire } from './wire.ts'
import { encode } from './wire-packet.ts'

const pairs = [
  ['a', '1'],
  ['b', '2'],
  ['a', '3'],
] as const

/** A server that answers each packet with the bytes of a script, and remembers what it was sent. */
async function fakeServer(answer: (packet: Packet, socket: net.Socket) => string | Buffer | undefined) {
  const seen: Packet[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer(socket => {
    sockets.add(socket)
    const reader = parser()
    reader.on('packet', packet => {
      seen.push(packet)
      const bytes = answer(packet, socket)
      if (bytes !== undefined) socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'hex') : bytes)
    })
    reader.on('error', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('data', bytes => reader.parse(Buffer.from(bytes)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const connack5 = '2003000000'

function answers(script: Partial<Record<Packet['cmd'], string | Buffer>>) {
  return fakeServer(({ cmd }) => script[cmd])
}

test('a packet shows its fields to toEqual, and its bytes and ordered user properties beside them', async () => {
  const publish = frame(
    0x30,
    text('t'),
    properties(...pairs.map(([name, value]) => userProperty(name, value))),
    byte(0x68),
  )
  await using server = await answers({ connect: connack5, pingreq: publish })
  await using client = await wire(server.port)
  expect(await client.connect({ clientId: 'x' })).toEqual({ cmd: 'connack', sessionPresent: false, reasonCode: 0 })
  client.send({ cmd: 'pingreq' })
  const message = await client.next('publish')
  expect(message).toMatchObject({ topic: 't', qos: 0, retain: false, dup: false })
  expect(message.text).toBe('h')
  expect(message.userProperties).toEqual(pairs)
  expect(message.raw).toEqual(publish)
})

test('user properties given as pairs are written in their order, in a packet and in a will', async () => {
  const connect = encode(
    {
      cmd: 'connect',
      clientId: 'x',
      protocolVersion: 5,
      properties: { receiveMaximum: 9, userProperties: pairs },
      will: { topic: 'w', payload: 'p', properties: { contentType: 'c', userProperties: pairs } },
    },
    5,
  )
  const users = pairs.map(([name, value]) => userProperty(name, value))
  expect(connect.toString('hex')).toBe(
    frame(
      0x10,
      text('MQTT'),
      byte(5, 0x06),
      u16(0),
      properties(byte(0x21), u16(9), ...users),
      text('x'),
      properties(byte(0x03), text('c'), ...users),
      text('w'),
      text('p'),
    ).toString('hex'),
  )
})

test('a QoS 2 publish carries out its handshake and leaves other packets unread', async () => {
  await using server = await answers({ connect: connack5, publish: '300400017400' + '50020001', pubrel: '70020001' })
  await using client = await wire(server.port)
  await client.connect()
  const acks = await client.publish('t', 'x', { qos: 2 })
  expect(acks.map(({ cmd }) => cmd)).toEqual(['pubrec', 'pubcomp'])
  expect(await client.next('publish')).toMatchObject({ topic: 't' })
})

test('collect acknowledges what it takes', async () => {
  await using server = await answers({
    connect: `${connack5}32060001740001003406000174000200`,
    pubrec: '62020002',
    pingreq: 'd000',
  })
  await using client = await wire(server.port)
  await client.connect()
  const got = await client.collect(2)
  await client.ping()
  expect(got.map(({ qos }) => qos)).toEqual([1, 2])
  expect(server.seen.map(({ cmd }) => cmd)).toEqual(['connect', 'puback', 'pubrec', 'pubcomp', 'pingreq'])
})

test('nothing() fails, naming the packet, when something had come', async () => {
  await using server = await answers({ connect: connack5, pingreq: '300400017400d000' })
  await using client = await wire(server.port)
  await client.connect()
  await expect(client.nothing()).rejects.toThrow(/expected pingresp, but publish to "t".*\n.*read.*connack/)
})

test('a wait that ends without its packet lists what was received', async () => {
  await using server = await answers({ connect: connack5 })
  await using client = await wire(server.port, { timeoutMs: 30 })
  await client.connect()
  await expect(client.next('publish')).rejects.toThrow(/waited 30 ms for publish; received 1 packets:\n.*connack 0x00/)
})

test('closed() gives the last packets and their reason code', async () => {
  await using server = await fakeServer((packet, socket) => {
    if (packet.cmd === 'connect') return Buffer.from(connack5, 'hex')
    socket.end(Buffer.from('e00182', 'hex'))
    return undefined
  })
  await using client = await wire(server.port)
  await client.connect()
  client.send({ cmd: 'pingreq' })
  const { packets, reasonCode } = await client.closed()
  expect(reasonCode).toBe(0x82)
  expect(packets.map(({ cmd }) => cmd)).toEqual(['disconnect'])
  await expect(client.next()).rejects.toThrow('the connection closed before a packet came')
})

test.each([
  ['a non-minimal remaining length', Buffer.concat([byte(0xd0), varint(0, 2)]), 'fewest bytes'],
  ['reserved flags', byte(0xd1, 0), 'header flag'],
  ['a packet that only clients send', byte(0xc0, 0), 'a server never sends pingreq'],
  [
    'a property of another packet',
    frame(0x30, text('t'), properties(byte(0x21), u16(1))),
    'receiveMaximum is not allowed',
  ],
  [
    'a property given twice',
    frame(0x30, text('t'), properties(byte(1, 0), byte(1, 0))),
    'payloadFormatIndicator comes twice',
  ],
  ['properties longer than the packet', frame(0x30, text('t'), varint(9)), 'Cannot parse property'],
])('a broker that sends %s fails the next wait', async (_, bytes, message) => {
  await using server = await answers({ connect: Buffer.concat([Buffer.from(connack5, 'hex'), bytes]) })
  await using client = await wire(server.port)
  await client.connect().catch(() => {})
  await expect(client.next()).rejects.toThrow(message)
})
