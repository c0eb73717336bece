import type { Guarantee, Message } from '../contract/message.ts'
import type { Delivery } from '../contract/queue.ts'
import type { Spool } from '../spool/spool.ts'
import type { MatchedVia } from './bound-filter.ts'
import type { Group } from './group.ts'
import type { UnsettledList } from './unsettled-list.ts'

/** A reference that was handed out and is not settled. */
export class Unsettled implements Delivery {
  readonly message: Message
  readonly via: MatchedVia
  readonly guarantee: Guarantee
  /** Its place in the spool; -1: it is nowhere but here. */
  offset: number
  /** The queue whose reference it is, by its spool id. */
  holderId: number
  /** The group it goes back to when its member leaves. */
  home: Group | undefined
  note = 0
  /** While the note is being stored. */
  noting: Promise<void> | undefined = undefined
  redelivered = false
  /** Where it is among the deliveries of its consumer. */
  list: UnsettledList | undefined = undefined
  before: Unsettled | undefined = undefined
  after: Unsettled | undefined = undefined

  constructor(message: Message, via: MatchedVia, guarantee: Guarantee, offset: number, holderId: number) {
    this.message = message
    this.via = via
    this.guarantee = guarantee
    this.offset = offset
    this.holderId = holderId
    this.home = undefined
  }

  /** A note that is being stored already, perhaps for a consumer that is gone, is waited for and not written again. */
  keepNote(note: number, spool: Spool | undefined): Promise<void> | undefined {
    const before = this.note
    if (before === note) return this.noting
    this.note = note
    if (!spool) return undefined
    if (this.offset === -1) {
      // Once the disk has failed a session that is kept begins nothing that its next start would not know of.
      return spool.failed && this.guarantee === 2 && this.holderId !== 0 ? spool.commit : undefined
    }
    spool.note(this.holderId, this.offset, note)
    const { commit } = spool
    this.noting = commit
    const noted = (kept: number) => {
      if (this.noting !== commit) return
      this.noting = undefined
      this.note = kept
    }
    commit.then(
      () => noted(note),
      () => noted(before),
    )
    return commit
  }
}

export function leastOf(a: Guarantee, b: Guarantee): Guarantee {
  return a < b ? a : b
}

/** What a waiting message counts for in the limits: its payload, its topic, and its entry. */
export function sizeOf(message: Message): number {
  return message.payloadBytes + message.topic.length + 64
}
