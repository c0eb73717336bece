import type { Action, Identity, Principal, Rule } from '../contract/access.ts'
import { isClosed } from './closed-topics.ts'
import { type Decision, explain } from './explain.ts'
import { OpenTopics } from './open-topics.ts'
import type { CheckedRule, Subject } from './rule-set.ts'
import { bindRules, checkRules, ruleOf } from './rule-set.ts'
import { coversLevels, matchesLevels } from './topic-cover.ts'

/** Decisions kept per client and action. A client that uses more topics is judged again and again, which is correct. */
export const cachedDecisions = 64
/** Longer topics are not kept, so that the caches of one client stay under about 50 KiB. */
export const cachedTopicLength = 256

export interface PermissionOptions {
  /** The configured rules, tried after an identity's own. undefined: none; an empty list denies, as an empty file does. */
  readonly rules?: readonly Rule[] | undefined
  /** When no rule applies. Default: 'deny' as soon as rules are configured or come with the identity, else 'allow'. */
  readonly noMatch?: 'allow' | 'deny' | undefined
  /** First levels that begin with '$' and that clients may publish to, where their rules say so. Default: none. */
  readonly openTopics?: readonly string[] | undefined
}

/** The configured rules, and the maker of principals. Principals follow `replace` at their next question. */
export class Permissions {
  #rules: readonly CheckedRule[]
  #configured: boolean
  #noMatch: 'allow' | 'deny' | undefined
  #open: OpenTopics
  #version = 0
  readonly #splits = new WeakMap<readonly CheckedRule[], Split>()

  /** @throws BrokerError CONFIG_INVALID when a rule is wrong. */
  constructor(options: PermissionOptions = {}) {
    this.#rules = checkRules(options.rules ?? [])
    this.#configured = options.rules !== undefined
    this.#noMatch = options.noMatch
    this.#open = new OpenTopics(options.openTopics)
  }

  /** Grows by one with every `replace`. */
  get version(): number {
    return this.#version
  }

  /** New rules for everyone, live principals included. @throws BrokerError CONFIG_INVALID; then the old rules stay. */
  replace(options: PermissionOptions): void {
    const rules = checkRules(options.rules ?? [])
    this.#open = new OpenTopics(options.openTopics)
    this.#rules = rules
    this.#configured = options.rules !== undefined
    this.#noMatch = options.noMatch
    this.#version += 1
  }

  /** @throws BrokerError CONFIG_INVALID when one of the identity's own rules is wrong. */
  principal(identity: Identity, subject: { clientId: string; address: string; tenant: string }): Principal {
    return new BoundPrincipal(this, identity, subject)
  }

  /** Whether clients may publish there at all. */
  opens(topic: string): boolean {
    return this.#open.has(topic)
  }

