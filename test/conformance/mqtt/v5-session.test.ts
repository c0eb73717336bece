import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { answer, client, hex, resident, resident3 } from './clients.ts'

test('PUBLISH and PUBREL that were open come again with their identifiers, in their order, and only then [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.3-5] [MQTT-4.3.3-6]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 6; i++) await publisher.publish('t', `${i}`, { qos: i % 2 === 0 ? 1 : 2 })
  const sent = await before.collect(6, { autoAck: false })
  answer(before, 'pubrec', sent[3]!.messageId)
  await before.next('pubrel')
  await before.nothing()
  await before.end()
  for (let i = 0; i < 2; i++) {
    const after = await resident(broker, 'r')
    const got = []
    for (let n = 0; n < 6; n++) got.push(await after.next())
    expect(got.map(({ cmd, messageId }) => [cmd, messageId])).toEqual(
      sent.map(({ messageId }, n) => [n === 3 ? 'pubrel' : 'publish', messageId]),
    )
    expect(got.filter(({ cmd }) => cmd === 'publish').every(packet => (packet as { dup?: boolean }).dup)).toBe(true)
    await after.nothing()
    await after.end()
  }
})

test('what was acknowledged out of order is not sent again, the rest keeps its order [MQTT-4.4.0-1]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  for (let i = 0; i < 6; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const sent = await before.collect(6, { autoAck: false })
  for (const at of [4, 1, 2]) await before.ack(sent[at]!)
  await before.nothing()
  await before.drop()
  const after = await resident(broker, 'r')
  expect((await after.collect(3)).map(({ text }) => text)).toEqual(['0', '3', '5'])
  await after.nothing()
})

test('what was open comes before what was queued, and that before what is published now [MQTT-4.6.0-5] [MQTT-4.6.0-6]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r', { properties: { receiveMaximum: 2 } })
  await before.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 4; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  await before.collect(2, { autoAck: false })
  await before.end()
  for (let i = 4; i < 8; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const after = await resident(broker, 'r', { properties: { receiveMaximum: 3 } })
  for (let i = 8; i < 12; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const got = await after.collect(12)
  expect(got.map(({ text, dup }) => [text, dup])).toEqual(Array.from({ length: 12 }, (_, i) => [`${i}`, i < 2]))
  await after.nothing()
})

test('order per publisher and topic holds under load while the receiver comes and goes [MQTT-4.6.0-5] [MQTT-4.6.0-6]', async () => {
  await using broker = await startBroker()
  const publisher = await client(broker)
  let receiver = await resident(broker, 'r', { properties: { receiveMaximum: 5 } })
  await receiver.subscribe('t', { qos: 1 })
  const seen: number[] = []
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 20; i++) publisher.sendPublish('t', `${round * 20 + i}`, { qos: 1 })
    for (const message of await receiver.collect(5, { autoAck: false })) {
      seen.push(Number(message.text))
      await receiver.ack(message)
    }
    await receiver.ping()
    await receiver.drop()
    receiver = await resident(broker, 'r', { properties: { receiveMaximum: 5 } })
  }
  while (seen.at(-1) !== 199) seen.push(...(await receiver.collect(1)).map(({ text }) => Number(text)))
  // Each new one comes after all before it; only repeats go back.
  const firsts = seen.filter((n, at) => seen.indexOf(n) === at)
  expect(firsts).toEqual(Array.from({ length: 200 }, (_, i) => i))
})

