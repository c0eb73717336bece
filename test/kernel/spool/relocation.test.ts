import { expect, test } from 'vitest'
import { startBroker, type TestBroker } from '../../support/broker.ts'

/** Spool offsets between the log's ends, as the kernel reports them. */
function span(broker: TestBroker): number {
  for (const { name, value } of broker.kernel.counters.all()) if (name === 'spool_offsets') return value
  throw new Error('no spool')
}

/** 100,000 messages to a client that settles all of them. */
async function traffic(broker: TestBroker): Promise<void> {
  await using reader = await broker.wire()
  await reader.connect({ clientId: 'reader', properties: { sessionExpiryInterval: 60 } })
  await reader.subscribe('busy', { qos: 1 })
  await using writer = await broker.wire()
  await writer.connect({ clientId: 'writer' })
  for (let round = 0; round < 200; round++) {
    for (let id = 1; id <= 500; id++) {
      writer.send({ cmd: 'publish', topic: 'busy', payload: 'x', qos: 1, messageId: id, dup: false, retain: false })
    }
    await reader.collect(500)
    for (let id = 1; id <= 500; id++) await writer.take('puback')
  }
}

test('a forgotten session and a far delayed message do not pin the log of all that came after, and lose nothing by it', async () => {
  await using broker = await startBroker({
    storage: 'file',
    time: 'manual',
    kernel: { limits: { spoolCacheBytes: 1 } },
    file: { segment: 1_048_576 },
  })
  await using forgotten = await broker.wire()
  await forgotten.connect({ clientId: 'forgotten', properties: { sessionExpiryInterval: 172_800 } })
  await forgotten.subscribe('old/#', { qos: 2 })
  await forgotten.drop()
  await using writer = await broker.wire()
  await writer.connect({ clientId: 'w' })
  for (let i = 0; i < 10; i++) await writer.publish('old/1', `m${i}`, { qos: i % 2 === 0 ? 1 : 2 })
  await writer.publish('$delayed/86400/old/later', 'later', { qos: 2 })
  await traffic(broker)
  expect(span(broker)).toBeLessThan(80_000)

  await broker.restart()
  await using back = await broker.wire()
  const connack = await back.connect({
    clientId: 'forgotten',
    clean: false,
    properties: { sessionExpiryInterval: 172_800 },
  })
  expect(connack.sessionPresent).toBe(true)
  const messages = await back.collect(10)
  expect(messages.map(({ payload }) => payload.toString())).toEqual(Array.from({ length: 10 }, (_, i) => `m${i}`))
  await back.nothing()
  await broker.clock.advance(86_400_000)
  expect(await back.collect(1)).toMatchObject([{ topic: 'old/later', text: 'later' }])
}, 120_000)
