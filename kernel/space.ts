import type { KeyedRates, Permissions, PublishRate, Rate } from './access/index.ts'
import type { Principal } from './contract/access.ts'
import type { Clock } from './contract/clock.ts'
import type { Message } from './contract/message.ts'
import type { SessionOptions } from './contract/session.ts'
import type { Space } from './contract/space.ts'
import type { Exchange } from './exchange.ts'
import type { Memory, Modesty } from './memory/memory.ts'
import { sessionName } from './sessions/client-session.ts'
import type { SessionHold } from './sessions/session-hold.ts'
import type { Sessions } from './sessions/sessions.ts'
import type { Tenant } from './tenant.ts'
import type { TurnShare } from './turn.ts'

/** What spaces share. */
export interface SpaceHost {
  readonly clock: Clock
  readonly memory: Memory
  readonly exchange: Exchange
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
  /** What it was let off while others had to wait. */
  readonly #modesty: Modesty = { relief: undefined, bytes: 0 }
  readonly #share: TurnShare = { turn: 0, offers: 0 }

  /** `protocol`: whose clients these are; session ids are its own. */
  constructor(host: SpaceHost, tenant: Tenant, principal: Principal, protocol: string) {
    this.#host = host
    this.#tenant = tenant
    this.principal = principal
    this.#protocol = protocol
    this.#rate = host.connectionRate()
  }

  publish(message: Message): number | Promise<number> {
    return this.#host.exchange.publishFor(this.principal, this.#tenant, message)
  }

  throttle(bytes: number): Promise<void> | undefined {
    const { nodeRate, tenantRates, memory, exchange, clock } = this.#host
    const room = exchange.turn.wait(this.#share, memory.wait(bytes, this.#modesty))
    if (!this.#rate && !tenantRates && !nodeRate) return room
    const waitMs = Math.max(
      this.#rate?.charge(bytes) ?? 0,
      tenantRates?.charge(this.#tenant.name) ?? 0,
      nodeRate?.charge() ?? 0,
    )
    return waitMs === 0 ? room : waited(clock, waitMs, room)
  }

  fence(): undefined {}

  session(id: string, options: SessionOptions): Promise<SessionHold> {
    return this.#host.sessions.open(this.principal, sessionName(this.#protocol, id), options)
  }
}

/** Not where it is asked for: its closures would be made room for with every message. */
function waited(clock: Clock, waitMs: number, room: Promise<void> | undefined): Promise<void> {
  return new Promise<void>(resolve => clock.after(waitMs, resolve)).then(() => room)
}

/**
 * Whoever publishes from within the broker. `guest`: in somebody else's name, such as a bridge's or an operator's: no rule
 * is about it, but the broker's own topics are closed to it as to any client.
 */
export function ownPrincipal(permissions: Permissions, tenant: string, guest: string | undefined): Principal {
  if (guest === undefined) return systemPrincipal(tenant)
  return permissions.principal({ user: undefined, superuser: true }, { clientId: guest, address: '', tenant })
}

/** The broker's own principal: no rule is about it. */
export function systemPrincipal(tenant: string): Principal {
  return { clientId: '', user: undefined, tenant, address: '', expiresAt: undefined, may: () => true }
}