test('QoS 0, 1 and 2 of one publisher arrive as they were sent [MQTT-4.6.0-5]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t/#', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 60; i++) publisher.sendPublish(`t/${i % 4}`, `${i}`, { qos: (i % 3) as 0 | 1 | 2 })
  expect((await receiver.collect(60)).map(({ text }) => text)).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`))
})

test('PUBRELs go out in the order of their PUBRECs', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 5; i++) await publisher.publish('t', `${i}`, { qos: 2 })
  const ids = (await receiver.collect(5, { autoAck: false })).map(({ messageId }) => messageId)
  for (const id of ids) answer(receiver, 'pubrec', id)
  for (const id of ids) expect((await receiver.next('pubrel')).messageId).toBe(id)
})

test('acknowledgements go out in the order of their PUBLISH packets', async () => {
  await using broker = await startBroker({ storage: 'file' })
  const receiver = await resident(broker, 'r')
  await receiver.subscribe('stored', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 1; i <= 10; i++) {
    publisher.sendPublish(i % 2 === 0 ? 'stored' : 'nobody', 'x', { qos: 1, messageId: i })
  }
  const ids = []
  for (let i = 1; i <= 10; i++) ids.push((await publisher.next('puback')).messageId)
  expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('an accepted message enters the session of every matching subscriber, there or away [MQTT-4.5.0-1]', async () => {
  await using broker = await startBroker()
  const here = await client(broker)
  await here.subscribe('t', { qos: 1 })
  const away = await resident(broker, 'away')
  await away.subscribe('+', { qos: 1 })
  await away.end()
  const publisher = await client(broker)
  await publisher.publish('t', 'x', { qos: 1 })
  expect((await here.collect(1))[0]!.text).toBe('x')
  expect((await (await resident(broker, 'away')).collect(1))[0]!.text).toBe('x')
})

test('messages that expire while they wait are not delivered; those sent before are repeated', async () => {
  await using broker = await startBroker({ time: 'manual' })
  const before = await resident(broker, 'r', { properties: { receiveMaximum: 1 } })
  await before.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  const properties = { messageExpiryInterval: 10 }
  await publisher.publish('t', 'sent', { qos: 1, properties })
  await publisher.publish('t', 'waits', { qos: 1, properties })
  await publisher.publish('t', 'stays', { qos: 1, properties: { messageExpiryInterval: 100 } })
  await before.collect(1, { autoAck: false })
  await before.end()
  await broker.clock.advance(20_000)
  const after = await resident(broker, 'r')
  const rest = await after.collect(2)
  expect(rest.map(({ text, properties: { messageExpiryInterval } = {} }) => [text, messageExpiryInterval])).toEqual([
    ['sent', 0],
    ['stays', 80],
  ])
  await after.nothing()
})

test('a takeover moves what is open to the new connection', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  await publisher.publish('t', 'x', { qos: 1 })
  const { messageId } = await before.next('publish')
  const after = await resident(broker, 'r')
  expect((await before.closed()).packets.map(hex)).toEqual(['e0018e'])
  expect(await after.next('publish')).toMatchObject({ messageId, dup: true, text: 'x' })
})

test('a clean start forgets subscriptions, queue and what was open', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  await publisher.publish('t', 'open', { qos: 1 })
  await before.next('publish')
  await before.end()
  await publisher.publish('t', 'queued', { qos: 1 })
  const clean = await resident(broker, 'r', { clean: true })
  await publisher.publish('t', 'new', { qos: 1 })
  await clean.nothing()
  await clean.end()
  await (await resident(broker, 'r')).nothing()
})

test('subscribing while messages wait keeps them and their order', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  await before.end()
  const publisher = await client(broker)
  for (let i = 0; i < 10; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const after = await resident(broker, 'r', { properties: { receiveMaximum: 1 } })
  await after.subscribe('t', { qos: 2, rh: 2 })
  await publisher.publish('t', '10', { qos: 2 })
  const texts = []
  for (let i = 0; i < 11; i++) {
    const message = await after.take('publish')
    texts.push(message.text)
    await after.ack(message)
  }
  expect(texts).toEqual(Array.from({ length: 11 }, (_, i) => `${i}`))
})

test('a session goes on when its client changes from 3.1.1 to 5.0 and back', async () => {
  await using broker = await startBroker()
  const old = await resident3(broker, 'r')
  await old.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  const properties = { contentType: 'x' }
  await publisher.publish('t', '1', { qos: 1, properties })
  const { messageId } = await old.next('publish')
  await old.end()
  await publisher.publish('t', '2', { qos: 1, properties })
  const modern = await resident(broker, 'r')
  const got = await modern.collect(2, { autoAck: false })
  expect(got).toMatchObject([
    { text: '1', dup: true, messageId, properties },
    { text: '2', dup: false, properties },
  ])
  await modern.ack(got[0]!)
  await modern.end()
  const again = await resident3(broker, 'r')
  expect(await again.collect(1)).toMatchObject([{ text: '2', dup: true, messageId: got[1]!.messageId }])
  await again.nothing()
})
