import type { FrameReader } from '../cluster/frame-reader.ts'
import type { FrameWriter } from '../cluster/frame-writer.ts'
import type { Guarantee, Header } from '../contract/message.ts'
import { Message } from '../contract/message.ts'

/** Which fields follow. Not the spool's form: names cross as numbers, and nothing of it is ever read by another version. */
const present = {
  guarantee: 0b11,
  stored: 1 << 2,
  retain: 1 << 3,
  from: 1 << 4,
  rare: 1 << 5,
  headers: 1 << 6,
  contentType: 1 << 7,
  correlationId: 1 << 8,
  replyTo: 1 << 9,
  formatBytes: 1 << 10,
  formatText: 1 << 11,
  deliverAt: 1 << 12,
  expiresAt: 1 << 13,
} as const

export function writeCrossing(to: FrameWriter, message: Message): void {
  let flags: number = message.guarantee
  if (message.durability === 'stored') flags |= present.stored
  if (message.retain) flags |= present.retain
  if (message.from !== undefined) flags |= present.from
  const rare = rareOf(message)
  if (rare !== 0) flags |= rare | present.rare
  to.varint(flags)
  to.varint(message.publishedAt)
  to.name(message.topic)
  if (message.from !== undefined) to.name(message.from)
  if (rare !== 0) writeRare(to, message)
  to.bytes(message.packedPayload)
}

/** Its payload is lent: `Message.keep` makes it outlive the turn. */
export function readCrossing(from: FrameReader): Message {
  const flags = from.varint()
  const publishedAt = from.varint()
  const topic = from.name()
  const publisher = flags & present.from ? from.name() : undefined
  const rare = flags & present.rare ? readRare(from, flags) : plain
  return new Message({
    topic,
    payload: from.lent(),
    guarantee: (flags & present.guarantee) as Guarantee,
    durability: flags & present.stored ? 'stored' : 'none',
    retain: (flags & present.retain) !== 0,
    headers: rare.headers,
    contentType: rare.contentType,
    correlationId: rare.correlationId,
    replyTo: rare.replyTo,
    format: rare.format,
    deliverAt: rare.deliverAt,
    expiresAt: rare.expiresAt,
    from: publisher,
    publishedAt,
  })
}

interface Rare {
  readonly headers: readonly Header[] | undefined
  readonly contentType: string | undefined
  readonly correlationId: Uint8Array | undefined
  readonly replyTo: string | undefined
  readonly format: 'bytes' | 'text' | undefined
  readonly deliverAt: number | undefined
  readonly expiresAt: number | undefined
}

const plain: Rare = {
  headers: undefined,
  contentType: undefined,
  correlationId: undefined,
  replyTo: undefined,
  format: undefined,
  deliverAt: undefined,
  expiresAt: undefined,
}

function rareOf(message: Message): number {
  let flags = 0
  if (message.headers.length > 0) flags |= present.headers
  if (message.contentType !== undefined) flags |= present.contentType
  if (message.correlationId !== undefined) flags |= present.correlationId
  if (message.replyTo !== undefined) flags |= present.replyTo
  if (message.format === 'bytes') flags |= present.formatBytes
  if (message.format === 'text') flags |= present.formatText
  if (message.deliverAt !== undefined) flags |= present.deliverAt
  if (message.expiresAt !== undefined) flags |= present.expiresAt
  return flags
}

function writeRare(to: FrameWriter, message: Message): void {
  if (message.headers.length > 0) {
    to.varint(message.headers.length)
    for (const [name, value] of message.headers) {
      to.name(name)
      to.string(value)
    }
  }
  if (message.contentType !== undefined) to.name(message.contentType)
  if (message.correlationId !== undefined) to.bytes(message.correlationId)
  if (message.replyTo !== undefined) to.name(message.replyTo)
  if (message.deliverAt !== undefined) to.varint(message.deliverAt)
  if (message.expiresAt !== undefined) to.varint(message.expiresAt)
}

function readRare(from: FrameReader, flags: number): Rare {
  const headers: Header[] = []
  if (flags & present.headers) {
    for (let left = from.varint(); left > 0; left--) headers.push([from.name(), from.string()])
  }
  return {
    headers,
    contentType: flags & present.contentType ? from.name() : undefined,
    correlationId: flags & present.correlationId ? from.bytes() : undefined,
    replyTo: flags & present.replyTo ? from.name() : undefined,
    format: flags & present.formatText ? 'text' : flags & present.formatBytes ? 'bytes' : undefined,
    deliverAt: flags & present.deliverAt ? from.varint() : undefined,
    expiresAt: flags & present.expiresAt ? from.varint() : undefined,
  }
}
