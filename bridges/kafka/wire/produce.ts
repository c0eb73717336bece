import { BodyReader, BodyWriter } from './body.ts'
import type { Link } from './link.ts'

const api = 0
/** The first that says which records of a batch are wrong. */
const version = 8
/** All replicas in sync. */
const acksAll = -1

/** Batches of one broker: one a partition. */
export interface ProduceBatch {
  readonly topic: string
  readonly partition: number
  readonly batch: Buffer
}

export interface ProduceResult {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** Places in the batch of records that are wrong, with why. */
  readonly recordErrors: readonly { readonly index: number; readonly message: string | undefined }[]
  readonly message: string | undefined
}

/** How long the broker waits for its replicas, and how long we wait for the broker. */
export interface ProduceTimes {
  readonly replicasMs: number
  readonly answerMs: number
}

/**
 * Produce Request (Version: 8) => transactional_id acks timeout_ms [topic_data]
 *   topic_data => name [partition_data]
 *     partition_data => index records
 */
export async function produce(
  link: Link,
  batches: readonly ProduceBatch[],
  { replicasMs, answerMs }: ProduceTimes,
): Promise<ProduceResult[]> {
  const topics = new Map<string, ProduceBatch[]>()
  for (const one of batches) {
    const same = topics.get(one.topic)
    if (same === undefined) topics.set(one.topic, [one])
    else same.push(one)
  }
  const request = new BodyWriter().int16(-1).int16(acksAll).int32(replicasMs).int32(topics.size)
  for (const [topic, partitions] of topics) {
    request.string(topic).int32(partitions.length)
    for (const { partition, batch } of partitions) request.int32(partition).bytes(batch)
  }
  return readAnswer(await link.exchange(api, version, request.parts(), answerMs))
}

/**
 * Produce Response (Version: 8) => [responses] throttle_time_ms
 *   responses => name [partition_responses]
 *     partition_responses => index error_code base_offset log_append_time_ms log_start_offset [record_errors] error_message
 *       record_errors => batch_index batch_index_error_message
 */
function readAnswer(answer: Buffer): ProduceResult[] {
  const reader = new BodyReader(answer)
  return reader
    .list(() => {
      const topic = reader.string()
      return reader.list(() => {
        const partition = reader.int32()
        const errorCode = reader.int16()
        reader.int64()
        reader.int64()
        reader.int64()
        const recordErrors = reader.list(() => ({ index: reader.int32(), message: reader.nullableString() }))
        return { topic, partition, errorCode, recordErrors, message: reader.nullableString() }
      })
    })
    .flat()
}
