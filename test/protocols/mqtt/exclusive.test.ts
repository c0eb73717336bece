import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { client, message, messages } from './client.ts'

const taken = 0x97
const kept = { clientId: 'owner', clean: false, properties: { sessionExpiryInterval: 60 } }

test('the second subscriber is refused, and gets nothing', async () => {
  await using broker = await startBroker()
  await using owner = await client(broker)
  await using other = await client(broker)
  expect((await owner.subscribe('$exclusive/t/1', { qos: 1 })).granted).toEqual([1])
  expect((await other.subscribe('$exclusive/t/1')).granted).toEqual([taken])
  await other.publish('t/1', 'x', { qos: 1 })
  expect(await message(owner)).toEqual(['t/1', 'x'])
  await other.nothing()
})

test('a 3.1.1 client is refused with 0x80', async () => {
  await using broker = await startBroker()
  await using owner = await client(broker, { version: 4 })
  await using other = await client(broker, { version: 4 })
  await owner.subscribe('$exclusive/t')
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([0x80])
})

test('plain and shared subscriptions to the same topic go on beside it', async () => {
  await using broker = await startBroker()
  await using owner = await client(broker)
  await owner.subscribe('$exclusive/t')
  await using plain = await client(broker)
  expect((await plain.subscribe([{ topic: 't' }, { topic: '$share/g/t' }])).granted).toEqual([0, 0])
  await plain.publish('t', 'x')
  expect(await message(plain)).toEqual(['t', 'x'])
})

test('it is free again after an unsubscribe', async () => {
  await using broker = await startBroker()
  await using owner = await client(broker)
  await using other = await client(broker)
  await owner.subscribe('$exclusive/t')
  await owner.unsubscribe('$exclusive/t')
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([0])
})

test('it is free again when the session ends', async () => {
  await using broker = await startBroker()
  const owner = await client(broker)
  await owner.subscribe('$exclusive/t')
  await owner.end()
  await using other = await client(broker)
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([0])
})

test('a session that outlives its connection keeps it, until it expires', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const owner = await client(broker, kept)
  await owner.subscribe('$exclusive/t')
  await owner.end()
  await using other = await client(broker)
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([taken])
  await broker.clock.advance(61_000)
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([0])
})

test('it survives a restart', async () => {
  await using broker = await startBroker({ storage: 'file' })
  const before = await client(broker, kept)
  await before.subscribe('$exclusive/t', { qos: 1 })
  await broker.restart()
  await using other = await client(broker)
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([taken])
  await other.publish('t', 'x', { qos: 1 })
  await using owner = await client(broker, kept)
  expect(await message(owner)).toEqual(['t', 'x'])
})

test('its own session may subscribe again, with another QoS', async () => {
  await using broker = await startBroker()
  await using owner = await client(broker)
  await owner.subscribe('$exclusive/t')
  expect((await owner.subscribe('$exclusive/t', { qos: 2 })).granted).toEqual([2])
})

test('a plain subscription of the same session that replaces it frees it', async () => {
  await using broker = await startBroker()
  await using owner = await client(broker)
  await owner.subscribe('$exclusive/t')
  await owner.subscribe('t')
  await using other = await client(broker)
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([0])
})

test('a session that is taken over keeps it', async () => {
  await using broker = await startBroker()
  await using first = await client(broker, kept)
  await first.subscribe('$exclusive/t')
  await using _second = await client(broker, kept)
  await using other = await client(broker)
  expect((await other.subscribe('$exclusive/t')).granted).toEqual([taken])
})

test.each(['$exclusive/+', '$exclusive/a/#', '$exclusive/', '$exclusive'])('%s is no topic: 0x8F', async filter => {
  await using broker = await startBroker()
  await using owner = await client(broker)
  expect((await owner.subscribe(filter)).granted).toEqual([0x8f])
})

test('one refusal among several subscriptions does not touch the others', async () => {
  await using broker = await startBroker()
  await using owner = await client(broker)
  await owner.subscribe('$exclusive/t')
  await using other = await client(broker)
  const { granted } = await other.subscribe([{ topic: 'a' }, { topic: '$exclusive/t' }, { topic: 'b', qos: 1 }])
  expect(granted).toEqual([0, taken, 1])
  await other.publish('a', '1')
  await other.ping()
  expect(messages(other)).toEqual([['a', '1']])
})

test('$queue gives each message to one of its subscribers, $share to one of each group', async () => {
  await using broker = await startBroker()
  await using one = await client(broker)
  await using two = await client(broker)
  for (const member of [one, two]) await member.subscribe([{ topic: '$queue/q' }, { topic: '$share/g/s' }])
  await using publisher = await client(broker)
  for (let i = 0; i < 10; i++) {
    await publisher.publish('q', `q${i}`)
    await publisher.publish('s', `s${i}`)
  }
  await publisher.ping()
  await one.ping()
  await two.ping()
  const got = [messages(one), messages(two)]
  expect(got.map(each => each.length)).toEqual([10, 10])
  const texts = got.flat().map(([, text]) => text)
  expect(new Set(texts).size).toBe(20)
})

test('$queue is no member of a share that is called like it', async () => {
  await using broker = await startBroker()
  await using queue = await client(broker)
  await using share = await client(broker)
  await queue.subscribe('$queue/t')
  await share.subscribe('$share/queue/t')
  await share.publish('t', 'x')
  expect(await message(queue)).toEqual(['t', 'x'])
  expect(await message(share)).toEqual(['t', 'x'])
})
