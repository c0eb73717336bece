import { describe, expect, test } from 'vitest'
import type { AuthPlugin, Credentials } from '../../../kernel/plugin.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client } from './clients.ts'
import { answersTo, hex, packet } from './raw.ts'

/** Lets in those whose password is their name in capitals, and keeps what it was shown. */
function capitals(seen: Credentials[]): AuthPlugin {
  return {
    kind: 'auth',
    name: 'capitals',
    api: 1,
    options: {},
    open: () =>
      Promise.resolve({
        authenticate: credentials => {
          seen.push(credentials)
          const { user, password } = credentials
          const good =
            user !== undefined && user !== '' && Buffer.from(password ?? []).toString() === user.toUpperCase()
          return Promise.resolve(good ? { user } : 'denied')
        },
        close: () => Promise.resolve(),
      }),
  }
}

function guarded(seen: Credentials[] = []): Promise<TestBroker> {
  const access = { authenticators: [{ plugin: capitals(seen) }], anonymous: 'never' as const }
  return startBroker({ time: 'manual', kernel: { access } })
}

describe('who a client is', () => {
  test('every field of the payload is found in its place [MQTT-3.1.3-1] [MQTT-3.1.2-9] [MQTT-3.1.2-17] [MQTT-3.1.2-19]', async () => {
    const seen: Credentials[] = []
    await using broker = await guarded(seen)
    await using watcher = await client(broker, { username: 'w', password: 'W' })
    await watcher.subscribe('will/topic', { qos: 2 })
    await using one = await broker.wire()
    one.sendRaw(packet(0x10, "'MQTT' 05 d6 0000 00 'the-id' 03 03 00 00 'will/topic' 'last words' 'anna' 'ANNA'"))
    expect(await one.next('connack')).toMatchObject({ reasonCode: 0 })
    expect(seen.at(-1)).toEqual({ clientId: 'the-id', user: 'anna', password: Buffer.from('ANNA') })
    await one.drop()
    expect((await watcher.collect(1)).map(({ topic, text, qos }) => ({ topic, text, qos }))).toEqual([
      { topic: 'will/topic', text: 'last words', qos: 2 },
    ])
  })
  test('flags say whether user name and password are there, in any combination [MQTT-3.1.2-16] [MQTT-3.1.2-18]', async () => {
    const seen: Credentials[] = []
    await using broker = await guarded(seen)
    await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 00 'c'"))
    await answersTo(broker, packet(0x10, "'MQTT' 05 82 0000 00 'c' 'u'"))
    await answersTo(broker, packet(0x10, "'MQTT' 05 42 0000 00 'c' 'p'"))
    await answersTo(broker, packet(0x10, "'MQTT' 05 c2 0000 00 'c' '' ''"))
    const clientId = 'c'
    const named = seen.filter(({ user, password }) => user !== undefined || password !== undefined)
    expect(named).toEqual([
      { clientId, user: 'u', password: undefined },
      { clientId, user: undefined, password: Buffer.from('p') },
      { clientId, user: '', password: Buffer.alloc(0) },
    ])
  })
  test('a wrong password is refused with 0x86, nobody with 0x87, and the connection ends [MQTT-3.1.4-2]', async () => {
    await using broker = await guarded()
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 c2 0000 00 'c' 'anna' 'wrong'"))).toEqual(['2003008600'])
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 82 0000 00 'c' 'anna'"))).toEqual(['2003008600'])
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 02 0000 00 'c'"))).toEqual(['2003008700'])
  })
  test('a refused CONNECT neither takes over nor publishes a will, and what follows it is ignored [MQTT-3.1.4-6]', async () => {
    await using broker = await guarded()
    await using live = await client(broker, { clientId: 'c', username: 'anna', password: 'ANNA' })
    await live.subscribe('#')
    const refused = packet(0x10, "'MQTT' 05 c6 0000 00 'c' 00 'will' 'x' 'anna' 'wrong'")
    const raw = Buffer.concat([refused, packet(0x30, "'t' 00"), packet(0xc0, '')])
    expect(await answersTo(broker, raw)).toEqual(['2003008600'])
    await live.nothing()
  })
  test('a will that the client may not publish is refused with 0x87 [MQTT-3.1.4-2]', async () => {
    const rules = [{ effect: 'allow' as const, filters: ['mine/#'] }]
    await using broker = await startBroker({ kernel: { access: { rules } } })
    expect(await answersTo(broker, packet(0x10, "'MQTT' 05 06 0000 00 'c' 00 'yours' 'p'"))).toEqual(['2003008700'])
    await using one = await broker.wire()
    one.sendRaw(packet(0x10, "'MQTT' 05 06 0000 00 'c' 00 'mine/t' 'p'"))
    expect(await one.next('connack')).toMatchObject({ reasonCode: 0 })
  })
})

