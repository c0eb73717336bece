import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Rule } from '../../kernel/plugin.ts'
import { type House, openHouse, type Transport } from './house.ts'

const rules: readonly Rule[] = [
  { effect: 'deny', action: 'subscribe', filters: ['secret/#'], user: 'guest' },
  { effect: 'deny', action: 'publish', filters: ['sealed/#'], user: 'guest' },
  { effect: 'allow', filters: ['own/%u/#'], user: 'narrow' },
  { effect: 'deny', user: 'narrow' },
  { effect: 'allow', filters: ['#'] },
]

let house: House
beforeAll(async () => {
  house = await openHouse({
    tls: true,
    mqtt: {
      rewrite: [
        { action: 'publish', filter: 'mapped/#', to: 'sealed/$1' },
        { action: 'subscribe', filter: 'view/#', to: 'secret/$1' },
      ],
    },
    kernel: { access: { rules } },
  })
})
afterEach(() => house.intact())
afterAll(() => house[Symbol.asyncDispose]())

const all: readonly Transport[] = ['tcp', 'ws', 'tls', 'wss']

describe.each(all)('over %s', transport => {
  const guest = () => house.client(transport, { username: 'guest' })

  test('a denied publish reaches nobody at any QoS, retained or not [hostile 35]', async () => {
    const watcher = await house.client(transport)
    await watcher.subscribe('#')
    const client = await guest()
    await client.publish('sealed/a', 'x', { retain: true })
    expect(await client.publish('sealed/a', 'x', { qos: 1, retain: true })).toMatchObject([{ reasonCode: 0x87 }])
    expect(await client.publish('sealed/a', 'x', { qos: 2, retain: true })).toMatchObject([{ reasonCode: 0x87 }])
    await watcher.nothing()
    await watcher.subscribe('sealed/#')
    await watcher.nothing()
  })

  test('a topic alias does not smuggle a denied topic in [hostile 35]', async () => {
    const watcher = await house.client(transport)
    await watcher.subscribe('#')
    const client = await guest()
    await client.publish('sealed/a', 'x', { properties: { topicAlias: 1 } })
    expect(await client.publish('', 'x', { qos: 1, properties: { topicAlias: 1 } })).toMatchObject([
      { reasonCode: 0x87 },
    ])
    await watcher.nothing()
  })

  test('live and retained messages are judged topic by topic inside a wider filter [hostile 25]', async () => {
    const owner = await house.client(transport)
    for (const topic of ['secret/a', 'open/a']) await owner.publish(topic, 'old', { qos: 1, retain: true })
    const client = await guest()
    for (const filter of ['#', '+/a', '+/+']) {
      expect((await client.subscribe(filter, { qos: 1 })).granted).toEqual([1])
      const message = await client.next('publish')
      expect([message.topic, message.text]).toEqual(['open/a', 'old'])
      await client.ack(message)
      await client.nothing()
    }
    for (const topic of ['secret/b', 'open/b']) {
      for (const qos of [0, 1, 2] as const) await owner.publish(topic, `${qos}`, { qos })
    }
    const got = await client.collect(3)
    expect(got.map(({ topic }) => topic)).toEqual(['open/b', 'open/b', 'open/b'])
    await client.nothing()
    for (const topic of ['secret/a', 'open/a']) await owner.publish(topic, '', { qos: 1, retain: true })
  })

  test('rules hold where a rewrite leads [hostile 26]', async () => {
    const client = await guest()
    expect(await client.publish('mapped/a', 'x', { qos: 1 })).toMatchObject([{ reasonCode: 0x87 }])
    expect((await client.subscribe('view/#')).granted).toEqual([0x87])
    expect(await client.publish('$delayed/1/mapped/a', 'x', { qos: 1 })).toMatchObject([{ reasonCode: 0x87 }])
    expect(await client.publish('$delayed/1/sealed/a', 'x', { qos: 1 })).toMatchObject([{ reasonCode: 0x87 }])
  })

  test.each([
    'secret/a',
    'secret/#',
    '$share/g/secret/#',
    '$queue/secret/a',
    '$exclusive/secret/a',
    '$share/g/secret/+',
  ])('a subscription to %s is denied [hostile 27]', async filter => {
    const client = await guest()
    expect((await client.subscribe(filter, { qos: 2 })).granted).toEqual([0x87])
    const owner = await house.client(transport)
    await owner.publish('secret/a', 'x', { qos: 1 })
    await client.nothing()
  })

  test('a group gives what one member may not have to another, and to nobody else [hostile 27]', async () => {
    const client = await guest()
    await client.subscribe([
      { topic: '$share/g/#', qos: 1 },
      { topic: '$queue/#', qos: 1 },
    ])
    const owner = await house.client(transport)
    const member = await house.client(transport)
    await member.subscribe('$share/g/#', { qos: 1 })
    for (const text of ['1', '2', '3', '4']) await owner.publish('secret/a', text, { qos: 1 })
    expect((await member.collect(4)).map(({ text }) => text)).toEqual(['1', '2', '3', '4'])
    await client.nothing()
  })

  test('a will that may not be published is refused with CONNECT [hostile 29]', async () => {
    for (const topic of ['sealed/will', 'mapped/will']) {
      const one = await house.wire(transport)
      const will = { topic, payload: Buffer.from('x'), qos: 1, retain: true } as const
      expect((await one.connect({ username: 'guest', will })).reasonCode).toBe(0x87)
      await one.closed()
    }
  })

  test.each(['#', 'own/#', 'own/+/t', '+/narrow/t', 'own/narrow/../#', '$share/g/own/#', '$queue/#', 'own/other/t'])(
    'the filter %s is wider than what is allowed, and refused [hostile 30]',
    async filter => {
      const client = await house.client(transport, { username: 'narrow' })
      const inside = filter === 'own/narrow/../#'
      expect((await client.subscribe(filter)).granted).toEqual([inside ? 0 : 0x87])
      const owner = await house.client(transport)
      await owner.publish('own/other/t', 'x', { qos: 1 })
      await client.nothing()
    },
  )
})
