import { expect, test } from 'vitest'
import type { AuthPlugin } from '../../../kernel/plugin.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { binary, byte, frame, properties, text, userProperty } from '../../support/bytes.ts'
import type { ConnectOptions, Outgoing, Wire } from '../../support/wire.ts'
import { reAuthenticate as again, auth, beginAuthentication as begin, proceed } from './auth-packets.ts'
import { client, expectDisconnect, hex } from './clients.ts'

/** Says a number; the client must say it back, and who it is. As many rounds as the method's name tells. */
const riddle: AuthPlugin = {
  kind: 'auth',
  name: 'riddle',
  api: 1,
  options: {},
  async open() {
    return {
      methods: ['ONE', 'THREE', 'NONE'],
      authenticate: async () => 'unknown' as const,
      exchange(method) {
        const rounds = { NONE: 0, ONE: 1, THREE: 3 }[method]
        if (rounds === undefined) return undefined
        let round = 0
        return {
          async step(data) {
            const [user = '', answer] = Buffer.from(data).toString().split(' ')
            if (round > 0 && answer !== `${round}`) return 'denied'
            if (round++ < rounds) return { challenge: Buffer.from(`${round}`) }
            return { identity: { user }, data: Buffer.from('welcome') }
          },
        }
      },
      close: async () => {},
    }
  },
}

function start(): Promise<TestBroker> {
  return startBroker({ kernel: { access: { authenticators: [{ plugin: riddle }] } } })
}

/** A client that came in by method ONE. */
async function admitted(broker: TestBroker, options: ConnectOptions = {}): Promise<Wire> {
  const one = await broker.wire()
  begin(one, 'ONE', 'ann', options)
  await one.next('auth')
  one.send(auth(proceed, 'ONE', 'ann 1'))
  expect(await one.next('connack')).toMatchObject({ reasonCode: 0 })
  return one
}

test.each([
  ['NONE', 0],
  ['ONE', 1],
  ['THREE', 3],
] as const)(
  'method %s: %i rounds of AUTH 0x18, then CONNACK, all with the method of CONNECT [MQTT-4.12.0-2] [MQTT-4.12.0-5] [MQTT-3.15.2-1] [MQTT-3.2.0-1]',
  async (method, rounds) => {
    await using broker = await start()
    const one = await broker.wire()
    begin(one, method, 'ann')
    for (let round = 1; round <= rounds; round++) {
      const asked = await one.next('auth')
      expect(asked.reasonCode).toBe(0x18)
      expect(asked.properties).toEqual({ authenticationMethod: method, authenticationData: Buffer.from(`${round}`) })
      one.send(auth(proceed, method, `ann ${round}`))
    }
    expect(await one.next('connack')).toMatchObject({
      reasonCode: 0,
      properties: { authenticationMethod: method, authenticationData: Buffer.from('welcome') },
    })
    await one.publish('t', 'x', { qos: 1 })
  },
)

test('a method that is not offered is refused by 0x8C and closed [MQTT-4.12.0-1]', async () => {
  await using broker = await start()
  for (const method of ['GSSAPI', '', 'one', '__proto__']) {
    const one = await broker.wire()
    begin(one, method, 'ann')
    expect((await one.closed()).packets).toMatchObject([{ cmd: 'connack', reasonCode: 0x8c, sessionPresent: false }])
  }
})

test('a wrong answer is refused by CONNACK 0x87 and closed, at any round [MQTT-4.12.0-4]', async () => {
  await using broker = await start()
  for (let wrong = 1; wrong <= 3; wrong++) {
    const one = await broker.wire()
    begin(one, 'THREE', 'ann')
    for (let round = 1; round <= wrong; round++) {
      await one.next('auth')
      one.send(auth(proceed, 'THREE', round === wrong ? 'ann no' : `ann ${round}`))
    }
    expect((await one.closed()).packets).toMatchObject([{ cmd: 'connack', reasonCode: 0x87 }])
  }
})

