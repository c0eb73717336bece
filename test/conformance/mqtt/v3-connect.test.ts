import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { binary, byte, frame, text, u16 } from '../../support/bytes.ts'
import type { Wire } from '../../support/wire.ts'
import { client, expectClosed, hex } from './clients.ts'

const protocol = [text('MQTT'), byte(4)]
/** Connect flags. */
const user = 0x80
const password = 0x40
const willRetain = 0x20
const will = 0x04
const clean = 0x02

function connect(flags: number, ...payload: readonly Uint8Array[]): Buffer {
  return frame(0x10, ...protocol, byte(flags), u16(0), ...payload)
}

async function sent(broker: TestBroker, bytes: Uint8Array): Promise<Wire> {
  const one = await broker.wire({ version: 4 })
  one.sendRaw(bytes)
  return one
}

test('an accepted CONNECT is answered by CONNACK 0, first and once [3.1.1 MQTT-3.1.4-4] [3.1.1 MQTT-3.2.0-1] [3.1.1 MQTT-3.2.2-1]', async () => {
  await using broker = await startBroker()
  const one = await sent(broker, Buffer.concat([connect(clean, text('c')), byte(0xc0, 0)]))
  expect(hex(await one.next())).toBe('20020000')
  expect(hex(await one.next())).toBe('d000')
  await one.nothing()
})

test.each([
  ['c000', 'PINGREQ'],
  ['e000', 'DISCONNECT'],
  ['300300017478', 'PUBLISH'],
  ['8206000100017400', 'SUBSCRIBE'],
])('%s before CONNECT closes the connection: %s [3.1.1 MQTT-3.1.0-1]', async bytes => {
  await using broker = await startBroker()
  await expectClosed(await sent(broker, Buffer.from(bytes, 'hex')))
})

test('a second CONNECT closes the connection, and the will is published [3.1.1 MQTT-3.1.0-2] [3.1.1 MQTT-4.8.0-1]', async () => {
  await using broker = await startBroker()
  const watcher = await client(broker, { version: 4 })
  await watcher.subscribe('w')
  const one = await client(broker, {
    version: 4,
    will: { topic: 'w', payload: Buffer.from('dead'), qos: 0, retain: false },
  })
  one.sendRaw(connect(clean, text('again')))
  await expectClosed(one)
  expect((await watcher.next('publish')).text).toBe('dead')
  await watcher.nothing()
})

test('another protocol name is not served [3.1.1 MQTT-3.1.2-1]', async () => {
  await using broker = await startBroker()
  for (const name of ['mqtt', 'MQTTX', 'HTTP', '']) {
    const bytes = frame(0x10, text(name), byte(4), byte(clean), u16(0), text('c'))
    await expectClosed(await sent(broker, bytes))
  }
})

test('a level that is not served gets CONNACK 0x01, and the end [3.1.1 MQTT-3.1.2-2] [3.1.1 MQTT-3.2.2-4] [3.1.1 MQTT-3.2.2-5]', async () => {
  await using broker = await startBroker()
  const one = await sent(broker, frame(0x10, text('MQTT'), byte(3), byte(clean), u16(0), text('c')))
  expect((await one.closed()).packets.map(hex)).toEqual(['20020001'])
})

test.each([
  ['the reserved flag set [3.1.1 MQTT-3.1.2-3]', connect(clean | 1, text('c'))],
  ['will QoS 1 without a will [3.1.1 MQTT-3.1.2-13] [3.1.1 MQTT-3.1.2-11]', connect(clean | 0x08, text('c'))],
  ['will retain without a will [3.1.1 MQTT-3.1.2-15] [3.1.1 MQTT-3.1.2-11]', connect(clean | willRetain, text('c'))],
  ['will QoS 3 [3.1.1 MQTT-3.1.2-14]', connect(clean | will | 0x18, text('c'), text('w'), binary('x'))],
  ['a will flag and no will [3.1.1 MQTT-3.1.2-9]', connect(clean | will, text('c'))],
  ['a will topic and no message [3.1.1 MQTT-3.1.2-9]', connect(clean | will, text('c'), text('w'))],
  ['a password flag without a user flag [3.1.1 MQTT-3.1.2-22]', connect(clean | password, text('c'), binary('p'))],
  ['a user flag and no name [3.1.1 MQTT-3.1.2-19]', connect(clean | user, text('c'))],
  ['a name and no user flag [3.1.1 MQTT-3.1.2-18]', connect(clean, text('c'), text('ann'))],
  ['a password flag and no password [3.1.1 MQTT-3.1.2-21]', connect(clean | user | password, text('c'), text('ann'))],
  ['a password and no flag [3.1.1 MQTT-3.1.2-20]', connect(clean | user, text('c'), text('ann'), binary('p'))],
  ['no client identifier [3.1.1 MQTT-3.1.3-3]', connect(clean)],
  ['fields in another order [3.1.1 MQTT-3.1.3-1]', connect(clean | will, text('c'), binary('x'))],
  ['an identifier that is no UTF-8 [3.1.1 MQTT-3.1.3-4] [3.1.1 MQTT-1.5.3-1]', connect(clean, text(byte(0xff)))],
  ['a surrogate in its identifier [3.1.1 MQTT-1.5.3-1]', connect(clean, text(byte(0xed, 0xa0, 0x80)))],
  ['U+0000 in its identifier [3.1.1 MQTT-1.5.3-2]', connect(clean, text('a\0b'))],
  [
    'a will topic that is no UTF-8 [3.1.1 MQTT-3.1.3-10]',
    connect(clean | will, text('c'), text(byte(0xff)), binary('')),
  ],
  ['a user name that is no UTF-8 [3.1.1 MQTT-3.1.3-11]', connect(clean | user, text('c'), text(byte(0xff)))],
  ['wrong header flags [3.1.1 MQTT-2.2.2-2]', Buffer.from('110d00044d5154540402000000016300', 'hex').subarray(0, 15)],
] as const)('CONNECT with %s is closed without CONNACK [3.1.1 MQTT-3.1.4-1]', async (_, bytes) => {
  await using broker = await startBroker()
  await expectClosed(await sent(broker, bytes))
})

