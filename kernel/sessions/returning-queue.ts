import type { Guarantee } from '../contract/message.ts'
import type { MatchedVia } from '../queues/bound-filter.ts'
import type { Returning } from '../spool/recovery.ts'

/** Tells the way of a stored reference from the bindings it names; some may be gone since. */
export type ViaResolver = (via: { guarantee: Guarantee; replay: boolean; bindingIds: number[] }) => MatchedVia

const absent = -1

/** Collects what the spool says of one queue. Offsets ascend, so a reference is found again by halving. */
export class ReturningQueue implements Returning {
  readonly #resolve: ViaResolver
  readonly #offsets: number[] = []
  readonly #vias: MatchedVia[] = []
  readonly #bytes: number[] = []
  /** Per slot of `offsets`: the reference is done. */
  readonly #settled: boolean[] = []
  readonly notes = new Map<number, number>()
  readonly held = new Map<number, number>()

  constructor(resolve: ViaResolver) {
    this.#resolve = resolve
  }

  restore(
    offset: number,
    bytes: number,
    via: { guarantee: Guarantee; replay: boolean; bindingIds: number[] },
  ): boolean {
    let at = this.#offsets.length
    // Only what was moved here from a group, or written again, is older than what came last.
    while (at > 0 && (this.#offsets[at - 1] as number) > offset) at--
    if (at > 0 && this.#offsets[at - 1] === offset) return false
    if (at === this.#offsets.length) {
      this.#offsets.push(offset)
      this.#vias.push(this.#resolve(via))
      this.#bytes.push(bytes)
      this.#settled.push(false)
      return true
    }
    this.#offsets.splice(at, 0, offset)
    this.#vias.splice(at, 0, this.#resolve(via))
    this.#bytes.splice(at, 0, bytes)
    this.#settled.splice(at, 0, false)
    return true
  }

  restoreSettled(offset: number): boolean {
    const at = this.#find(offset)
    if (at === absent || this.#settled[at]) return false
    this.#settled[at] = true
    this.notes.delete(offset)
    return true
  }

  restoreNote(offset: number, note: number): void {
    if (this.#find(offset) !== absent) this.notes.set(offset, note)
  }

  restoreHeld(id: number, offset: number): void {
    this.held.set(id, offset)
  }

  restoreReleased(id: number): number | undefined {
    const offset = this.held.get(id)
    this.held.delete(id)
    return offset
  }

  /** What is still referred to, oldest first. */
  *references(): Generator<{ offset: number; via: MatchedVia; bytes: number }> {
    for (let i = 0; i < this.#offsets.length; i++) {
      if (this.#settled[i]) continue
      yield { offset: this.#offsets[i] as number, via: this.#vias[i] as MatchedVia, bytes: this.#bytes[i] as number }
    }
  }

  #find(offset: number): number {
    let low = 0
    let high = this.#offsets.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const at = this.#offsets[middle] as number
      if (at === offset) return middle
      if (at < offset) low = middle + 1
      else high = middle - 1
    }
    return absent
  }
}
