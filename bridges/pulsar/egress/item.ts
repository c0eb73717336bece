import { isRejected, Rejected, type Scope, viaHeader } from '../../../kernel/plugin.ts'
import { headBytesOf, type Outgoing, sizeBytes } from '../client/entry.ts'
import { Properties } from '../client/properties.ts'
import { PulsarError } from '../client/pulsar-error.ts'
import { fullTopicName } from '../client/topic-name.ts'
import type { PulsarDelivery, PulsarTo } from '../options.ts'

/** One message on its way to Pulsar. */
export interface Item extends Outgoing {
  /** In full. */
  readonly topic: string
  readonly bytes: number
  /** Where it goes; chosen once, so that it goes there again when it is repeated. */
  partition: number | undefined
}

const partitionNumber = /^\d{1,9}$/
/** Topics that follow from messages are few; their full names are not made for each. */
const maxNames = 10_000

/** Makes items of messages, by the templates of an egress. */
export class ItemPress {
  readonly #to: PulsarTo
  readonly #partition: PulsarDelivery['partition'] | undefined
  readonly #headers: readonly (readonly [name: string, value: PulsarTo['topic']])[]
  readonly #names = new Map<string, string | Rejected>()
  /** Of the message before: most that follow each other share it. */
  #onlyVia: Properties | undefined

  constructor(to: PulsarTo, { partition }: Pick<PulsarDelivery, 'partition'>) {
    this.#to = to
    this.#partition = partition.constant === 'key' || partition.constant === 'round-robin' ? undefined : partition
    this.#headers = Object.entries(to.headers ?? {})
  }

  press(scope: Scope): Item | Rejected {
    const { topic: topicTemplate, key: keyTemplate, orderingKey: orderingTemplate, value: valueTemplate } = this.#to
    const name = topicTemplate.text(scope)
    const topic = isRejected(name) ? name : this.#fullName(name ?? '')
    if (isRejected(topic)) return topic
    const key = keyTemplate?.text(scope)
    if (isRejected(key)) return key
    const orderingKey = orderingTemplate?.render(scope)
    if (isRejected(orderingKey)) return orderingKey
    const value = valueTemplate === undefined ? scope.payload : (valueTemplate.render(scope) ?? empty)
    if (isRejected(value)) return value
    const properties = this.#propertiesOf(scope)
    if (isRejected(properties)) return properties
    const partition = this.#number(scope)
    if (isRejected(partition)) return partition
    const item = {
      topic,
      partition,
      value,
      key,
      orderingKey: orderingKey === undefined ? undefined : bytesOf(orderingKey),
      properties,
      eventTime: scope.timestamp,
      headBytes: 0,
      bytes: 0,
    }
    item.headBytes = headBytesOf(item)
    item.bytes = sizeBytes + item.headBytes + value.length
    return item
  }

  #fullName(name: string): string | Rejected {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    if (this.#names.size >= maxNames) this.#names.clear()
    const full = fullNameOf(name)
    this.#names.set(name, full)
    return full
  }

  #propertiesOf(scope: Scope): Properties | Rejected {
    const { via } = scope
    const viaAlone = this.#headers.length === 0 && (scope.headers.length === 0 || !this.#to.forwardHeaders)
    if (!viaAlone) return this.#allProperties(scope, via)
    if (this.#onlyVia?.pairs[0]?.[1] !== via) this.#onlyVia = new Properties([[viaHeader, via]])
    return this.#onlyVia
  }

  /** A map over there: names are unique, and clients differ in which of two they take. */
  #allProperties(scope: Scope, via: string): Properties | Rejected {
    const properties = new Map<string, string>(this.#to.forwardHeaders ? scope.headers : [])
    for (const [name, template] of this.#headers) {
      const value = template.text(scope)
      if (isRejected(value)) return value
      if (value !== undefined) properties.set(name, value)
    }
    properties.set(viaHeader, via)
    return new Properties([...properties])
  }

  #number(scope: Scope): number | undefined | Rejected {
    const text = this.#partition?.text(scope)
    if (text === undefined || isRejected(text)) return text
    if (partitionNumber.test(text)) return Number(text)
    return new Rejected('PARTITION_INVALID', `${JSON.stringify(text.slice(0, 40))} is not the number of a partition`)
  }
}

const empty = new Uint8Array()

function fullNameOf(name: string): string | Rejected {
  try {
    return fullTopicName(name)
  } catch (error) {
    if (error instanceof PulsarError) return new Rejected('TOPIC_INVALID', error.message)
    throw error
  }
}

function bytesOf(value: Uint8Array | string): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value)
}

/** Which of the items go to which topic, by their places. */
export function groupByTopic(items: readonly Item[]): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>()
  let last: string | undefined
  let group: number[] = []
  for (let index = 0; index < items.length; index++) {
    const { topic } = items[index] as Item
    if (topic !== last) {
      group = groups.get(topic) ?? []
      if (group.length === 0) groups.set(topic, group)
      last = topic
    }
    group.push(index)
  }
  return groups
}
