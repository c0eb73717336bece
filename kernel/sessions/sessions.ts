import type { Identity, Principal } from '../contract/access.ts'
import type { Clock } from '../contract/clock.ts'
import { BrokerError, isBrokerError } from '../contract/errors.ts'
import type { Message } from '../contract/message.ts'
import type { Counter, Counters, Events, Logger } from '../contract/observe.ts'
import type { Session, SessionOptions } from '../contract/session.ts'
import type { Change, Table } from '../contract/table.ts'
import type { PublishOnce } from '../exchange.ts'
import type { Limits } from '../limits.ts'
import { Queue } from '../queues/queue.ts'
import type { QueueHost } from '../queues/queue-host.ts'
import type { Retained } from '../retained/retained.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { Tenant } from '../tenant.ts'
import { Bindings } from './bindings.ts'
import { ClientSession, idOf, isInternal, type SessionHolder } from './client-session.ts'
import { Ends } from './ends.ts'
import { SessionCounts } from './session-counts.ts'
import { showSessions } from './session-gauges.ts'
import { SessionHold } from './session-hold.ts'
import { isRowOf, keyOf, ownerOf, put, remove, rowKey, sessionRow } from './session-rows.ts'
import { checkWill, retryAfterMs, Wills } from './wills.ts'

/** Numbers below are the kernel's own. */
const firstNumber = 16

/** What sessions need of the rest of the kernel. */
export interface SessionHost {
  readonly clock: Clock
  readonly logger: Logger
  readonly events: Events
  readonly counters: Counters
  readonly limits: Limits
  readonly schedule: Schedule
  readonly queues: QueueHost
  /** What the queue of that session is to have in common with others. */
  queuesOf(name: string): QueueHost
  readonly retained: Retained
  /** Undefined when the storage keeps nothing. */
  readonly table: Table | undefined
  tenant(name: string): Tenant
  /** The principal of a session that a restart found. */
  principal(identity: Identity, clientId: string, address: string, tenant: string): Principal
  /** Checks, matches, stores, hands out: the one way in. See `Space.publish`. */
  publish(
    principal: Principal | undefined,
    tenant: Tenant,
    message: Message,
    once?: PublishOnce,
  ): number | Promise<number>
  /** Publishes for a principal if it still may; `dueId` is held until `dueDone`, so that no restart repeats it. */
  publishDue(principal: Principal | undefined, tenant: Tenant, message: Message, dueId: number): Promise<void>
  dueDone(dueId: number): void
}

/** All sessions: who holds them, when they end, and what of them is kept. */
export class Sessions {
  readonly host: SessionHost
  readonly bindings: Bindings
  readonly ends: Ends
  readonly #wills: Wills
  readonly #sessions = new Map<string, ClientSession>()
  readonly #counts = new SessionCounts()
  readonly #expired: Counter
  /** By key, sessions that are over while their rows are not gone yet: rows of the next one must be written later. */
  readonly #ending = new Map<string, Promise<void>>()
  #nextNumber = firstNumber
  #owed: Change[] = []

