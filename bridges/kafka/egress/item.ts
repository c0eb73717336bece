import type { DocumentTemplate, Header, Scope, Template } from '../../../kernel/plugin.ts'
import { isRejected, Rejected, viaHeader } from '../../../kernel/plugin.ts'
import { murmur2 } from '../partitioner.ts'
import type { RecordParts } from '../wire/record-batch.ts'
import { encodeHeaders, recordBytes } from '../wire/record-batch.ts'

/** One message on its way to Kafka. */
export interface Item extends RecordParts {
  readonly topic: string
  /** What it takes in a batch, at most. */
  readonly bytes: number
  /** Of its key; undefined without one. */
  readonly hash: number | undefined
  /** Where it goes; chosen once, so that it goes there again when it is repeated. */
  partition: number | undefined
}

/** Of an egress, compiled. */
export interface ItemTemplates {
  readonly topic: Template
  readonly key: Template | undefined
  readonly value: DocumentTemplate | undefined
  readonly headers: Readonly<Record<string, Template>>
  readonly forwardHeaders: boolean
  readonly tombstones: boolean
  /** A number. Absent: the key or the turn decides. */
  readonly partition: Template | undefined
}

type Pair = readonly [name: Uint8Array, value: Uint8Array]

/** Names that Kafka takes. */
const topicName = /^[\w.-]{1,249}$/
/** A partition is a number of 32 bits. */
const partitionNumber = /^\d{1,9}$/

/** Makes items of messages, by the templates of an egress. */
export class ItemPress {
  readonly #templates: ItemTemplates
  readonly #headers: readonly (readonly [name: Uint8Array, value: Template])[]
  readonly #viaName = Buffer.from(viaHeader)
  /** Of the message before: many that follow each other are alike. */
  #topic = ''
  #key: { readonly text: string; readonly bytes: Buffer; readonly hash: number } = { text: '', ...hashed('') }
  #onlyVia: { readonly via: string; readonly headers: Uint8Array } | undefined

  constructor(templates: ItemTemplates) {
    this.#templates = templates
    this.#headers = Object.entries(templates.headers).map(([name, value]) => [Buffer.from(name), value])
  }

  press(scope: Scope): Item | Rejected {
    const topic = this.#templates.topic.text(scope)
    if (isRejected(topic)) return topic
    if (topic === undefined || !this.#isTopic(topic)) {
      return new Rejected('TOPIC_INVALID', `${JSON.stringify(topic ?? '')} cannot be the name of a Kafka topic`)
    }
    const key = this.#templates.key?.render(scope)
    if (isRejected(key)) return key
    const value = this.#value(scope)
    if (isRejected(value)) return value
    const headers = this.#headersOf(scope)
    if (isRejected(headers)) return headers
    const partition = this.#partition(scope)
    if (isRejected(partition)) return partition
    const { bytes, hash } = typeof key === 'string' ? this.#keyOf(key) : { bytes: key, hash: key && murmur2(key) }
    const item = { topic, bytes: 0, hash, partition, key: bytes, value, headers, timestamp: scope.timestamp }
    item.bytes = recordBytes(item)
    return item
  }

  #isTopic(name: string): boolean {
    if (name === this.#topic) return true
    if (!topicName.test(name) || name === '.' || name === '..') return false
    this.#topic = name
    return true
  }

  #keyOf(text: string): { readonly bytes: Buffer; readonly hash: number } {
    if (text !== this.#key.text) this.#key = { text, ...hashed(text) }
    return this.#key
  }

  #value(scope: Scope): Uint8Array | undefined | Rejected {
    const { value: template, tombstones } = this.#templates
    const value = template === undefined ? scope.payload : template.render(scope)
    return tombstones && value instanceof Uint8Array && value.length === 0 ? undefined : value
  }

  #headersOf(scope: Scope): Uint8Array | Rejected {
    const { via } = scope
    const viaAlone = this.#headers.length === 0 && (scope.headers.length === 0 || !this.#templates.forwardHeaders)
    if (!viaAlone) return this.#allHeaders(scope, via)
    if (this.#onlyVia?.via !== via) this.#onlyVia = { via, headers: encodeHeaders([this.#viaPair(via)]) }
    return this.#onlyVia.headers
  }

  #allHeaders(scope: Scope, via: string): Uint8Array | Rejected {
    const { forwardHeaders } = this.#templates
    const headers: Pair[] = forwardHeaders ? scope.headers.filter(([name]) => name !== viaHeader).map(bytesOf) : []
    for (const [name, template] of this.#headers) {
      const value = template.render(scope)
      if (isRejected(value)) return value
      if (value !== undefined) headers.push([name, typeof value === 'string' ? Buffer.from(value) : value])
    }
    return encodeHeaders([...headers, this.#viaPair(via)])
  }

  #viaPair(via: string): Pair {
    return [this.#viaName, Buffer.from(via)]
  }

  #partition(scope: Scope): number | undefined | Rejected {
    const text = this.#templates.partition?.text(scope)
    if (text === undefined || isRejected(text)) return text
    if (partitionNumber.test(text)) return Number(text)
    return new Rejected('PARTITION_INVALID', `${JSON.stringify(text.slice(0, 40))} is not the number of a partition`)
  }
}

function bytesOf([name, value]: Header): Pair {
  return [Buffer.from(name), Buffer.from(value)]
}

function hashed(text: string): { readonly bytes: Buffer; readonly hash: number } {
  const bytes = Buffer.from(text)
  return { bytes, hash: murmur2(bytes) }
}
