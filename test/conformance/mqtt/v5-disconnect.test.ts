import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { byte, frame, properties, text, u32, userProperty } from '../../support/bytes.ts'
import type { Wire } from '../../support/wire.ts'
import { client, expectClosed, expectDisconnect, hex } from './clients.ts'

const will = { topic: 'will', payload: Buffer.from('dead'), qos: 1 as const, retain: false }

async function watching(broker: TestBroker): Promise<Wire> {
  const watcher = await client(broker)
  await watcher.subscribe('will')
  return watcher
}

test('PINGREQ is answered by PINGRESP, each one [MQTT-3.12.4-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.sendRaw('c000 c000 c000')
  for (let i = 0; i < 3; i++) expect(hex(await one.next())).toBe('d000')
  await one.nothing()
})

test.each(['c100', 'c200', 'd000'])('%s is no PINGREQ and ends its connection [MQTT-2.1.3-1]', async bytes => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.sendRaw(bytes)
  expect([0x81, 0x82]).toContain((await one.closed()).reasonCode)
})

test.each(['c00100', 'd00100'])('%s has no business to have content: closed without a word', async bytes => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.sendRaw(bytes)
  await expectClosed(one)
})

test.each([
  ['without a reason code', 'e000'],
  ['with reason code 0', 'e00100'],
  ['with reason code 0 and no properties', 'e0020000'],
])(
  'DISCONNECT %s discards the will, and the server closes without a word [MQTT-3.14.4-3] [MQTT-3.1.2-10] [MQTT-3.14.4-2]',
  async (_, bytes) => {
    await using broker = await startBroker({ time: 'manual' })
    const watcher = await watching(broker)
    const one = await client(broker, { will })
    one.sendRaw(bytes)
    await expectClosed(one)
    await broker.clock.advance(60_000)
    await watcher.nothing()
  },
)

test.each([0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99])(
  'DISCONNECT with reason code %i is taken, and the will is published [MQTT-3.14.2-1] [MQTT-3.1.2-8] [MQTT-4.13.2-1]',
  async code => {
    await using broker = await startBroker()
    const watcher = await watching(broker)
    const one = await client(broker, { will })
    one.sendRaw(frame(0xe0, byte(code)))
    await expectClosed(one)
    expect((await watcher.next('publish')).text).toBe('dead')
  },
)

test.each([0x01, 0x10, 0x18, 0x84, 0x86, 0x87, 0x88, 0x8b, 0x8d, 0x8e, 0x9c, 0xa2, 0xff])(
  'a client may not disconnect with reason code %i: no answer, and the will is published [MQTT-3.14.2-1]',
  async code => {
    await using broker = await startBroker()
    const watcher = await watching(broker)
    const one = await client(broker, { will })
    one.sendRaw(frame(0xe0, byte(code)))
    await expectClosed(one)
    expect((await watcher.next('publish')).text).toBe('dead')
  },
)

test('a DISCONNECT with flags is malformed, and the will is published [MQTT-3.14.1-1] [MQTT-2.1.3-1]', async () => {
  await using broker = await startBroker()
  const watcher = await watching(broker)
  for (let flags = 1; flags < 16; flags++) {
    const one = await client(broker, { will })
    one.sendRaw(byte(0xe0 | flags, 0))
    await expectDisconnect(one, 0x81)
    await watcher.next('publish')
  }
})

test.each([
  ['properties that end early', frame(0xe0, byte(0), byte(9)), 0x81],
  ['bytes after its properties', frame(0xe0, byte(0), byte(0), byte(0)), 0x81],
  ['a property of PUBLISH', frame(0xe0, byte(0), properties(byte(0x02), u32(1))), 0x82],
  ['two expiry intervals', frame(0xe0, byte(0), properties(byte(0x11), u32(0), byte(0x11), u32(0))), 0x82],
  ['a reason string that is no UTF-8', frame(0xe0, byte(0), properties(byte(0x1f), text(byte(0xff)))), 0x81],
] as const)('DISCONNECT with %s is an error, and the will is published', async (_, packet, code) => {
  await using broker = await startBroker()
  const watcher = await watching(broker)
  const one = await client(broker, { will })
  one.sendRaw(packet)
  await expectDisconnect(one, code)
  await watcher.next('publish')
})

