import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { byte, frame, properties, text, u16 } from '../support/bytes.ts'
import type { ReceivedOf } from '../support/wire.ts'
import { count, type House, lastCode, openHouse, transports } from './house.ts'

let house: House
beforeAll(async () => {
  house = await openHouse({ mqtt: { sysInterval: 0 } })
})
afterEach(() => house.intact())
afterAll(() => house[Symbol.asyncDispose]())

const levels = (count: number) => Array.from({ length: count }, () => 'a').join('/')

describe.each(transports)('over %s', transport => {
  test('a topic of 65,535 bytes is one like any other [hostile 18]', async () => {
    const topic = 'x'.repeat(65_535)
    const guest = await house.client(transport)
    await guest.subscribe(topic)
    await guest.publish(topic, 'far')
    expect((await guest.next('publish')).topic).toBe(topic)
  })

  test.each(['a/+', '#', 'a/#', '+', 'a+b', 'a#'])('a publish to %j closes with a reason [hostile 18]', async topic => {
    const guest = await house.client(transport)
    guest.sendRaw(frame(0x32, text(topic), u16(1), properties(), Buffer.from('x')))
    expect([0x81, 0x90]).toContain(await lastCode(guest))
  })

  test.each([
    ['a/+', 0x81],
    ['#', 0x81],
    ['', undefined],
  ])('a will to %j lets nobody in: %j [hostile 18]', async (topic, code) => {
    const guest = await house.wire(transport)
    guest.sendRaw(
      frame(0x10, text('MQTT'), byte(5, 6), u16(0), properties(), text(''), properties(), text(topic), text('x')),
    )
    expect(await lastCode(guest)).toBe(code)
  })

  test('a topic has at most 128 levels: more are refused by name, and nothing recurses [hostile 19]', async () => {
    const guest = await house.client(transport)
    await guest.subscribe('#')
    await guest.publish(levels(128), 'deep', { qos: 1 })
    expect((await guest.next('publish')).topic).toBe(levels(128))
    for (const count of [129, 200, 32_768]) {
      const [puback] = await guest.publish(levels(count), 'x', { qos: 1, retain: true })
      expect(puback).toMatchObject({ reasonCode: 0x90 })
    }
    const [puback] = await guest.publish('/'.repeat(65_535), 'x', { qos: 1, retain: true })
    expect(puback).toMatchObject({ reasonCode: 0x90 })
    await guest.nothing()
  })

  test('a filter has at most 128 levels [hostile 19]', async () => {
    const guest = await house.client(transport)
    const filters = [levels(128), levels(129), `${'+/'.repeat(32_000)}#`, '/'.repeat(65_535), `$share/g/${levels(400)}`]
    const { granted } = await guest.subscribe(filters.map(topic => ({ topic })))
    expect(granted).toEqual([0, 0x8f, 0x8f, 0x8f, 0x8f])
  })

  test.each([
    '$share',
    '$share/',
    '$share/ab',
    '$share//t',
    '$share/ab/',
    '$share/a+b/t',
    '$share/+/t',
    '$share/#/t',
    '$share/#',
    '$share/g/a#',
    '$share/g/a+/t',
    '$queue',
    '$queue/',
    '$exclusive/',
    '$exclusive/a/#',
  ])('the filter %j is granted to nobody, and reaches no session [hostile 20]', async filter => {
    const guest = await house.client(transport, { clientId: 'share-guest', properties: { sessionExpiryInterval: 60 } })
    guest.sendRaw(frame(0x82, u16(1), properties(), text(filter), byte(1)))
    const answer = await guest.next()
    if (answer.cmd === 'suback') expect(answer.granted).toEqual([0x8f])
    else expect([0x81, 0x82, 0x8f]).toContain((answer as ReceivedOf<'disconnect'>).reasonCode)
    const again = await house.client(transport, { clientId: 'share-guest', clean: false })
    expect(count(house.kernel, 'bindings')).toBe(1)
    await again.nothing()
  })

  test('No Local with a shared subscription is a protocol error [hostile 20]', async () => {
    const guest = await house.client(transport)
    guest.sendRaw(frame(0x82, u16(1), properties(), text('$share/g/t'), byte(0x04)))
    expect(await lastCode(guest)).toBe(0x82)
  })

  test('a shared and a plain subscription to the same filter end one by one [hostile 20]', async () => {
    const guest = await house.client(transport)
    await guest.subscribe([{ topic: '$share/g/mix/t' }, { topic: 'mix/t' }])
    const ended = await guest.unsubscribe(['mix/t', 'mix/t', '$share/other/mix/t'])
    expect(ended.granted).toEqual([0, 0x11, 0x11])
    await guest.publish('mix/t', 'shared')
    expect((await guest.next('publish')).text).toBe('shared')
    expect((await guest.unsubscribe('$share/g/mix/t')).granted).toEqual([0])
    await guest.publish('mix/t', 'nobody')
    await guest.nothing()
  })

  test.each([
    '$SYS/broker/version',
    '$SYS',
    '$other/t',
    '$share/g/t',
    '$queue/t',
    '$exclusive/t',
    '$events/client/x',
    '$sparkplug/certificates/x',
    '$delayed/1/$SYS/broker/version',
    '$delayed/1/$delayed/1/t',
    '$delayed/1/$share/g/t',
    '$delayed/1/',
    '$delayed/x/t',
    '$delayed/-1/t',
    '$delayed/1e3/t',
    '$delayed/9999999999999999999999/t',
    '$delayed',
    '$delayed/',
  ])('a publish to %j is refused at every QoS and leaves nothing behind [hostile 21]', async topic => {
    const watcher = await house.client(transport)
    await watcher.subscribe([{ topic: '#' }, { topic: '$SYS/#' }, { topic: '$events/#' }, { topic: '$delayed/#' }])
    const guest = await house.client(transport)
    await watcher.take('publish', ({ topic: at }) => at.startsWith('$events/'))
    const connected = watcher.received.length
    for (const qos of [1, 2] as const) {
      const [answer] = await guest.publish(topic, 'x', { qos, retain: true })
      expect([0x87, 0x90, 0x97]).toContain((answer as ReceivedOf<'puback'>).reasonCode)
    }
    await guest.publish(topic, 'x')
    await guest.drop()
    await watcher.ping()
    const came = watcher.received.slice(connected).filter(one => one.cmd === 'publish' && one.topic === topic)
    expect(came).toEqual([])
  })

  test.each(['$SYS/broker/version', '$delayed/1/t', '$share/g/t', '$events/x', '$other/t'])(
    'a will to %j is refused with CONNECT [hostile 21]',
    async topic => {
      const guest = await house.wire(transport)
      const connack = await guest.connect({ will: { topic, payload: Buffer.from('x'), qos: 1, retain: true } })
      expect([0x87, 0x90]).toContain(connack.reasonCode)
      await guest.closed()
    },
  )

  test('"#" and "+/x" never match topics that begin with "$", live or retained [hostile 22]', async () => {
    const guest = await house.client(transport)
    for (const topic of ['$mine/x', '$mine', '$/x']) await guest.publish(topic, 'old', { qos: 1, retain: true })
    const watcher = await house.client(transport)
    await watcher.subscribe([
      { topic: '#' },
      { topic: '+/x' },
      { topic: '+/#' },
      { topic: '+' },
      { topic: '$share/g/#' },
    ])
    for (const topic of ['$mine/x', '$mine', '$/x']) await guest.publish(topic, 'new', { qos: 1 })
    await watcher.nothing()
    await watcher.subscribe('$mine/+')
    expect((await watcher.next('publish')).topic).toBe('$mine/x')
    for (const topic of ['$mine/x', '$mine', '$/x']) await guest.publish(topic, '', { qos: 1, retain: true })
  })
})
