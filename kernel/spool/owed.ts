import type { Batch, Move, Release, Settled } from './batch.ts'
import type { Ledger } from './ledger.ts'

/** What has happened and is not written yet: settlements, which hurry nobody, and what a refused commit left unwritten. */
export class Owed {
  settled: Settled = { queues: [], offsets: [] }
  released: Release[] = []
  moved: Move[] = []

  get some(): boolean {
    return this.settled.queues.length > 0 || this.released.length > 0 || this.moved.length > 0
  }

  takeSettled(): Settled {
    const { settled } = this
    this.settled = { queues: [], offsets: [] }
    return settled
  }

  /**
   * Takes back what refused commits did not write: what is of durable records is written with the next commit; what is of
   * refused records counts again and is forgotten, for their offsets will name other messages.
   */
  takeBack(refused: readonly Batch[], durableTo: number, ledger: Ledger): void {
    const lists = [...refused.map(({ settled }) => settled), this.takeSettled()]
    for (const { released, moved } of refused) {
      this.moved.push(...moved.filter(({ offset }) => offset < durableTo))
      for (const release of released) {
        if (release.heldAt >= durableTo) ledger.add(release.heldAt, 1)
        else this.released.push(release)
      }
    }
    for (const settled of lists) {
      for (const [i, offset] of settled?.offsets.entries() ?? []) {
        if (offset >= durableTo) ledger.add(offset, 1)
        else {
          this.settled.queues.push(settled?.queues[i] as number)
          this.settled.offsets.push(offset)
        }
      }
    }
  }
}
