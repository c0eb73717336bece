import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { SourceRecord } from '../contract/bridge.ts'
import type { Clock } from '../contract/clock.ts'
import type { Header } from '../contract/message.ts'
import { Message } from '../contract/message.ts'
import type { Consumer } from '../contract/queue.ts'
import { type Rejected, viaHeader } from '../contract/scope.ts'
import { Unsettled } from '../queues/delivery.ts'
import type { Queue } from '../queues/queue.ts'
import { within } from './pause.ts'

/** Headers that tell of a dead letter what it was. */
export const deadHeaders = {
  id: 'robustmq-dead-id',
  code: 'robustmq-dead-code',
  reason: 'robustmq-dead-reason',
  bridge: 'robustmq-dead-bridge',
  at: 'robustmq-dead-at',
  topic: 'robustmq-dead-topic',
  qos: 'robustmq-dead-qos',
  key: 'robustmq-dead-key',
  keyBase64: 'robustmq-dead-key-base64',
} as const

const deadNames: ReadonlySet<string> = new Set(Object.values(deadHeaders))
const reasonLength = 1_000
/** Dead letters that are looked at together. */
const pageMessages = 100
/** Reading a page of them back takes milliseconds; past this something else is wrong. */
const pageMs = 10_000

export interface DeadLetter {
  readonly id: string
  readonly code: string
  readonly reason: string
  /** Where it was published, or what record it was. */
  readonly topic: string
  readonly at: number
  readonly publishedAt: number
  readonly payload: Uint8Array
  readonly headers: readonly Header[]
}

interface DeadLettersHost {
  readonly clock: Clock
  readonly bridge: string
  readonly hop: string
  readonly topic: string
  publish(message: Message): number | Promise<number>
  /** Sends it again; durable when it resolves. */
  again(message: Message): Promise<void>
}

/** What could not be sent, as ordinary messages in a queue of their own: to be looked at, sent again, thrown away. */
export class DeadLetters {
  readonly #host: DeadLettersHost
  readonly #queue: () => Queue | undefined
  /** Looks into the queue follow each other. */
  #looking: Promise<unknown> = Promise.resolve()

  constructor(host: DeadLettersHost, queue: () => Queue | undefined) {
    this.#host = host
    this.#queue = queue
  }

  /** How many there are. */
  get length(): number {
    return this.#queue()?.depth ?? 0
  }

  /** Durable when it resolves. */
  async bury(message: Message, why: Rejected, key?: Uint8Array | string): Promise<void> {
    const { topic, hop, bridge, clock } = this.#host
    const { payload, contentType, correlationId, replyTo, format, from, publishedAt, user } = message
    const headers: Header[] = [
      ...message.headers,
      [deadHeaders.id, randomBytes(8).toString('hex')],
      [deadHeaders.bridge, bridge],
      [deadHeaders.code, why.code],
      [deadHeaders.reason, why.reason.slice(0, reasonLength)],
      [deadHeaders.at, String(clock.now())],
      [deadHeaders.topic, message.topic],
      [deadHeaders.qos, String(message.guarantee)],
      // Whatever filter this bridge has, its own dead letters are not for it.
      [viaHeader, hop],
      ...keyHeaders(key),
    ]
    const fields = { topic, payload, guarantee: 1 as const, headers, contentType, correlationId, replyTo, format }
    const letter = new Message({ ...fields, from, publishedAt })
    letter.user = user
    await this.#host.publish(letter)
  }

