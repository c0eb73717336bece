import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { client, publishCode } from './client.ts'

test('who takes long to acknowledge is on the list, with the topic and the longest time', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using slow = await client(broker, { clientId: 'slow' })
  await slow.subscribe('a/#', { qos: 1 })
  for (const waitMs of [900, 700]) {
    await publishCode(slow, 'a/b')
    await broker.clock.advance(waitMs)
    await slow.collect(1)
    await slow.ping()
  }
  expect(broker.kernel.slowConsumers.list()).toEqual([
    { clientId: 'slow', topic: 'a/b', latencyMs: 900, lastSeenAt: broker.clock.now() },
  ])
})

test('QoS 2 counts until its PUBCOMP', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using slow = await client(broker, { clientId: 'slow' })
  await slow.subscribe('a', { qos: 2 })
  await slow.publish('a', 'x', { qos: 2 })
  const { messageId } = await slow.next('publish')
  slow.send({ cmd: 'pubrec', messageId: messageId as number })
  await slow.take('pubrel')
  await broker.clock.advance(600)
  slow.send({ cmd: 'pubcomp', messageId: messageId as number })
  await slow.ping()
  expect(broker.kernel.slowConsumers.list()).toMatchObject([{ clientId: 'slow', latencyMs: 600 }])
})

test('who acknowledges nothing at all is on the list, and grows slower', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using frozen = await client(broker, { clientId: 'frozen' })
  await frozen.subscribe('a', { qos: 1 })
  await publishCode(frozen, 'a')
  for (const latencyMs of [600, 1_200]) {
    await broker.clock.advance(600)
    expect(broker.kernel.slowConsumers.list()).toMatchObject([{ clientId: 'frozen', topic: 'a', latencyMs }])
  }
})

test('who acknowledges in time is not', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using quick = await client(broker)
  await quick.subscribe('a', { qos: 1 })
  await publishCode(quick, 'a')
  await broker.clock.advance(499)
  await quick.collect(1)
  await quick.ping()
  expect(broker.kernel.slowConsumers.list()).toEqual([])
})

test('nor who gets a retained message that is old', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using quick = await client(broker)
  await quick.publish('a', 'kept', { qos: 1, retain: true })
  await broker.clock.advance(60_000)
  await quick.subscribe('a', { qos: 1 })
  expect(broker.kernel.slowConsumers.list()).toEqual([])
  await quick.collect(1)
  await quick.ping()
  expect(broker.kernel.slowConsumers.list()).toEqual([])
})

test('the slowest come first, and the list holds a hundred', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using slow = await client(broker, { clientId: 'slow' })
  await slow.subscribe('#', { qos: 1 })
  for (let i = 0; i < 120; i++) {
    await publishCode(slow, `t/${i}`)
    await broker.clock.advance(500 + i)
    await slow.collect(1)
  }
  await slow.ping()
  const list = broker.kernel.slowConsumers.list()
  expect(list).toHaveLength(100)
  expect(list.map(({ topic }) => topic)).toEqual(Array.from({ length: 100 }, (_, i) => `t/${119 - i}`))
})

test('an entry that is not seen again is forgotten after five minutes', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using slow = await client(broker)
  await slow.subscribe('a', { qos: 1 })
  await publishCode(slow, 'a')
  await broker.clock.advance(500)
  await slow.collect(1)
  await slow.ping()
  await broker.clock.advance(300_000)
  expect(broker.kernel.slowConsumers.list()).toHaveLength(1)
  await broker.clock.advance(1)
  expect(broker.kernel.slowConsumers.list()).toEqual([])
})

test('the list can be emptied', async () => {
  await using broker = await startBroker({ time: 'manual' })
  await using slow = await client(broker)
  await slow.subscribe('a', { qos: 1 })
  await publishCode(slow, 'a')
  await broker.clock.advance(500)
  await slow.collect(1)
  await slow.ping()
  broker.kernel.slowConsumers.clear()
  expect(broker.kernel.slowConsumers.list()).toEqual([])
})