  constructor(host: SessionHost) {
    this.host = host
    this.bindings = new Bindings(this, host)
    this.ends = new Ends(this, host)
    this.#wills = new Wills(this, host)
    showSessions(host, this.#sessions, this.#counts)
    this.#expired = host.counters.counter('sessions_expired')
  }

  get(tenant: string, name: string): ClientSession | undefined {
    return this.#sessions.get(keyOf(tenant, name))
  }

  all(): Iterable<ClientSession> {
    return this.#sessions.values()
  }

  /** A number never used before; the row that keeps the next one must be written with whatever uses this one. */
  number(): number {
    return this.#nextNumber++
  }

  get nextNumber(): Change {
    return put(rowKey.next, this.#nextNumber)
  }

  /**
   * Takes the id from its last connection. What that one leaves, a will that is due and an end, is stored before rows
   * of the next one are, or a crash between the two would lose it.
   */
  async #conclude(key: string, clean: boolean): Promise<void> {
    for (;;) {
      for (let ending = this.#ending.get(key); ending; ending = this.#ending.get(key)) await ending
      const session = this.#sessions.get(key)
      if (!session?.will) return
      const over = session.expiresAfterMs === 0 || clean
      // Due while there was no room for it, it is due still.
      const now = this.host.clock.now()
      if (!over && (session.endedAt ?? now) + session.will.delayMs > now) return
      this.#detach(session)
      if (over) await this.destroy(session)
      else await this.#concludeHold(session)
    }
  }

  /** See `Space.session`. */
  async open(principal: Principal, name: string, options: SessionOptions): Promise<SessionHold> {
    checkWill(principal, options.will)
    const key = keyOf(principal.tenant, name)
    if (this.#ending.has(key) || this.#sessions.get(key)?.will) await this.#conclude(key, options.clean)
    // Meanwhile another session's write may have begun to remove them once more.
    while (this.#ending.has(key)) await this.#ending.get(key)
    const tenant = this.host.tenant(principal.tenant)
    const changes: Change[] = []
    const known = this.#sessions.get(key)
    const forgotten = known?.willId ?? 0
    const found = known && this.#claim(known, options, changes)
    const before = found && beforeOf(found)
    const session = found ?? this.#create(tenant, principal, name, options)
    const hold = new SessionHold(this, session, found !== undefined, options)
    session.holder = hold
    session.queue.principal = principal
    session.endedAt = undefined
    session.expiresAfterMs = this.#capped(name, options.expiresAfterMs)
    session.queue.persistent = session.expiresAfterMs > 0
    session.will = options.will
    session.willId = options.will && this.host.table ? this.number() : 0
    if (this.host.table && (session.expiresAfterMs > 0 || session.will || session.stored)) {
      session.stored = true
      changes.push(this.nextNumber, sessionRow(session))
    }
    if (this.#owed.some(row => isRowOf(row, tenant.name, name))) changes.push(this.nextNumber)
    try {
      if (changes.length > 0) await this.#replace(key, changes)
    } catch (error) {
      if (session.holder === hold) this.#takeBack(session, before)
      throw error
    }
    this.host.dueDone(forgotten)
    // What the last connection published under an identifier is repeated here, and must not be known before it is stored.
    if (found?.held?.size) await this.host.queues.spool?.commit.catch(() => {})
    if (session.holder !== hold) {
      throw new BrokerError('SESSION_TAKEN', `session "${session.id}" was taken over while it was being opened`)
    }
    return hold
  }

  /** Ends a connection's hold; what follows from its expiry and will follows. */
  async end(
    session: ClientSession,
    hold: SessionHolder | undefined,
    options: Parameters<Session['end']>[0],
  ): Promise<void> {
    if (session.holder !== hold) return
    session.holder = undefined
    this.host.events.emit('session.detached', { tenant: session.tenant.name, clientId: session.id })
    if (options.expiresAfterMs !== undefined)
      session.expiresAfterMs = this.#capped(session.name, options.expiresAfterMs)
    if (options.will === 'discard') session.will = undefined
    if (session.expiresAfterMs === 0) return this.destroy(session)
    await this.#concludeHold(session)
  }

  /** A restart found it without a connection. */
  endAlone(session: ClientSession): void {
    this.#background(this.end(session, undefined, { will: 'publish' }), 'session end')
  }

  /** The session goes on without a connection. */
  async #concludeHold(session: ClientSession): Promise<void> {
    // An end that was known before is no later because its will is due still.
    session.endedAt ??= this.host.clock.now()
    const written = session.stored ? this.ends.store(session) : undefined
    this.wait(session)
    await Promise.all([written, session.will?.delayMs === 0 ? this.#fire(session) : undefined])
  }

  #fire(session: ClientSession): Promise<void> {
    const fired = this.#wills.fire(session)
    this.#end(keyOf(session.tenant.name, session.name), fired)
    return fired
  }

  /** Publishes the will; nobody waits for it. */
  fireWill(session: ClientSession): void {
    this.#background(this.#fire(session), 'will')
  }

  has(session: ClientSession): boolean {
    return this.get(session.tenant.name, session.name) === session
  }

  /** Its will is being stored, or its end: a row of it that is written meanwhile must not say that it is. */
  isEnding({ tenant, name }: ClientSession): boolean {
    return this.#ending.has(keyOf(tenant.name, name))
  }

  /** From the end of a connection on, what is due of its session: its will, its own end. */
  wait(session: ClientSession): void {
    const { schedule } = this.host
    session.cancelDue()
    const endedAt = session.endedAt ?? this.host.clock.now()
    const expiresAt = endedAt + session.expiresAfterMs
    session.expiryDue = schedule.at(expiresAt, () => this.#background(this.#expire(session), 'session expiry'))
    if (!session.will || session.will.delayMs === 0) return
    const willAt = endedAt + session.will.delayMs
    // The session's own end publishes the will if it comes first.
    if (willAt < expiresAt) session.willDue = schedule.at(willAt, () => this.fireWill(session))
  }

  /** Ends the session itself: its will first, then its queue, its bindings, its rows. */
  async destroy(session: ClientSession): Promise<void> {
    const { willId } = session
    if (session.will) await this.#publishLast(session)
    // While its will was being stored, somebody else ended it or came back to it.
    if (!this.has(session) || session.holder) return
    const changes: Change[] = []
    this.#dismantle(session, changes)
    const key = keyOf(session.tenant.name, session.name)
    await this.#replace(key, changes, this.#ending.get(key))
    this.host.dueDone(willId)
  }

  async #publishLast(session: ClientSession): Promise<void> {
    session.willDue?.cancel()
    const published = this.#wills.publish(session)
    this.#end(keyOf(session.tenant.name, session.name), published)
    try {
      await published
    } catch (error) {
      if (isBrokerError(error, 'STORAGE_FULL') && !session.holder) {
        const at = this.host.clock.now() + retryAfterMs
        session.expiryDue?.cancel()
        session.expiryDue = this.host.schedule.at(at, () => this.#background(this.#expire(session), 'session end'))
      }
      throw error
    }
  }

  /** Until then nothing is written of the next session of this id. */
  #end(key: string, stored: Promise<unknown>): void {
    const ended = Promise.allSettled([stored, this.#ending.get(key)]).then(() => {
      if (this.#ending.get(key) === ended) this.#ending.delete(key)
    })
    this.#ending.set(key, ended)
  }

  /** Ends its connection, and its session too when asked to; its will is published, as after any end not its own. */
  async kick(tenant: string, name: string, options: { end: boolean }): Promise<boolean> {
    const session = this.get(tenant, name)
    if (!session) return false
    const { holder } = session
    holder?.take('kicked')
    if (holder) await this.end(session, holder, { will: 'publish' })
    if (options.end && this.has(session) && !session.holder) await this.destroy(session)
    return true
  }

  async write(changes: readonly Change[]): Promise<void> {
    const { table } = this.host
    if (changes.length === 0 || !table) return
    const owed = this.#owed
    this.#owed = []
    const written = table.write([...owed, ...changes]).catch((error: unknown) => {
      this.#owed = [...owed, ...this.#owed]
      throw error
    })
    for (const key of new Set(owed.map(ownerOf))) this.#end(key, written)
    await written
  }

  /** Removes rows of a session that is over, and adds those of the next one of this id. */
  async #replace(key: string, changes: readonly Change[], earlier?: Promise<void>): Promise<void> {
    const written = (earlier ? earlier.then(() => this.write(changes)) : this.write(changes)).catch(
      (error: unknown) => {
        this.#owe(changes)
        throw error
      },
    )
    if (changes.some(({ value }) => value === undefined)) this.#end(key, written)
    await written
  }

  /** Rows of sessions that are over could not be removed: they go with the next write, before what is new in it. */
  #owe(changes: readonly Change[]): void {
    this.#owed.push(...changes.filter(({ value }) => value === undefined))
  }

  /** What could not be stored changes nothing: a new session is none, an old one waits as it did before. */
  #takeBack(session: ClientSession, before: Before | undefined): void {
    session.holder = undefined
    if (!before) return this.#dismantle(session, [])
    Object.assign(session, before)
    session.queue.persistent = true
    if (session.endedAt === undefined) this.ends.storeLater(session)
    session.endedAt ??= this.host.clock.now()
    this.wait(session)
  }

  /** Puts a session that a restart found, or a new one, among the others. */
  add(session: ClientSession, user: string | undefined): void {
    this.#sessions.set(keyOf(session.tenant.name, session.name), session)
    this.#counts.add(session, user)
  }

  restoreNumber(next: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, next)
  }

  /** Frees the id of whoever has it; returns the session to go on with, if it goes on. */
  #claim(session: ClientSession, options: SessionOptions, changes: Change[]): ClientSession | undefined {
    this.#detach(session)
    const ended = session.expiresAfterMs === 0 || options.clean
    if (ended) {
      this.#dismantle(session, changes)
      return undefined
    }
    // The new connection comes before the will's delay has passed, and cancels it.
    session.cancelDue()
    return session
  }

  #detach(session: ClientSession): void {
    const { holder } = session
    if (!holder) return
    session.holder = undefined
    this.host.events.emit('session.detached', { tenant: session.tenant.name, clientId: session.id })
    holder.take('taken-over')
  }

