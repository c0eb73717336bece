import type { MatchedVia } from '../queues/bound-filter.ts'
import type { Returning, ReturningVia } from '../spool/recovery.ts'
import { ReturningReferences } from './returning-references.ts'

/** Tells the way of a stored reference from the bindings it names; some may be gone since. */
export type ViaResolver = (via: ReturningVia) => MatchedVia

/** Collects what the spool says of one queue. */
export class ReturningQueue implements Returning {
  readonly #resolve: ViaResolver
  readonly #references = new ReturningReferences()
  /** Ways are shared: a queue has few, however long its backlog. */
  readonly #vias: MatchedVia[] = []
  readonly #numbers = new Map<string, number>()
  #last: ReturningVia | undefined
  #lastNumber = 0
  readonly notes = new Map<number, number>()
  readonly held = new Map<number, number>()

  constructor(resolve: ViaResolver) {
    this.#resolve = resolve
  }

  restore(offset: number, bytes: number, via: ReturningVia): boolean {
    return this.#references.add(offset, this.#numberOf(via), bytes)
  }

  restoreSettled(offset: number): boolean {
    if (!this.#references.settle(offset)) return false
    this.notes.delete(offset)
    return true
  }

  restoreNote(offset: number, note: number): void {
    if (this.#references.has(offset)) this.notes.set(offset, note)
  }

  restoreHeld(id: number, offset: number): void {
    this.held.set(id, offset)
  }

  restoreReleased(id: number): number | undefined {
    const offset = this.held.get(id)
    this.held.delete(id)
    return offset
  }

  /** What is still referred to, oldest first; once, for it is given up meanwhile. */
  *references(): Generator<{ offset: number; via: MatchedVia; bytes: number }> {
    for (const { offset, via, size } of this.#references.take()) {
      yield { offset, via: this.#vias[via] as MatchedVia, bytes: size }
    }
  }

  #numberOf(via: ReturningVia): number {
    if (this.#last && isSame(this.#last, via)) return this.#lastNumber
    const key = `${via.guarantee} ${via.replay} ${via.bindingIds.join(' ')}`
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#vias.push(this.#resolve(via)) - 1
      this.#numbers.set(key, number)
    }
    this.#last = via
    this.#lastNumber = number
    return number
  }
}

function isSame(a: ReturningVia, b: ReturningVia): boolean {
  if (a.guarantee !== b.guarantee || a.replay !== b.replay || a.bindingIds.length !== b.bindingIds.length) return false
  for (let i = 0; i < a.bindingIds.length; i++) if (a.bindingIds[i] !== b.bindingIds[i]) return false
  return true
}
