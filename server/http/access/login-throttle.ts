import type { Clock } from '../../../kernel/plugin.ts'

/** Wrong passwords that cost nothing. */
const freeFailures = 5
const firstWaitMs = 1_000
const longestWaitMs = 300_000
const rememberedFailures = 10_000

/** Makes guessing passwords slow, by address and by name, each for itself. */
export class LoginThrottle {
  readonly #clock: Clock
  readonly #failures = new Map<string, { count: number; until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How long whoever tries must wait, ms; 0: not at all. */
  wait(address: string, name: string): number {
    const now = this.#clock.now()
    return Math.max(0, ...keysOf(address, name).map(key => (this.#failures.get(key)?.until ?? 0) - now))
  }

  failed(address: string, name: string): void {
    for (const key of keysOf(address, name)) {
      const count = (this.#failures.get(key)?.count ?? 0) + 1
      const past = count - freeFailures
      const waitMs = past < 0 ? 0 : Math.min(firstWaitMs * 2 ** past, longestWaitMs)
      // Deleted first, so that the map's order is that of the last failure.
      this.#failures.delete(key)
      this.#failures.set(key, { count, until: this.#clock.now() + waitMs })
    }
    for (const key of this.#failures.keys()) {
      if (this.#failures.size <= rememberedFailures) break
      this.#failures.delete(key)
    }
  }

  succeeded(address: string, name: string): void {
    for (const key of keysOf(address, name)) this.#failures.delete(key)
  }
}

function keysOf(address: string, name: string): readonly string[] {
  return [`address ${address}`, `name ${name}`]
}
