import { Random } from '../support/random.ts'

/** Whoever it belongs to is dead: it does not happen any more. */
export interface Owner {
  readonly alive: boolean
}

interface Happening {
  readonly at: number
  readonly order: number
  readonly owner: Owner | undefined
  work: (() => void) | undefined
}

const startsAt = 1_700_000_000_000
/** A life that takes more happenings than this does not end. */
const mostHappenings = 2_000_000

const stepsInTurn = 64

const trueImmediate = globalThis.setImmediate
const trueDate = Date.now

/**
 * Time and chance of one run: everything that happens waits here for its moment, one thing at a time, with all promises
 * that it settles. While it runs, `setImmediate` and `Date.now` of this thread are its own: nothing comes from the
 * machine, so that a seed replays exactly.
 */
export class World {
  readonly random: Random
  /** The process whose turns of the event loop these are. */
  process: Owner = { alive: true }
  /** Simulated, in ms since the epoch. */
  now = startsAt
  /** Counts happenings: which of two was first. */
  tick = 0
  /** Changes with everything that is traced. */
  digest = 0x811c9dc5
  onTrace: ((line: string) => void) | undefined
  /** Latest first. */
  readonly #waiting: Happening[] = []
  #order = 0

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  /** Does work after a time; returns how to cancel it. */
  after(ms: number, work: () => void, owner?: Owner): () => void {
    const happening: Happening = { at: this.now + Math.max(0, ms), order: this.#order++, owner, work }
    let low = 0
    let high = this.#waiting.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#waiting[middle] as Happening
      if (other.at > happening.at || (other.at === happening.at && other.order > happening.order)) low = middle + 1
      else high = middle
    }
    this.#waiting.splice(low, 0, happening)
    return () => {
      happening.work = undefined
    }
  }

  sleep(ms: number, owner?: Owner): Promise<void> {
    return new Promise(resolve => this.after(ms, resolve, owner))
  }

  /** Looks every few ms whether something is so; false when it is not in time. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const end = this.now + ms
    while (!condition()) {
      if (this.now >= end) return false
      await this.sleep(5)
    }
    return true
  }

  trace(line: string): void {
    for (let i = 0; i < line.length; i++) this.digest = Math.imul(this.digest ^ line.charCodeAt(i), 0x01000193)
    this.onTrace?.(`${(this.now - startsAt).toFixed(1).padStart(9)} ${this.tick} ${line}`)
  }

  /** Lets things happen until the story is told. */
  async run<T>(story: () => Promise<T>): Promise<T> {
    globalThis.setImmediate = ((work: (...given: unknown[]) => void, ...given: unknown[]) => {
      this.after(0, () => work(...given), this.process)
    }) as unknown as typeof setImmediate
    Date.now = () => this.now
    try {
      return await new Promise<T>((resolve, reject) => {
        let told = false
        const end = (): void => {
          told = true
        }
        story().finally(end).then(resolve, reject)
        const step = (): void => {
          if (told) return
          try {
            this.#happen()
          } catch (error) {
            told = true
            return reject(error)
          }
        }
        // Between two of them all promises run; many in one turn of the true event loop cost little.
        const turn = (): void => {
          if (told) return
          for (let i = 1; i < stepsInTurn; i++) trueImmediate(step)
          trueImmediate(turn)
        }
        turn()
      })
    } finally {
      globalThis.setImmediate = trueImmediate
      Date.now = trueDate
    }
  }

  #happen(): void {
    for (;;) {
      const next = this.#waiting.pop()
      if (!next) throw new Error('nothing is left that could happen, and the story is not over')
      if (!next.work || next.owner?.alive === false) continue
      if (++this.tick > mostHappenings) throw new Error(`the story is not over after ${mostHappenings} happenings`)
      this.now = Math.max(this.now, next.at)
      next.work()
      return
    }
  }
}
