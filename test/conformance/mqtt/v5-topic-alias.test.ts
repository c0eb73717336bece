import { describe, expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import type { ReceivedOf, Wire } from '../../support/wire.ts'
import { propertiesOf } from '../../support/wire-properties.ts'
import { client, resident } from './clients.ts'
import { hex, packet } from './raw.ts'

/** Each message as "topic#alias text", the topic as it was on the wire. */
function shown(messages: readonly ReceivedOf<'publish'>[]): string[] {
  return messages.map(({ topic, text, raw }) => {
    const alias = propertiesOf(raw).find(({ name }) => name === 'topicAlias')?.value ?? ''
    return `${topic}#${alias} ${text}`
  })
}

function alias(one: Wire, topic: string, topicAlias: number, payload: string, qos: 0 | 1 | 2 = 0): void {
  one.sendPublish(topic, payload, { qos, properties: { topicAlias } })
}

describe('from a client', () => {
  test('an alias stands for its topic, at any QoS, until it is bound anew [MQTT-3.3.2-12]', async () => {
    await using broker = await startBroker()
    await using watcher = await client(broker)
    await watcher.subscribe('#')
    await using one = await client(broker)
    alias(one, 'a', 1, '1')
    alias(one, '', 1, '2')
    alias(one, 'b', 1, '3')
    alias(one, '', 1, '4', 1)
    alias(one, 'c', 2, '5', 2)
    alias(one, '', 2, '6', 2)
    alias(one, '', 1, '7')
    one.sendPublish('a', '8')
    await one.ping()
    const messages = await watcher.collect(8)
    expect(messages.map(({ topic, text }) => topic + text).sort()).toEqual([
      'a1',
      'a2',
      'a8',
      'b3',
      'b4',
      'b7',
      'c5',
      'c6',
    ])
  })
  test('every alias up to the maximum is taken, each for a topic of its own [MQTT-3.3.2-12]', async () => {
    await using broker = await startBroker({ mqtt: { topicAliasMaximum: 500 } })
    await using one = await client(broker)
    await one.subscribe('t/#')
    for (let i = 1; i <= 500; i++) alias(one, `t/${i}`, i, 'bind')
    for (let i = 500; i >= 1; i--) alias(one, '', i, 'use')
    const messages = await one.collect(1_000)
    expect(messages.slice(500).map(({ topic }) => topic)).toEqual(Array.from({ length: 500 }, (_, i) => `t/${500 - i}`))
  })
  test('a topic may have several aliases, and an alias may stand for a topic that nobody wants', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.subscribe('t')
    alias(one, 't', 1, '1')
    alias(one, 't', 2, '2')
    alias(one, 'nobody', 3, 'x')
    alias(one, '', 3, 'x')
    alias(one, '', 2, '3')
    alias(one, '', 1, '4')
    expect((await one.collect(4)).map(({ text }) => text)).toEqual(['1', '2', '3', '4'])
    await one.nothing()
  })
  test('an alias ends with its connection, also where the session goes on [MQTT-3.3.2-7]', async () => {
    await using broker = await startBroker()
    await using one = await resident(broker, 's', { clean: true })
    alias(one, 't', 1, 'x')
    await one.ping()
    await one.end()
    await using again = await resident(broker, 's')
    alias(again, '', 1, 'y')
    expect(hex((await again.closed()).packets)).toEqual(['e00182'])
  })
  test('an alias of one client means nothing from another [MQTT-3.3.2-7]', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    alias(one, 't', 1, 'x')
    await one.ping()
    await using other = await client(broker)
    alias(other, '', 1, 'y')
    expect(hex((await other.closed()).packets)).toEqual(['e00182'])
    await one.nothing()
  })
  test('a retained message is kept under its topic, not its alias', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    alias(one, 'kept', 1, 'x')
    one.sendPublish('', 'y', { retain: true, properties: { topicAlias: 1 } })
    await one.subscribe('kept')
    expect((await one.collect(1)).map(({ topic, text }) => topic + text)).toEqual(['kepty'])
  })
  test('a refused publish binds its alias all the same', async () => {
    const rules = [{ effect: 'deny' as const, filters: ['secret'] }, { effect: 'allow' as const }]
    await using broker = await startBroker({ kernel: { access: { rules } } })
    await using one = await client(broker)
    for (const topic of ['secret', '']) {
      const [puback] = await one.publish(topic, 'x', { qos: 1, properties: { topicAlias: 1 } })
      expect(puback).toMatchObject({ reasonCode: 0x87 })
    }
  })
})

