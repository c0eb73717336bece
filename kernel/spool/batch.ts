import { Deferred } from '../deferred.ts'
import type { Once } from './record.ts'

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

/** What goes into one commit, and what to take back when it is refused. */
export class Batch {
  readonly done = new Deferred()
  /** What was added to the ledger, and for whom. */
  readonly stored: { offset: number; holders: readonly Holder[]; references: number }[] = []
  readonly released: Release[] = []
  settled: { queues: number[]; offsets: number[] } | undefined
  count = 0

  constructor() {
    // Nobody may be waiting: a refusal is told to holders, and to those who asked for the commit.
    this.done.promise.catch(() => {})
  }
}
