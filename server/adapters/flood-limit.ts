import type { Clock } from '../../kernel/plugin.ts'

export interface FloodLimits {
  /** Lines of one kind (level and message) within a window that are written. */
  readonly lines: number
  /** Lines of all kinds within a window that are written. */
  readonly allLines: number
  readonly windowMs: number
}

export const defaultFloodLimits: FloodLimits = { lines: 50, allLines: 5_000, windowMs: 10_000 }

/** Kinds remembered in a window; past it further kinds share one count. */
const kindsLimit = 1_000

/** Bounds the log: of lines alike, the first few of a window are written, the rest is counted and told at its end. */
export class FloodLimit {
  readonly #clock: Clock
  readonly #limits: FloodLimits
  readonly #tell: (kind: string, suppressed: number, windowMs: number) => void
  #counts = new Map<string, number>()
  #all = 0
  #cancel: (() => void) | undefined

  constructor(clock: Clock, limits: FloodLimits, tell: (kind: string, suppressed: number, windowMs: number) => void) {
    this.#clock = clock
    this.#limits = limits
    this.#tell = tell
  }

  /** Whether this line may be written. */
  pass(kind: string): boolean {
    this.#cancel ??= this.#clock.after(this.#limits.windowMs, () => this.#turn())
    const key = this.#counts.has(kind) || this.#counts.size < kindsLimit ? kind : 'other lines'
    const count = (this.#counts.get(key) ?? 0) + 1
    // Counted even when refused: what is over the limit of all lines shows in its kind's count.
    this.#counts.set(key, count)
    if (count > this.#limits.lines) return false
    if (this.#all >= this.#limits.allLines) return false
    this.#all++
    this.#written.set(key, (this.#written.get(key) ?? 0) + 1)
    return true
  }

  /** Tells what the current window suppressed. */
  close(): void {
    this.#turn()
  }

  #written = new Map<string, number>()

  #turn(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const counts = this.#counts
    const written = this.#written
    this.#counts = new Map()
    this.#written = new Map()
    this.#all = 0
    for (const [kind, count] of counts) {
      const suppressed = count - (written.get(kind) ?? 0)
      if (suppressed > 0) this.#tell(kind, suppressed, this.#limits.windowMs)
    }
  }
}
