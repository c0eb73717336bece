import { once } from 'node:events'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { AuthPlugin } from '../../kernel/plugin.ts'
import { byte, frame, text, u16 } from '../support/bytes.ts'
import type { ReceivedOf } from '../support/wire.ts'
import { count, type House, openHouse, transports } from './house.ts'

let house: House
afterEach(() => house[Symbol.asyncDispose]())

const byPassword: AuthPlugin = {
  kind: 'auth',
  name: 'by-password',
  api: 1,
  options: {},
  open: async () => ({
    authenticate: async ({ user, password }) => (String(password) === 'right' ? { user } : 'denied'),
    close: async () => {},
  }),
}

describe.each(transports)('over %s', transport => {
  test('a CONNECT that fails never touches the live client of that id [hostile 37]', async () => {
    const access = { authenticators: [{ plugin: byPassword }] }
    house = await openHouse({ kernel: { access } }, { username: 'house', password: 'right' })
    const good = { clientId: 'victim', username: 'u', password: 'right' }
    const victim = await house.client(transport, good)
    await victim.subscribe('victim/t')
    const attempts = [
      frame(0x10, text('MQTT'), byte(4, 0xc2), u16(0), text('victim'), text('u'), text('wrong')),
      frame(0x10, text('MQTT'), byte(4, 0x02), u16(0), text('victim')),
      frame(0x10, text('MQTT'), byte(9, 0xc2), u16(0), text('victim'), text('u'), text('right')),
      frame(0x10, text('MQTT'), byte(4, 0xc3), u16(0), text('victim'), text('u'), text('right')),
      frame(0x10, text('MQTT'), byte(4, 0xc2), u16(0), text('victim'), text('u'), text('right'), byte(0)),
      frame(
        0x10,
        text('MQTT'),
        byte(4, 0xc6),
        u16(0),
        text('victim'),
        text('$SYS/x'),
        text(''),
        text('u'),
        text('right'),
      ),
    ]
    for (const attempt of attempts) {
      const thief = await house.wire(transport, { version: 4 })
      thief.sendRaw(attempt)
      await thief.closed()
    }
    await victim.publish('victim/t', 'alive')
    expect((await victim.next('publish')).text).toBe('alive')
    await house.intact()
  })

  test('a reconnect storm on one client id leaves one connection, and its subscription once [hostile 38]', async () => {
    house = await openHouse({ storage: 'file' })
    const storm = await Promise.all(Array.from({ length: 60 }, () => house.wire(transport, { version: 5 })))
    for (const client of storm) {
      client.sendConnect({ clientId: 'storm', clean: false, properties: { sessionExpiryInterval: 60 } })
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'storm/t', qos: 1 }] } as never)
    }
    await house.until(() => storm.filter(({ isClosed }) => !isClosed).length === 1)
    const last = storm.filter(({ isClosed }) => !isClosed)
    expect(last).toHaveLength(1)
    expect(count(house.kernel, 'sessions')).toBe(3)
    await last[0]?.ping()
    await last[0]?.publish('storm/t', 'once', { qos: 1 })
    const messages = last[0]?.received.filter(({ cmd }) => cmd === 'publish') as ReceivedOf<'publish'>[]
    expect(messages).toHaveLength(1)
    for (const message of messages) await last[0]?.ack(message)
    await last[0]?.ping()
    await house.intact({ sessions: 3, bindings: 2 })
  })

  test('who waits for a takeover under load never sees two owners [hostile 38]', async () => {
    house = await openHouse()
    const owners: string[] = []
    house.kernel.events.on('client.connected', ({ clientId }) => {
      if (clientId === 'owner') owners.push('in')
    })
    house.kernel.events.on('client.disconnected', ({ clientId }) => {
      if (clientId === 'owner') owners.push('out')
    })
    for (let i = 0; i < 30; i++) await house.client(transport, { clientId: 'owner' })
    await house.until(() => owners.length === 59)
    expect(owners.join(' ')).toMatch(/^in( out in)*$/)
    await house.intact()
  })

  test('identifiers of QoS 2 that are never released count, and the connection ends at the maximum [hostile 39]', async () => {
    house = await openHouse({ mqtt: { receiveMaximum: 10 } })
    const guest = await house.client(transport)
    for (let messageId = 1; messageId <= 10; messageId++) guest.sendPublish('open/t', 'x', { qos: 2, messageId })
    await guest.ping()
    guest.sendPublish('open/t', 'x', { qos: 2, messageId: 11 })
    expect((await guest.closed()).reasonCode).toBe(0x93)
    await house.intact()
  })

  test('a subscriber never has more open than its receive maximum [hostile 40]', async () => {
    house = await openHouse()
    const guest = await house.client(transport, { properties: { receiveMaximum: 3 } })
    await guest.subscribe('many/t', { qos: 2 })
    const sender = await house.client(transport)
    for (let i = 0; i < 20; i++) await sender.publish('many/t', `${i}`, { qos: 1 })
    const first = await guest.collect(3, { autoAck: false })
    await guest.nothing()
    for (const message of first) await guest.ack(message)
    expect((await guest.collect(17)).map(({ text }) => Number(text))).toEqual(
      Array.from({ length: 17 }, (_, i) => i + 3),
    )
    await house.intact()
  })

  test('the lenient mode takes what exceeds the receive maximum, and says so once [hostile 40]', async () => {
    const warnings: string[] = []
    const ignore = () => {}
    const logger = {
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (_: object, what: string) => void warnings.push(what),
    }
    house = await openHouse({ mqtt: { receiveMaximum: 2, receiveMaximumExceeded: 'log' }, kernel: { logger } })
    const guest = await house.client(transport)
    for (let messageId = 1; messageId <= 6; messageId++) guest.sendPublish('open/t', 'x', { qos: 2, messageId })
    for (let i = 0; i < 6; i++) await guest.next('pubrec')
    expect(warnings.filter(one => one.includes('receive maximum'))).toHaveLength(1)
    await house.intact()
  })

  test('sessions that never end are capped by user and by tenant [hostile 41]', async () => {
    house = await openHouse({ kernel: { limits: { userSessions: 3, tenantSessions: 8 } } })
    const codes = async (username: string, from: number) => {
      const seen: (number | undefined)[] = []
      for (let i = from; i < from + 5; i++) {
        const one = await house.wire(transport)
        const properties = { sessionExpiryInterval: 0xffff_ffff }
        seen.push((await one.connect({ clientId: `endless-${i}`, username, clean: false, properties })).reasonCode)
        await one.drop()
      }
      return seen
    }
    expect(await codes('one', 0)).toEqual([0, 0, 0, 0x97, 0x97])
    expect(await codes('two', 10)).toEqual([0, 0, 0, 0x97, 0x97])
    expect(count(house.kernel, 'sessions')).toBe(8)
    const known = await house.client(transport, { clientId: 'endless-0', username: 'one', clean: false })
    await known.drop()
    await house.intact({ sessions: 7 })
  })

  test('a refused CONNECT closes its socket [hostile 42]', async () => {
    house = await openHouse({ kernel: { access: { anonymous: 'loopback' } } })
    await house.kernel.blacklist.add({ kind: 'client-id', value: 'banned' })
    const before = count(house.kernel, 'net_connections')
    for (let i = 0; i < 20; i++) {
      const one = await house.wire(transport)
      expect((await one.connect({ clientId: 'banned' })).reasonCode).toBe(0x8a)
      await one.closed()
    }
    await house.until(() => count(house.kernel, 'net_connections') === before)
    await house.intact()
  })

  test('identifiers of QoS 2 that are never released do not outlive their session [hostile 39]', async () => {
    house = await openHouse({ storage: 'file', time: 'manual' })
    const guest = await house.client(transport, { clean: false, properties: { sessionExpiryInterval: 60 } })
    for (let messageId = 1; messageId <= 20; messageId++) guest.sendPublish('open/t', 'x', { qos: 2, messageId })
    for (let i = 0; i < 20; i++) await guest.next('pubrec')
    expect(count(house.kernel, 'spool_references')).toBe(20)
    await guest.drop()
    await house.until(() => count(house.kernel, 'sessions_connected') === 2)
    await house.broker.clock.advance(61_000)
    await house.intact()
  })

  test('a group whose members are all gone, or never came to be, keeps nothing [hostile 46]', async () => {
    house = await openHouse({ storage: 'file' })
    for (let i = 0; i < 10; i++) {
      const hasty = await house.client(transport, { clientId: `hasty-${i}` })
      hasty.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `$share/g/group/${i}`, qos: 1 }] } as never)
      hasty.send({ cmd: 'disconnect' })
      await hasty.closed()
    }
    const member = await house.client(transport, {
      clientId: 'member',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    })
    await member.subscribe('$share/g/group/left', { qos: 1 })
    await member.unsubscribe('$share/g/group/left')
    await member.drop()
    const publishToAll = async () => {
      const sender = await house.client(transport)
      for (const at of [...Array.from({ length: 10 }, (_, i) => `${i}`), 'left']) {
        expect(await sender.publish(`group/${at}`, 'x', { qos: 1 })).toMatchObject([{ reasonCode: 0x10 }])
      }
    }
    await publishToAll()
    await house.intact({ sessions: 3 })
    await house.broker.restart()
    await publishToAll()
  })
})

test('a refused CONNECT closes its socket, also one whose peer never closes its own side [hostile 42]', async () => {
  house = await openHouse({ time: 'manual' })
  await house.kernel.blacklist.add({ kind: 'client-id', value: 'banned' })
  const connect = frame(0x10, text('MQTT'), byte(4, 2), u16(0), text('banned'))
  const sockets = Array.from({ length: 20 }, () =>
    net.connect({ port: house.broker.port, host: '127.0.0.1', allowHalfOpen: true }),
  )
  await Promise.all(
    sockets.map(async socket => {
      socket.on('error', () => {})
      socket.write(connect)
      socket.resume()
      await once(socket, 'end')
    }),
  )
  expect(sockets.filter(({ writable }) => writable)).toHaveLength(20)
  await house.broker.clock.advance(60_000)
  await house.intact()
  for (const socket of sockets) socket.destroy()
})
