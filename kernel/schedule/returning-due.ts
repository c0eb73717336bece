import type { Returning, ReturningDelayed } from '../spool/recovery.ts'

/** Collects what the spool says of due work: messages for later, and the numbers of wills that were published. */
export class ReturningDue implements Returning {
  /** By place. */
  readonly delayed = new Map<number, ReturningDelayed>()
  /** Where each number is held. */
  readonly published = new Map<number, number>()

  restoreDelayed(offset: number, delayed: ReturningDelayed): boolean {
    if (this.delayed.has(offset)) return false
    this.delayed.set(offset, delayed)
    return true
  }

  restoreSettled(offset: number): boolean {
    return this.delayed.delete(offset)
  }

  restoreHeld(id: number, offset: number): void {
    this.published.set(id, offset)
  }

  restoreReleased(id: number): number | undefined {
    const offset = this.published.get(id)
    this.published.delete(id)
    return offset
  }

  /** Due work is no target of messages, and has no notes. */
  restore(): boolean {
    return false
  }

  restoreNote(): void {}
}
