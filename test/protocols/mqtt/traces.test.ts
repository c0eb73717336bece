import { expect, test } from 'vitest'
import type { TraceEntry } from '../../../kernel/observe/trace.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { client } from './client.ts'

function start(broker: TestBroker, conditions: { clientId?: string; filter?: string }) {
  return broker.kernel.traces.start({ name: 't', durationMs: 60_000, ...conditions })
}

const told = ({ event, subject, topic, reason }: TraceEntry) =>
  [event, subject?.clientId, topic, reason].filter(one => one !== undefined).join(' ')

test('a trace of a client has what it did and what became of its messages', async () => {
  await using broker = await startBroker({
    kernel: { access: { rules: [{ effect: 'deny', filters: ['no/#'] }], noMatch: 'allow' } },
  })
  await using reader = await client(broker, { clientId: 'reader' })
  await reader.subscribe('a/#', { qos: 1 })
  const trace = start(broker, { clientId: 'meter' })
  const meter = await client(broker, { clientId: 'meter' })
  await meter.subscribe('no/x')
  await meter.publish('a/b', 'one', { qos: 1 })
  await reader.ack(await reader.next('publish'))
  await reader.ping()
  await meter.publish('nobody', 'two', { qos: 1 })
  await meter.publish('no/x', 'three', { qos: 1 })
  await meter.end()
  await expect
    .poll(() => trace.after(0).map(told))
    .toEqual([
      'connected meter',
      'refused meter no/x NOT_AUTHORIZED',
      'published meter a/b',
      'delivered reader a/b',
      'acknowledged meter a/b',
      'settled reader a/b',
      'published meter nobody',
      'dropped nobody no-match',
      'acknowledged meter nobody',
      'published meter no/x',
      'refused meter no/x NOT_AUTHORIZED',
      'disconnected meter the client disconnected',
    ])
})

test('a trace of a topic has who wants it, who gets it, and who does not', async () => {
  await using broker = await startBroker()
  const trace = start(broker, { filter: 'plant/#' })
  const lasting = { clean: false, properties: { sessionExpiryInterval: 600 } }
  const away = await client(broker, { clientId: 'away', ...lasting })
  await away.subscribe('plant/+', { qos: 1 })
  await away.end()
  await using meter = await client(broker, { clientId: 'meter' })
  await meter.publish('plant/a', 'x', { qos: 0 })
  await meter.publish('elsewhere', 'x', { qos: 1 })
  expect(trace.after(0).map(told)).toEqual([
    'bound away plant/+',
    'published meter plant/a',
    'dropped away plant/a offline',
  ])
})

test('who is not let in is told with the reason', async () => {
  await using broker = await startBroker()
  await broker.kernel.blacklist.add({ kind: 'client-id', value: 'bad' })
  const trace = start(broker, { clientId: 'bad' })
  const { reasonCode } = await (await broker.wire()).connect({ clientId: 'bad' })
  expect(reasonCode).toBe(0x8a)
  expect(trace.after(0).map(told)).toEqual(['login-refused bad BANNED'])
})
