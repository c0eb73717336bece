import { limitReached } from '../limit-reached.ts'
import type { Limits } from '../limits.ts'
import { type ClientSession, isInternal } from './client-session.ts'

/** How many sessions there are, of clients, of each tenant and of each user. */
export class SessionCounts {
  readonly #perTenant = new Map<string, number>()
  readonly #perUser = new Map<string, number>()
  #all = 0
  /** The broker's own, which no limit is about. */
  #internal = 0

  get ofClients(): number {
    return this.#all - this.#internal
  }

  add(session: ClientSession, user: string | undefined): void {
    this.#count(session, user, 1)
  }

  remove(session: ClientSession, user: string | undefined): void {
    this.#count(session, user, -1)
  }

  /** @throws BrokerError LIMIT_REACHED */
  check(
    tenant: string,
    user: string | undefined,
    limits: Pick<Limits, 'sessions' | 'tenantSessions' | 'userSessions'>,
  ): void {
    const { sessions, tenantSessions, userSessions } = limits
    const ofUser = user === undefined ? 0 : (this.#perUser.get(`${tenant}\0${user}`) ?? 0)
    if (sessions > 0 && this.ofClients >= sessions) throw limitReached('sessions', 'sessions', sessions)
    if (tenantSessions > 0 && (this.#perTenant.get(tenant) ?? 0) >= tenantSessions)
      throw limitReached('sessions', 'tenantSessions', tenantSessions)
    if (userSessions > 0 && ofUser >= userSessions) throw limitReached('sessions', 'userSessions', userSessions)
  }

  #count({ name, tenant }: ClientSession, user: string | undefined, by: 1 | -1): void {
    this.#all += by
    if (isInternal(name)) {
      this.#internal += by
      return
    }
    add(this.#perTenant, tenant.name, by)
    if (user !== undefined) add(this.#perUser, `${tenant.name}\0${user}`, by)
  }
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const left = (counts.get(key) ?? 0) + by
  if (left > 0) counts.set(key, left)
  else counts.delete(key)
}
