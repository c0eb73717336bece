import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { frame, properties, text, u16 } from '../../support/bytes.ts'
import { answer, client, expectDisconnect, resident } from './clients.ts'

test.each([1, 2, 10])(
  'no more than Receive Maximum %i deliveries above QoS 0 are open [MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2]',
  async receiveMaximum => {
    await using broker = await startBroker()
    const receiver = await client(broker, { properties: { receiveMaximum } })
    await receiver.subscribe('t', { qos: 2 })
    const publisher = await client(broker)
    for (let i = 0; i < 30; i++) await publisher.publish('t', `${i}`, { qos: i % 2 === 0 ? 1 : 2 })
    const open = await receiver.collect(receiveMaximum, { autoAck: false })
    await receiver.nothing()
    // One more for each that is done, in order.
    let next = receiveMaximum
    while (open.length > 0) {
      await receiver.ack(open.shift()!)
      if (next === 30) continue
      const [message] = await receiver.collect(1, { autoAck: false })
      expect(message!.text).toBe(`${next}`)
      open.push(message!)
      next++
      await receiver.nothing()
    }
    await receiver.nothing()
  },
)

test('PUBREC does not give the quota back, PUBCOMP does; a failing PUBREC does at once [MQTT-4.9.0-2]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker, { properties: { receiveMaximum: 1 } })
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  for (const payload of ['1', '2', '3']) await publisher.publish('t', payload, { qos: 2 })
  const first = await receiver.next('publish')
  answer(receiver, 'pubrec', first.messageId)
  await receiver.next('pubrel')
  await receiver.nothing()
  answer(receiver, 'pubcomp', first.messageId)
  const second = await receiver.next('publish')
  expect(second.text).toBe('2')
  answer(receiver, 'pubrec', second.messageId, 0x83)
  expect((await receiver.next('publish')).text).toBe('3')
})

test('a failing PUBACK gives the quota back [MQTT-4.9.0-2]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker, { properties: { receiveMaximum: 1 } })
  await receiver.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  await publisher.publish('t', '1', { qos: 1 })
  await publisher.publish('t', '2', { qos: 1 })
  answer(receiver, 'puback', (await receiver.next('publish')).messageId, 0x97)
  expect((await receiver.next('publish')).text).toBe('2')
})

test('other packets flow while the quota is used up [MQTT-3.3.4-10] [MQTT-4.9.0-3]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker, { properties: { receiveMaximum: 1 } })
  await receiver.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  for (let i = 0; i < 3; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  const open = await receiver.next('publish')
  await receiver.nothing()
  expect((await receiver.subscribe('u')).granted).toEqual([0])
  expect((await receiver.unsubscribe('u')).granted).toEqual([0])
  expect(await receiver.publish('elsewhere', 'x', { qos: 1 })).toMatchObject([{ cmd: 'puback' }])
  expect(await receiver.publish('elsewhere', 'x', { qos: 2 })).toMatchObject([{ cmd: 'pubrec' }, { cmd: 'pubcomp' }])
  await receiver.nothing()
  await receiver.ack(open)
  expect(await receiver.collect(2)).toHaveLength(2)
})

test('deliveries that are open from the last connection count from the beginning [MQTT-3.3.4-9]', async () => {
  await using broker = await startBroker()
  const before = await resident(broker, 'r')
  await before.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  for (let i = 0; i < 5; i++) await publisher.publish('t', `${i}`, { qos: 1 })
  await before.collect(5, { autoAck: false })
  await before.end()
  await publisher.publish('t', '5', { qos: 1 })
  const after = await resident(broker, 'r', { properties: { receiveMaximum: 2 } })
  const open = await after.collect(2, { autoAck: false })
  await after.nothing()
  for (const message of open) await after.ack(message)
  const rest = await after.collect(4)
  expect([...open, ...rest].map(({ text, dup }) => [text, dup])).toEqual([
    ['0', true],
    ['1', true],
    ['2', true],
    ['3', true],
    ['4', true],
    ['5', false],
  ])
})

test("a client that exceeds the server's Receive Maximum is closed with 0x93 [MQTT-3.3.4-7] [MQTT-4.9.0-1]", async () => {
  await using broker = await startBroker({ mqtt: { receiveMaximum: 3 } })
  const one = await broker.wire()
  expect((await one.connect()).properties).toMatchObject({ receiveMaximum: 3 })
  for (let i = 1; i <= 3; i++) one.sendPublish('t', 'x', { qos: 2, messageId: i })
  for (let i = 1; i <= 3; i++) await one.next('pubrec')
  one.sendPublish('t', 'x', { qos: 2, messageId: 4 })
  await expectDisconnect(one, 0x93)
})

