import { isBrokerError } from '../contract/errors.ts'
import type { ClientSession } from './client-session.ts'
import { sessionRow } from './session-rows.ts'
import type { SessionHost, Sessions } from './sessions.ts'
import { retryAfterMs } from './wills.ts'

/** Rows of one write: a start may find every session there is without a connection. */
const stepRows = 4_096

/**
 * When connections ended, in the rows of their sessions. An end that found no room is stored as soon as there is some:
 * a start that does not know it counts from its own time, so every crash would give the session its expiry anew.
 */
export class Ends {
  readonly #sessions: Sessions
  readonly #host: SessionHost
  readonly #unstored = new Set<ClientSession>()
  #planned = false

  constructor(sessions: Sessions, host: SessionHost) {
    this.#sessions = sessions
    this.#host = host
  }

  /** Resolves when it is stored. @throws BrokerError STORAGE_FULL: it is tried again by itself. STORAGE_FAILED */
  async store(session: ClientSession): Promise<void> {
    try {
      await this.#sessions.write([sessionRow(session)])
    } catch (error) {
      if (isBrokerError(error, 'STORAGE_FULL')) this.storeLater(session)
      throw error
    }
  }

  /** Soon, when there may be room again. */
  storeLater(session: ClientSession): void {
    this.#unstored.add(session)
    if (this.#planned) return
    this.#planned = true
    this.#host.schedule.at(this.#host.clock.now() + retryAfterMs, () => {
      this.#planned = false
      // A disk that fails ends the broker.
      this.#storeUnstored().catch(() => {})
    })
  }

  /** Those that a restart found: resolves when they are stored, or there is no room for them. @throws BrokerError STORAGE_FAILED */
  async storeFound(found: Iterable<ClientSession>): Promise<void> {
    for (const session of found) this.#unstored.add(session)
    await this.#storeUnstored()
  }

  async #storeUnstored(): Promise<void> {
    const later: ClientSession[] = []
    while (this.#unstored.size > 0) {
      const step = firstOf(this.#unstored, stepRows)
      for (const session of step) this.#unstored.delete(session)
      const ready: ClientSession[] = []
      for (const session of step) {
        // Whoever has come back since, or is over, has written its own row.
        if (!session.stored || session.holder || !this.#sessions.has(session)) continue
        if (this.#sessions.isEnding(session)) later.push(session)
        else ready.push(session)
      }
      try {
        await this.#sessions.write(ready.map(sessionRow))
      } catch (error) {
        if (!isBrokerError(error, 'STORAGE_FULL')) throw error
        later.push(...ready)
        break
      }
    }
    for (const session of later) this.storeLater(session)
  }
}

function firstOf<One>(all: Iterable<One>, count: number): One[] {
  const first: One[] = []
  for (const one of all) if (first.push(one) === count) break
  return first
}
