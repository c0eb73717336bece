import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { Clock } from '../../../kernel/plugin.ts'
import { Problem } from '../problem.ts'
import { type Actor, type Role, type Route, roles } from '../route.ts'
import type { Accounts } from './accounts.ts'
import type { BrowserSessions } from './browser-sessions.ts'

/** What the guard looks at. */
export interface Asked {
  readonly method: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly authorization: string | undefined
  /** The session cookie. */
  readonly cookie: string | undefined
  readonly address: string
}

/** Decides who calls, and whether from where it may be: before anything of the request is read. */
export class Guard {
  readonly #accounts: Accounts
  readonly #sessions: BrowserSessions
  readonly #clock: Clock
  readonly #hosts: ReadonlySet<string>
  /** The server is bound to this machine alone: without accounts, whoever is on it is an admin. */
  readonly #loopbackOnly: boolean

  constructor(options: {
    accounts: Accounts
    sessions: BrowserSessions
    clock: Clock
    hosts: readonly string[]
    loopbackOnly: boolean
  }) {
    this.#accounts = options.accounts
    this.#sessions = options.sessions
    this.#clock = options.clock
    this.#hosts = new Set(['localhost', hostname().toLowerCase(), ...options.hosts.map(host => host.toLowerCase())])
    this.#loopbackOnly = options.loopbackOnly
  }

  /** True: nobody needs to log in. */
  get open(): boolean {
    return this.#loopbackOnly && this.#accounts.accounts.length === 0
  }

  /**
   * Keeps pages of others out. A name that is not ours points here by DNS rebinding; an address cannot. A page of
   * another origin that calls us says so in `Origin`. @throws Problem
   */
  checkSource({ host, origin }: Asked): void {
    const name = hostOf(host)
    if (name === undefined || !(isIP(name) !== 0 || this.#hosts.has(name))) {
      throw new Problem(
        'misdirected-host',
        `this server does not go by the name "${host ?? ''}"; add it to http.hosts if it should`,
      )
    }
    if (origin !== undefined && originHost(origin) !== host?.toLowerCase()) {
      throw new Problem('forbidden', 'a page of another origin may not call this server')
    }
  }

  /** Undefined: nobody who is known. @throws Problem for credentials that are not right */
  identify({ authorization, cookie }: Asked): Actor | undefined {
    if (authorization !== undefined) {
      const key = /^Bearer (.+)$/i.exec(authorization)?.[1]
      const actor = key === undefined ? undefined : this.#accounts.actorOf(key, this.#clock.now())
      if (!actor) throw new Problem('unauthenticated', 'this API key is unknown, or has expired')
      return actor
    }
    const session = cookie === undefined ? undefined : this.#sessions.find(cookie)
    if (session) {
      const { name, role } = session.account
      return { name, role, via: 'session', groups: undefined, id: session.id }
    }
    return this.open ? { name: 'this machine', role: 'admin', via: 'loopback', groups: undefined } : undefined
  }

  /** @throws Problem when the actor may not call the route. */
  checkRights(actor: Actor | undefined, { needs, group }: Pick<Route, 'needs' | 'group'>): void {
    if (needs === 'nobody') return
    if (!actor) throw new Problem('unauthenticated', 'log in, or send an API key: Authorization: Bearer rmq_...')
    if (!reaches(actor.role, needs)) {
      throw new Problem('forbidden', `this needs the role ${needs}, and ${actor.name} has ${actor.role}`)
    }
    if (actor.groups && !actor.groups.includes(group)) {
      throw new Problem('forbidden', `this API key is for ${actor.groups.join(', ')} and not for ${group}`)
    }
  }
}

export function reaches(has: Role, needs: Role): boolean {
  return roles.indexOf(has) >= roles.indexOf(needs)
}

/** Without the port and the brackets of an IPv6 address. */
function hostOf(host: string | undefined): string | undefined {
  if (host === undefined) return undefined
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host.toLowerCase()) ?? []
  return bracketed ?? plain
}

function originHost(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}
