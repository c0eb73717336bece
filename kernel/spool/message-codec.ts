import type { Guarantee, Header } from '../contract/message.ts'
import { Message } from '../contract/message.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

/**
 * A message as bytes, the same wherever it is stored: spool, retained, delayed, wills. One varint says which fields
 * follow; a new field takes the next bit, so old records stay readable. Of messages written one after the other, to be
 * read in the same order, what is as in the one before is not written again.
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
  user: 1 << 13,
  sameTopic: 1 << 14,
  sameFrom: 1 << 15,
  sameTime: 1 << 16,
}

/** `before`: what was written before it, where it will be read before it. */
export function writeMessage(to: ByteWriter, message: Message, before?: Message): void {
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
  if (message.from !== undefined) flags |= message.from === before?.from ? present.sameFrom : present.from
  if (message.topic === before?.topic) flags |= present.sameTopic
  if (message.publishedAt === before?.publishedAt) flags |= present.sameTime
  if (message.user !== undefined) flags |= present.user
  to.varint(flags)
  if (!(flags & present.sameTime)) to.varint(message.publishedAt)
  if (!(flags & present.sameTopic)) to.string(message.topic)
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
  if (flags & present.from) to.string(message.from as string)
  if (message.user !== undefined) to.string(message.user)
  to.bytes(message.packedPayload)
}

/** `before`: what was read before it, if that was written before it. */
export function readMessage(from: ByteReader, before?: Message): Message {
  const flags = from.varint()
  const publishedAt = flags & present.sameTime ? before?.publishedAt : from.varint()
  const topic = flags & present.sameTopic ? (before?.topic ?? '') : from.string()
  const headers = flags & present.headers ? readHeaders(from) : undefined
  const contentType = flags & present.contentType ? from.string() : undefined
  const correlationId = flags & present.correlationId ? from.bytes() : undefined
  const replyTo = flags & present.replyTo ? from.string() : undefined
  const deliverAt = flags & present.deliverAt ? from.varint() : undefined
  const expiresAt = flags & present.expiresAt ? from.varint() : undefined
  const publisher = flags & present.from ? from.string() : flags & present.sameFrom ? before?.from : undefined
  const user = flags & present.user ? from.string() : undefined
  const message = new Message(
    {
      topic,
      payload: from.packed(),
      guarantee: (flags & present.guarantee) as Guarantee,
      durability: flags & present.stored ? 'stored' : 'none',
      retain: (flags & present.retain) !== 0,
      headers,
      contentType,
      correlationId,
      replyTo,
      format: flags & present.formatBytes ? 'bytes' : flags & present.formatText ? 'text' : undefined,
      deliverAt,
      expiresAt,
      from: publisher,
      publishedAt,
    },
    true,
  )
  message.user = user
  return message
}

function readHeaders(from: ByteReader): Header[] {
  const headers: Header[] = []
  for (let left = from.varint(); left > 0; left--) headers.push([from.string(), from.string()])
  return headers
}

/** One for all: a message is written in one go, and copied out. */
const writer = new ByteWriter()

/** One message by itself. */
export function encodeMessage(message: Message): Uint8Array {
  writer.clear()
  writeMessage(writer, message)
  return Uint8Array.prototype.slice.call(writer.slice(0, writer.length))
}

export function decodeMessage(bytes: Uint8Array): Message {
  return readMessage(new ByteReader(bytes))
}
