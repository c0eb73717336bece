import { type PackedBytes, packBytes, unpackBytes } from './packed-bytes.ts'

/**
 * 0 at most once, 1 at least once, 2 exactly once. Numbers, because the effective guarantee of a delivery is the least
 * of what was published, what the binding asks for and what the consumer takes.
 */
export type Guarantee = 0 | 1 | 2

export type Header = readonly [name: string, value: string]

/**
 * What a plugin says when it publishes. Protocol-free: a plugin maps its wire fields onto these. `undefined` is the same as
 * leaving a field out, so that a plugin can name all of them at once: objects of one shape are several times cheaper.
 */
export interface MessageFields {
  /** Canonical topic: levels joined by '/'. A protocol with another separator maps it at its edge, injectively. */
  readonly topic: string
  /** May be a view into a read buffer: the kernel copies it when, and only when, it outlives the current turn. */
  readonly payload: Uint8Array
  readonly guarantee?: Guarantee | undefined
  /** 'stored': kept through a restart wherever a durable queue matches. Default: 'stored' when guarantee is above 0. */
  readonly durability?: 'none' | 'stored' | undefined
  /** Becomes the topic's retained value; with an empty payload, clears it. */
  readonly retain?: boolean | undefined
  /** Ordered and repeatable; passed on untouched. */
  readonly headers?: readonly Header[] | undefined
  readonly contentType?: string | undefined
  readonly correlationId?: Uint8Array | undefined
  readonly replyTo?: string | undefined
  /** What the publisher declares of its payload; absent when it declared nothing. */
  readonly format?: 'bytes' | 'text' | undefined
  /** Publish later: ms since the epoch. */
  readonly deliverAt?: number | undefined
  /** Not delivered after this time: ms since the epoch. */
  readonly expiresAt?: number | undefined
  /** The publishing session, for bindings that exclude their own publishes. */
  readonly from?: string | undefined
  /** When it was published, ms since the epoch. Default: now. */
  readonly publishedAt?: number | undefined
}

const noHeaders: readonly Header[] = []

/** The same of a message whose payload was packed for it. */
interface PackedFields extends Omit<MessageFields, 'payload'> {
  readonly payload: PackedBytes
}

/** What travels. Immutable to everyone who holds it; only `keep` and `own` replace a lent payload by a copy of it. */
export class Message {
  readonly topic: string
  readonly guarantee: Guarantee
  readonly durability: 'none' | 'stored'
  readonly retain: boolean
  readonly headers: readonly Header[]
  readonly contentType: string | undefined
  readonly correlationId: Uint8Array | undefined
  readonly replyTo: string | undefined
  readonly format: 'bytes' | 'text' | undefined
  readonly deliverAt: number | undefined
  readonly expiresAt: number | undefined
  readonly from: string | undefined
  readonly publishedAt: number
  /** A protocol's encoded form of this message, shared by a fan-out. The kernel never reads it. */
  frame: unknown = undefined
  /** The user who published it; set by the kernel, which knows. */
  user: string | undefined = undefined
  /** How many places in the kernel hold it while it waits or is unsettled; the kernel's own. */
  holders = 0
  #payload: PackedBytes
  #held: 'lent' | 'slab' | 'own'

  /** `owned`: nobody else has the payload's bytes. */
  constructor(fields: MessageFields | PackedFields, owned = false) {
    this.topic = fields.topic
    this.guarantee = fields.guarantee ?? 0
    this.durability = fields.durability ?? (this.guarantee > 0 ? 'stored' : 'none')
    this.retain = fields.retain ?? false
    this.headers = fields.headers ?? noHeaders
    this.contentType = fields.contentType
    this.correlationId = fields.correlationId
    this.replyTo = fields.replyTo
    this.format = fields.format
    this.deliverAt = fields.deliverAt
    this.expiresAt = fields.expiresAt
    this.from = fields.from
    this.publishedAt = fields.publishedAt ?? Date.now()
    this.#payload = fields.payload
    this.#held = owned ? 'own' : 'lent'
  }

  /** Of a packed message it is made anew whenever it is asked for: whoever only copies it takes `packedPayload`. */
  get payload(): Uint8Array {
    return unpackBytes(this.packedPayload)
  }

  /** The payload as it lies here. */
  get packedPayload(): PackedBytes {
    return this.#payload
  }

  get payloadBytes(): number {
    return this.#payload.length
  }

  /** Makes the payload outlive the turn, for as long as a delivery takes: small ones share a slab of a few KiB. */
  keep(): this {
    if (this.#held === 'lent') {
      this.#payload = Buffer.from(this.payload)
      this.#held = 'slab'
    }
    return this
  }

  /** Makes the payload outlive everything: packed, so that 20 bytes that lie for long pin nothing larger. */
  own(): this {
    if (this.#held !== 'own') {
      this.#payload = packBytes(this.#payload)
      this.#held = 'own'
    }
    return this
  }

  /** The same for where it may lie for years while others take its place: a message by itself, with nothing shared. */
  packed(): Message {
    const message = new Message(this, true)
    message.#payload = packBytes(this.packedPayload)
    message.user = this.user
    return message
  }
}
