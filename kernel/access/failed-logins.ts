import type { Clock } from '../contract/clock.ts'
import { KeyedRates } from './rates.ts'

/** Names that are longer share a count with those that begin alike. */
const keptCharacters = 128
/** Names and addresses whose failures are counted; past it those that failed the least are forgotten first. */
const maxCounted = 10_000

/**
 * How often one user name was given with a wrong password from one address. Past the limit nobody is asked any more, whether
 * the next password is right or not, until failures have become rare again: guessing is slow, and costs the broker nothing.
 * Only failures count, so a fleet that shares a name is not held up by its number.
 */
export class FailedLogins {
  readonly #perMinute: number
  readonly #rates: KeyedRates

  /** `perMinute` 0: no limit. */
  constructor(clock: Clock, perMinute: number) {
    this.#perMinute = perMinute
    this.#rates = new KeyedRates(clock, perMinute / 60, maxCounted, perMinute)
  }

  /** Whether the next try is heard. Clients without a name guess nothing. */
  allows(user: string | undefined, address: string): boolean {
    return user === undefined || this.#perMinute === 0 || this.#rates.open(keyOf(user, address))
  }

  add(user: string | undefined, address: string): void {
    if (user !== undefined) this.#rates.charge(keyOf(user, address))
  }
}

function keyOf(user: string, address: string): string {
  return `${address}\0${user.slice(0, keptCharacters)}`
}
