import type { Outcome } from './story.ts'

/** Counts what lives had in them. */
export class Tally {
  lives = 0
  #deaths = 0
  #publishes = 0
  #deliveries = 0
  #operations = 0

  add({ deaths, publishes, deliveries, operations }: Outcome): void {
    this.lives++
    this.#deaths += deaths
    this.#publishes += publishes
    this.#deliveries += deliveries
    this.#operations += operations
  }

  get line(): string {
    return (
      `${this.lives} lives, ${this.#deaths} ends of a process, ${this.#operations} operations of the disk, ` +
      `${this.#publishes} publishes, ${this.#deliveries} deliveries`
    )
  }
}

/** What was broken, and how to see it again. */
export function failure({ seed, broken }: Outcome): string {
  return `seed ${seed}:\n  ${broken.slice(0, 10).join('\n  ')}\nagain: SEED=${seed} SEEDS=1 TRACE=1 npm run test:simulation`
}
