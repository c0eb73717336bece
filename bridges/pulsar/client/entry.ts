import type { Pace } from '../../../kernel/plugin.ts'
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

/** Messages as the payload of an entry. */
export interface Batch {
  readonly payload: Buffer
  readonly count: number
  readonly compression: Compression
  readonly uncompressedBytes: number
  /** Of the first: by it a broker chooses the consumer of a Key_Shared subscription for the whole batch. */
  readonly key: Pick<MessageMetadata, 'partitionKey' | 'orderingKey'>
}

/** Written without asking whether others wait. */
const messagesPerPiece = 64

export async function encodeBatch(
  messages: readonly Outgoing[],
  compression: Compression,
  pace: Pick<Pace, 'rest'>,
): Promise<Batch> {
  let uncompressedBytes = 0
  for (const message of messages) {
    uncompressedBytes += sizeBytes + (message.headBytes ?? headBytesOf(message)) + message.value.length
  }
  const plain = Buffer.allocUnsafe(uncompressedBytes)
  let at = 0
  for (let from = 0; from < messages.length; from += messagesPerPiece) {
    const to = Math.min(from + messagesPerPiece, messages.length)
    at = writeMessages(plain, at, messages, from, to)
    const rest = pace.rest(to - from)
    if (rest) await rest
  }
  const { key, orderingKey } = messages[0] ?? {}
  return {
    payload: compress(compression, plain),
    count: messages.length,
    compression,
    uncompressedBytes,
    key: { ...(key !== undefined && { partitionKey: key }), ...(orderingKey !== undefined && { orderingKey }) },
  }
}

export interface EntryOptions {
  readonly producerId: number
  readonly producerName: string
  readonly sequenceId: number
  readonly publishTime: number
}

/** A batch as a frame: a SEND with an entry. @returns the frame's pieces and the bytes that count against the broker's limit. */
export function encodeEntry(
  { payload, count, compression, uncompressedBytes, key }: Batch,
  { producerId, producerName, sequenceId, publishTime }: EntryOptions,
): { frame: readonly Buffer[]; entryBytes: number } {
  const send = encodeCommand('send', { producerId, sequenceId, numMessages: count })
  const metadata: MessageMetadata = {
    producerName,
    sequenceId,
    publishTime,
    ...key,
    numMessagesInBatch: count,
    uncompressedSize: uncompressedBytes,
    ...(compression === 'none' ? {} : { compression: compressionNumber(compression) }),
  }
  const coded = encode(messageMetadata satisfies Fields, metadata)
  return { frame: entryFrame(send, coded, payload), entryBytes: coded.length + payload.length }
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
function writeMessages(out: Buffer, start: number, messages: readonly Outgoing[], from: number, to: number): number {
  let at = start
  for (let index = from; index < to; index++) {
    const message = messages[index] as Outgoing
    const { value, key, orderingKey, properties, eventTime } = message
    at = out.writeUInt32BE(message.headBytes ?? headBytesOf(message), at)
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
  return at
}

function writeBytes(out: Buffer, at: number, bytes: Uint8Array): number {
  out.set(bytes, at)
  return at + bytes.length
}
