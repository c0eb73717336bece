import { randomUUID } from 'node:crypto'
import type { Message, Session, Space } from '../../../kernel/plugin.ts'
import { previewBytes, showPreview } from '../resources/message-view.ts'

/** Topics told of in one frame; what comes on others is only counted. */
const topicsPerFrame = 1_000

export interface WatchedTopic extends ReturnType<typeof showPreview> {
  /** Messages since the last frame. */
  readonly messages: number
}

/** Of one topic, since the last frame. */
interface Seen {
  message: Message
  /** A copy of what is shown: the message's own bytes are lent, and may be many. Written over by the next. */
  head: Buffer
  headBytes: number
  messages: number
}

/** Follows what is published to some filters, for one who looks: the last message of each topic, and how many there were. */
export class TopicWatch {
  readonly #session: Session
  #seen = new Map<string, Seen>()
  #others = 0

  private constructor(session: Session) {
    this.#session = session
  }

  /** @throws BrokerError FILTER_INVALID */
  static async open(space: Space, filters: readonly string[]): Promise<TopicWatch> {
    const id = `watch-${randomUUID()}`
    const session = await space.session(id, { clean: true, expiresAfterMs: 0, taken: () => {} })
    const watch = new TopicWatch(session)
    session.consume({ deliver: message => watch.#take(message) }, 1)
    const refused: unknown[] = []
    const requests = filters.map(filter => ({ filter, options: { guarantee: 0 as const } }))
    await session.bind(requests, bound => refused.push(...bound.flatMap(({ error }) => (error ? [error] : []))))
    if (refused.length === 0) return watch
    await watch.close()
    throw refused[0]
  }

  /** What came since it was asked last. */
  frame(): { readonly topics: readonly WatchedTopic[]; readonly others: number } {
    const topics = [...this.#seen.values()].map(({ message, head, headBytes, messages }) => ({
      ...showPreview(message, head.subarray(0, headBytes)),
      messages,
    }))
    const others = this.#others
    this.#seen = new Map()
    this.#others = 0
    return { topics, others }
  }

  async close(): Promise<void> {
    await this.#session.end({ will: 'discard' })
  }

  #take(message: Message): void {
    const { topic, payload } = message
    const headBytes = Math.min(payload.length, previewBytes)
    let seen = this.#seen.get(topic)
    if (!seen) {
      if (this.#seen.size >= topicsPerFrame) {
        this.#others++
        return
      }
      seen = { message, head: Buffer.allocUnsafe(headBytes), headBytes, messages: 0 }
      this.#seen.set(topic, seen)
    }
    if (seen.head.length < headBytes) seen.head = Buffer.allocUnsafe(headBytes)
    seen.head.set(headBytes === payload.length ? payload : payload.subarray(0, headBytes))
    seen.message = message
    seen.headBytes = headBytes
    seen.messages++
  }
}
