import { BodyReader, BodyWriter } from '../wire/body.ts'

/** What members of a group of type `consumer` tell each other; version 0, which all understand. */
const version = 0
const nothing = Buffer.alloc(0)

/** ConsumerProtocolSubscription => version [topics] user_data */
export function writeSubscription(topics: readonly string[]): Buffer {
  const body = new BodyWriter().int16(version).int32(topics.length)
  for (const topic of topics) body.string(topic)
  return body.bytes(nothing).whole()
}

export function readSubscription(bytes: Buffer): string[] {
  const reader = new BodyReader(bytes)
  reader.int16()
  return reader.list(() => reader.string())
}

/** ConsumerProtocolAssignment => version [topic [partitions]] user_data */
export function writeAssignment(topics: ReadonlyMap<string, readonly number[]>): Buffer {
  const body = new BodyWriter().int16(version).int32(topics.size)
  for (const [topic, partitions] of topics) {
    body.string(topic).int32(partitions.length)
    for (const partition of partitions) body.int32(partition)
  }
  return body.bytes(nothing).whole()
}

export function readAssignment(bytes: Buffer): Map<string, number[]> {
  if (bytes.length === 0) return new Map()
  const reader = new BodyReader(bytes)
  reader.int16()
  return new Map(reader.list(() => [reader.string(), reader.list(() => reader.int32())]))
}

/** Java's RangeAssignor: of each topic, members in the order of their ids get neighbouring partitions. */
export function divideByRange(
  members: ReadonlyMap<string, readonly string[]>,
  partitionsOf: (topic: string) => number,
): Map<string, Map<string, number[]>> {
  const shares = new Map([...members.keys()].map(member => [member, new Map<string, number[]>()]))
  for (const topic of new Set([...members.values()].flat())) {
    const takers = [...members].filter(([, topics]) => topics.includes(topic)).map(([member]) => member)
    takers.sort((a, b) => (a < b ? -1 : 1))
    const count = partitionsOf(topic)
    const least = Math.floor(count / takers.length)
    const withOneMore = count % takers.length
    let from = 0
    for (const [index, member] of takers.entries()) {
      const size = least + (index < withOneMore ? 1 : 0)
      if (size > 0)
        shares.get(member)?.set(
          topic,
          Array.from({ length: size }, (_, at) => from + at),
        )
      from += size
    }
  }
  return shares
}
