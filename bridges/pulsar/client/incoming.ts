import { decompress } from './compression.ts'
import { entryBounds } from './frame.ts'
import {
  type MessageId,
  type MessageMetadata,
  type MessageOf,
  messageMetadata,
  type singleMessageMetadata,
} from './grammar.ts'
import { decode, Reader } from './protobuf.ts'
import { asPulsarError, PulsarError } from './pulsar-error.ts'

/** A message as it was read. */
export interface Incoming {
  /** Undefined for a tombstone. */
  readonly value: Buffer | undefined
  /** Bytes when the producer said that its key is not text. */
  readonly key: string | Buffer | undefined
  readonly orderingKey: Buffer | undefined
  readonly properties: readonly (readonly [name: string, value: string])[]
  readonly eventTime: number | undefined
  readonly publishTime: number
  /** Within its entry, from 0. */
  readonly index: number
}

/** What a broker keeps, delivers and is acknowledged as one: a message, or a batch of them. */
export interface Entry {
  readonly id: MessageId
  readonly redeliveries: number
  readonly messages: readonly Incoming[]
  /** How many permits it used up. */
  readonly permits: number
  /** Why its messages cannot be read; then there are none of them. */
  readonly unreadable: PulsarError | undefined
  readonly bytes: number
}

export interface Delivered {
  readonly id: MessageId
  readonly redeliveries: number
  /** Which messages of the batch are not acknowledged yet, by bits; none for all. */
  readonly ackSet: readonly bigint[]
}

/** Larger ones are not unpacked: a broker takes 5 MiB, and what is compressed a thousandfold is no message. */
export const maxUnpackedBytes = 128 * 1024 * 1024

/** Reads the entry in `buffer` from `start` to `end`; its values are views of it. */
export function readEntry(delivered: Delivered, buffer: Buffer, start: number, end: number): Entry {
  const { id, redeliveries, ackSet } = delivered
  let permits = 1
  try {
    const { metadataAt, payloadAt } = entryBounds(buffer, start, end)
    const metadata = decode(messageMetadata, buffer, metadataAt, payloadAt)
    const inBatch = metadata.numMessagesInBatch
    permits = Math.max(1, inBatch ?? 1)
    const entry = { id, redeliveries, permits, unreadable: undefined, bytes: end - start }
    // Markers are notes of brokers to each other.
    if (metadata.markerType !== undefined) return { ...entry, messages: [] }
    refuseWhatIsNotSpoken(metadata)
    const payload = unpacked(metadata, buffer.subarray(payloadAt, end))
    if (inBatch === undefined) return { ...entry, messages: [single(metadata, payload)] }
    return { ...entry, messages: batch(metadata, inBatch, payload, ackSet) }
  } catch (error) {
    return { id, redeliveries, permits, messages: [], unreadable: asPulsarError(error), bytes: end - start }
  }
}

function refuseWhatIsNotSpoken({ encryptionKeys, numChunksFromMsg }: MessageMetadata): void {
  if (encryptionKeys !== undefined) throw new PulsarError('UNREADABLE', 'a message that its producer has encrypted')
  if ((numChunksFromMsg ?? 0) > 1) {
    throw new PulsarError('UNREADABLE', 'a message in chunks. Mend: turn chunking off at its producer')
  }
}

function unpacked({ compression = 0, uncompressedSize = 0 }: MessageMetadata, payload: Buffer): Buffer {
  if (compression === 0) return payload
  if (uncompressedSize > maxUnpackedBytes) {
    throw new PulsarError(
      'UNREADABLE',
      `a message of ${uncompressedSize} bytes; up to ${maxUnpackedBytes} are unpacked`,
    )
  }
  return decompress(compression, payload, uncompressedSize)
}

