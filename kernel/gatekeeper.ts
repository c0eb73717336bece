import {
  type AuthenticationChain,
  type Blacklist,
  FailedLogins,
  Flapping,
  KeyedRates,
  type Permissions,
  Rate,
  type Verdict,
} from './access/index.ts'
import type { Credentials, Exchange, Identity, Principal } from './contract/access.ts'
import type { Clock } from './contract/clock.ts'
import type { Caller } from './contract/connection.ts'
import { BrokerError } from './contract/errors.ts'
import type { Counter, Counters, Events } from './contract/observe.ts'
import type { Limits } from './limits.ts'
import { defaultTenant } from './tenant.ts'

/** How long after the end of its credentials a client is still connected at most. */
const expiryGraceMs = 5_000

/** Why clients are not let in. */
const refusals = ['BANNED', 'LIMIT_REACHED', 'RATE_EXCEEDED', 'NOT_AUTHORIZED'] as const

/** Lets clients in, or not: blacklist, connect rates, authentication, connection limits, in this order. */
export class Gatekeeper {
  readonly chain: AuthenticationChain
  readonly permissions: Permissions
  readonly blacklist: Blacklist
  /** Undefined where nobody looks for it. */
  readonly flapping: Flapping | undefined
  readonly #limits: Limits
  readonly #counters: Counters
  readonly #clock: Clock
  readonly #nodeRate: Rate
  readonly #failedLogins: FailedLogins
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
    this.#failedLogins = new FailedLogins(options.clock, options.limits.failedLoginsPerMinute)
    if (options.flapping) this.flapping = new Flapping(options.clock, options.flapping)
    if (this.flapping) this.#watch(this.flapping, options.events)
    for (const code of refusals) this.#refused(code)
  }

  /** A promise where an authenticator is asked. @throws BrokerError BANNED, LIMIT_REACHED, RATE_EXCEEDED, NOT_AUTHORIZED */
  login(credentials: Credentials, caller: Caller): Principal | Promise<Principal> {
    this.#checkBan(credentials.clientId, credentials.user, caller.peer.address)
    if (!this.#nodeRate.take()) throw this.#tooManyConnects()
    this.#checkFailures(credentials.user, caller)
    const verdict = this.chain.authenticate(credentials, caller.peer)
    if (!(verdict instanceof Promise)) return this.#judge(verdict, credentials, caller)
    return verdict.then(answer => this.#judge(answer, credentials, caller))
  }

  #judge(verdict: Verdict, credentials: Credentials, caller: Caller): Principal {
    if (verdict === 'busy') throw this.#refusal('LIMIT_REACHED', 'too many authentications are under way')
    if (verdict === 'denied') {
      this.#failedLogins.add(credentials.user, caller.peer.address)
      throw this.#refusal('NOT_AUTHORIZED', 'unknown user name or wrong password')
    }
    return this.admit(verdict, credentials.clientId, caller)
  }

  /** Starts a challenge-response run; it costs work as a login does. @throws BrokerError RATE_EXCEEDED */
  exchange(method: string, caller: Caller): Exchange | undefined {
    if (!this.#nodeRate.take()) throw this.#tooManyConnects()
    const exchange = this.chain.exchange(method, caller.peer)
    return exchange && { step: data => this.#step(exchange, data, caller) }
  }

  /** Also a challenge is an answer that costs work, and is denied to a name that failed too often. */
  async #step(exchange: Exchange, data: Uint8Array, caller: Caller): ReturnType<Exchange['step']> {
    const answer = await exchange.step(data)
    const { user } = exchange
    if (answer === 'denied') this.#failedLogins.add(user, caller.peer.address)
    else this.#checkFailures(user, caller)
    return answer
  }

  #checkFailures(user: string | undefined, { peer }: Caller): void {
    if (this.#failedLogins.allows(user, peer.address)) return
    const why = 'too many failed logins with this user name (limit failedLoginsPerMinute)'
    throw this.#refusal('RATE_EXCEEDED', why)
  }

  /** @throws BrokerError BANNED, LIMIT_REACHED, RATE_EXCEEDED */
  admit(identity: Identity, clientId: string, caller: Caller): Principal {
    const { address } = caller.peer
    const tenant = identity.tenant ?? defaultTenant
    this.#checkBan(clientId, identity.user, address, tenant)
    if (!this.#tenantRates.take(tenant)) {
      throw this.#refusal('RATE_EXCEEDED', 'too many connects a second (limit tenantConnectsPerSecond)')
    }
    this.#countConnection(tenant, caller)
    this.#expire(identity, caller)
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
  #expire({ expiresAt }: Identity, caller: Caller): void {
    if (expiresAt === undefined) return
    const delayMs = Math.max(0, expiresAt - this.#clock.now()) + expiryGraceMs
    const cancel = this.#clock.after(delayMs, () => caller.close('the credentials have expired'))
    caller.signal.addEventListener('abort', cancel)
  }

  #countConnection(tenant: string, caller: Caller): void {
    const { tenantConnections } = this.#limits
    if (tenantConnections === 0) return
    const open = this.#connections.get(tenant) ?? 0
    if (open >= tenantConnections) {
      throw this.#refusal('LIMIT_REACHED', `the tenant has ${open} connections (limit tenantConnections)`)
    }
    this.#connections.set(tenant, open + 1)
    caller.signal.addEventListener('abort', () => {
      const left = (this.#connections.get(tenant) ?? 1) - 1
      // A tenant's name can come from a token: what is not used any more must not stay.
      if (left > 0) this.#connections.set(tenant, left)
      else this.#connections.delete(tenant)
    })
  }

  #refusal(code: (typeof refusals)[number], why: string): BrokerError {
    this.#refused(code).value++
    return new BrokerError(code, why)
  }

  #refused(code: (typeof refusals)[number]): Counter {
    return this.#counters.counter('logins_refused', { reason: code.toLowerCase() })
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
