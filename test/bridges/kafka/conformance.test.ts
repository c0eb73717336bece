import { kafka } from '../../../bridges/kafka/index.ts'
import { bridgeConformance, type FarEnd } from '../../conformance/bridge.ts'
import { describeKafka, type KafkaCluster } from '../../support/services/kafka.ts'

const mostBytes = 100_000

describeKafka('a real Kafka behind a proxy that fails as it is told', { secure: true }, cluster => {
  bridgeConformance({ name: 'kafka', plugin: kafka, start: () => farEnd(cluster()) })
})

/** New topics of the cluster; what comes is read past the proxy, by another client than the bridge's own. */
async function farEnd(cluster: KafkaCluster): Promise<FarEnd> {
  const [out, into] = [await cluster.topic(1, { 'max.message.bytes': mostBytes }), await cluster.topic()]
  const { proxied, users } = cluster.secure
  const [node] = proxied
  if (node === undefined) throw new Error('a cluster without nodes')
  const values: string[] = []
  const consumer = cluster.client().consumer({ groupId: out, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic: out, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void values.push(`${message.value}`) })
  const producer = cluster.client().producer()
  await producer.connect()
  return {
    port: node.port,
    proxyPort: node.proxy,
    connection: port => ({
      brokers: [`127.0.0.1:${port}`],
      sasl: { mechanism: 'plain', username: 'app', password: users.app },
      connectTimeout: '1s',
      timeout: '1s',
    }),
    secret: users.app,
    to: { topic: out, key: '${topic[1]}' },
    received: async () => values,
    poison: { topic: 'in/poison', payload: 'x'.repeat(2 * mostBytes) },
    ingress: {
      from: { topic: into, group: into, from: 'earliest', sessionTimeout: '2s', rebalanceTimeout: '5s' },
      offer: async offered => {
        await producer.send({ topic: into, messages: offered.map(value => ({ key: 'k', value })) })
      },
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([consumer.disconnect(), producer.disconnect()])
    },
  }
}