test("QoS 0 and repeats of what is open do not count against the server's Receive Maximum [MQTT-3.3.4-7]", async () => {
  await using broker = await startBroker({ mqtt: { receiveMaximum: 2 } })
  const one = await client(broker)
  for (let i = 1; i <= 2; i++) one.sendPublish('t', 'x', { qos: 2, messageId: i })
  for (let i = 1; i <= 2; i++) await one.next('pubrec')
  for (let i = 0; i < 50; i++) one.sendPublish('t', 'x')
  one.sendPublish('t', 'x', { qos: 2, messageId: 2, dup: true })
  await one.next('pubrec')
  await one.nothing()
})

test('each PUBCOMP gives the client one back, a refused publish at once [MQTT-4.9.0-2]', async () => {
  const rules = [
    { effect: 'deny', action: 'publish', filters: ['no'] },
    { effect: 'allow', filters: ['#'] },
  ] as const
  await using broker = await startBroker({ mqtt: { receiveMaximum: 1 }, kernel: { access: { rules } } })
  const one = await client(broker)
  for (let i = 1; i <= 5; i++) {
    expect(await one.publish('t', 'x', { qos: 2, messageId: i })).toHaveLength(2)
    expect(await one.publish('no', 'x', { qos: 2, messageId: 9 })).toMatchObject([{ reasonCode: 0x87 }])
    expect(await one.publish('t', 'x', { qos: 1, messageId: i })).toHaveLength(1)
  }
  // PUBRELs of nothing must not raise it.
  for (let i = 50; i < 60; i++) answer(one, 'pubrel', i)
  for (let i = 50; i < 60; i++) await one.next('pubcomp')
  one.sendPublish('t', 'x', { qos: 2, messageId: 1 })
  await one.next('pubrec')
  one.sendPublish('t', 'x', { qos: 2, messageId: 2 })
  await expectDisconnect(one, 0x93)
})

test('a burst of QoS 1 within one segment stays within the Receive Maximum as it is answered [MQTT-3.3.4-7]', async () => {
  await using broker = await startBroker({ mqtt: { receiveMaximum: 10 } })
  const one = await client(broker)
  const burst = Array.from({ length: 10 }, (_, i) => frame(0x32, text('t'), u16(i + 1), properties()))
  one.sendRaw(Buffer.concat(burst))
  for (let i = 1; i <= 10; i++) expect((await one.next('puback')).messageId).toBe(i)
})

test('where the server is told to be lenient it goes on', async () => {
  await using broker = await startBroker({ mqtt: { receiveMaximum: 1, receiveMaximumExceeded: 'log' } })
  const one = await client(broker)
  for (let i = 1; i <= 5; i++) one.sendPublish('t', 'x', { qos: 2, messageId: i })
  for (let i = 1; i <= 5; i++) expect((await one.next('pubrec')).messageId).toBe(i)
})

test('open identifiers of the last connection do not count against the next [MQTT-4.9.0-1]', async () => {
  await using broker = await startBroker({ mqtt: { receiveMaximum: 2 } })
  const before = await resident(broker, 'p')
  for (let i = 1; i <= 2; i++) before.sendPublish('t', 'x', { qos: 2, messageId: i })
  for (let i = 1; i <= 2; i++) await before.next('pubrec')
  await before.drop()
  const after = await resident(broker, 'p')
  await after.publish('t', 'y', { qos: 2, messageId: 3 })
  for (let i = 1; i <= 2; i++) answer(after, 'pubrel', i)
  for (let i = 1; i <= 2; i++) expect(await after.next('pubcomp')).toMatchObject({ messageId: i, reasonCode: 0 })
})

test('a receiver that reads nothing does not hold up another', async () => {
  await using broker = await startBroker()
  const frozen = await client(broker)
  const healthy = await client(broker)
  await frozen.subscribe('t', { qos: 0 })
  await healthy.subscribe('t', { qos: 0 })
  frozen.pause()
  const publisher = await client(broker)
  const payload = Buffer.alloc(100_000)
  for (let i = 0; i < 100; i++) {
    await publisher.publish('t', payload)
    await healthy.collect(1)
  }
  frozen.resume()
  await frozen.collect(1)
})
