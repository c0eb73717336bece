import type { Message } from '../contract/message.ts'
import { matchesCidr } from '../net/cidr.ts'
import { matches } from '../routing/topic.ts'

/** Entries and bytes that one trace keeps; then it ends, so that what is kept has no gap. */
export const maxTraceEntries = 10_000
export const maxTraceBytes = 4_194_304
/** Bytes of a payload that an entry may keep. */
export const maxTracePayloadBytes = 65_536
/** What an entry takes besides its texts, by rule of thumb. */
const entryBytes = 200

/** What to record. All conditions that are given must hold; what has no topic is recorded where no filter is given. */
export interface TraceOptions {
  readonly name: string
  readonly tenant?: string | undefined
  /** Whoever acts, or whoever published what it is about. */
  readonly clientId?: string | undefined
  readonly filter?: string | undefined
  /** An address or a CIDR block. */
  readonly address?: string | undefined
  /** Bytes of each payload to keep. Default: 0. */
  readonly payloadBytes?: number | undefined
  /** Entries after which it ends. Default: as many as there may be. */
  readonly entries?: number | undefined
  /** How long it records. */
  readonly durationMs: number
}

/** Whom an entry is about. */
export interface TraceSubject {
  readonly tenant: string
  readonly clientId: string
  readonly address: string
}

export interface TraceEntry {
  /** Grows by one with each of its trace, from 1. */
  readonly id: number
  /** ms since the epoch. */
  readonly at: number
  /** A word: published, delivered, dropped, ... */
  readonly event: string
  /** Undefined: nobody's in particular, such as what a shared group drops. */
  readonly subject: TraceSubject | undefined
  /** Of a message its topic, of a binding its filter. */
  readonly topic: string | undefined
  readonly guarantee: number | undefined
  /** The client that published it. */
  readonly from: string | undefined
  /** Undefined where there is no message. */
  readonly payloadBytes: number | undefined
  /** Its first bytes, where they were asked for. */
  readonly payload: Uint8Array | undefined
  readonly reason: string | undefined
  readonly detail: Readonly<Record<string, unknown>> | undefined
}

/** What somebody noticed. */
export interface Noticed {
  readonly event: string
  readonly subject: TraceSubject | undefined
  readonly message?: Message | undefined
  /** Where there is no message. */
  readonly topic?: string | undefined
  readonly guarantee?: number | undefined
  readonly reason?: string | undefined
  readonly detail?: Readonly<Record<string, unknown>> | undefined
}

/** running; stopped: by an operator; over: its time has passed; full: it has recorded all that it may. */
export type TraceState = 'running' | 'stopped' | 'over' | 'full'

/** What happened to a few clients or topics, entry by entry. */
export class Trace {
  readonly options: TraceOptions
  readonly startedAt: number
  state: TraceState = 'running'
  endedAt: number | undefined
  bytes = 0
  readonly #entries: TraceEntry[] = []
  readonly #most: number

  constructor(options: TraceOptions, startedAt: number) {
    this.options = options
    this.startedAt = startedAt
    this.#most = Math.min(options.entries ?? maxTraceEntries, maxTraceEntries)
  }

  get length(): number {
    return this.#entries.length
  }

  get full(): boolean {
    return this.#entries.length >= this.#most || this.bytes >= maxTraceBytes
  }

  /** Those after an id, the oldest first. */
  after(id: number): readonly TraceEntry[] {
    return this.#entries.slice(id)
  }

  take(noticed: Noticed, at: number): void {
    const { message, subject } = noticed
    const topic = message?.topic ?? noticed.topic
    if (!this.#wants(subject, topic, message?.from)) return
    const most = this.options.payloadBytes ?? 0
    // A copy: the message's own bytes are lent, and may be many.
    const payload = message && most > 0 ? Uint8Array.prototype.slice.call(message.payload, 0, most) : undefined
    const { event, guarantee, reason, detail } = noticed
    this.bytes += entryBytes + (payload?.length ?? 0) + (detail ? JSON.stringify(detail).length : 0)
    for (const text of [topic, subject?.clientId, message?.from, reason]) this.bytes += text?.length ?? 0
    this.#entries.push({
      id: this.#entries.length + 1,
      at,
      event,
      // Whoever is asked for it here is more than a name elsewhere, and must not live on because of this.
      subject: subject && { tenant: subject.tenant, clientId: subject.clientId, address: subject.address },
      topic,
      guarantee: guarantee ?? message?.guarantee,
      from: message?.from,
      payloadBytes: message?.payloadBytes,
      payload,
      reason,
      detail,
    })
  }

  #wants(subject: TraceSubject | undefined, topic: string | undefined, from: string | undefined): boolean {
    const { tenant, clientId, address, filter } = this.options
    if (tenant !== undefined && subject?.tenant !== tenant) return false
    if (clientId !== undefined && subject?.clientId !== clientId && from !== clientId) return false
    if (address !== undefined && (!subject || !matchesCidr(subject.address, address))) return false
    // The filter of a binding is held against it as a topic is: `a/+` is one of `a/#`.
    return filter === undefined || (topic !== undefined && (topic === filter || matches(filter, topic)))
  }
}