describe('keep alive', () => {
  test.each([1, 10, 60])(
    'of %i s: silence for half as long again ends the connection with 0x8D [MQTT-3.1.2-22]',
    async keepalive => {
      await using broker = await startBroker({ time: 'manual' })
      await using one = await client(broker, { keepalive })
      await broker.clock.advance(keepalive * 1_500 - 300)
      await one.ping()
      await broker.clock.advance(keepalive * 1_500 - 300)
      await one.ping()
      await broker.clock.advance(keepalive * 1_500 + 600)
      expect(hex((await one.closed()).packets)).toEqual(['e0018d'])
    },
  )
  test('counts from any packet, and even from a part of one [MQTT-3.1.2-22]', async () => {
    await using broker = await startBroker({ time: 'manual' })
    await using other = await client(broker)
    await using one = await client(broker, { keepalive: 10 })
    for (const raw of ['30 05', '00 01', '74', '00 78']) {
      await broker.clock.advance(14_000)
      one.sendRaw(raw)
      await other.ping()
      await other.ping()
    }
    await one.nothing()
  })
  test('of 0 s never ends it, nor does one of 65,535 s early [MQTT-3.1.2-22]', async () => {
    await using broker = await startBroker({ time: 'manual' })
    await using endless = await client(broker, { keepalive: 0 })
    await using long = await client(broker, { keepalive: 65_535 })
    await broker.clock.advance(3_600_000)
    await endless.nothing()
    await long.nothing()
  })
  test('what the server sends does not count for the client [MQTT-3.1.2-22]', async () => {
    await using broker = await startBroker({ time: 'manual' })
    await using other = await client(broker)
    await using one = await client(broker, { keepalive: 10 })
    await one.subscribe('t')
    for (let i = 0; i < 8; i++) {
      await broker.clock.advance(2_000)
      other.sendPublish('t', String(i))
      await other.ping()
    }
    expect((await one.closed()).reasonCode).toBe(0x8d)
  })
  test('of the client counts where the server says nothing of it [MQTT-3.2.2-22]', async () => {
    await using broker = await startBroker({ time: 'manual', mqtt: { maxKeepAlive: '60s' } })
    await using one = await broker.wire()
    expect((await one.connect({ keepalive: 60 })).properties).not.toHaveProperty('serverKeepAlive')
    await broker.clock.advance(89_000)
    await one.ping()
    await broker.clock.advance(91_000)
    expect((await one.closed()).reasonCode).toBe(0x8d)
  })
  test.each([0, 61, 65_535])(
    'of %i s is replaced by the longest the server allows, and the client told',
    async keepalive => {
      await using broker = await startBroker({ time: 'manual', mqtt: { maxKeepAlive: '60s' } })
      await using one = await broker.wire()
      expect((await one.connect({ keepalive })).properties).toMatchObject({ serverKeepAlive: 60 })
      await broker.clock.advance(89_000)
      await one.ping()
      await broker.clock.advance(91_000)
      expect((await one.closed()).reasonCode).toBe(0x8d)
    },
  )
  test('before CONNECT there is a limit too, and a connection that says nothing ends without a word', async () => {
    await using broker = await startBroker({ time: 'manual', mqtt: { connectTimeout: '5s' } })
    await using silent = await broker.wire()
    await using slow = await broker.wire()
    await using other = await client(broker)
    slow.sendRaw('10 20 00 04')
    await other.ping()
    await broker.clock.advance(5_500)
    expect((await silent.closed()).packets).toEqual([])
    expect((await slow.closed()).packets).toEqual([])
  })
})

describe('response information', () => {
  test.each([undefined, false])('is withheld when it was not asked for: %s [MQTT-3.1.2-28]', async asked => {
    await using broker = await startBroker()
    await using one = await broker.wire()
    const properties = asked === undefined ? {} : { requestResponseInformation: asked }
    expect((await one.connect({ properties })).properties).not.toHaveProperty('responseInformation')
  })
  test('is the beginning of response topics that only this client has', async () => {
    await using broker = await startBroker()
    await using one = await broker.wire()
    const properties = { requestResponseInformation: true }
    expect((await one.connect({ clientId: 'me', properties })).properties).toMatchObject({
      responseInformation: 'response/me',
    })
  })
})
