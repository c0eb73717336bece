import type { ServerResponse } from 'node:http'
import type { LogLine } from '../../adapters/pino-logger.ts'
import type { House } from '../house.ts'
import { timeOf } from '../resources/names.ts'
import type { RingEvent } from './event-ring.ts'
import type { TopicWatch } from './topic-watch.ts'
import type { TraceTail } from './trace-tail.ts'

export const channels = ['metrics', 'clients', 'topics', 'alarms', 'bridges', 'events', 'log', 'trace'] as const
export type Channel = (typeof channels)[number]

/** Streams open at once. */
export const maxStreams = 200
/** A reader that leaves so much unread gets nothing more until it has caught up. */
const unreadBytesLimit = 1_048_576
const linesPerFrame = 200

/** Which events of the broker a channel tells. */
const told: Partial<Record<Channel, (name: string) => boolean>> = {
  clients: name => name.startsWith('client.') || name.startsWith('session.'),
  alarms: name => name.startsWith('alarm.'),
  bridges: name => name.startsWith('bridge.'),
  events: () => true,
}

/** What one reader is sent: a frame a second, by the rules of server-sent events. */
export class EventStream {
  readonly #house: House
  readonly #response: ServerResponse
  readonly #channels: readonly Channel[]
  readonly #topics: TopicWatch | undefined
  readonly #trace: TraceTail | undefined
  readonly #ends: (() => void)[]
  #lines: LogLine[] = []
  #linesLeftOut = 0
  #told: number

  /** `after`: the id of the last frame the reader has; events since then are told again. */
  constructor(
    house: House,
    options: {
      response: ServerResponse
      channels: readonly Channel[]
      topics: TopicWatch | undefined
      trace: TraceTail | undefined
      after: number | undefined
    },
  ) {
    this.#house = house
    this.#response = options.response
    this.#channels = options.channels
    this.#topics = options.topics
    this.#trace = options.trace
    this.#told = options.after ?? house.events.last
    this.#ends = [house.history.watch((_, at) => this.#frame(at))]
    if (this.#channels.includes('log')) this.#ends.push(house.server.logger.watch(line => this.#log(line)))
    // Says at once that it is open, also to whatever stands between.
    options.response.write(`retry: 2000\n\n`)
  }

  end(): void {
    for (const end of this.#ends.splice(0)) end()
    this.#topics?.close().catch(() => {})
    this.#response.end()
  }

  #log(line: LogLine): void {
    if (this.#lines.length < linesPerFrame) this.#lines.push(line)
    else this.#linesLeftOut++
  }

  #frame(at: number): void {
    if (this.#response.writableLength > unreadBytesLimit) return
    const fresh = this.#house.events.after(this.#told)
    this.#told = this.#house.events.last
    let text = ''
    for (const channel of this.#channels) {
      const data = this.#dataOf(channel, fresh, at)
      if (data !== undefined) text += `event: ${channel}\nid: ${this.#told}\ndata: ${JSON.stringify(data)}\n\n`
    }
    // A comment keeps proxies from closing what is silent.
    this.#response.write(text === '' ? ': \n\n' : text)
  }

  /** Undefined: the channel has nothing to tell. */
  #dataOf(channel: Channel, fresh: readonly RingEvent[], at: number): unknown {
    if (channel === 'metrics') return { at: timeOf(at), values: this.#house.history.latest }
    if (channel === 'topics') {
      const frame = this.#topics?.frame()
      return frame && (frame.topics.length > 0 || frame.others > 0) ? frame : undefined
    }
    if (channel === 'trace') return this.#trace?.frame()
    if (channel === 'log') {
      if (this.#lines.length === 0) return undefined
      const frame = { lines: this.#lines, leftOut: this.#linesLeftOut }
      this.#lines = []
      this.#linesLeftOut = 0
      return frame
    }
    const events = fresh.filter(({ name }) => told[channel]?.(name) === true)
    return events.length === 0 ? undefined : events.map(event => ({ ...event, at: timeOf(event.at) }))
  }
}
