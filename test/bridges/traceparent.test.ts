import { expect, test } from 'vitest'
import { http } from '../../bridges/http/index.ts'
import { kafka as kafkaBridge } from '../../bridges/kafka/index.ts'
import { mqttBridge } from '../../bridges/mqtt/index.ts'
import { startBroker } from '../support/broker.ts'
import { describeKafka } from '../support/services/kafka.ts'
import { TestWebServer } from './http/web-server.ts'
import { readTopic } from './kafka/support/reader.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const tracestate = 'vendor=t61rcWkgMzE,other=1'
const user = { traceparent, tracestate }
const carried = { traceparent: '${props.user.traceparent?}', tracestate: '${props.user.tracestate?}' }

test('a traceparent goes on as it came, from client to client', async () => {
  await using broker = await startBroker()
  await using reader = await broker.wire()
  await reader.connect()
  await reader.subscribe('a', { qos: 1 })
  await using publisher = await broker.wire()
  await publisher.connect()
  await publisher.publish('a', 'x', { qos: 1, properties: { userProperties: user } })
  expect((await reader.next('publish')).properties?.userProperties).toEqual(user)
})

describeKafka('a traceparent through bridges', {}, kafka => {
  test('goes on as it came: another MQTT broker, headers of Kafka and back, a header of HTTP', async () => {
    await using web = await TestWebServer.start()
    const topic = await kafka().topic()
    const queue = { plugin: kafkaBridge, options: { brokers: kafka().brokers } }
    await using second = await startBroker({
      kernel: {
        bridging: {
          connections: { queue, hook: { plugin: http, options: { url: web.url } } },
          bridges: {
            out: { egress: 'plant/#', to: { connection: 'queue', topic, forwardHeaders: true } },
            back: {
              ingress: { connection: 'queue', topic, group: 'trace', from: 'earliest' },
              publish: { topic: 'back', payload: '${value}', qos: 1 },
            },
            hook: { egress: 'back', to: { connection: 'hook', headers: carried } },
          },
        },
      },
    })
    await using first = await startBroker({
      kernel: {
        bridging: {
          connections: { other: { plugin: mqttBridge, options: { url: `mqtt://127.0.0.1:${second.port}` } } },
          bridges: { on: { egress: 'plant/#', to: { connection: 'other' } } },
        },
      },
    })
    await using publisher = await first.wire()
    await publisher.connect()
    await publisher.publish('plant/a', 'x', { qos: 1, properties: { userProperties: user } })
    await expect.poll(() => web.requests.length, { timeout: 60_000 }).toBe(1)
    expect(web.requests[0]?.headers).toMatchObject(user)
    const [record] = await readTopic(kafka(), topic)
    expect(String(record?.headers.traceparent)).toBe(traceparent)
  }, 120_000)
})