test('without a method in CONNECT there is no AUTH and no method in CONNACK [MQTT-4.12.0-6]', async () => {
  await using broker = await start()
  const one = await broker.wire()
  const connack = await one.connect()
  expect(connack.properties).not.toHaveProperty('authenticationMethod')
  expect(connack.properties).not.toHaveProperty('authenticationData')
  await one.nothing()
})

test('AUTH from a client that named no method is a protocol error [MQTT-4.12.0-7]', async () => {
  await using broker = await start()
  for (const code of [proceed, again]) {
    const one = await client(broker)
    one.send(auth(code, 'ONE', 'ann'))
    await expectDisconnect(one, 0x82)
  }
})

test('data without a method, in CONNECT and in AUTH, is a protocol error', async () => {
  await using broker = await start()
  const one = await broker.wire()
  one.sendRaw(frame(0x10, text('MQTT'), byte(5, 2, 0, 0), properties(byte(0x16), binary(byte(1))), text('c')))
  expect((await one.closed()).packets).toMatchObject([{ cmd: 'connack', reasonCode: 0x82 }])
  const two = await admitted(broker)
  two.sendRaw(frame(0xf0, byte(again), properties(byte(0x16), binary(byte(1)))))
  await expectDisconnect(two, 0x82)
})

test.each([
  ['another method', auth(proceed, 'THREE', 'ann 1')],
  ['0x19', auth(again, 'ONE', 'ann 1')],
  ['0x00', auth(0, 'ONE', 'ann 1')],
  ['PINGREQ', { cmd: 'pingreq' }],
  ['SUBSCRIBE', { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos: 0 }] }],
  ['PUBLISH', { cmd: 'publish', topic: 't', payload: 'x', qos: 0, retain: false, dup: false }],
  ['CONNECT', { cmd: 'connect', clientId: 'c', clean: true, keepalive: 0, protocolVersion: 5, protocolId: 'MQTT' }],
] as const)('while AUTH is awaited %s is a protocol error [MQTT-4.12.0-5]', async (_, packet) => {
  await using broker = await start()
  const one = await broker.wire()
  begin(one, 'ONE', 'ann')
  await one.next('auth')
  one.send(packet as Outgoing)
  expect((await one.closed()).packets).toMatchObject([{ cmd: 'connack', reasonCode: 0x82 }])
})

test('DISCONNECT while AUTH is awaited just ends it, without a session or a will', async () => {
  await using broker = await start()
  const watcher = await client(broker)
  await watcher.subscribe('will')
  const one = await broker.wire()
  begin(one, 'ONE', 'ann', { will: { topic: 'will', payload: Buffer.from('x'), qos: 0, retain: false } })
  await one.next('auth')
  one.send({ cmd: 'disconnect', reasonCode: 4 })
  expect((await one.closed()).packets).toEqual([])
  await watcher.nothing()
})

test("a connection that only began to authenticate takes nobody's session [MQTT-4.12.0-4]", async () => {
  await using broker = await start()
  const holder = await client(broker, { clientId: 'same' })
  const one = await broker.wire()
  begin(one, 'ONE', 'ann', { clientId: 'same' })
  await one.next('auth')
  await holder.ping()
  one.send(auth(proceed, 'ONE', 'ann no'))
  await one.closed()
  await holder.nothing()
})

test.each([
  ['flags', frame(0xf1, byte(proceed), properties(byte(0x15), text('ONE'))), 0x81],
  ['no reason code and no method', byte(0xf0, 0), 0x82],
  ['a reason code of a server', frame(0xf0, byte(0), properties(byte(0x15), text('ONE'))), 0x82],
  ['an unknown reason code', frame(0xf0, byte(0x42), properties(byte(0x15), text('ONE'))), 0x82],
  ['no method', frame(0xf0, byte(again), properties()), 0x82],
  ['two methods', frame(0xf0, byte(again), properties(byte(0x15), text('ONE'), byte(0x15), text('ONE'))), 0x82],
  ['a property of PUBLISH', frame(0xf0, byte(again), properties(byte(0x03), text('x'))), 0x82],
  ['a method that is no UTF-8', frame(0xf0, byte(again), properties(byte(0x15), text(byte(0xff)))), 0x81],
] as const)(
  'AUTH with %s ends its connection [MQTT-3.15.1-1] [MQTT-3.15.2-1] [MQTT-2.1.3-1]',
  async (_, packet, code) => {
    await using broker = await start()
    const one = await admitted(broker)
    one.sendRaw(packet)
    await expectDisconnect(one, code)
  },
)

