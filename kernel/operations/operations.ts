import type { Decision, FlappingClient, Permissions } from '../access/index.ts'
import type { Action, Identity } from '../contract/access.ts'
import type { Message } from '../contract/message.ts'
import type { BindRequest, Bound } from '../contract/session.ts'
import type { Retained } from '../retained/retained.ts'
import type { LevelSurvey, Survey } from '../retained/topic-survey.ts'
import type { Delayed, DelayedView } from '../schedule/delayed.ts'
import { type ClientSession, isInternal, protocolOf, sessionName } from '../sessions/client-session.ts'
import type { Sessions } from '../sessions/sessions.ts'
import type { Tenant } from '../tenant.ts'
import { SeenSession } from './seen-session.ts'
import type { BindingView, SessionView } from './views.ts'

/** Names one session. */
export interface SessionName {
  readonly tenant: string
  readonly protocol: string
  readonly clientId: string
}

/** Whom a question of rights is about: a session that exists, or a client that might come. */
export interface Asker extends SessionName {
  readonly user: string | undefined
  readonly address: string
  readonly identity?: Identity
}

/** The protocol of spaces that no client has: see `Kernel.space`. */
const own = 'kernel'

interface Parts {
  readonly sessions: Sessions
  readonly retained: Retained
  readonly delayed: Delayed
  readonly permissions: Permissions
  /** Undefined: nobody looks for clients that come and go. */
  readonly flapping: { list(): Iterable<FlappingClient> } | undefined
  readonly tenants: ReadonlyMap<string, Tenant>
}

/**
 * What an operator sees and does, past any client's rights: whoever calls it must have asked for the operator's own.
 * Lists are lazy and see what changes while they are read.
 */
export class Operations {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get tenants(): readonly string[] {
    return [...this.#parts.tenants.keys()]
  }

  /** All but the broker's own, such as those of bridges. */
  *sessions(): Iterable<SessionView> {
    for (const session of this.#parts.sessions.all())
      if (protocolOf(session.name) !== own && !isInternal(session.name)) yield new SeenSession(session)
  }

  session(name: SessionName): SessionView | undefined {
    const session = this.#find(name)
    return session && new SeenSession(session)
  }

  *bindings(): Iterable<BindingView> {
    for (const session of this.sessions()) yield* bindingsOf(session)
  }

  bindingsOf(name: SessionName): readonly BindingView[] {
    const session = this.session(name)
    return session ? [...bindingsOf(session)] : []
  }

  /** Binds for a session, as if its client had asked; its rights hold. False: there is no such session. */
  async bind(name: SessionName, requests: readonly BindRequest[]): Promise<readonly Bound[] | undefined> {
    const session = this.#find(name)
    if (!session) return undefined
    let results: readonly Bound[] = []
    await this.#parts.sessions.bindings.bind(session, requests, bound => {
      results = bound
    })
    return results
  }

  async unbind(
    name: SessionName,
    filters: readonly { filter: string; group?: string | undefined }[],
  ): Promise<readonly boolean[] | undefined> {
    const session = this.#find(name)
    if (!session) return undefined
    let existed: readonly boolean[] = []
    await this.#parts.sessions.bindings.unbind(session, filters, ended => {
      existed = ended
    })
    return existed
  }

  /** Takes the session from its connection; with `end`, nothing of it is left. False: there is none. */
  kick({ tenant, protocol, clientId }: SessionName, options: { end: boolean }): Promise<boolean> {
    return this.#parts.sessions.kick(tenant, sessionName(protocol, clientId), options)
  }

  /** Retained messages of a tenant that the filter matches. `#` leaves out topics that begin with `$`. */
  *retained(tenant: string, filter: string): Iterable<Message> {
    for (const message of this.#parts.retained.match(tenant, filter)) if (message) yield message
  }

  /**
   * As `retained`, for a list that shows few of many: topics of which no beginning is wanted are passed over. What comes
   * out are places where its reader may stop for breath.
   */
  surveyRetained(tenant: string, filter: string, survey: Survey): Iterable<void> {
    return this.#parts.retained.survey(tenant, filter, survey)
  }

  /** How many messages `retained` has for `#`. */
  retainedCount(tenant: string): number {
    return this.#parts.retained.countOf(tenant)
  }

  /** What is one level below a topic, of those that are retained; without one, the first level. It yields as above. */
  surveyLevel(tenant: string, topic: string | undefined, survey: LevelSurvey): Iterable<void> {
    return this.#parts.retained.surveyLevel(tenant, topic, survey)
  }

  retainedAt(tenant: string, topic: string): Message | undefined {
    return this.#parts.retained.get(tenant, topic)
  }

  delayed(): Iterable<DelayedView> {
    return this.#parts.delayed.list()
  }

  /** The messages of some of them; of what was published meanwhile there is none. */
  peekDelayed(ids: ReadonlySet<number>): Promise<ReadonlyMap<number, Message>> {
    return this.#parts.delayed.peek(ids)
  }

  /** Gives a delayed message up. False: it is not, or no longer, waiting. */
  cancelDelayed(id: number): Promise<boolean> {
    return this.#parts.delayed.cancel(id)
  }

  /** Topics that something was published to lately, some more than once; each retained topic is one of `retained` besides. */
  recentTopics(tenant: string): Iterable<string> {
    return this.#parts.tenants.get(tenant)?.router.recentTopics() ?? []
  }

  /** Clients that come and go; of what is banned for it, the blacklist tells. Undefined: nobody looks for them. */
  flapping(): Iterable<FlappingClient> | undefined {
    return this.#parts.flapping?.list()
  }

  /** Which rule decides, for a session as it logged in, or else for a client of these names. */
  explain(asker: Asker, action: Action, topic: string): Decision {
    const principal = this.#find(asker)?.queue.principal
    const { clientId, user, address, identity } = asker
    return this.#parts.permissions.explain(
      principal ?? { clientId, user, address, ...(identity && { identity }) },
      action,
      topic,
    )
  }

  #find({ tenant, protocol, clientId }: SessionName): ClientSession | undefined {
    return this.#parts.sessions.get(tenant, sessionName(protocol, clientId))
  }
}

function* bindingsOf({ tenant, protocol, clientId, filters }: SessionView): Iterable<BindingView> {
  for (const { filter, options } of filters) yield { tenant, protocol, clientId, filter, options }
}
