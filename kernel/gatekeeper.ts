import {
  type AuthenticationChain,
  type Blacklist,
  Flapping,
  KeyedRates,
  type Permissions,
  Rate,
} from './access/index.ts'
import type { Credentials, Exchange, Identity, Principal } from './contract/access.ts'
import type { Clock } from './contract/clock.ts'
import type { Connection, Peer } from './contract/connection.ts'
import { BrokerError } from './contract/errors.ts'
import type { Counters, Events } from './contract/observe.ts'
import type { Limits } from './limits.ts'
import { defaultTenant } from './tenant.ts'

/** How long after the end of its credentials a client is still connected at most. */
const expiryGraceMs = 5_000

/** Lets clients in, or not: blacklist, connect rates, authentication, connection limits, in this order. */
export class Gatekeeper {
  readonly chain: AuthenticationChain
  readonly permissions: Permissions
  readonly blacklist: Blacklist
  readonly #limits: Limits
  readonly #counters: Counters
  readonly #clock: Clock
  readonly #nodeRate: Rate
  readonly #tenantRates: KeyedRates
  readonly #connections = new Map<string, number>()

  constructor(options: {
    chain: AuthenticationChain
    permissions: Permissions
    blacklist: Blacklist
    clock: Clock
    limits: Limits
    counters: Counters
    events: Events
    flapping: { disconnects: number; windowMs: number; banMs: number } | undefined
  }) {
    this.chain = options.chain
    this.permissions = options.permissions
    this.blacklist = options.blacklist
    this.#limits = options.limits
    this.#counters = options.counters
    this.#clock = options.clock
    this.#nodeRate = new Rate(options.clock, options.limits.connectsPerSecond)
    this.#tenantRates = new KeyedRates(options.clock, options.limits.tenantConnectsPerSecond)
    if (options.flapping) this.#watch(new Flapping(options.clock, options.flapping), options.events)
  }

  /** @throws BrokerError BANNED, LIMIT_REACHED, RATE_EXCEEDED, NOT_AUTHORIZED */
  async login(credentials: Credentials, connection: Connection): Promise<Principal> {
    this.#checkBan(credentials.clientId, credentials.user, connection.peer.address)
    if (!this.#nodeRate.take()) throw this.#tooManyConnects()
    const verdict = await this.chain.authenticate(credentials, connection.peer)
    if (verdict === 'busy') throw this.#refusal('LIMIT_REACHED', 'too many authentications are under way')
    if (verdict === 'denied') throw this.#refusal('NOT_AUTHORIZED', 'unknown user name or wrong password')
    return this.admit(verdict, credentials.clientId, connection)
  }

  /** Starts a challenge-response run; it costs work as a login does. @throws BrokerError RATE_EXCEEDED */
  exchange(method: string, peer: Peer): Exchange | undefined {
    if (!this.#nodeRate.take()) throw this.#tooManyConnects()
    return this.chain.exchange(method, peer)
  }

  /** @throws BrokerError BANNED, LIMIT_REACHED, RATE_EXCEEDED */
  admit(identity: Identity, clientId: string, connection: Connection): Principal {
    const { address } = connection.peer
    const tenant = identity.tenant ?? defaultTenant
    this.#checkBan(clientId, identity.user, address, tenant)
    if (!this.#tenantRates.take(tenant)) {
      throw this.#refusal('RATE_EXCEEDED', 'too many connects a second (limit tenantConnectsPerSecond)')
    }
    this.#countConnection(tenant, connection)
    this.#expire(identity, connection)
    return this.permissions.principal(identity, { clientId, address, tenant })
  }

  #tooManyConnects(): BrokerError {
    return this.#refusal('RATE_EXCEEDED', 'too many connects a second (limit connectsPerSecond)')
  }

  #checkBan(...client: Parameters<Blacklist['check']>): void {
    const ban = this.blacklist.check(...client)
    if (ban) throw this.#refusal('BANNED', `banned by ${ban.kind} "${ban.value}"`)
  }

  /** The last resort: a protocol says good-bye to its client before. */
  #expire({ expiresAt }: Identity, connection: Connection): void {
    if (expiresAt === undefined) return
    const delayMs = Math.max(0, expiresAt - this.#clock.now()) + expiryGraceMs
    const cancel = this.#clock.after(delayMs, () => connection.close('the credentials have expired'))
    connection.signal.addEventListener('abort', cancel)
  }

  #countConnection(tenant: string, connection: Connection): void {
    const { tenantConnections } = this.#limits
    if (tenantConnections === 0) return
    const open = this.#connections.get(tenant) ?? 0
    if (open >= tenantConnections) {
      throw this.#refusal('LIMIT_REACHED', `the tenant has ${open} connections (limit tenantConnections)`)
    }
    this.#connections.set(tenant, open + 1)
    connection.signal.addEventListener('abort', () => {
      const left = (this.#connections.get(tenant) ?? 1) - 1
      // A tenant's name can come from a token: what is not used any more must not stay.
      if (left > 0) this.#connections.set(tenant, left)
      else this.#connections.delete(tenant)
    })
  }

  #refusal(code: 'BANNED' | 'LIMIT_REACHED' | 'RATE_EXCEEDED' | 'NOT_AUTHORIZED', why: string): BrokerError {
    this.#counters.counter('logins_refused', { reason: code.toLowerCase() }).value++
    return new BrokerError(code, why)
  }

  #watch(flapping: Flapping, events: Events): void {
    events.on('session.detached', detail => {
      const [tenant, clientId] = [String(detail.tenant), String(detail.clientId)]
      const until = flapping.disconnected(tenant, clientId)
      if (until === undefined) return
      events.emit('client.flapping', { tenant, clientId, until })
      // Of this tenant alone: in another, the same id is somebody else.
      this.blacklist.add({ kind: 'client-id', value: clientId, tenant, until, reason: 'flapping' }).catch(() => {})
    })
  }
}
