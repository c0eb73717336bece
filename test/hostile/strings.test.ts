import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { byte, frame, properties, text, u16, userProperty } from '../support/bytes.ts'
import { type House, lastCode, openHouse, transports } from './house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({
    kernel: {
      access: {
        rules: [
          { effect: 'allow', action: 'all', filters: ['own/%c/#', 'user/%u'] },
          { effect: 'allow', filters: ['house/#', 'text/#'] },
        ],
      },
    },
  })
})
afterEach(() => house.intact())
afterAll(() => house[Symbol.asyncDispose]())

const bad: readonly (readonly [string, Buffer])[] = [
  ['an overlong slash', Buffer.from('61c0af62', 'hex')],
  ['an overlong NUL', Buffer.from('61c08062', 'hex')],
  ['a surrogate', Buffer.from('61eda08062', 'hex')],
  ['a pair of surrogates', Buffer.from('eda0bdedb880', 'hex')],
  ['NUL', Buffer.from('610062', 'hex')],
  ['a non-character', Buffer.from('61efbfbf', 'hex')],
  ['a character above U+10FFFF', Buffer.from('f4908080', 'hex')],
  ['a cut sequence', Buffer.from('61e282', 'hex')],
]

describe.each(transports)('over %s', transport => {
  describe.each(bad)('%s', (_, value) => {
    test('in a topic, a filter, a user property or a response topic closes [hostile 17]', async () => {
      for (const packet of [
        frame(0x30, text(value), properties()),
        frame(0x82, u16(1), properties(), text(value), byte(0)),
        frame(0xa2, u16(1), properties(), text(value)),
        frame(0x30, text('text/t'), properties(Buffer.concat([byte(0x26), text(value), text('v')]))),
        frame(0x30, text('text/t'), properties(Buffer.concat([byte(0x26), text('k'), text(value)]))),
        frame(0x30, text('text/t'), properties(Buffer.concat([byte(8), text(value)]))),
        frame(0x30, text('text/t'), properties(Buffer.concat([byte(3), text(value)]))),
      ]) {
        const guest = await house.client(transport)
        guest.sendRaw(packet)
        expect([0x81, 0x82, 0x90, 0x8f]).toContain(await lastCode(guest))
      }
    })

    test('in a client id, a user name or a will topic lets nobody in [hostile 17]', async () => {
      const start = (flags: number) => [text('MQTT'), byte(5, flags), u16(0), properties()]
      for (const packet of [
        frame(0x10, ...start(2), text(value)),
        frame(0x10, ...start(0x82), text('text-guest'), text(value)),
        frame(0x10, ...start(6), text('text-guest'), properties(), text(value), text('x')),
      ]) {
        const guest = await house.wire(transport)
        guest.sendRaw(packet)
        const { packets } = await guest.closed()
        expect(packets.every(one => one.cmd === 'connack' && (one.reasonCode ?? 0) >= 0x80)).toBe(true)
      }
    })
  })

  test.each(['+', '#', 'a+', '+/x', '.*', '(a|b)', '..', '%c', '%u', '$SYS'])(
    'a client that calls itself %j reaches nothing but its own [hostile 23]',
    async name => {
      const guest = await house.client(transport, { clientId: name, username: name })
      const victim = await house.client(transport, { clientId: 'victim', username: 'victim' })
      await victim.subscribe('own/victim/t', { qos: 1 })
      const [puback] = await guest.publish('own/victim/t', 'forged', { qos: 1 })
      expect(puback).toMatchObject({ cmd: 'puback', reasonCode: 0x87 })
      expect((await guest.subscribe('own/victim/t')).granted).toEqual([0x87])
      expect((await guest.subscribe('own/#')).granted).toEqual([0x87])
      expect((await guest.subscribe('own/+/t')).granted).toEqual([0x87])
      await victim.nothing()
    },
  )

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '%j is a name like any other: client id, user, topic, user property [hostile 23]',
    async name => {
      const guest = await house.client(transport, { clientId: name, username: name })
      expect((await guest.subscribe(`own/${name}/#`, { qos: 1 })).granted).toEqual([1])
      const userProperties = [
        [name, name],
        [name, '{"__proto__":{"admin":true}}'],
      ] as const
      const [puback] = await guest.publish(`own/${name}/${name}`, `{"${name}":1}`, {
        qos: 1,
        retain: true,
        properties: { userProperties },
      })
      expect(puback).toMatchObject({ cmd: 'puback', reasonCode: 0 })
      const message = await guest.next('publish')
      expect([message.topic, message.text]).toEqual([`own/${name}/${name}`, `{"${name}":1}`])
      expect(message.userProperties).toEqual(userProperties)
      expect(({} as Record<string, unknown>).admin).toBeUndefined()
      await guest.ack(message)
      await guest.publish(`own/${name}/${name}`, '', { qos: 1, retain: true })
      await guest.take('publish')
    },
  )

  test('a user property named by a script reaches the subscriber as it was sent [hostile 23]', async () => {
    const guest = await house.client(transport)
    await guest.subscribe('text/t')
    guest.sendRaw(
      frame(0x30, text('text/t'), properties(userProperty('__proto__', 'a'), userProperty('__proto__', 'b'))),
    )
    expect((await guest.next('publish')).userProperties).toEqual([
      ['__proto__', 'a'],
      ['__proto__', 'b'],
    ])
  })
})