  /** The oldest of them, after so many. */
  list(options: { readonly skip?: number; readonly limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const { skip = 0, limit = pageMessages } = options
    return this.#look(skip + limit, async deliveries => deliveries.slice(skip).map(({ message }) => letterOf(message)))
  }

  /** Sends them again, all or those named; each leaves when that is durable. Returns how many. */
  retry(ids?: readonly string[]): Promise<number> {
    return this.#each(ids, async message => this.#host.again(originalOf(message, this.#host.hop)))
  }

  /** Throws them away, all or those named. Returns how many. */
  purge(ids?: readonly string[]): Promise<number> {
    return this.#each(ids, async () => {})
  }

  async #each(ids: readonly string[] | undefined, act: (message: Message) => Promise<void>): Promise<number> {
    const wanted = ids && new Set(ids)
    let done = 0
    // Whatever comes to be dead meanwhile is left alone, or a poison would be tried without end.
    let left = this.length
    let passed = 0
    while (left > 0) {
      const page = Math.min(left, pageMessages)
      const acted = await this.#look(passed + page, async (deliveries, consumer) => {
        const chosen = deliveries.slice(passed).filter(({ message }) => !wanted || wanted.has(idOf(message)))
        await Promise.all(chosen.map(({ message }) => act(message)))
        for (const delivery of chosen) consumer.settle(delivery, 'accept')
        return { chosen: chosen.length, seen: deliveries.length - passed }
      })
      if (acted.seen <= 0) break
      done += acted.chosen
      passed += acted.seen - acted.chosen
      left -= acted.seen
    }
    return done
  }

  #look<T>(count: number, act: (deliveries: readonly Unsettled[], consumer: Consumer) => Promise<T>): Promise<T> {
    const looked = this.#looking.then(async () => {
      const queue = this.#queue()
      const deliveries: Unsettled[] = []
      const wanted = Math.min(count, queue?.depth ?? 0)
      if (!queue || wanted === 0) return act([], { settle: () => {} } as never)
      let arrived = (): void => {}
      const all = new Promise<void>(resolve => {
        arrived = resolve
      })
      const receiver = {
        deliver: (_message: Message, _via: unknown, delivery: unknown) => {
          if (!(delivery instanceof Unsettled)) return
          deliveries.push(delivery)
          if (deliveries.length >= wanted) arrived()
        },
      }
      const consumer = queue.consume(receiver, wanted)
      try {
        await within(this.#host.clock, pageMs, all)
        return await act(deliveries.slice(0, wanted), consumer)
      } finally {
        consumer.close()
      }
    })
    this.#looking = looked.catch(() => {})
    return looked
  }
}

function keyHeaders(key: Uint8Array | string | undefined): Header[] {
  if (key === undefined) return []
  if (typeof key === 'string') return [[deadHeaders.key, key]]
  return isUtf8(key)
    ? [[deadHeaders.key, Buffer.from(key).toString()]]
    : [[deadHeaders.keyBase64, Buffer.from(key).toString('base64')]]
}

function letterOf(message: Message): DeadLetter {
  const { payload, headers, publishedAt } = message
  return {
    id: idOf(message),
    code: header(message, deadHeaders.code) ?? '',
    reason: header(message, deadHeaders.reason) ?? '',
    topic: header(message, deadHeaders.topic) ?? '',
    at: Number(header(message, deadHeaders.at)),
    publishedAt,
    payload,
    headers: headers.filter(([name]) => !deadNames.has(name)),
  }
}

/** The message as it was. */
function originalOf(message: Message, hop: string): Message {
  const { payload, contentType, correlationId, replyTo, format, from, publishedAt, user } = message
  const headers = message.headers.filter(
    ([name, value]) => (!deadNames.has(name) && !(name === viaHeader && value === hop)) || isKey(name),
  )
  const topic = header(message, deadHeaders.topic) ?? message.topic
  const guarantee = header(message, deadHeaders.qos) === '0' ? 0 : 1
  const fields = { topic, payload, guarantee, headers, contentType, correlationId, replyTo, format } as const
  const original = new Message({ ...fields, from, publishedAt })
  original.user = user
  return original
}

function isKey(name: string): boolean {
  return name === deadHeaders.key || name === deadHeaders.keyBase64
}

/** A record's dead letter as the record it was. */
export function recordOf(message: Message, id: string): SourceRecord {
  const base64 = header(message, deadHeaders.keyBase64)
  const key = base64 === undefined ? header(message, deadHeaders.key) : Buffer.from(base64, 'base64')
  const headers = message.headers.filter(([name]) => !isKey(name))
  const { topic, payload, contentType, correlationId, replyTo, publishedAt } = message
  return { topic, key, value: payload, headers, timestamp: publishedAt, id, contentType, correlationId, replyTo }
}

function idOf(message: Message): string {
  return header(message, deadHeaders.id) ?? ''
}

function header({ headers }: Message, wanted: string): string | undefined {
  return headers.findLast(([name]) => name === wanted)?.[1]
}