function single(metadata: MessageMetadata, payload: Buffer): Incoming {
  return {
    value: metadata.nullValue === true ? undefined : payload,
    key: keyOf(metadata.partitionKey, metadata.partitionKeyB64Encoded),
    orderingKey: metadata.orderingKey,
    properties: propertiesOf(metadata.properties),
    eventTime: metadata.eventTime || undefined,
    publishTime: metadata.publishTime ?? 0,
    index: 0,
  }
}

function batch(metadata: MessageMetadata, count: number, payload: Buffer, ackSet: readonly bigint[]): Incoming[] {
  const messages: Incoming[] = []
  let at = 0
  const room = (bytes: number) => {
    if (bytes < 0 || payload.length - at < bytes)
      throw new PulsarError('UNREADABLE', `a batch of ${count} messages that ends in number ${messages.length}`)
  }
  for (let index = 0; index < count; index++) {
    room(4)
    const headBytes = payload.readUInt32BE(at)
    at += 4
    room(headBytes)
    const head = readHead(payload, at, at + headBytes)
    at += headBytes
    const size = head.payloadSize ?? 0
    room(size)
    const value = payload.subarray(at, at + size)
    at += size
    // Acknowledged before, one by one, by another client of the subscription; or compacted away.
    const word = ackSet[index >>> 6]
    if (ackSet.length > 0 && (word === undefined || ((word >> BigInt(index & 63)) & 1n) === 0n)) continue
    if (head.compactedOut === true) continue
    messages.push({
      value: head.nullValue === true ? undefined : value,
      key: keyOf(head.partitionKey, head.partitionKeyB64Encoded),
      orderingKey: head.orderingKey,
      properties: propertiesOf(head.properties),
      eventTime: head.eventTime || undefined,
      publishTime: metadata.publishTime ?? 0,
      index,
    })
  }
  return messages
}

/** `decode(singleMessageMetadata, ...)`, by hand, since it is what is read for every message of a batch. */
function readHead(buffer: Buffer, start: number, end: number): Mutable<MessageOf<typeof singleMessageMetadata>> {
  const head: Mutable<MessageOf<typeof singleMessageMetadata>> = {}
  const properties: { key: string; value: string }[] = []
  const reader = new Reader(buffer, start, end)
  while (reader.next()) {
    switch ((reader.field << 3) | reader.wire) {
      case 0x0a:
        properties.push(readProperty(buffer, reader.range(), reader.at))
        head.properties = properties
        break
      case 0x12:
        head.partitionKey = buffer.toString('utf8', reader.range(), reader.at)
        break
      case 0x18:
        head.payloadSize = reader.int()
        break
      case 0x20:
        head.compactedOut = reader.number() !== 0
        break
      case 0x28:
        head.eventTime = reader.number()
        break
      case 0x30:
        head.partitionKeyB64Encoded = reader.number() !== 0
        break
      case 0x3a: {
        const from = reader.range()
        head.orderingKey = buffer.subarray(from, reader.at)
        break
      }
      case 0x48:
        head.nullValue = reader.number() !== 0
        break
      default:
        reader.skip()
    }
  }
  return head
}

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] }

function readProperty(buffer: Buffer, start: number, end: number): { key: string; value: string } {
  const property = { key: '', value: '' }
  const reader = new Reader(buffer, start, end)
  while (reader.next()) {
    if (reader.wire !== 2 || reader.field > 2) reader.skip()
    else if (reader.field === 1) property.key = buffer.toString('utf8', reader.range(), reader.at)
    else property.value = buffer.toString('utf8', reader.range(), reader.at)
  }
  return property
}

const noProperties: Incoming['properties'] = []

function propertiesOf(list: MessageMetadata['properties']): Incoming['properties'] {
  return list === undefined ? noProperties : list.map(({ key = '', value = '' }) => [key, value] as const)
}

function keyOf(key: string | undefined, isBase64: boolean | undefined): string | Buffer | undefined {
  return key !== undefined && isBase64 === true ? Buffer.from(key, 'base64') : key
}
