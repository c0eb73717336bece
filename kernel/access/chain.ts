import type { Authenticator, Credentials, Exchange, Identity } from '../contract/access.ts'
import type { Clock } from '../contract/clock.ts'
import type { Peer } from '../contract/connection.ts'
import type { Logger } from '../contract/observe.ts'
import { Gate } from './gate.ts'
import { checkRules } from './rule-set.ts'

/** Authentications running at once, of the node: what a back end has to bear. */
export const maxConcurrentAuthentications = 256
/** Authentications waiting for their turn; one more is answered 'busy'. */
export const maxWaitingAuthentications = 4_096
export const authenticationTimeoutMs = 10_000
/** A failing plugin is reported once in this time, however many clients it fails. */
export const failureLogIntervalMs = 60_000

export interface ChainOptions {
  /** Clients without user name and password that no authenticator knows. Default: 'loopback'. */
  readonly anonymous?: 'never' | 'loopback' | 'always' | undefined
  /** Takes the user from a verified client certificate; such a client is not asked for a password. Default: 'none'. */
  readonly certificateUser?: 'none' | 'common-name' | undefined
  readonly concurrent?: number
  readonly waiting?: number
  readonly timeoutMs?: number
}

export interface NamedAuthenticator {
  readonly name: string
  readonly authenticator: Authenticator
}

/** 'busy': nobody was asked, or nobody answered in time; the client may try again. */
export type Verdict = Identity | 'denied' | 'busy'

/**
 * Asks authenticators in order; the first that does not say 'unknown' decides. Without any authenticator credentials
 * cannot be checked: a client's user name is then believed wherever an anonymous client would be let in.
 */
export class AuthenticationChain {
  readonly #members: readonly NamedAuthenticator[]
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #gate: Gate
  readonly #failures = new Map<string, { loggedAt: number; silent: number }>()
  #anonymous: 'never' | 'loopback' | 'always'
  #certificateUser: 'none' | 'common-name'