test('identifiers of 1 to 23 letters and digits, and others, are taken [3.1.1 MQTT-3.1.3-5]', async () => {
  await using broker = await startBroker()
  for (const clientId of ['a', '0123456789abcdefghijklm', 'ABCDEFGHIJKLMNOPQRSTUVW', 'x'.repeat(300), 'a/b #+ä']) {
    await (await client(broker, { version: 4, clientId })).end()
  }
})

test('an empty identifier is taken with clean session, each another; without it 0x02 [3.1.1 MQTT-3.1.3-6] [3.1.1 MQTT-3.1.3-7] [3.1.1 MQTT-3.1.3-8] [3.1.1 MQTT-3.1.3-9] [3.1.1 MQTT-3.2.2-5]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, { version: 4, clientId: '' })
  const two = await client(broker, { version: 4, clientId: '' })
  await one.nothing()
  await two.nothing()
  const refused = await sent(broker, connect(0, text('')))
  expect((await refused.closed()).packets.map(hex)).toEqual(['20020002'])
})

test('the same identifier ends the old connection, without a word [3.1.1 MQTT-3.1.4-2] [3.1.1 MQTT-3.1.3-2]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, { version: 4, clientId: 'same' })
  const other = await client(broker, { version: 4, clientId: 'Same' })
  const two = await client(broker, { version: 4, clientId: 'same' })
  await expectClosed(one)
  await two.nothing()
  await other.nothing()
})

test('wrong credentials get 0x04, none where some are needed 0x05, and what follows is ignored [3.1.1 MQTT-3.1.4-5] [3.1.1 MQTT-3.2.2-4] [3.1.1 MQTT-3.2.2-5]', async () => {
  await using broker = await startBroker({ kernel: { access: { anonymous: 'never' } } })
  const late = frame(0x30, text('t'), Buffer.from('x'))
  const named = await sent(broker, Buffer.concat([connect(clean | user, text('c'), text('ann')), late]))
  expect((await named.closed()).packets.map(hex)).toEqual(['20020004'])
  const nobody = await sent(broker, Buffer.concat([connect(clean, text('c')), late]))
  expect((await nobody.closed()).packets.map(hex)).toEqual(['20020005'])
})

test('where no return code fits, the connection closes without CONNACK [3.1.1 MQTT-3.2.2-6] [3.1.1 MQTT-3.1.4-1]', async () => {
  await using broker = await startBroker()
  await expectClosed(await sent(broker, frame(0x10, ...protocol, byte(clean), u16(0), text('c'), byte(1))))
})

test('a client that is silent for one and a half keep alive periods is cut off; PINGREQ keeps it [3.1.1 MQTT-3.1.2-24] [3.1.1 MQTT-3.12.4-1]', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const one = await client(broker, { version: 4, keepalive: 10 })
  const busy = await client(broker, { version: 4, keepalive: 10 })
  await broker.clock.advance(14_000)
  await busy.ping()
  expect(one.isClosed).toBe(false)
  await broker.clock.advance(4_000)
  await expectClosed(one)
  await busy.nothing()
})

test('keep alive 0 never cuts off', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const one = await client(broker, { version: 4, keepalive: 0 })
  await broker.clock.advance(200_000)
  await one.nothing()
})

test('PINGREQ is answered by PINGRESP [3.1.1 MQTT-3.12.4-1]', async () => {
  await using broker = await startBroker()
  const one = await client(broker, { version: 4 })
  one.sendRaw('c000')
  expect(hex(await one.next())).toBe('d000')
})

test.each(['c100', 'e100', '2002 0000', 'd000', '9003 0001 00', 'f000', '0000', '6002 0001', '4102 0001', '5302 0001'])(
  '%s has wrong flags or is no packet of a client: closed without a word [3.1.1 MQTT-2.2.2-1] [3.1.1 MQTT-2.2.2-2] [3.1.1 MQTT-4.8.0-1] [3.1.1 MQTT-3.14.1-1] [3.1.1 MQTT-3.6.1-1]',
  async bytes => {
    await using broker = await startBroker()
    const one = await client(broker, { version: 4 })
    one.sendRaw(bytes)
    await expectClosed(one)
  },
)
