import type { KeyedRates, PublishRate, Rate } from './access/index.ts'
import type { Principal } from './contract/access.ts'
import type { Message } from './contract/message.ts'
import type { Session, SessionOptions } from './contract/session.ts'
import type { Space } from './contract/space.ts'
import type { Exchange } from './exchange.ts'
import type { Retained } from './retained/retained.ts'
import { sessionName } from './sessions/client-session.ts'
import type { Sessions } from './sessions/sessions.ts'
import type { Tenant } from './tenant.ts'

/** What spaces share. */
export interface SpaceHost {
  readonly exchange: Exchange
  readonly retained: Retained
  readonly sessions: Sessions
  /** Undefined where no rate is limited. */
  readonly nodeRate: Rate | undefined
  readonly tenantRates: KeyedRates | undefined
  connectionRate(): PublishRate | undefined
}

/** A tenant as one principal sees it. */
export class TenantSpace implements Space {
  readonly principal: Principal
  readonly #host: SpaceHost
  readonly #tenant: Tenant
  readonly #protocol: string
  readonly #rate: PublishRate | undefined

  /** `protocol`: whose clients these are; session ids are its own. */
  constructor(host: SpaceHost, tenant: Tenant, principal: Principal, protocol: string) {
    this.#host = host
    this.#tenant = tenant
    this.principal = principal
    this.#protocol = protocol
    this.#rate = host.connectionRate()
  }

  publish(message: Message): number | Promise<void> {
    return this.#host.exchange.publishFor(this.principal, this.#tenant, message)
  }

  throttle(bytes: number): number {
    const { nodeRate, tenantRates } = this.#host
    if (!this.#rate && !tenantRates && !nodeRate) return 0
    return Math.max(
      this.#rate?.charge(bytes) ?? 0,
      tenantRates?.charge(this.#tenant.name) ?? 0,
      nodeRate?.charge() ?? 0,
    )
  }

  session(id: string, options: SessionOptions): Promise<Session> {
    return this.#host.sessions.open(this.principal, sessionName(this.#protocol, id), options)
  }

  *retained(filter: string): Iterable<Message> {
    for (const message of this.#host.retained.match(this.#tenant.name, filter)) {
      if (this.principal.may('receive', message.topic)) yield message
    }
  }
}

/** The broker's own principal: no rule is about it. */
export function systemPrincipal(tenant: string): Principal {
  return { clientId: '', user: undefined, tenant, address: '', expiresAt: undefined, may: () => true }
}
