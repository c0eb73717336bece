import { randomUUID } from 'node:crypto'
import type kafkajs from 'kafkajs'
import type { KafkaCluster } from '../../../support/services/kafka.ts'

export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: string | undefined
  readonly value: string | undefined
  readonly headers: kafkajs.IHeaders
}

/** Everything of a topic, up to its end now, in the order of each partition. */
export async function readTopic(kafka: KafkaCluster, topic: string): Promise<ReadRecord[]> {
  const ends = await kafka.offsets(topic)
  const missing = new Map(ends.flatMap(({ partition, low, high }) => (low === high ? [] : [[partition, Number(high)]])))
  const records: ReadRecord[] = []
  if (missing.size === 0) return records
  const consumer = kafka.client().consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 200 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  try {
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload: { restart, error } }) => restart || reject(error))
      consumer
        .run({
          eachBatch: async ({ batch: { partition, messages } }) => {
            for (const { offset, timestamp, key, value, headers } of messages) {
              records.push({
                ...{ partition, offset: Number(offset), timestamp: Number(timestamp), headers: headers ?? {} },
                key: key?.toString() ?? undefined,
                value: value?.toString() ?? undefined,
              })
              if (Number(offset) + 1 >= (missing.get(partition) ?? 0)) missing.delete(partition)
            }
            if (missing.size === 0) resolve()
          },
        })
        .catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}