test('re-authentication: AUTH 0x19, rounds of 0x18, AUTH 0x00, and traffic flows meanwhile [MQTT-4.12.1-1] [MQTT-4.12.0-5]', async () => {
  await using broker = await start()
  const one = await admitted(broker)
  await one.subscribe('t', { qos: 1 })
  for (let i = 0; i < 2; i++) {
    one.send(auth(again, 'ONE', 'ann'))
    expect(await one.next('auth')).toMatchObject({ reasonCode: 0x18, properties: { authenticationMethod: 'ONE' } })
    await one.publish('t', 'x', { qos: 1 })
    await one.collect(1)
    one.send(auth(proceed, 'ONE', 'ann 1'))
    expect(await one.next('auth')).toMatchObject({
      reasonCode: 0,
      properties: { authenticationMethod: 'ONE', authenticationData: Buffer.from('welcome') },
    })
  }
  await one.nothing()
})

test('re-authentication that fails ends the connection by 0x87, and the will is published [MQTT-4.12.1-2]', async () => {
  await using broker = await start()
  const watcher = await client(broker)
  await watcher.subscribe('will')
  const one = await admitted(broker, { will: { topic: 'will', payload: Buffer.from('x'), qos: 0, retain: false } })
  one.send(auth(again, 'ONE', 'ann'))
  await one.next('auth')
  one.send(auth(proceed, 'ONE', 'ann wrong'))
  await expectDisconnect(one, 0x87)
  await watcher.next('publish')
})

test('who re-authenticates may not become another user [MQTT-4.12.1-2]', async () => {
  await using broker = await start()
  const one = await admitted(broker)
  one.send(auth(again, 'ONE', 'bob'))
  await one.next('auth')
  one.send(auth(proceed, 'ONE', 'bob 1'))
  await expectDisconnect(one, 0x87)
})

test.each([
  ['with another method', [auth(again, 'THREE', 'ann')]],
  ['without having begun', [auth(proceed, 'ONE', 'ann 1')]],
  ['twice at once', [auth(again, 'ONE', 'ann'), auth(again, 'ONE', 'ann')]],
] as const)('re-authentication %s is a protocol error [MQTT-4.12.1-1]', async (_, packets) => {
  await using broker = await start()
  const one = await admitted(broker)
  for (const packet of packets) one.send(packet)
  const closing = await one.closed()
  expect(closing.reasonCode).toBe(0x82)
})

test('AUTH of the server has the method and the data, and nothing that would not fit [MQTT-3.15.2-2] [MQTT-3.15.2-3]', async () => {
  await using broker = await start()
  const one = await broker.wire()
  begin(one, 'ONE', 'ann', { properties: { maximumPacketSize: 60 } })
  const asked = await one.next('auth')
  // Header, code, properties: the method and one byte of data, nothing else.
  expect(hex(asked)).toBe('f00c' + '18' + '0a' + '1500034f4e45' + '16000131')
})

test('user properties and a reason string in AUTH are taken', async () => {
  await using broker = await start()
  const one = await admitted(broker)
  one.sendRaw(
    frame(
      0xf0,
      byte(again),
      properties(
        byte(0x15),
        text('ONE'),
        byte(0x16),
        binary(byte(0x61)),
        byte(0x1f),
        text('r'),
        userProperty('a', 'b'),
      ),
    ),
  )
  expect(await one.next('auth')).toMatchObject({ reasonCode: 0x18 })
})
