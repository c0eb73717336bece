import type { Guarantee, Header } from '../contract/message.ts'
import { Message } from '../contract/message.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

/**
 * A message as bytes, the same wherever it is stored: spool, retained, delayed, wills. One varint says which fields
 * follow; a new field takes the next bit, so old records stay readable.
 */
const present = {
  guarantee: 0b11,
  stored: 1 << 2,
  retain: 1 << 3,
  headers: 1 << 4,
  contentType: 1 << 5,
  correlationId: 1 << 6,
  replyTo: 1 << 7,
  formatBytes: 1 << 8,
  formatText: 1 << 9,
  deliverAt: 1 << 10,
  expiresAt: 1 << 11,
  from: 1 << 12,
}

export function writeMessage(to: ByteWriter, message: Message): void {
  let flags: number = message.guarantee
  if (message.durability === 'stored') flags |= present.stored
  if (message.retain) flags |= present.retain
  if (message.headers.length > 0) flags |= present.headers
  if (message.contentType !== undefined) flags |= present.contentType
  if (message.correlationId !== undefined) flags |= present.correlationId
  if (message.replyTo !== undefined) flags |= present.replyTo
  if (message.format === 'bytes') flags |= present.formatBytes
  if (message.format === 'text') flags |= present.formatText
  if (message.deliverAt !== undefined) flags |= present.deliverAt
  if (message.expiresAt !== undefined) flags |= present.expiresAt
  if (message.from !== undefined) flags |= present.from
  to.varint(flags)
  to.varint(message.publishedAt)
  to.string(message.topic)
  if (flags & present.headers) {
    to.varint(message.headers.length)
    for (const [name, value] of message.headers) {
      to.string(name)
      to.string(value)
    }
  }
  if (message.contentType !== undefined) to.string(message.contentType)
  if (message.correlationId !== undefined) to.bytes(message.correlationId)
  if (message.replyTo !== undefined) to.string(message.replyTo)
  if (message.deliverAt !== undefined) to.varint(message.deliverAt)
  if (message.expiresAt !== undefined) to.varint(message.expiresAt)
  if (message.from !== undefined) to.string(message.from)
  to.bytes(message.payload)
}

export function readMessage(from: ByteReader): Message {
  const flags = from.varint()
  const publishedAt = from.varint()
  const topic = from.string()
  const headers: Header[] = []
  if (flags & present.headers) {
    for (let left = from.varint(); left > 0; left--) headers.push([from.string(), from.string()])
  }
  const fields = {
    topic,
    publishedAt,
    guarantee: (flags & present.guarantee) as Guarantee,
    durability: flags & present.stored ? ('stored' as const) : ('none' as const),
    retain: (flags & present.retain) !== 0,
    headers,
    ...(flags & present.contentType && { contentType: from.string() }),
    ...(flags & present.correlationId && { correlationId: from.bytes() }),
    ...(flags & present.replyTo && { replyTo: from.string() }),
    ...(flags & present.formatBytes && { format: 'bytes' as const }),
    ...(flags & present.formatText && { format: 'text' as const }),
    ...(flags & present.deliverAt && { deliverAt: from.varint() }),
    ...(flags & present.expiresAt && { expiresAt: from.varint() }),
    ...(flags & present.from && { from: from.string() }),
  }
  return new Message({ ...fields, payload: from.bytes() }, true)
}

/** One message by itself. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new ByteWriter()
  writeMessage(writer, message)
  return Uint8Array.prototype.slice.call(writer.slice(0, writer.length))
}

export function decodeMessage(bytes: Uint8Array): Message {
  return readMessage(new ByteReader(bytes))
}
