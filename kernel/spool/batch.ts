import { Deferred } from '../deferred.ts'
import type { Once, StoredVia } from './record.ts'

/** Who holds references into the spool. */
export interface Holder {
  readonly id: number
  /** The commit that would have stored this offset failed: forget the reference, its publisher was refused. */
  retract(offset: number): void
}

/** An identifier to forget, and where it was held. */
export interface Release {
  readonly once: Once
  readonly heldAt: number
}

/** References that are done: pairs, as two arrays. */
export interface Settled {
  readonly queues: number[]
  readonly offsets: number[]
}

/** A reference that went from one holder to another. */
export interface Move {
  readonly fromId: number
  readonly toId: number
  readonly offset: number
  readonly guarantee: 1 | 2
  readonly via: StoredVia
}

/** What goes into one commit, and what to take back when it is refused. */
export class Batch {
  readonly done = new Deferred()
  /** What was added to the ledger, and for whom. */
  readonly stored: { offset: number; holders: readonly Holder[]; references: number }[] = []
  readonly released: Release[] = []
  readonly moved: Move[] = []
  /** References that are done when this commit is, and not before. */
  readonly finished: number[] = []
  settled: Settled | undefined
  /** What has to be stored elsewhere before it is. */
  readonly after: Promise<unknown>[] = []
  /** Its flush waits for those. */
  waits = false
  count = 0
  /** Of its records, once they are on their way. */
  bytes = 0

  constructor() {
    // Nobody may be waiting: a refusal is told to holders, and to those who asked for the commit.
    this.done.promise.catch(() => {})
  }
}
