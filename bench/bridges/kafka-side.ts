import path from 'node:path'
import { fileURLToPath } from 'node:url'
import kafkajs from 'kafkajs'
import { outputOfNode, source } from './commands.ts'
import type { FarSide, Rate } from './far-side.ts'

const recipe = fileURLToPath(new URL('../../../../test/support/services/kafka/kafka.mjs', import.meta.url))
const partitions = 4

interface Described {
  readonly bootstrap: string
  readonly pids: readonly number[]
}

/** One node that is started in `directory`, or the Kafka that KAFKA_BROKERS names. */
export async function startKafka(directory: string): Promise<FarSide> {
  const lent = process.env.KAFKA_BROKERS
  const place = ['--dir', path.join(directory, 'kafka')]
  const { bootstrap, pids }: Described =
    lent === undefined ? JSON.parse(await outputOfNode(recipe, 'start', ...place)) : { bootstrap: lent, pids: [] }
  const brokers = bootstrap.split(',')
  const admin = new kafkajs.Kafka({ brokers, clientId: 'bench', logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  let topics = 0
  return {
    connection: { brokers },
    pids,
    async newTopic() {
      const topic = `bench-${Date.now()}-${++topics}`
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true })
      return topic
    },
    async held(topic) {
      const ends = await admin.fetchTopicOffsets(topic)
      return ends.reduce((sum, { high }) => sum + Number(high), 0)
    },
    async read(topic, messages) {
      const args = ['--topic', topic, '--messages', String(messages), '--timeout', '20000', '--hide-header']
      const line = await outputOfNode(recipe, 'tool', 'consumer-perf', '--bootstrap-server', bootstrap, ...args)
      return Number(/^\d{4}-.*$/m.exec(line)?.[0].split(',')[4])
    },
    async alone(topic, load): Promise<Rate> {
      return JSON.parse(await outputOfNode(source('kafka-alone.mjs'), JSON.stringify({ brokers, topic, ...load })))
    },
    async [Symbol.asyncDispose]() {
      await admin.disconnect()
      if (lent === undefined) await outputOfNode(recipe, 'stop', ...place)
    },
  }
}
