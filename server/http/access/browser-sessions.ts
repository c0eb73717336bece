import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../../../kernel/plugin.ts'
import type { Account } from './accounts.ts'

export const sessionCookie = 'robustmq_session'
/** A browser that asks nothing for so long must log in again. */
export const idleMs = 8 * 3_600_000
/** However busy it is, it must log in again after this. */
const lifeMs = 7 * 24 * 3_600_000
const maxSessions = 10_000

interface BrowserSession {
  readonly account: Account
  readonly begunAt: number
  usedAt: number
}

/** Who is logged in with a browser. Only hashes of the cookies are kept, so that a dump of the memory opens nothing. */
export class BrowserSessions {
  readonly #clock: Clock
  readonly #sessions = new Map<string, BrowserSession>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The cookie's value. */
  begin(account: Account): string {
    this.#prune()
    const token = randomBytes(32).toString('base64url')
    const now = this.#clock.now()
    this.#sessions.set(hashOf(token), { account, begunAt: now, usedAt: now })
    return token
  }

  find(token: string): { account: Account; id: string } | undefined {
    const id = hashOf(token)
    const session = this.#sessions.get(id)
    if (!session || this.#isOver(session)) return undefined
    session.usedAt = this.#clock.now()
    return { account: session.account, id }
  }

  end(token: string): void {
    this.#sessions.delete(hashOf(token))
  }

  /** A changed or removed account begins anew, everywhere. */
  endOf(name: string): void {
    for (const [id, { account }] of this.#sessions) if (account.name === name) this.#sessions.delete(id)
  }

  #isOver({ begunAt, usedAt }: BrowserSession): boolean {
    const now = this.#clock.now()
    return now - usedAt > idleMs || now - begunAt > lifeMs
  }

  #prune(): void {
    for (const [id, session] of this.#sessions) if (this.#isOver(session)) this.#sessions.delete(id)
    // The oldest goes: a map keeps the order of its making.
    for (const [id] of this.#sessions) {
      if (this.#sessions.size < maxSessions) break
      this.#sessions.delete(id)
    }
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
