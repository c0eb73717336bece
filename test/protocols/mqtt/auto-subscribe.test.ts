import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { client, message, messages } from './client.ts'

test('a client has the configured subscriptions as soon as it is connected', async () => {
  const autoSubscribe = [{ filter: 'to/${clientid}/#', qos: 1 }, { filter: 'of/${username}' }, { filter: 'at/${host}' }]
  await using broker = await startBroker({ mqtt: { autoSubscribe }, kernel: { access: { anonymous: 'always' } } })
  await using one = await client(broker, { clientId: 'c1', username: 'ann' })
  for (const topic of ['to/c1/x', 'of/ann', 'at/127.0.0.1', 'to/c2/x', 'of/bob']) await one.publish(topic, topic)
  await one.ping()
  expect(messages(one).map(([topic]) => topic)).toEqual(['to/c1/x', 'of/ann', 'at/127.0.0.1'])
})

test('a rule whose value is missing, or would be more than one level, makes no subscription', async () => {
  const autoSubscribe = [{ filter: 'of/${username}' }, { filter: 'to/${clientid}' }, { filter: 'all' }]
  await using broker = await startBroker({ mqtt: { autoSubscribe } })
  for (const clientId of ['#', '+', 'a/b', 'x+', '#/x']) {
    await using hostile = await client(broker, { clientId })
    for (const topic of ['of/ann', 'to/x', 'to/a/b', 'all']) await hostile.publish(topic, 'x')
    await hostile.ping()
    expect(messages(hostile).map(([topic]) => topic)).toEqual(['all'])
  }
})

test.each(['$SYS', '$share', '$exclusive'])('a client called %s gets no subscription of that kind', async clientId => {
  await using broker = await startBroker({
    mqtt: { autoSubscribe: [{ filter: '${clientid}/x/#' }, { filter: 'of/${clientid}' }] },
  })
  const told: unknown[] = []
  broker.kernel.events.on('client.subscribed', ({ filters }) => told.push(filters))
  await using one = await client(broker, { clientId })
  await one.ping()
  expect(told).toEqual([[`of/${clientId}`]])
})

test('no SUBACK is sent for them', async () => {
  await using broker = await startBroker({ mqtt: { autoSubscribe: [{ filter: 'a' }] } })
  await using one = await client(broker)
  await one.nothing()
})

test('retained messages follow, as retain handling says', async () => {
  const autoSubscribe = [{ filter: 'a' }, { filter: 'b', retainHandling: 2 }]
  await using broker = await startBroker({ mqtt: { autoSubscribe } })
  const first = await client(broker)
  await first.publish('a', 'A', { retain: true, qos: 1 })
  await first.publish('b', 'B', { retain: true, qos: 1 })
  await using second = await client(broker)
  await second.ping()
  expect(messages(second)).toEqual([['a', 'A']])
  await first.drop()
})

test('QoS, no local and retain as published are those of the rule', async () => {
  const autoSubscribe = [{ filter: 'a', qos: 1, noLocal: true, retainAsPublished: true }]
  await using broker = await startBroker({ mqtt: { autoSubscribe } })
  await using one = await client(broker)
  await using other = await client(broker)
  await one.publish('a', 'own', { qos: 2 })
  await other.publish('a', 'foreign', { qos: 2, retain: true })
  const [came] = await one.collect(1)
  expect(came).toMatchObject({ qos: 1, retain: true, payload: Buffer.from('foreign') })
})

test('rules may share and exclude like a client’s own subscriptions', async () => {
  await using broker = await startBroker({ mqtt: { autoSubscribe: [{ filter: '$share/g/t' }] } })
  await using one = await client(broker)
  await using two = await client(broker)
  for (let i = 0; i < 4; i++) await two.publish('t', String(i))
  await two.ping()
  await one.ping()
  expect(messages(one)).toHaveLength(2)
  expect(messages(two)).toHaveLength(2)
})

test('what a client may not subscribe to it does not get by a rule', async () => {
  await using broker = await startBroker({
    mqtt: { autoSubscribe: [{ filter: 'secret' }, { filter: 'open' }] },
    kernel: { access: { rules: [{ effect: 'deny', action: 'subscribe', filters: ['secret'] }], noMatch: 'allow' } },
  })
  await using one = await client(broker)
  await one.publish('secret', 'x')
  await one.publish('open', 'y')
  expect(await message(one)).toEqual(['open', 'y'])
})

test('a client may unsubscribe; the next connection has it again', async () => {
  await using broker = await startBroker({ mqtt: { autoSubscribe: [{ filter: 'a' }] } })
  const id = { clientId: 'c', clean: false, properties: { sessionExpiryInterval: 60 } }
  const one = await client(broker, id)
  expect((await one.unsubscribe('a')).granted).toEqual([0])
  await one.publish('a', 'x')
  await one.nothing()
  await one.end()
  await using again = await client(broker, id)
  await again.publish('a', 'y')
  expect(await message(again)).toEqual(['a', 'y'])
})