test('DISCONNECT may have a reason string and user properties', async () => {
  await using broker = await startBroker()
  const one = await client(broker)
  one.sendRaw(frame(0xe0, byte(0), properties(byte(0x1f), text('tired'), userProperty('a', 'b'))))
  await expectClosed(one)
})

test('what follows DISCONNECT is ignored, also in the same segment [MQTT-3.14.4-1]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker)
  await watcher.subscribe('#')
  const one = await client(broker)
  one.sendRaw(Buffer.concat([byte(0xe0, 0), frame(0x30, text('late'), properties(), Buffer.from('x')), byte(0xc0, 0)]))
  await expectClosed(one)
  await watcher.nothing()
})

test('the client is sent nothing after its DISCONNECT, and the server nothing after its own [MQTT-3.14.4-1]', async () => {
  await using broker = await startBroker()
  const publisher = await client(broker)
  const one = await client(broker)
  await one.subscribe('t')
  one.sendRaw(Buffer.concat([byte(0xe0, 0)]))
  await publisher.publish('t', 'x', { qos: 1 })
  await expectClosed(one)
  const two = await client(broker)
  await two.subscribe('t')
  two.sendRaw(byte(0x00, 0, 0xc0, 0))
  await publisher.publish('t', 'x', { qos: 1 })
  expect((await two.closed()).packets.at(-1)).toMatchObject({ cmd: 'disconnect' })
})

test.each(['e000', '30', 'c000', '8206000100017400'])(
  'no DISCONNECT comes before CONNACK, whatever comes instead of CONNECT: %s [MQTT-3.14.0-1] [MQTT-3.1.0-1]',
  async bytes => {
    await using broker = await startBroker()
    const one = await broker.wire()
    one.sendRaw(bytes)
    if (bytes === '30') one.sendRaw('00')
    expect((await one.closed()).packets.filter(({ cmd }) => cmd === 'disconnect')).toEqual([])
  },
)

test.each([
  ['a malformed packet', 'c100', 0x81],
  ['a protocol error: a second CONNECT', '100e 0004 4d515454 05 02 0000 00 0001 61', 0x82],
  ['packet type 0', '0000', 0x82],
  ['a packet of a server: CONNACK', '2003000000', 0x82],
  ['a packet of a server: SUBACK', '900400010000', 0x82],
  ['a packet of a server: UNSUBACK', 'b00400010000', 0x82],
] as const)(
  '%s is answered by DISCONNECT with its code, and closed [MQTT-4.13.1-1] [MQTT-4.13.2-1] [MQTT-3.14.2-1] [MQTT-3.14.2-2]',
  async (_, bytes, code) => {
    await using broker = await startBroker()
    const one = await client(broker)
    one.sendRaw(bytes)
    const { packets } = await one.closed()
    expect(packets.map(hex)).toEqual([`e001${code.toString(16)}`])
  },
)

test('DISCONNECT of the server leaves out what would not fit [MQTT-3.14.2-3] [MQTT-3.14.2-4]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, { properties: { maximumPacketSize: 40 } })
  one.sendRaw(frame(0x30, text(`${'long'.repeat(50)}+`), properties()))
  const { packets } = await one.closed()
  expect(packets).toMatchObject([{ cmd: 'disconnect' }])
  expect(packets[0]!.raw.length).toBeLessThanOrEqual(40)
})

test('a server that stops says 0x8B, one that gives the session away 0x8E [MQTT-3.14.2-1] [MQTT-3.14.2-2]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, { clientId: 'same' })
  await client(broker, { clientId: 'same' })
  expect((await one.closed()).packets.map(hex)).toEqual(['e0018e'])
  const two = await client(broker)
  await broker.kernel.close()
  expect((await two.closed()).packets.map(hex)).toEqual(['e0018b'])
})