describe('to a client', () => {
  test.each([undefined, 0])('there is none where its Topic Alias Maximum is %s [MQTT-3.1.2-27]', async maximum => {
    await using broker = await startBroker()
    await using one = await client(broker, { properties: maximum === undefined ? {} : { topicAliasMaximum: maximum } })
    await one.subscribe('t')
    for (let i = 0; i < 3; i++) one.sendPublish('t', 'x')
    expect(shown(await one.collect(3))).toEqual(['t# x', 't# x', 't# x'])
  })
  test.each([1, 2, 5])(
    'they stay within its Topic Alias Maximum of %i [MQTT-3.1.2-26] [MQTT-3.3.2-11]',
    async maximum => {
      await using broker = await startBroker()
      await using one = await client(broker, { properties: { topicAliasMaximum: maximum } })
      await one.subscribe('t/+', { qos: 2 })
      for (let round = 0; round < 3; round++) {
        for (let i = 1; i <= 8; i++) one.sendPublish(`t/${i}`, String(i), { qos: (i % 2) as 0 | 1 })
      }
      const known = new Map<number, string>()
      for (let i = 0; i < 24; i++) {
        const message = await one.take('publish')
        const used = Number(propertiesOf(message.raw).find(({ name }) => name === 'topicAlias')?.value ?? 0)
        expect(used).toBeLessThanOrEqual(maximum)
        if (used > 0 && message.topic !== '') known.set(used, message.topic)
        expect(message.topic || known.get(used)).toBe(`t/${message.text}`)
      }
      expect(known.size).toBe(maximum)
    },
  )
  test('they are no more than the server itself wants [MQTT-3.3.2-11]', async () => {
    await using broker = await startBroker({ mqtt: { outboundTopicAliases: 2 } })
    await using one = await client(broker, { properties: { topicAliasMaximum: 65_535 } })
    await one.subscribe('#')
    for (const topic of ['a', 'b', 'c', 'a', 'b', 'c']) one.sendPublish(topic, 'x')
    expect(shown(await one.collect(6))).toEqual(['a#1 x', 'b#2 x', 'c# x', '#1 x', '#2 x', 'c# x'])
  })
  test('they are announced anew on each connection, also for what is repeated [MQTT-3.3.2-7]', async () => {
    await using broker = await startBroker({ storage: 'file' })
    const properties = { topicAliasMaximum: 5, sessionExpiryInterval: 60 }
    await using one = await resident(broker, 's', { clean: true, properties })
    await one.subscribe('#', { qos: 2 })
    for (const qos of [1, 2] as const) await one.publish('t', String(qos), { qos })
    expect(shown(await one.collect(2, { autoAck: false }))).toEqual(['t#1 1', '#1 2'])
    await one.drop()
    await using again = await resident(broker, 's', { properties })
    expect(shown(await again.collect(2, { autoAck: false }))).toEqual(['t#1 1', '#1 2'])
    await again.drop()
    await using plain = await resident(broker, 's')
    expect(shown(await plain.collect(2, { autoAck: false }))).toEqual(['t# 1', 't# 2'])
  })
  test('one is not announced by a packet that is too large to be sent', async () => {
    await using broker = await startBroker()
    await using one = await client(broker, { properties: { topicAliasMaximum: 5, maximumPacketSize: 60 } })
    await one.subscribe('t')
    await using other = await client(broker)
    other.sendPublish('t', 'x'.repeat(60))
    other.sendPublish('t', 'small')
    other.sendPublish('t', 'again')
    await other.ping()
    expect(shown(await one.collect(2))).toEqual(['t#1 small', '#1 again'])
  })
  test('aliases of both directions are independent, and of both clients', async () => {
    await using broker = await startBroker()
    await using one = await client(broker, { properties: { topicAliasMaximum: 3 } })
    await using two = await client(broker, { properties: { topicAliasMaximum: 3 } })
    await one.subscribe('#')
    await two.subscribe('b')
    alias(one, 'a', 1, '1')
    alias(one, 'b', 2, '2')
    alias(one, '', 2, '3')
    alias(one, '', 1, '4')
    await one.ping()
    expect(shown(await one.collect(4))).toEqual(['a#1 1', 'b#2 2', '#2 3', '#1 4'])
    expect(shown(await two.collect(2))).toEqual(['b#1 2', '#1 3'])
  })
})

test('an alias that is cut short closes the connection', async () => {
  await using broker = await startBroker()
  await using one = await client(broker)
  one.sendRaw(packet(0x30, "'t' 02 2300"))
  expect(hex((await one.closed()).packets)).toEqual(['e00181'])
})
