import { type Compression, compress, compressionNumber } from './compression.ts'
import { entryFrame } from './frame.ts'
import { type Fields, type MessageMetadata, messageMetadata } from './grammar.ts'
import type { Properties } from './properties.ts'
import { encode, encodeCommand, varintBytes, writeVarint } from './protobuf.ts'
import { tagOf, textFieldBytes, writeTextField } from './text-field.ts'

/** A message to be sent. */
export interface Outgoing {
  readonly value: Uint8Array
  readonly key?: string | undefined
  readonly orderingKey?: Buffer | undefined
  readonly properties?: Properties | undefined
  /** ms since the epoch. */
  readonly eventTime?: number | undefined
  /** What `headBytesOf` says of it, if that was asked before. */
  readonly headBytes?: number
}

export interface EntryOptions {
  readonly producerId: number
  readonly producerName: string
  readonly sequenceId: number
  readonly publishTime: number
  readonly compression: Compression
}

/** One batch as a frame: a SEND with an entry. @returns the frame and the bytes that count against the broker's limit. */
export function encodeEntry(
  messages: readonly Outgoing[],
  options: EntryOptions,
): { frame: Buffer; entryBytes: number } {
  const { producerId, producerName, sequenceId, publishTime, compression } = options
  const heads = messages.map(message => message.headBytes ?? headBytesOf(message))
  let payloadBytes = 0
  for (let index = 0; index < messages.length; index++) {
    payloadBytes += sizeBytes + (heads[index] as number) + (messages[index] as Outgoing).value.length
  }
  const send = encodeCommand('send', { producerId, sequenceId, numMessages: messages.length })
  const [first] = messages
  const metadata: MessageMetadata = {
    producerName,
    sequenceId,
    publishTime,
    // Of the first: by it a broker chooses the consumer of a Key_Shared subscription for the whole batch.
    ...(first?.key === undefined ? {} : { partitionKey: first.key }),
    ...(first?.orderingKey === undefined ? {} : { orderingKey: first.orderingKey }),
    numMessagesInBatch: messages.length,
    uncompressedSize: payloadBytes,
    ...(compression === 'none' ? {} : { compression: compressionNumber(compression) }),
  }
  const coded = encode(messageMetadata satisfies Fields, metadata)
  if (compression === 'none') {
    const { frame, payloadAt, seal } = entryFrame(send, coded, payloadBytes)
    writeBatch(frame, payloadAt, messages, heads)
    return { frame: seal(), entryBytes: coded.length + payloadBytes }
  }
  const plain = Buffer.allocUnsafe(payloadBytes)
  writeBatch(plain, 0, messages, heads)
  const packed = compress(compression, plain)
  const { frame, payloadAt, seal } = entryFrame(send, coded, packed.length)
  packed.copy(frame, payloadAt)
  return { frame: seal(), entryBytes: coded.length + packed.length }
}

/** What a message adds to an uncompressed batch, beside its value and its head. */
export const sizeBytes = 4

/** The bytes before its value in a batch: key, properties and the like. */
export function headBytesOf({ value, key, orderingKey, properties, eventTime }: Outgoing): number {
  let bytes = 1 + varintBytes(value.length)
  if (properties !== undefined) bytes += properties.coded.length
  if (key !== undefined) bytes += textFieldBytes(key)
  if (eventTime !== undefined) bytes += 1 + varintBytes(eventTime)
  if (orderingKey !== undefined) bytes += 1 + varintBytes(orderingKey.length) + orderingKey.length
  return bytes
}

/** A SingleMessageMetadata is coded by hand: it is the one message of the grammar that is written for every message. */
const tags = {
  partitionKey: tagOf(2, 2),
  payloadSize: tagOf(3, 0),
  eventTime: tagOf(5, 0),
  orderingKey: tagOf(7, 2),
}

/** batch => for each: size of the head INT32, head, value */
function writeBatch(out: Buffer, start: number, messages: readonly Outgoing[], heads: readonly number[]): void {
  let at = start
  for (let index = 0; index < messages.length; index++) {
    const { value, key, orderingKey, properties, eventTime } = messages[index] as Outgoing
    at = out.writeUInt32BE(heads[index] as number, at)
    if (properties !== undefined) at = writeBytes(out, at, properties.coded)
    if (key !== undefined) at = writeTextField(out, at, tags.partitionKey, key)
    out[at] = tags.payloadSize
    at = writeVarint(out, at + 1, value.length)
    if (eventTime !== undefined) {
      out[at] = tags.eventTime
      at = writeVarint(out, at + 1, eventTime)
    }
    if (orderingKey !== undefined) {
      out[at] = tags.orderingKey
      at = writeBytes(out, writeVarint(out, at + 1, orderingKey.length), orderingKey)
    }
    at = writeBytes(out, at, value)
  }
}

function writeBytes(out: Buffer, at: number, bytes: Uint8Array): number {
  out.set(bytes, at)
  return at + bytes.length
}