  #create(tenant: Tenant, principal: Principal, name: string, options: SessionOptions): ClientSession {
    if (!isInternal(name)) this.#counts.check(tenant.name, principal.user, this.host.limits)
    const persistent = options.expiresAfterMs > 0
    const queueId = persistent && this.host.queues.spool ? this.number() : 0
    const session = new ClientSession(
      tenant,
      name,
      new Queue(this.host.queuesOf(name), idOf(name), queueId, persistent),
    )
    this.add(session, principal.user)
    return session
  }

  #capped(name: string, expiresAfterMs: number): number {
    const { sessionExpiryMs } = this.host.limits
    return sessionExpiryMs > 0 && !isInternal(name) ? Math.min(expiresAfterMs, sessionExpiryMs) : expiresAfterMs
  }

  /** Takes the session apart; its will is out. */
  #dismantle(session: ClientSession, changes: Change[]): void {
    const { tenant } = session
    session.holder?.take('kicked')
    session.holder = undefined
    session.cancelDue()
    session.queue.end()
    this.#releaseHeld(session)
    this.bindings.end(session, changes)
    this.#sessions.delete(keyOf(tenant.name, session.name))
    this.#counts.remove(session, session.queue.principal?.user)
    if (session.stored) changes.push(remove(rowKey.session(tenant.name, session.name)))
  }

  /** Identifiers that were never released end with their session, or the spool would be kept for them for ever. */
  #releaseHeld({ held, queue }: ClientSession): void {
    const { spool } = this.host.queues
    if (!held || !spool) return
    for (const [id, offset] of held) if (offset !== -1) spool.release({ owner: queue.id, id }, offset)
    held.clear()
  }

  async #expire(session: ClientSession): Promise<void> {
    if (session.holder || !this.has(session)) return
    this.#expired.value++
    this.host.events.emit('session.expired', { tenant: session.tenant.name, clientId: session.id })
    await this.destroy(session)
  }

  /** Work that nobody waits for: its failure is told, not thrown. */
  #background(work: Promise<unknown>, what: string): void {
    work.catch(error => this.host.logger.error({ error: String(error) }, `${what} failed`))
  }
}

type Before = ReturnType<typeof beforeOf>

function beforeOf({ endedAt, expiresAfterMs, will, willId }: ClientSession) {
  return { endedAt, expiresAfterMs, will, willId }
}
