import mqttClient from 'mqtt'
import { expect, test } from 'vitest'
import { pulsar } from '../../../bridges/pulsar/index.ts'
import { type BridgingOptions, Message } from '../../../kernel/index.ts'
import { startBroker } from '../../support/broker.ts'
import { PythonClient } from '../../support/services/pulsar/python-client.ts'
import { describePulsar } from '../../support/services/pulsar/start-pulsar.ts'

describePulsar('bridges between MQTT and a real Pulsar', {}, server => {
  const bridging = (bridges: BridgingOptions['bridges']): BridgingOptions => ({
    connections: { p: { plugin: pulsar, options: { url: server().serviceUrl } } },
    bridges,
  })
  const retry = { backoff: '20ms..200ms' }

  test('what a client publishes is read from Pulsar, and what is written to Pulsar comes to a client; nothing goes round', async () => {
    const [out, back] = [await server().topic(2), await server().topic(2)]
    await using python = await PythonClient.start({ url: server().serviceUrl })
    await python.subscribe(out, 'reader')
    await python.subscribe(back, 'made-before')
    await using broker = await startBroker({
      kernel: {
        bridging: bridging({
          out: {
            egress: 'devices/#',
            to: { connection: 'p', topic: out, key: '${topic[1]}', forwardHeaders: true },
            retry,
          },
          back: {
            ingress: { connection: 'p', topic: back, subscription: 'robustmq', from: 'earliest' },
            publish: { topic: 'devices/${key}/cmd', payload: '${value}', qos: 1 },
            retry,
          },
        }),
      },
    })
    const client = await mqttClient.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 5 })
    const came = new Promise<[string, Buffer, unknown]>(resolve => {
      client.on('message', (topic, payload, { properties }) => resolve([topic, payload, properties?.userProperties]))
    })
    await client.subscribeAsync('devices/+/cmd', { qos: 1 })
    const properties = { userProperties: { traceparent: '00-1' } }
    await client.publishAsync('devices/d1/telemetry', 'hello', { qos: 1, properties })
    expect(await python.receive('reader', 1)).toMatchObject([
      { value: Buffer.from('hello'), key: 'd1', headers: { traceparent: '00-1' } },
    ])
    await python.produce(back, [{ value: Buffer.from('do'), key: 'd1', headers: { n: '1' } }])
    const [topic, payload, headers] = await came
    expect([topic, `${payload}`]).toEqual(['devices/d1/cmd', 'do'])
    expect(headers).toMatchObject({ n: '1' })
    // It matched devices/# too, and went out once, naming both bridges: it is not one that came from there.
    expect(await python.receive('reader', 1)).toMatchObject([{ value: Buffer.from('do') }])
    await client.endAsync()
  })

  test('poison is a dead letter with its reason, and the bridge runs on', async () => {
    const good = await server().topic()
    await using python = await PythonClient.start({ url: server().serviceUrl })
    await python.subscribe(good, 'reader')
    const to = { connection: 'p', topic: '${payload.to}' }
    await using broker = await startBroker({ kernel: { bridging: bridging({ out: { egress: 'in/#', to, retry } }) } })
    const publish = (body: object) =>
      broker.kernel
        .space()
        .publish(new Message({ topic: 'in/x', payload: Buffer.from(JSON.stringify(body)), guarantee: 1 }))
    await publish({ to: good, n: 1 })
    await publish({ none: 1 })
    await publish({ to: 'no/topic' })
    await publish({ to: 'persistent://public/nowhere/t' })
    await publish({ to: good, huge: 'x'.repeat(5_400_000) })
    await publish({ to: good, n: 2 })
    const got = await python.receive('reader', 2)
    expect(got.map(({ value }) => JSON.parse(`${value}`).n)).toEqual([1, 2])
    const letters = broker.kernel.bridges.deadLetters('out')
    await expect.poll(async () => (await letters?.list())?.length, { timeout: 60_000 }).toBe(4)
    expect((await letters?.list())?.map(({ code }) => code).sort()).toEqual([
      'PATH_MISSING',
      'TOO_LARGE',
      'TOPIC_INVALID',
      'TOPIC_NOT_FOUND',
    ])
    expect(broker.kernel.bridges.get('out')).toMatchObject({ state: 'running', sent: 2, deadLetters: 4 })
  })
})

test('a Pulsar that is not there: the broker serves, and the bridge is degraded with what was found', async () => {
  const options = { url: 'pulsar://127.0.0.1:1', token: 'top-secret-token' }
  await using broker = await startBroker({
    kernel: {
      bridging: {
        connections: { p: { plugin: pulsar, options } },
        bridges: { out: { egress: '#', to: { connection: 'p', topic: 't' }, retry: { backoff: '1ms..5ms' } } },
      },
    },
  })
  const client = await mqttClient.connectAsync(`mqtt://127.0.0.1:${broker.port}`)
  await client.publishAsync('a', 'b', { qos: 1 })
  await expect.poll(() => broker.kernel.bridges.get('out')?.state).toBe('degraded')
  expect(broker.kernel.bridges.get('out')).toMatchObject({ lag: { messages: 1 }, sent: 0, deadLetters: 0 })
  expect(JSON.stringify(broker.kernel.bridges.list())).not.toContain('top-secret')
  await client.endAsync()
})