  /** How this subject is judged now. */
  bind(own: readonly CheckedRule[] | undefined, subject: Subject, closed = false): Judge {
    const rules = bindRules(own === undefined ? this.#rules : [...own, ...this.#rules], subject)
    const noMatch = closed ? 'deny' : (this.#noMatch ?? (this.#configured || own !== undefined ? 'deny' : 'allow'))
    if (rules.length === 0) return noMatch === 'allow' ? allowAll : denyAll
    const { publish, subscribe } = this.#split(rules)
    return {
      publish: new Decisions(publish, noMatch === 'allow', matchesLevels),
      receive: new Decisions(subscribe, noMatch === 'allow', matchesLevels),
      subscribe: new Decisions(subscribe, noMatch === 'allow', coversLevels),
    }
  }

  /** Clients with the same rules share their lists: a thousand rules and a fleet would fill the memory. */
  #split(rules: readonly CheckedRule[]): Split {
    let split = this.#splits.get(rules)
    if (split === undefined) {
      split = { publish: rules.filter(rule => rule.publish), subscribe: rules.filter(rule => rule.subscribe) }
      this.#splits.set(rules, split)
    }
    return split
  }

  /** Which rule decides whether this client may, as it is or would be judged now. */
  explain(client: Principal | (Subject & { readonly identity?: Identity }), action: Action, topic: string): Decision {
    const standing =
      client instanceof BoundPrincipal ? client.standing : 'identity' in client ? client.identity : undefined
    const own = standing?.rules
    return explain(
      { action, topic, subject: client, identity: standing },
      {
        opens: asked => this.opens(asked),
        identity: checkRules(own ?? []),
        configuration: this.#rules,
        noMatch: isClosed(topic)
          ? 'deny'
          : (this.#noMatch ?? (this.#configured || own !== undefined ? 'deny' : 'allow')),
        ruleOf,
      },
    )
  }

  inspect(): Record<string, unknown> {
    return { rules: this.#rules.length, noMatch: this.#noMatch ?? (this.#configured ? 'deny' : 'allow') }
  }
}

interface Split {
  readonly publish: readonly CheckedRule[]
  readonly subscribe: readonly CheckedRule[]
}

interface Judge {
  readonly publish: Decisions
  readonly subscribe: Decisions
  readonly receive: Decisions
}

/** What a restart must know of an identity, to judge what it left behind: a will, a delayed message. Nothing secret; JSON. */
export type Standing = Pick<Identity, 'user' | 'rules' | 'superuser'>

/** Undefined: the broker's own, whom no rule concerns. */
export function standingOf(principal: Principal | undefined): Standing | undefined {
  return principal instanceof BoundPrincipal ? principal.standing : undefined
}

class BoundPrincipal implements Principal {
  readonly clientId: string
  readonly user: string | undefined
  readonly tenant: string
  readonly expiresAt: number | undefined
  readonly #permissions: Permissions
  readonly #own: readonly CheckedRule[] | undefined
  readonly #superuser: boolean
  readonly address: string
  #version = -1
  #judge: Judge | undefined

  constructor(
    permissions: Permissions,
    identity: Identity,
    subject: { clientId: string; address: string; tenant: string },
  ) {
    this.clientId = subject.clientId
    this.user = identity.user
    this.tenant = subject.tenant
    this.expiresAt = identity.expiresAt
    this.#permissions = permissions
    this.#own = identity.rules === undefined ? undefined : checkRules(identity.rules)
    this.#superuser = identity.superuser === true
    this.address = subject.address
  }

  get standing(): Standing {
    return {
      user: this.user,
      ...(this.#own !== undefined && { rules: this.#own.map(ruleOf) }),
      ...(this.#superuser && { superuser: true }),
    }
  }

  may(action: Action, topic: string): boolean {
    if (action === 'publish' && !this.#permissions.opens(topic)) return false
    if (this.#superuser) return true
    // Asked rarely, and not worth a place in every client's caches.
    if (topic.startsWith('$') && isClosed(topic))
      return this.#permissions.bind(this.#own, this.#subject, true)[action].allow(topic)
    let judge = this.#judge
    if (judge === undefined || this.#version !== this.#permissions.version) {
      this.#version = this.#permissions.version
      judge = this.#judge = this.#permissions.bind(this.#own, this.#subject)
    }
    // By name: what is asked for each message must not be looked for among the names.
    const asked = action === 'publish' ? judge.publish : action === 'receive' ? judge.receive : judge.subscribe
    return asked.allow(topic)
  }

  get #subject(): Subject {
    return { clientId: this.clientId, user: this.user, address: this.address }
  }
}

type Applies = (filter: readonly string[], asked: readonly string[]) => boolean

/** The answers to one kind of question. */
class Decisions {
  readonly #rules: readonly CheckedRule[]
  readonly #noMatch: boolean
  readonly #applies: Applies
  /** The answer when no topic can change it. */
  readonly #always: boolean | undefined
  #known: Map<string, boolean> | undefined

  constructor(rules: readonly CheckedRule[], noMatch: boolean, applies: Applies) {
    const last = rules.findIndex(rule => rule.filters === undefined)
    const end = rules[last]?.allow ?? noMatch
    this.#rules = last < 0 ? rules : rules.slice(0, last)
    this.#noMatch = end
    this.#applies = applies
    this.#always = this.#rules.every(rule => rule.allow === end) ? end : undefined
  }

  allow(topic: string): boolean {
    if (this.#always !== undefined) return this.#always
    const known = this.#known?.get(topic)
    if (known !== undefined) return known
    const allowed = this.#decide(topic)
    if (topic.length <= cachedTopicLength) {
      if (this.#known === undefined || this.#known.size >= cachedDecisions) this.#known = new Map()
      this.#known.set(topic, allowed)
    }
    return allowed
  }

  #decide(topic: string): boolean {
    const levels = topic.split('/')
    for (const rule of this.#rules) {
      if (rule.filters?.some(filter => this.#applies(filter, levels))) return rule.allow
    }
    return this.#noMatch
  }
}

const allowAll = judgeAll(true)
const denyAll = judgeAll(false)

/** Shared by everyone whom no rule concerns: an idle client costs no tables. */
function judgeAll(allowed: boolean): Judge {
  const decisions = new Decisions([], allowed, matchesLevels)
  return { publish: decisions, subscribe: decisions, receive: decisions }
}
