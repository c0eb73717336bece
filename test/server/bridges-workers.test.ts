import mqtt from 'mqtt'
import { beforeAll, expect, test } from 'vitest'
import { TestWebServer } from '../bridges/http/web-server.ts'
import { startBroker as startFarBroker } from '../support/broker.ts'
import { build } from '../support/build.ts'
import { testFolder } from './support/config.ts'
import { limitMs, startBroker, texts } from './support/workers.ts'

beforeAll(build)

test(
  'bridges serve the clients of every worker, both ways',
  async () => {
    await using web = await TestWebServer.start()
    await using far = await startFarBroker()
    const yaml = `connections:
  hook: { type: http, url: "${web.url}" }
  far: { type: mqtt, url: "mqtt://127.0.0.1:${far.port}" }
bridges:
  out: { egress: out/#, to: { connection: hook }, delivery: { linger: 1ms } }
  in: { ingress: { connection: far, topics: [in/#] }, publish: { topic: "\${topic}" } }
`
    const broker = await startBroker({}, testFolder({ 'robustmq.yaml': yaml }))
    const clients = [await broker.connectTo(1), await broker.connectTo(2)]
    for (const [at, client] of clients.entries()) await client.publishAsync(`out/${at}`, `from ${at + 1}`, { qos: 1 })
    await expect
      .poll(() => web.requests.map(({ body }) => JSON.parse(body).payload).sort(), { timeout: 60_000 })
      .toEqual(['from 1', 'from 2'])

    const come = clients.map(client => texts(client, 1))
    for (const client of clients) await client.subscribeAsync('in/#', { qos: 1 })
    const sender = await mqtt.connectAsync({ host: '127.0.0.1', port: far.port })
    await expect
      .poll(() => [...far.kernel.counters.all()].find(({ name }) => name === 'bindings')?.value, {
        timeout: 60_000,
      })
      .toBeGreaterThan(0)
    await sender.publishAsync('in/x', 'hello', { qos: 1 })
    expect(await Promise.all(come)).toEqual([['hello'], ['hello']])
    await sender.endAsync()
  },
  limitMs,
)
