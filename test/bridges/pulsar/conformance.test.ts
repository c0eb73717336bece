import { Consumer } from '../../../bridges/pulsar/client/consumer.ts'
import { Producer } from '../../../bridges/pulsar/client/producer.ts'
import { pulsar } from '../../../bridges/pulsar/index.ts'
import { bridgeConformance, type FarEnd } from '../../conformance/bridge.ts'
import { describePulsar, type PulsarServer } from '../../support/services/pulsar/start-pulsar.ts'
import { clusterAt, forever } from './support/client-host.ts'

const secret = 'conformance-secret-token'

describePulsar('a real Pulsar behind a proxy that fails as it is told', {}, server => {
  bridgeConformance({ name: 'pulsar', plugin: pulsar, start: () => farEnd(server()) })
})

/** New topics of the server; what comes is read past the proxy. */
async function farEnd(server: PulsarServer): Promise<FarEnd> {
  const [out, into] = [await server.topic(), await server.topic()]
  const cluster = clusterAt(server.serviceUrl)
  const values: string[] = []
  const options = { subscription: 's', type: 'exclusive', from: 'earliest', maxMessages: 1000, maxBytes: 1e6 } as const
  const consumer = await Consumer.open(
    cluster,
    {
      ...{ ...options, topic: out, onClosed: () => {} },
      onEntry: entry => {
        consumer.release(entry)
        for (const { value } of entry.messages) values.push(`${value}`)
      },
    },
    forever,
  )
  const producer = await Producer.open(cluster, into, 'none', undefined, forever)
  return {
    port: Number(new URL(server.serviceUrl).port),
    connection: port => ({ url: `pulsar://127.0.0.1:${port}`, token: secret, connectTimeout: '1s', timeout: '1s' }),
    secret,
    to: { topic: out, key: '${topic[1]}' },
    received: async () => values,
    poison: { topic: 'in/poison', payload: 'x'.repeat(6_000_000) },
    ingress: {
      from: { topic: into, subscription: 's', from: 'earliest' },
      offer: async offered => {
        await producer.send(offered.map(value => ({ value: Buffer.from(value), key: 'k' })))
      },
    },
    async [Symbol.asyncDispose]() {
      cluster.close()
    },
  }
}
