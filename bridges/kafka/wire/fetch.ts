import { BodyReader, BodyWriter } from './body.ts'
import { requestWithinMs } from './driver.ts'
import type { Link } from './link.ts'

const api = 1
/** The last that names topics by their names. */
const version = 11
/** What an unfinished or aborted transaction wrote is not read. */
const readCommitted = 1

export interface FetchFrom {
  readonly partition: number
  readonly offset: bigint
}

export interface FetchLimits {
  /** How long the broker waits when there is nothing. */
  readonly waitMs: number
  readonly maxBytes: number
  readonly maxPartitionBytes: number
}

export interface Fetched {
  readonly partition: number
  readonly errorCode: number
  /** Of transactions: whose batches from this offset on, up to their marker, are not to be read. */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[]
  readonly batches: Buffer
}

const nothing = Buffer.alloc(0)

/**
 * Fetch Request (Version: 11) => replica_id max_wait_ms min_bytes max_bytes isolation_level session_id session_epoch
 *   [topics] [forgotten_topics_data] rack_id
 *   topics => topic [partitions]
 *     partitions => partition current_leader_epoch fetch_offset log_start_offset partition_max_bytes
 */
export async function fetchRecords(
  link: Link,
  topic: string,
  from: readonly FetchFrom[],
  { waitMs, maxBytes, maxPartitionBytes }: FetchLimits,
): Promise<{ errorCode: number; partitions: Fetched[] }> {
  const request = new BodyWriter().int32(-1).int32(waitMs).int32(1).int32(maxBytes).int8(readCommitted)
  request.int32(0).int32(-1).int32(1).string(topic).int32(from.length)
  for (const { partition, offset } of from) {
    request.int32(partition).int32(-1).int64(offset).int64(-1n).int32(maxPartitionBytes)
  }
  request.int32(0).string('')
  return readAnswer(await link.exchange(api, version, request.parts(), waitMs + requestWithinMs))
}

/**
 * Fetch Response (Version: 11) => throttle_time_ms error_code session_id [responses]
 *   responses => topic [partitions]
 *     partitions => partition error_code high_watermark last_stable_offset log_start_offset [aborted_transactions]
 *       preferred_read_replica records
 *       aborted_transactions => producer_id first_offset
 */
function readAnswer(answer: Buffer): { errorCode: number; partitions: Fetched[] } {
  const reader = new BodyReader(answer)
  reader.int32()
  const errorCode = reader.int16()
  reader.int32()
  const topics = reader.list(() => {
    reader.string()
    return reader.list((): Fetched => {
      const partition = reader.int32()
      const errorCode = reader.int16()
      reader.int64()
      reader.int64()
      reader.int64()
      const aborted = reader.list(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }))
      reader.int32()
      return { partition, errorCode, aborted, batches: reader.bytes() ?? nothing }
    })
  })
  return { errorCode, partitions: topics.flat() }
}
