import { describe, expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import type { ReceivedOf, Wire } from '../../support/wire.ts'
import { client, resident } from './clients.ts'
import { hex, packet } from './raw.ts'

const options = { time: 'manual', storage: 'file' } as const

function shown(messages: readonly ReceivedOf<'publish'>[]): string[] {
  return messages.map(({ topic, text, qos, retain }) => `${topic} ${text} ${qos}${retain ? ' retain' : ''}`)
}

async function retain(one: Wire, topic: string, payload: string, qos: 0 | 1 | 2 = 1): Promise<void> {
  await one.publish(topic, payload, { qos, retain: true })
  await one.ping()
}

describe('RETAIN 1', () => {
  test.each([0, 1, 2] as const)('stores the message, at QoS %i, for later subscribers [MQTT-3.3.1-5]', async qos => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 't', 'kept', qos)
    await one.subscribe('t', { qos: 2 })
    expect(shown(await one.collect(1))).toEqual([`t kept ${qos} retain`])
    await one.nothing()
  })
  test('replaces what was stored, whatever the QoS of either [MQTT-3.3.1-5]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    for (const before of [0, 1, 2] as const) {
      for (const after of [0, 1, 2] as const) {
        await retain(one, 't', 'before', before)
        await retain(one, 't', 'after', after)
        await one.subscribe('t', { qos: 2 })
        expect(shown(await one.collect(1))).toEqual([`t after ${after} retain`])
        await one.unsubscribe('t')
      }
    }
    await one.nothing()
  })
  test('with an empty payload removes what was stored, and is itself not kept [MQTT-3.3.1-6] [MQTT-3.3.1-7]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    for (const qos of [0, 1, 2] as const) {
      await retain(one, 't', 'kept')
      await retain(one, 't', '', qos)
      await one.subscribe('t')
      await one.nothing()
      await one.unsubscribe('t')
    }
  })
  test('with an empty payload is delivered to those who subscribe already [MQTT-3.3.1-6]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await one.subscribe([{ topic: 't', qos: 1, rap: true }])
    await retain(one, 't', '')
    expect(shown(await one.collect(1))).toEqual(['t  1 retain'])
    await retain(one, 'never/kept', '')
    await one.nothing()
  })
  test('survives the restart of the server, and so does a removal [MQTT-3.3.1-5] [MQTT-3.3.1-6]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 'kept', 'x')
    await retain(one, 'removed', 'x')
    await retain(one, 'removed', '')
    await broker.restart()
    await using later = await client(broker)
    await later.subscribe('#')
    expect(shown(await later.collect(1))).toEqual(['kept x 0 retain'])
    await later.nothing()
  })
  test('outlives its publisher and every session', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 't', 'x')
    await one.end()
    await using later = await client(broker)
    await later.subscribe('t')
    expect(shown(await later.collect(1))).toEqual(['t x 0 retain'])
  })
})

test('RETAIN 0 neither stores, nor replaces, nor removes [MQTT-3.3.1-8]', async () => {
  await using broker = await startBroker(options)
  await using one = await client(broker)
  await one.publish('plain', 'x', { qos: 1 })
  await retain(one, 't', 'kept')
  await one.publish('t', 'live', { qos: 1 })
  await one.publish('t', '', { qos: 1 })
  await one.subscribe('#')
  expect(shown(await one.collect(1))).toEqual(['t kept 0 retain'])
  await one.nothing()
})

describe('Retain Handling', () => {
  test('0: each subscribe sends what is retained, also again [MQTT-3.3.1-9]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 'a/1', 'x')
    await retain(one, 'a/2', 'y', 0)
    for (let i = 0; i < 3; i++) {
      await one.subscribe('a/+', { qos: 2, rh: 0 })
      expect(shown(await one.collect(2)).sort()).toEqual(['a/1 x 1 retain', 'a/2 y 0 retain'])
    }
    await one.nothing()
  })
  test('1: only a subscription that is new is sent what is retained [MQTT-3.3.1-10]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 't', 'x')
    await one.subscribe('t', { rh: 1 })
    expect(shown(await one.collect(1))).toEqual(['t x 0 retain'])
    await one.subscribe('t', { rh: 1 })
    await one.subscribe('t', { rh: 1, qos: 2 })
    await one.nothing()
    await one.unsubscribe('t')
    await one.subscribe('t', { rh: 1 })
    expect(shown(await one.collect(1))).toEqual(['t x 0 retain'])
  })
  test('1: a subscription of a session that was continued is not new [MQTT-3.3.1-10]', async () => {
    await using broker = await startBroker(options)
    await using one = await resident(broker, 's', { clean: true })
    await one.subscribe('t', { rh: 1 })
    await retain(one, 'other', 'x')
    await one.drop()
    await using publisher = await client(broker)
    await retain(publisher, 't', 'x', 0)
    await using again = await resident(broker, 's')
    await again.subscribe('t', { rh: 1 })
    await again.nothing()
  })
  test('2: nothing retained is sent [MQTT-3.3.1-11]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 't', 'x')
    await one.subscribe('t', { rh: 2 })
    await one.subscribe('t', { rh: 2 })
    await one.nothing()
    await one.publish('t', 'live', { qos: 1 })
    expect(shown(await one.collect(1))).toEqual(['t live 0'])
  })
  test('is of each filter in a SUBSCRIBE its own', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    for (const topic of ['a', 'b', 'c']) await retain(one, topic, 'x')
    await one.subscribe([
      { topic: 'a', rh: 2 },
      { topic: 'b', rh: 1 },
      { topic: 'c', rh: 0 },
    ])
    expect(shown(await one.collect(2)).sort()).toEqual(['b x 0 retain', 'c x 0 retain'])
    await one.nothing()
  })
  test('3 is malformed', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    one.sendRaw(packet(0x82, "0001 00 't' 30"))
    expect(hex((await one.closed()).packets)).toEqual(['e00181'])
  })
})

