import { expect, test } from 'vitest'
import { startBroker } from '../../support/broker.ts'
import { client } from './clients.ts'

test('every open delivery has an identifier of its own, never 0 [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 2 })
  const publisher = await client(broker)
  for (let i = 0; i < 100; i++) publisher.sendPublish('t', `${i}`, { qos: i % 2 === 0 ? 1 : 2 })
  const messages = await receiver.collect(100, { autoAck: false })
  const ids = new Set(messages.map(({ messageId }) => messageId))
  expect(ids.size).toBe(100)
  expect(ids.has(0)).toBe(false)
  expect(messages.every(({ dup }) => !dup)).toBe(true)
})

test('identifiers wrap around and skip those in use [MQTT-2.2.1-4]', async () => {
  await using broker = await startBroker()
  const receiver = await client(broker)
  await receiver.subscribe('t', { qos: 1 })
  const publisher = await client(broker)
  await publisher.publish('t', 'stays open', { qos: 1 })
  const open = await receiver.next('publish')
  let last = 0
  for (let sent = 0; sent < 65_600; sent += 400) {
    for (let i = 0; i < 400; i++) publisher.sendPublish('t', '', { qos: 1 })
    const messages = await receiver.collect(400)
    for (const { messageId } of messages) {
      expect(messageId).not.toBe(open.messageId)
      expect(messageId).toBeGreaterThan(0)
      last = messageId!
    }
    for (let i = 0; i < 400; i++) await publisher.next('puback')
  }
  expect(last).toBeLessThan(1_000)
})
