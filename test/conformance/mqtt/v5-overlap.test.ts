import { describe, expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import type { ReceivedOf } from '../../support/wire.ts'
import { propertiesOf } from '../../support/wire-properties.ts'
import { client, resident } from './clients.ts'
import { packet } from './raw.ts'

function identifiers(message: ReceivedOf<'publish'> | undefined): unknown[] {
  const all = propertiesOf(message!.raw).filter(({ name }) => name === 'subscriptionIdentifier')
  return all.map(({ value }) => value).sort((a, b) => Number(a) - Number(b))
}

describe('overlapping subscriptions of one client', () => {
  test.each([
    [[0, 1, 2], 2, 2],
    [[0, 1], 2, 1],
    [[0, 0], 2, 0],
    [[2, 0, 1], 1, 1],
    [[2, 2], 0, 0],
  ] as const)(
    'granted QoS %j: one copy, at the highest of them, of what is published at %i [MQTT-3.3.4-2]',
    async (granted, published, delivered) => {
      await using broker = await startBroker()
      await using one = await client(broker)
      const filters = ['a/b', 'a/+', '#']
      for (const [i, qos] of granted.entries()) await one.subscribe(filters[i]!, { qos })
      await using publisher = await client(broker)
      await publisher.publish('a/b', 'x', { qos: published })
      await publisher.ping()
      expect((await one.collect(1)).map(({ qos }) => qos)).toEqual([delivered])
      await one.nothing()
    },
  )
  test('the copy carries the identifiers of all that match, and of no other [MQTT-3.3.4-3] [MQTT-3.3.4-4] [MQTT-3.3.4-5]', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.subscribe('a/b', { subscriptionIdentifier: 1 })
    await one.subscribe('a/+', { subscriptionIdentifier: 268_435_455, qos: 2 })
    await one.subscribe('#', { subscriptionIdentifier: 128, qos: 1 })
    await one.subscribe('+/b')
    await one.subscribe('other', { subscriptionIdentifier: 5 })
    await one.publish('a/b', 'x', { qos: 1 })
    await one.publish('a/c', 'y', { qos: 1 })
    await one.publish('x/b', 'z', { qos: 1 })
    const messages = await one.collect(3)
    expect(messages.map(identifiers)).toEqual([[1, 128, 268_435_455], [128, 268_435_455], [128]])
    await one.nothing()
  })
  test('a message without an identified subscription carries none [MQTT-3.3.4-3]', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.subscribe('a')
    one.sendPublish('a', 'x')
    expect((await one.collect(1))[0]?.raw).toEqual(packet(0x30, '\'a\' 00 "x"'))
  })
  test('one identifier may stand for several filters, and is then sent at least once [MQTT-3.3.4-3]', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.subscribe([{ topic: 'a/+' }, { topic: '+/b' }], { subscriptionIdentifier: 9 })
    one.sendPublish('a/b', 'x')
    expect(new Set(identifiers((await one.collect(1))[0]))).toEqual(new Set([9]))
    await one.nothing()
  })
  test('an identifier is replaced, or ended, with its subscription [MQTT-3.3.4-3]', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.subscribe('a', { subscriptionIdentifier: 1 })
    await one.subscribe('a', { subscriptionIdentifier: 2 })
    await one.subscribe('#', { subscriptionIdentifier: 3 })
    one.sendPublish('a')
    await one.subscribe('a')
    one.sendPublish('a')
    await one.unsubscribe('#')
    one.sendPublish('a')
    expect((await one.collect(3)).map(identifiers)).toEqual([[2, 3], [3], []])
  })
  test('identifiers are kept with the session, and with what is queued [MQTT-3.3.4-3] [MQTT-3.3.4-4]', async () => {
    await using broker = await startBroker({ storage: 'file' })
    await using one = await resident(broker, 's', { clean: true })
    await one.subscribe('a/b', { subscriptionIdentifier: 1, qos: 1 })
    await one.subscribe('a/#', { subscriptionIdentifier: 2, qos: 2 })
    await one.end()
    await using publisher = await client(broker)
    await publisher.publish('a/b', 'queued', { qos: 2 })
    await broker.restart()
    await using again = await resident(broker, 's')
    await again.publish('a/b', 'live', { qos: 1 })
    const messages = await again.collect(2)
    expect(messages.map(({ text, qos }) => `${text} ${qos}`)).toEqual(['queued 2', 'live 1'])
    expect(messages.map(identifiers)).toEqual([
      [1, 2],
      [1, 2],
    ])
  })
  test('retained messages carry the identifier of the subscription they are sent for [MQTT-3.3.4-3]', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.publish('a', 'kept', { qos: 1, retain: true })
    await one.subscribe('a', { subscriptionIdentifier: 1 })
    await one.subscribe('+', { subscriptionIdentifier: 2 })
    expect((await one.collect(2)).map(identifiers)).toEqual([[1], [2]])
  })
  test('Retain As Published of any that matches keeps the flag', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.subscribe([
      { topic: 'a', rap: false },
      { topic: '+', rap: true },
    ])
    await one.publish('a', 'x', { qos: 1, retain: true })
    expect((await one.collect(1)).map(({ retain }) => retain)).toEqual([true])
    await one.nothing()
  })
  test('No Local of one does not hide the message from another', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.subscribe('a', { nl: true, subscriptionIdentifier: 1 })
    await one.subscribe('+', { nl: false, subscriptionIdentifier: 2 })
    one.sendPublish('a', 'own')
    const [own] = await one.collect(1)
    expect(identifiers(own)).toEqual([2])
    await one.nothing()
  })
  test('a shared one delivers its copy apart from the others [MQTT-3.3.4-5]', async () => {
    await using broker = await startBroker()
    await using one = await client(broker)
    await one.subscribe('$share/g/a', { subscriptionIdentifier: 1 })
    await one.subscribe('a', { subscriptionIdentifier: 2 })
    one.sendPublish('a')
    const messages = await one.collect(2)
    expect(messages.map(identifiers).sort()).toEqual([[1], [2]])
    await one.nothing()
  })
})