describe('what is retained is sent', () => {
  test('after SUBACK, and before what is published later', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 't', 'old')
    one.sendRaw(Buffer.concat([packet(0x82, "0009 00 't' 00"), packet(0x30, '\'t\' 00 "new"')]))
    expect((await one.next()).cmd).toBe('suback')
    expect(shown(await one.collect(2))).toEqual(['t old 0 retain', 't new 0'])
  })
  test('at the lower of both QoS', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    for (const published of [0, 1, 2] as const) {
      await retain(one, 't', 'x', published)
      for (const granted of [0, 1, 2] as const) {
        await one.subscribe('t', { qos: granted })
        expect(shown(await one.collect(1))).toEqual([`t x ${Math.min(published, granted)} retain`])
      }
      await one.unsubscribe('t')
    }
  })
  test('with RETAIN 1 whatever Retain As Published says, as it is sent for a subscription', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 't', 'x')
    for (const rap of [false, true]) {
      await one.subscribe('t', { rap })
      expect(shown(await one.collect(1))).toEqual(['t x 0 retain'])
    }
  })
  test('once for each topic that a wildcard matches, $ topics apart', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    for (const topic of ['a', 'a/b', 'a/b/c', '/a', 'b', '$own/a']) await retain(one, topic, 'x', 0)
    const of = async (filter: string, count: number) => {
      await one.subscribe(filter)
      const topics = (await one.collect(count)).map(({ topic }) => topic).sort()
      await one.nothing()
      await one.unsubscribe(filter)
      return topics
    }
    expect(await of('#', 5)).toEqual(['/a', 'a', 'a/b', 'a/b/c', 'b'])
    expect(await of('+', 2)).toEqual(['a', 'b'])
    expect(await of('a/#', 3)).toEqual(['a', 'a/b', 'a/b/c'])
    expect(await of('+/+', 2)).toEqual(['/a', 'a/b'])
    expect(await of('+/a', 1)).toEqual(['/a'])
    expect(await of('$own/#', 1)).toEqual(['$own/a'])
    expect(await of('a/+/#', 2)).toEqual(['a/b', 'a/b/c'])
  })
  test('not to a shared subscription', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await retain(one, 't', 'x')
    await one.subscribe('$share/g/t', { rh: 0 })
    await one.nothing()
  })
  test('with all its properties, and the identifier of the subscription', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    const properties = {
      contentType: 'c',
      responseTopic: 'r',
      correlationData: Buffer.from('d'),
      payloadFormatIndicator: true,
    }
    await one.publish('t', 'x', {
      qos: 1,
      retain: true,
      properties: {
        ...properties,
        userProperties: [
          ['b', '1'],
          ['a', '2'],
        ],
      },
    })
    await broker.restart()
    await using later = await client(broker)
    await later.subscribe('t', { subscriptionIdentifier: 7 })
    const [message] = await later.collect(1)
    expect(message?.properties).toMatchObject({ ...properties, subscriptionIdentifier: 7 })
    expect(message?.userProperties).toEqual([
      ['b', '1'],
      ['a', '2'],
    ])
  })
  test('not when it has expired, at that moment or through a restart; before, its interval has shrunk', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await one.publish('t', 'x', { qos: 1, retain: true, properties: { messageExpiryInterval: 10 } })
    await broker.clock.advance(4_000)
    await one.subscribe('t')
    expect((await one.collect(1))[0]?.properties).toMatchObject({ messageExpiryInterval: 6 })
    await broker.restart()
    await broker.clock.advance(2_000)
    await using later = await client(broker)
    await later.subscribe('t')
    expect((await later.collect(1))[0]?.properties).toMatchObject({ messageExpiryInterval: 4 })
    await broker.clock.advance(4_000)
    await later.subscribe('t')
    await later.nothing()
    await broker.restart()
    await using last = await client(broker)
    await last.subscribe('t')
    await last.nothing()
  })
})

describe('Retain As Published', () => {
  test('0: what is forwarded has RETAIN 0 [MQTT-3.3.1-12]', async () => {
    await using broker = await startBroker(options)
    await using one = await client(broker)
    await one.subscribe('t', { rap: false })
    for (const flag of [true, false]) await one.publish('t', 'x', { qos: 1, retain: flag })
    expect(shown(await one.collect(2))).toEqual(['t x 0', 't x 0'])
  })
  test('1: what is forwarded has RETAIN as it was published, also from a queue [MQTT-3.3.1-13]', async () => {
    await using broker = await startBroker(options)
    await using one = await resident(broker, 's', { clean: true })
    await one.subscribe('t', { rap: true, qos: 1 })
    for (const flag of [true, false]) await one.publish('t', 'x', { qos: 1, retain: flag })
    expect(shown(await one.collect(2))).toEqual(['t x 1 retain', 't x 1'])
    await one.end()
    await using publisher = await client(broker)
    for (const flag of [true, false]) await publisher.publish('t', 'y', { qos: 1, retain: flag })
    await broker.restart()
    await using again = await resident(broker, 's')
    expect(shown(await again.collect(2))).toEqual(['t y 1 retain', 't y 1'])
  })
})
