import { expect, onTestFinished, test } from 'vitest'
import type { Kernel } from '../../../kernel/index.ts'
import { openTelemetry } from '../../../server/telemetry/open-telemetry.ts'
import { client } from '../../protocols/mqtt/client.ts'
import { startBroker } from '../../support/broker.ts'
import { build } from '../../support/build.ts'
import { wire } from '../../support/wire.ts'
import { testFolder } from '../support/config.ts'
import { freePorts, portOf, ServerProcess } from '../support/robust-server.ts'
import { Collector } from './collector.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const withParent = (flags = '01') => ({
  qos: 1 as const,
  properties: { userProperties: { traceparent: `00-${traceId}-${spanId}-${flags}` } },
})

function open(kernel: Kernel, collector: Collector, ratio = 0): () => Promise<void> {
  const logger = { error: (_: object, message: string) => expect.unreachable(message) }
  const close = openTelemetry(
    { kernel, logger },
    { endpoint: collector.url, headers: { 'x-key': 'secret' }, ratio, service: 'plant', node: 'n1' },
  )
  onTestFinished(close)
  return close
}

test('a publish is below what came with it, deliveries below the publish, until they are acknowledged', async () => {
  const collector = await Collector.start()
  await using broker = await startBroker()
  const close = open(broker.kernel, collector)
  await using reader = await client(broker, { clientId: 'reader' })
  await reader.subscribe('a/#', { qos: 1 })
  await using meter = await client(broker, { clientId: 'meter' })
  await meter.publish('a/b', 'hello', withParent())
  await reader.ack(await reader.next('publish'))
  await reader.ping()
  await close()
  const [publish] = collector.named('publish')
  expect(publish).toMatchObject({
    traceId,
    parentSpanId: spanId,
    attributes: { 'messaging.destination.name': 'a/b', 'messaging.client.id': 'meter', 'robustmq.qos': 1 },
  })
  expect(collector.named('deliver')).toMatchObject([
    { traceId, parentSpanId: publish?.spanId, attributes: { 'messaging.client.id': 'reader' } },
  ])
  expect(collector.resources[0]).toMatchObject({ 'service.name': 'plant', 'service.instance.id': 'n1' })
  expect(collector.headers['x-key']).toBe('secret')
  expect(broker.kernel.traces.list()).toEqual([])
})

test('what is refused or dropped is an error, with its reason', async () => {
  const collector = await Collector.start()
  const rules = [{ effect: 'deny', filters: ['no/#'] } as const]
  await using broker = await startBroker({ kernel: { access: { rules, noMatch: 'allow' } } })
  const close = open(broker.kernel, collector)
  await using meter = await client(broker)
  await meter.publish('no/x', 'x', withParent())
  await meter.publish('nobody', 'x', withParent())
  await close()
  expect(collector.spans.map(({ name, error }) => [name, error])).toEqual([
    ['publish', 'NOT_AUTHORIZED'],
    ['drop', 'no-match'],
    ['publish', undefined],
  ])
})

test('what its publisher does not record is not recorded, nor what came without, unless a part is asked for', async () => {
  const collector = await Collector.start()
  await using broker = await startBroker()
  const close = open(broker.kernel, collector)
  await using meter = await client(broker)
  await meter.publish('a', 'x', withParent('00'))
  await meter.publish('a', 'x', { qos: 1, properties: { userProperties: { traceparent: 'wrong' } } })
  await meter.publish('a', 'x', { qos: 1 })
  await close()
  expect(collector.spans).toEqual([])
  const all = open(broker.kernel, collector, 1)
  await meter.publish('a', 'x', { qos: 1 })
  await meter.publish('a', 'x', withParent('00'))
  await all()
  expect(collector.named('publish')).toHaveLength(1)
  expect(collector.named('publish')[0]).not.toHaveProperty('parentSpanId')
})

test('a collector that is away costs no client anything', async () => {
  await using broker = await startBroker()
  const away = Object.assign(new Collector(), { url: 'http://127.0.0.1:9/v1/traces' })
  const close = open(broker.kernel, away)
  await using meter = await client(broker)
  expect(await meter.publish('a', 'x', withParent())).toMatchObject([{ cmd: 'puback' }])
  await close()
  expect(await meter.publish('a', 'x', withParent())).toMatchObject([{ cmd: 'puback' }])
})

test('the server sends spans where its configuration says, and what waits when it stops', async () => {
  await build()
  const collector = await Collector.start()
  const environment = { ...freePorts, ROBUSTMQ__TELEMETRY__ENDPOINT: collector.url, ROBUSTMQ__HTTP__ENABLED: 'false' }
  const server = new ServerProcess(['start'], { cwd: testFolder(), environment })
  const meter = await wire(portOf(await server.line('ready'), 'tcp'))
  await meter.connect()
  await meter.publish('a', 'x', withParent())
  await meter.end()
  server.kill('SIGTERM')
  expect(await server.exited).toMatchObject({ code: 0, stderr: '' })
  expect(collector.named('publish')).toMatchObject([{ traceId, parentSpanId: spanId }])
})