  constructor(
    members: readonly NamedAuthenticator[],
    host: { readonly clock: Clock; readonly logger: Logger },
    options: ChainOptions = {},
  ) {
    this.#members = members
    this.#clock = host.clock
    this.#logger = host.logger
    this.#anonymous = options.anonymous ?? 'loopback'
    this.#certificateUser = options.certificateUser ?? 'none'
    this.#gate = new Gate(host.clock, {
      concurrent: options.concurrent ?? maxConcurrentAuthentications,
      waiting: options.waiting ?? maxWaitingAuthentications,
      timeoutMs: options.timeoutMs ?? authenticationTimeoutMs,
    })
  }

  /** Every method that `exchange` offers. */
  get methods(): readonly string[] {
    return [...new Set(this.#members.flatMap(member => member.authenticator.methods ?? []))]
  }

  /** New answers to "who comes in without an authenticator's word"; the authenticators stay. */
  configure(options: Pick<ChainOptions, 'anonymous' | 'certificateUser'>): void {
    this.#anonymous = options.anonymous ?? 'loopback'
    this.#certificateUser = options.certificateUser ?? 'none'
  }

  /** Never rejects: a plugin that fails denies. `signal`: aborted when the client is gone, so that nobody is asked in vain. */
  authenticate(credentials: Credentials, peer: Peer, signal?: AbortSignal): Verdict | Promise<Verdict> {
    if (this.#certificateUser === 'common-name' && peer.certificate !== undefined) {
      return certificateIdentity(peer.certificate.commonName)
    }
    if (this.#members.length === 0) return this.#unknown(credentials, peer)
    const asked = { name: '' }
    return this.#guard(asked, () => this.#ask(credentials, peer, asked), signal).then(verdict =>
      verdict === 'unknown' ? this.#unknown(credentials, peer) : verdict,
    )
  }

  /** Whom no authenticator knows. */
  #unknown(credentials: Credentials, peer: Peer): Verdict {
    const nameless = credentials.user === undefined && credentials.password === undefined
    if (!nameless && this.#members.length > 0) return 'denied'
    const admitted = this.#anonymous === 'always' || (this.#anonymous === 'loopback' && peer.loopback)
    return admitted ? { user: credentials.user } : 'denied'
  }

  /** Starts a run with the first authenticator that offers the method. Its steps never reject: a failure denies. */
  exchange(method: string, peer: Peer): Exchange | undefined {
    for (const { name, authenticator } of this.#members) {
      if (!(authenticator.methods ?? []).includes(method)) continue
      let exchange: Exchange | undefined
      try {
        exchange = authenticator.exchange?.(method, peer)
      } catch (error) {
        this.#failed(name, error)
        return undefined
      }
      if (exchange !== undefined) return this.#guarded(name, exchange)
    }
    return undefined
  }

  /** Reads every authenticator's sources again, and reports all that failed; those keep their old state. */
  async reload(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#members.map(async ({ authenticator }) => authenticator.reload?.()))
    const errors = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join('; '))
  }

  /** Authenticators and what they say of themselves, in the order they are asked. */
  get plugins(): readonly { kind: 'auth'; name: string; state: Readonly<Record<string, unknown>> }[] {
    return this.#members.map(({ name, authenticator }) => ({
      kind: 'auth',
      name,
      state: authenticator.inspect?.() ?? {},
    }))
  }

  inspect(): Record<string, unknown> {
    return {
      anonymous: this.#anonymous,
      certificateUser: this.#certificateUser,
      running: this.#gate.running,
      waiting: this.#gate.waiting,
      authenticators: this.#members.map(({ name, authenticator }) => ({ name, ...authenticator.inspect?.() })),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ authenticator }) => authenticator.close()))
  }

  /** Notes in `asked` whom it is waiting for. */
  async #ask(credentials: Credentials, peer: Peer, asked: { name: string }): Promise<Identity | 'unknown' | 'denied'> {
    for (const { name, authenticator } of this.#members) {
      asked.name = name
      try {
        const answer = await authenticator.authenticate(credentials, peer)
        if (answer === 'unknown') continue
        return answer === 'denied' ? answer : this.#checked(answer)
      } catch (error) {
        this.#failed(name, error)
        return 'denied'
      }
    }
    return 'unknown'
  }

  #guarded(name: string, exchange: Exchange): Exchange {
    return {
      get user() {
        return exchange.user
      },
      step: async data => {
        const answer = await this.#guard({ name }, () => exchange.step(data))
        if (typeof answer === 'string') return 'denied'
        if (!('identity' in answer)) return answer
        try {
          const identity = this.#checked(answer.identity)
          return identity === 'denied' ? identity : { ...answer, identity }
        } catch (error) {
          this.#failed(name, error)
          return 'denied'
        }
      },
    }
  }

  async #guard<T>(
    asked: { readonly name: string },
    work: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | 'busy' | 'denied'> {
    try {
      const answer = await this.#gate.run(work, signal)
      if (answer === 'full') return 'busy'
      if (answer !== 'timeout') return answer as T
      this.#failed(asked.name, new Error('no answer in time'))
      return 'denied'
    } catch (error) {
      this.#failed(asked.name, error)
      return 'denied'
    }
  }

  /** An identity fit for use. Throws when the plugin broke its contract: a wrong rule must never become no rule. */
  #checked(identity: Identity): Identity | 'denied' {
    if (identity.user !== undefined && typeof identity.user !== 'string') throw new TypeError('user is not a string')
    if (identity.tenant !== undefined && (typeof identity.tenant !== 'string' || identity.tenant === '')) {
      throw new TypeError('tenant is not a name')
    }
    if (identity.rules !== undefined) checkRules(identity.rules)
    if (identity.expiresAt === undefined) return identity
    if (!Number.isFinite(identity.expiresAt)) throw new TypeError('expiresAt is not a time')
    return identity.expiresAt > this.#clock.now() ? identity : 'denied'
  }

  #failed(name: string, error: unknown): void {
    const now = this.#clock.now()
    const last = this.#failures.get(name)
    if (last !== undefined && now - last.loggedAt < failureLogIntervalMs) {
      last.silent += 1
      return
    }
    this.#failures.set(name, { loggedAt: now, silent: 0 })
    const fields = { authenticator: name, error: messageOf(error), failuresNotLogged: last?.silent ?? 0 }
    this.#logger.error(fields, 'authentication failed to run; clients are refused')
  }
}

/** The name a certificate gives its holder; 'denied' when it cannot be one. */
function certificateIdentity(commonName: string): Verdict {
  // Lone surrogates and U+FFFD are what is left of bytes that were not UTF-8; non-characters and controls forge logs.
  const unfit =
    commonName === '' ||
    commonName.length > 256 ||
    /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u2028\u2029\ufffd]/u.test(commonName)
  return unfit ? 'denied' : { user: commonName }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500)
}
