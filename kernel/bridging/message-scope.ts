import type { SourceRecord } from '../contract/bridge.ts'
import type { Header } from '../contract/message.ts'
import { Message } from '../contract/message.ts'
import { type Scope, viaHeader } from '../contract/scope.ts'

/** Parsed once, whatever comes of it; `unread` before that. */
const unread = Symbol('unread')

/** A payload as JSON, parsed when it is first looked into. */
abstract class JsonPayload {
  abstract readonly payload: Uint8Array
  #json: unknown = unread

  json(): unknown {
    if (this.#json === unread) this.#json = parse(this.payload)
    return this.#json
  }
}

/** The bridge that messages go out by. */
export interface WayOut {
  readonly node: string
  /** What this bridge is called on what goes through it. */
  readonly hop: string
  /** What no other message is called. */
  idOf(message: Message, offset: number): string
}

/** A message of ours on its way out. */
export class MessageScope extends JsonPayload implements Scope {
  readonly #message: Message
  readonly #offset: number
  readonly #way: WayOut
  #id: string | undefined

  constructor(message: Message, offset: number, way: WayOut) {
    super()
    this.#message = message
    this.#offset = offset
    this.#way = way
  }

  get id(): string {
    return (this.#id ??= this.#way.idOf(this.#message, this.#offset))
  }

  get node(): string {
    return this.#way.node
  }

  get via(): string {
    return viaOf(this.#message.headers, this.#way.hop)
  }

  get topic(): string {
    return this.#message.topic
  }

  get payload(): Uint8Array {
    return this.#message.payload
  }

  get headers(): readonly Header[] {
    return this.#message.headers
  }

  get key(): undefined {
    return undefined
  }

  get clientid(): string | undefined {
    return this.#message.from
  }

  get username(): string | undefined {
    return this.#message.user
  }

  get qos(): number {
    return this.#message.guarantee
  }

  get retain(): boolean {
    return this.#message.retain
  }

  get timestamp(): number {
    return this.#message.publishedAt
  }

  get contentType(): string | undefined {
    return this.#message.contentType
  }

  get correlationId(): Uint8Array | undefined {
    return this.#message.correlationId
  }

  get replyTo(): string | undefined {
    return this.#message.replyTo
  }

  get expiresAt(): number | undefined {
    return this.#message.expiresAt
  }
}

const noHeaders: readonly Header[] = []

/** A record of a far side on its way in. */
export class RecordScope extends JsonPayload implements Scope {
  readonly topic: string
  readonly payload: Uint8Array
  readonly headers: readonly Header[]
  readonly key: Uint8Array | string | undefined
  readonly clientid = undefined
  readonly username = undefined
  readonly qos: number | undefined
  readonly retain: boolean | undefined
  readonly timestamp: number
  readonly id: string
  readonly node: string
  readonly contentType: string | undefined
  readonly correlationId: Uint8Array | undefined
  readonly replyTo: string | undefined
  readonly expiresAt: number | undefined
  readonly via: string

  constructor(record: SourceRecord, own: { readonly node: string; readonly hop: string; readonly nowMs: number }) {
    super()
    this.topic = record.topic
    this.payload = record.value
    this.headers = record.headers ?? noHeaders
    this.key = record.key
    this.qos = record.qos
    this.retain = record.retain
    this.timestamp = record.timestamp ?? own.nowMs
    this.id = record.id
    this.node = own.node
    this.contentType = record.contentType
    this.correlationId = record.correlationId
    this.replyTo = record.replyTo
    this.expiresAt = record.expiresAt
    this.via = viaOf(this.headers, own.hop)
  }
}

/** A record as a message, for its dead letter. */
export function messageOfRecord(record: SourceRecord, nowMs: number): Message {
  const { topic, value, headers, contentType, correlationId, replyTo, timestamp } = record
  const fields = { topic, payload: value, headers, contentType, correlationId, replyTo }
  return new Message({ ...fields, guarantee: 1, publishedAt: timestamp ?? nowMs })
}

/** The bridges a message went through already. */
export function hopsOf(headers: readonly Header[]): readonly string[] {
  if (headers.length === 0) return []
  return headers.flatMap(([name, value]) => (name === viaHeader ? value.split(',').map(hop => hop.trim()) : []))
}

function viaOf(headers: readonly Header[], hop: string): string {
  const hops = hopsOf(headers)
  return hops.length === 0 ? hop : [...hops, hop].join(', ')
}

/** Undefined when it is not JSON; `undefined` itself is no JSON. */
function parse(payload: Uint8Array): unknown {
  try {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8')
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
