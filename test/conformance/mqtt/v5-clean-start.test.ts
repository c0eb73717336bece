import { describe, expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import type { ConnectOptions } from '../../support/wire.ts'
import { propertiesOf } from '../../support/wire-properties.ts'
import { client } from './clients.ts'
import { cut } from './cut.ts'
import { answersTo, hex, packet } from './raw.ts'

const never = 0xffff_ffff
const options = { time: 'manual', storage: 'file' } as const

/** Connects, and tells whether a session was there. */
async function present(broker: TestBroker, connect: ConnectOptions): Promise<boolean> {
  await using one = await broker.wire()
  const { sessionPresent, reasonCode } = await one.connect(connect)
  expect(reasonCode).toBe(0)
  await cut(broker, one)
  return sessionPresent
}

function kept(clientId: string, clean: boolean, sessionExpiryInterval = 60): ConnectOptions {
  return { clientId, clean, properties: { sessionExpiryInterval } }
}

describe('Clean Start', () => {
  test('0 without a session creates one, and is told so [MQTT-3.1.2-6] [MQTT-3.2.2-3] [MQTT-3.1.4-4]', async () => {
    await using broker = await startBroker(options)
    expect(await present(broker, kept('s', false))).toBe(false)
    expect(await present(broker, kept('s', false))).toBe(true)
  })
  test('0 continues a session: its subscriptions and what came meanwhile are there [MQTT-3.1.2-5] [MQTT-3.2.2-3]', async () => {
    await using broker = await startBroker(options)
    await using first = await client(broker, kept('s', true))
    await first.subscribe('t', { qos: 1 })
    await cut(broker, first)
    await using publisher = await client(broker)
    await publisher.publish('t', 'meanwhile', { qos: 1 })
    await using second = await broker.wire()
    expect(await second.connect(kept('s', false))).toMatchObject({ sessionPresent: true })
    expect((await second.collect(1)).map(({ text }) => text)).toEqual(['meanwhile'])
    await publisher.publish('t', 'afterwards', { qos: 1 })
    expect((await second.collect(1)).map(({ text }) => text)).toEqual(['afterwards'])
  })
  test('1 throws the session away, subscriptions and messages [MQTT-3.1.2-4] [MQTT-3.2.2-2] [MQTT-3.1.4-4]', async () => {
    await using broker = await startBroker(options)
    await using first = await client(broker, kept('s', true))
    await first.subscribe('t', { qos: 1 })
    await cut(broker, first)
    await using publisher = await client(broker)
    await publisher.publish('t', 'meanwhile', { qos: 1 })
    await using second = await broker.wire()
    expect(await second.connect(kept('s', true))).toMatchObject({ sessionPresent: false })
    await publisher.publish('t', 'afterwards', { qos: 1 })
    await second.nothing()
    await cut(broker, second)
    await using third = await broker.wire()
    expect(await third.connect(kept('s', false))).toMatchObject({ sessionPresent: true })
    await third.nothing()
  })
  test('1 on a session that is connected throws it away as well [MQTT-3.1.2-4]', async () => {
    await using broker = await startBroker(options)
    await using first = await client(broker, kept('s', true))
    await first.subscribe('t', { qos: 1 })
    await using second = await broker.wire()
    expect(await second.connect(kept('s', true))).toMatchObject({ sessionPresent: false })
    await second.publish('t', 'x', { qos: 1 })
    await second.nothing()
  })
})

describe('session expiry', () => {
  test.each([
    ['no interval: it ends with the connection', undefined, 0, false],
    ['interval 0: it ends with the connection', 0, 0, false],
    ['interval 1: it is there before a second has passed', 1, 900, true],
    ['interval 1: it is gone after a second', 1, 1_001, false],
    ['interval 60: it is there after 59 seconds', 60, 59_000, true],
    ['interval 60: it is gone after 60 seconds', 60, 60_001, false],
  ] as const)('%s [MQTT-3.1.2-23]', async (_name, interval, waitMs, isPresent) => {
    await using broker = await startBroker({ time: 'manual' })
    const properties = interval === undefined ? {} : { sessionExpiryInterval: interval }
    await using first = await client(broker, { clientId: 's', properties })
    await first.subscribe('t')
    await first.end()
    await broker.clock.advance(waitMs)
    expect(await present(broker, { clientId: 's', clean: false })).toBe(isPresent)
  })
  test('the interval counts from the last disconnect, and the last CONNECT says it [MQTT-3.1.2-23]', async () => {
    await using broker = await startBroker(options)
    expect(await present(broker, kept('s', true, 10))).toBe(false)
    await broker.clock.advance(9_000)
    expect(await present(broker, kept('s', false, 20))).toBe(true)
    await broker.clock.advance(19_000)
    expect(await present(broker, kept('s', false, 0))).toBe(true)
    expect(await present(broker, kept('s', false, 0))).toBe(false)
  })
  test('the interval goes on counting through a restart [MQTT-3.1.2-23]', async () => {
    await using broker = await startBroker(options)
    await present(broker, kept('short', true, 10))
    await present(broker, kept('long', true, 100))
    await broker.clock.advance(9_000)
    await broker.restart()
    await broker.clock.advance(2_000)
    expect(await present(broker, kept('short', false))).toBe(false)
    expect(await present(broker, kept('long', false))).toBe(true)
  })
  test('interval 4,294,967,294 is 136 years, and 4,294,967,295 never ends [MQTT-3.1.2-23]', async () => {
    await using broker = await startBroker(options)
    await present(broker, kept('year', true, 31_536_000))
    await present(broker, kept('long', true, never - 1))
    await present(broker, kept('endless', true, never))
    broker.clock.jump(135 * 31_536_000_000)
    await broker.restart()
    await broker.clock.advance(0)
    expect(await present(broker, kept('year', false))).toBe(false)
    expect(await present(broker, kept('long', false, never - 1))).toBe(true)
    expect(await present(broker, kept('endless', false, never))).toBe(true)
    broker.clock.jump(137 * 31_536_000_000)
    await broker.restart()
    await broker.clock.advance(0)
    expect(await present(broker, kept('long', false))).toBe(false)
    expect(await present(broker, kept('endless', false))).toBe(true)
  })
  test('a limit of the server is told in CONNACK and kept', async () => {
    await using broker = await startBroker({ ...options, kernel: { limits: { sessionExpiryMs: 5_000 } } })
    await using one = await broker.wire()
    expect(propertiesOf((await one.connect(kept('s', true, never))).raw)[0]).toEqual({
      id: 17,
      name: 'sessionExpiryInterval',
      value: 5,
    })
    await cut(broker, one)
    await using other = await broker.wire()
    expect((await other.connect(kept('o', true, 4))).properties).not.toHaveProperty('sessionExpiryInterval')
    await broker.clock.advance(5_100)
    expect(await present(broker, kept('s', false))).toBe(false)
  })
})

describe('the client identifier', () => {
  test('keys the session: another one, of the same letters too, finds nothing of it [MQTT-3.1.3-2]', async () => {
    await using broker = await startBroker(options)
    await present(broker, kept('abc', true))
    for (const other of ['ABC', 'abcd', 'ab', ' abc', 'äbc', 'abc/']) {
      expect(await present(broker, kept(other, false))).toBe(false)
    }
    expect(await present(broker, kept('abc', false))).toBe(true)
  })
  test.each(['a', '0123456789abcdefghijklm', 'nopqrstuvwxyzABCDEFGHIJ', 'KLMNOPQRSTUVWXYZ'])(
    '"%s" is accepted, as all alphanumeric ones of 1 to 23 bytes [MQTT-3.1.3-5]',
    async clientId => {
      await using broker = await startBroker({ time: 'manual' })
      await using one = await broker.wire()
      expect(await one.connect({ clientId })).toMatchObject({ reasonCode: 0 })
    },
  )
  test.each([
    ['of 24 bytes', 'x'.repeat(24)],
    ['of 65,535 bytes', 'x'.repeat(65_535)],
    ['with wildcards and slashes', '$share/+/#'],
    ['of other scripts', '客户端-ü-😀'],
    ['with spaces', ' a b '],
    ['that is a name of JavaScript', '__proto__'],
    ['that is another name of JavaScript', 'constructor'],
  ])('one %s is accepted', async (_name, clientId) => {
    await using broker = await startBroker({ time: 'manual' })
    await using one = await client(broker, { clientId, properties: { sessionExpiryInterval: 10 } })
    await cut(broker, one)
    expect(await present(broker, { clientId, clean: false })).toBe(true)
  })
  test('an empty one gets a unique one assigned, which counts as its own [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]', async () => {
    await using broker = await startBroker(options)
    const assigned = new Set<string>()
    for (const flags of ['02', '00', '02', '00']) {
      await using one = await broker.wire()
      one.sendRaw(packet(0x10, `'MQTT' 05 ${flags} 0000 05 11 0000003c ''`))
      const { sessionPresent, properties } = await one.next('connack')
      expect(sessionPresent).toBe(false)
      assigned.add(String(properties?.assignedClientIdentifier))
      await cut(broker, one)
    }
    expect(assigned.size).toBe(4)
    expect([...assigned].every(id => id.length > 0 && id !== 'undefined')).toBe(true)
    for (const clientId of assigned) expect(await present(broker, kept(clientId, false))).toBe(true)
  })
  test('none is assigned to a client that has its own', async () => {
    await using broker = await startBroker({ time: 'manual' })
    await using one = await broker.wire()
    expect((await one.connect({ clientId: 'own' })).properties).not.toHaveProperty('assignedClientIdentifier')
  })
  test('one with a control character or a non-character is refused with 0x85 and the end [MQTT-3.1.3-8]', async () => {
    await using broker = await startBroker({ time: 'manual' })
    for (const id of ['01', '1f', '7f', 'c280', 'efbfbe', 'efbfbf', 'f09fbfbe']) {
      const length = (id.length / 2).toString(16).padStart(4, '0')
      const raw = packet(0x10, `'MQTT' 05 02 0000 00 ${length} ${id}`)
      expect(await answersTo(broker, raw)).toEqual(['2003008500'])
    }
  })
})

describe('takeover', () => {
  test('the older connection is told 0x8E and closed; the newer one has the session [MQTT-3.1.4-3]', async () => {
    await using broker = await startBroker(options)
    await using older = await client(broker, kept('s', true))
    await older.subscribe('t', { qos: 1 })
    await using newer = await broker.wire()
    expect(await newer.connect(kept('s', false))).toMatchObject({ sessionPresent: true })
    expect(hex((await older.closed()).packets)).toEqual(['e0018e'])
    await newer.publish('t', 'x', { qos: 1 })
    expect((await newer.collect(1)).map(({ text }) => text)).toEqual(['x'])
  })
  test('a refused CONNECT never touches the live client', async () => {
    await using broker = await startBroker(options)
    await using live = await client(broker, kept('live', true))
    for (const body of ["'MQTT' 05 03 0000 00 'live'", "'MQTT' 05 02 0000 03 15 'nonesuch' 'live'"]) {
      await answersTo(broker, packet(0x10, body))
    }
    expect((await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 04 15 'x' 'live'")))[0]).toMatch(/^20..008c/)
    await live.nothing()
  })
  test('by many at once only the last one lives on', async () => {
    await using broker = await startBroker(options)
    const all = await Promise.all(Array.from({ length: 20 }, () => broker.wire()))
    for (const one of all) one.sendConnect(kept('s', false))
    const last = all.at(-1)!
    const closed = await Promise.all(all.slice(0, -1).map(one => one.closed()))
    expect(closed.every(({ reasonCode }) => reasonCode === 0x8e)).toBe(true)
    expect(await last.next('connack')).toMatchObject({ reasonCode: 0 })
    await last.ping()
    await last.drop()
  })
})

test('what follows a refused CONNECT is ignored, even in the same write [MQTT-3.1.4-6] [MQTT-3.1.4-1]', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using watcher = await client(broker)
  await watcher.subscribe('#')
  for (const connect of ["'MQTT' 05 03 0000 00 'c'", "'MQTT' 05 06 0000 00 'c' 00 '$SYS/x' 'p'"]) {
    const raw = Buffer.concat([packet(0x10, connect), packet(0x30, "'t' 00"), packet(0x82, "0001 00 't' 00")])
    expect(await answersTo(broker, raw)).toHaveLength(1)
  }
  await watcher.nothing()
})
