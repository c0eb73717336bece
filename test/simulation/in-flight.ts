import type { Outgoing } from '../support/wire-packet.ts'
import type { ConnectRecord, History, Moment, Sent, Transmission } from './history.ts'
import { never } from './history.ts'

/** There was no room for it: it is nowhere. */
const quotaExceeded = 0x97

interface Publish {
  readonly sent: Sent
  readonly packet: Outgoing & { cmd: 'publish' }
  released: boolean
}

/** A client's own publishes that are not acknowledged: by identifier, in the order they were sent. */
export class InFlight {
  readonly #history: History
  readonly #mostIds: number
  readonly #open = new Map<number, Publish>()
  /** Of each connection, what came over it and has no answer yet. */
  readonly #pending = new Map<ConnectRecord, { readonly sent: Sent; readonly transmission: Transmission }[]>()

  constructor(history: History, mostIds: number) {
    this.#history = history
    this.#mostIds = mostIds
  }

  get size(): number {
    return this.#open.size
  }

  get full(): boolean {
    return this.#open.size >= this.#mostIds
  }

  /** Identifiers are used again as soon as they may be: one that the broker did not free is found out. */
  begin(sent: Sent, topic: string, payload: Buffer): Publish {
    const { qos, retain } = sent
    let messageId = 1
    while (this.#open.has(messageId)) messageId++
    const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false, ...(qos > 0 && { messageId }) } as const
    const publish = { sent, packet, released: false }
    if (qos > 0) this.#open.set(messageId, publish)
    return publish
  }

  arrived(sent: Sent, connect: ConnectRecord, { tick, ms }: Moment): void {
    const transmission = { arrivedAt: tick, arrivedMs: ms, endedAt: never }
    sent.transmissions.push(transmission)
    const pending = this.#pending.get(connect) ?? []
    pending.push({ sent, transmission })
    this.#pending.set(connect, pending)
  }

  /** The broker's end of a connection is over. */
  gone(connect: ConnectRecord): void {
    for (const { transmission } of this.#pending.get(connect) ?? []) {
      if (transmission.endedAt === never) transmission.endedAt = this.#history.now.tick
    }
    this.#pending.delete(connect)
  }

  /** An acknowledgement; true: PUBREL is due. */
  answered(cmd: 'puback' | 'pubrec' | 'pubcomp', messageId: number, reasonCode: number, at: number): boolean {
    const publish = this.#open.get(messageId)
    if (!publish) return cmd === 'pubrec'
    const { sent } = publish
    if (cmd === 'pubcomp') {
      this.#open.delete(messageId)
      return false
    }
    for (const transmission of sent.transmissions) if (transmission.endedAt === never) transmission.endedAt = at
    if (reasonCode >= 0x80) {
      // Any other code of a disk that failed says only that nobody knows.
      if (reasonCode === quotaExceeded) sent.refused = true
      this.#open.delete(messageId)
      return false
    }
    if (sent.acknowledgedAt === never) sent.acknowledgedAt = at
    if (cmd === 'puback') this.#open.delete(messageId)
    else publish.released = true
    return cmd === 'pubrec'
  }

  /** What is sent again on a new connection, in its old order. */
  repeat(): { readonly packet: Outgoing; readonly sent: Sent }[] {
    return [...this.#open].map(([messageId, { sent, packet, released }]) => {
      return { sent, packet: released ? { cmd: 'pubrel', messageId } : { ...packet, dup: true } }
    })
  }

  /** Its session is gone, and what was in flight with it. */
  abandon(): void {
    this.#open.clear()
  }
}
