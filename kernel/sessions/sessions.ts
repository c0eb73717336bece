import type { Identity, Principal } from '../contract/access.ts'
import type { Clock } from '../contract/clock.ts'
import { BrokerError } from '../contract/errors.ts'
import { Message } from '../contract/message.ts'
import type { Counter, Counters, Events, Logger } from '../contract/observe.ts'
import type { Session, SessionOptions, Will } from '../contract/session.ts'
import type { Change, Table } from '../contract/table.ts'
import type { PublishOnce } from '../exchange.ts'
import type { Limits } from '../limits.ts'
import type { Group } from '../queues/group.ts'
import { Queue } from '../queues/queue.ts'
import type { QueueHost } from '../queues/queue-host.ts'
import type { Retained } from '../retained/retained.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { Tenant } from '../tenant.ts'
import { Bindings } from './bindings.ts'
import { ClientSession, idOf } from './client-session.ts'
import { SessionHold } from './session-hold.ts'
import { put, remove, rowKey, sessionRow } from './session-rows.ts'

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
  ): number | Promise<void>
  /** Publishes for a principal if it still may; `dueId` is held until `dueDone`, so that no restart repeats it. */
  publishDue(principal: Principal | undefined, tenant: Tenant, message: Message, dueId: number): Promise<void>
  dueDone(dueId: number): void
}

/** All sessions: who holds them, when they end, and what of them is kept. */
export class Sessions {
  readonly host: SessionHost
  readonly bindings: Bindings
  readonly #sessions = new Map<string, ClientSession>()
  readonly #perTenant = new Map<string, number>()
  readonly #perUser = new Map<string, number>()
  readonly #expired: Counter
  /** By key, sessions that are over while their rows are not gone yet: rows of the next one must be written later. */
  readonly #ending = new Map<string, Promise<void>>()
  #nextNumber = firstNumber
  #owed: Change[] = []

  constructor(host: SessionHost) {
    this.host = host
    this.bindings = new Bindings(this, host)
    host.counters.gauge('sessions', () => this.#sessions.size)
    host.counters.gauge('sessions_connected', () => this.#connected())
    host.counters.gauge('queued_messages', () => this.#sumOfQueues(queue => queue.depth))
    host.counters.gauge('queued_message_bytes', () => this.#sumOfQueues(queue => queue.waitingBytes))
    host.counters.gauge('unsettled_messages', () => this.#unsettled())
    this.#expired = host.counters.counter('sessions_expired')
  }

  get size(): number {
    return this.#sessions.size
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

  /** See `Space.session`. */
  async open(principal: Principal, name: string, options: SessionOptions): Promise<Session> {
    const key = keyOf(principal.tenant, name)
    for (let ending = this.#ending.get(key); ending; ending = this.#ending.get(key)) await ending
    const tenant = this.host.tenant(principal.tenant)
    const changes: Change[] = []
    const found = this.#claim(tenant, name, options, changes)
    const before = found && { expiresAfterMs: found.expiresAfterMs, will: found.will, willId: found.willId }
    const session = found ?? this.#create(tenant, principal, name, options)
    const hold = new SessionHold(this, session, found !== undefined, options.taken)
    session.holder = hold
    session.queue.principal = principal
    session.endedAt = undefined
    session.expiresAfterMs = this.#capped(options.expiresAfterMs)
    session.queue.persistent = session.expiresAfterMs > 0
    session.will = options.will
    session.willId = options.will && this.host.table ? this.number() : 0
    if (this.host.table && (session.expiresAfterMs > 0 || session.will || session.stored)) {
      session.stored = true
      changes.push(this.nextNumber, sessionRow(session))
    }
    try {
      await this.write(changes)
    } catch (error) {
      if (session.holder === hold) this.#takeBack(session, before)
      this.#owe(changes)
      throw error
    }
    if (session.holder !== hold) {
      throw new BrokerError('SESSION_TAKEN', `session "${session.id}" was taken over while it was being opened`)
    }
    return hold
  }

  /** Ends a connection's hold; what follows from its expiry and will follows. */
  async end(
    session: ClientSession,
    hold: SessionHold | undefined,
    options: Parameters<Session['end']>[0],
  ): Promise<void> {
    if (session.holder !== hold) return
    session.holder = undefined
    session.endedAt = this.host.clock.now()
    this.host.events.emit('session.detached', { tenant: session.tenant.name, clientId: session.id })
    if (options.expiresAfterMs !== undefined) session.expiresAfterMs = this.#capped(options.expiresAfterMs)
    if (options.will === 'discard') session.will = undefined
    if (session.expiresAfterMs === 0) return this.destroy(session)
    const { will } = session
    const written = session.stored ? this.write([sessionRow(session)]) : undefined
    this.wait(session)
    if (will && will.delayMs === 0) await this.#fireWill(session)
    await written
  }

  /** From the end of a connection on, what is due of its session: its will, its own end. */
  wait(session: ClientSession): void {
    const { schedule } = this.host
    const endedAt = session.endedAt ?? this.host.clock.now()
    const expiresAt = endedAt + session.expiresAfterMs
    session.expiryDue = schedule.at(expiresAt, () => this.#background(this.#expire(session), 'session expiry'))
    if (!session.will || session.will.delayMs === 0) return
    const willAt = endedAt + session.will.delayMs
    // The session's own end publishes the will if it comes first.
    if (willAt < expiresAt)
      session.willDue = schedule.at(willAt, () => this.#background(this.#fireWill(session), 'will'))
  }

  /** Ends the session itself: its will first, then its queue, its bindings, its rows. */
  async destroy(session: ClientSession): Promise<void> {
    const changes: Change[] = []
    const fired = this.#dismantle(session, changes)
    const removed = fired.then(() => this.write(changes))
    removed.catch(() => this.#owe(changes))
    if (changes.length > 0) this.#end(session, removed)
    await removed
    if (session.willId !== 0) this.host.dueDone(session.willId)
  }

  #end(session: ClientSession, removed: Promise<void>): void {
    const key = keyOf(session.tenant.name, session.name)
    const ended = removed
      .catch(() => {})
      .then(() => {
        if (this.#ending.get(key) === ended) this.#ending.delete(key)
      })
    this.#ending.set(key, ended)
  }

  /** Takes the session away from its connection, and ends it when asked to. */
  async kick(tenant: string, name: string, options: { end: boolean }): Promise<boolean> {
    const session = this.get(tenant, name)
    if (!session) return false
    session.holder?.take('kicked')
    if (options.end && this.get(tenant, name) === session) await this.destroy(session)
    return true
  }

  async write(changes: readonly Change[]): Promise<void> {
    const owed = this.#owed
    if (changes.length === 0 || !this.host.table) return
    this.#owed = []
    try {
      await this.host.table.write([...owed, ...changes])
    } catch (error) {
      this.#owed = [...owed, ...this.#owed]
      throw error
    }
  }

  /** Rows of sessions that are over could not be removed: they go with the next write, before what is new in it. */
  #owe(changes: readonly Change[]): void {
    this.#owed.push(...changes.filter(({ value }) => value === undefined))
  }

  /** What could not be stored changes nothing: a new session is none, an old one waits as it did before. */
  #takeBack(
    session: ClientSession,
    before: Pick<ClientSession, 'expiresAfterMs' | 'will' | 'willId'> | undefined,
  ): void {
    session.holder = undefined
    if (!before) {
      session.will = undefined
      this.#background(this.#dismantle(session, []), 'taking back a session')
      return
    }
    Object.assign(session, before)
    session.queue.persistent = true
    session.endedAt = this.host.clock.now()
    this.wait(session)
  }

  /** For each consumer that owes an answer, what it has been owing the longest. */
  *oldestUnsettled(): Iterable<{ clientId: string; topic: string; publishedAt: number }> {
    for (const { id, queue } of this.#sessions.values()) {
      const message = queue.oldestUnsettled
      if (message) yield { clientId: id, topic: message.topic, publishedAt: message.publishedAt }
    }
  }

  /** Puts a session that a restart found, or a new one, among the others. */
  add(session: ClientSession, user: string | undefined): void {
    this.#sessions.set(keyOf(session.tenant.name, session.name), session)
    count(this.#perTenant, session.tenant.name, 1)
    if (user !== undefined) count(this.#perUser, `${session.tenant.name}\0${user}`, 1)
  }

  restoreNumber(next: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, next)
  }

  /** Frees the id of whoever has it; returns the session to go on with, if there is one. */
  #claim(tenant: Tenant, name: string, options: SessionOptions, changes: Change[]): ClientSession | undefined {
    const session = this.get(tenant.name, name)
    if (!session) return undefined
    const { holder, will } = session
    if (holder) {
      session.holder = undefined
      this.host.events.emit('session.detached', { tenant: tenant.name, clientId: session.id })
      holder.take('taken-over')
    }
    const ended = session.expiresAfterMs === 0 || options.clean
    if (ended) {
      this.#background(this.#dismantle(session, changes), 'will')
      return undefined
    }
    session.expiryDue?.cancel()
    session.willDue?.cancel()
    // The new connection comes before a delay has passed and cancels the will; without a delay it is due.
    if (holder && will && will.delayMs === 0) this.#background(this.#fireWill(session), 'will')
    else if (session.willId !== 0) this.host.dueDone(session.willId)
    return session
  }

  #create(tenant: Tenant, principal: Principal, name: string, options: SessionOptions): ClientSession {
    this.#checkRoom(tenant.name, principal.user)
    const persistent = options.expiresAfterMs > 0
    const queueId = persistent && this.host.queues.spool ? this.number() : 0
    const session = new ClientSession(tenant, name, new Queue(this.host.queues, idOf(name), queueId, persistent))
    this.add(session, principal.user)
    return session
  }

  #checkRoom(tenant: string, user: string | undefined): void {
    const { sessions, tenantSessions, userSessions } = this.host.limits
    const ofUser = user === undefined ? 0 : (this.#perUser.get(`${tenant}\0${user}`) ?? 0)
    if (sessions > 0 && this.#sessions.size >= sessions) throw limitReached('sessions', sessions)
    if (tenantSessions > 0 && (this.#perTenant.get(tenant) ?? 0) >= tenantSessions)
      throw limitReached('tenantSessions', tenantSessions)
    if (userSessions > 0 && ofUser >= userSessions) throw limitReached('userSessions', userSessions)
  }

  #capped(expiresAfterMs: number): number {
    const { sessionExpiryMs } = this.host.limits
    return sessionExpiryMs > 0 ? Math.min(expiresAfterMs, sessionExpiryMs) : expiresAfterMs
  }

  /** Takes the session apart in this turn; the promise is its will's. */
  async #dismantle(session: ClientSession, changes: Change[]): Promise<void> {
    const { tenant } = session
    session.holder?.take('kicked')
    session.holder = undefined
    session.expiryDue?.cancel()
    session.willDue?.cancel()
    const { will } = session
    session.will = undefined
    session.queue.end()
    this.#releaseHeld(session)
    this.bindings.end(session, changes)
    this.#sessions.delete(keyOf(tenant.name, session.name))
    count(this.#perTenant, tenant.name, -1)
    const user = session.queue.principal?.user
    if (user !== undefined) count(this.#perUser, `${tenant.name}\0${user}`, -1)
    if (session.stored) changes.push(remove(rowKey.session(tenant.name, session.name)))
    if (will) await this.#publishWill(session, will)
  }

  /** Identifiers that were never released end with their session, or the spool would be kept for them for ever. */
  #releaseHeld({ held, queue }: ClientSession): void {
    const { spool } = this.host.queues
    if (!held || !spool) return
    try {
      for (const [id, offset] of held) if (offset !== -1) spool.release({ owner: queue.id, id }, offset)
    } catch (error) {
      this.host.logger.debug({ error: String(error) }, 'the disk has failed: identifiers were not released')
    }
    held.clear()
  }

  async #expire(session: ClientSession): Promise<void> {
    if (session.holder || this.get(session.tenant.name, session.name) !== session) return
    this.#expired.value++
    this.host.events.emit('session.expired', { tenant: session.tenant.name, clientId: session.id })
    await this.destroy(session)
  }

  /** Publishes the will and forgets it, in this order: a crash in between repeats nothing, for its number is kept. */
  async #fireWill(session: ClientSession): Promise<void> {
    const { will, willId } = session
    if (!will) return
    session.will = undefined
    await this.#publishWill(session, will)
    if (session.stored && this.get(session.tenant.name, session.name) === session)
      await this.write([sessionRow(session)])
    if (willId !== 0) this.host.dueDone(willId)
  }

  async #publishWill(session: ClientSession, will: Will): Promise<void> {
    const now = this.host.clock.now()
    const message = new Message({
      ...will.message,
      from: session.id,
      publishedAt: now,
      ...(will.expiresAfterMs !== undefined && { expiresAt: now + will.expiresAfterMs }),
    })
    await this.host.publishDue(session.queue.principal, session.tenant, message, session.willId)
  }

  /** Work that nobody waits for: its failure is told, not thrown. */
  #background(work: Promise<unknown>, what: string): void {
    work.catch(error => this.host.logger.error({ error: String(error) }, `${what} failed`))
  }

  /** Over the queues of sessions and of their groups; a message counts once a queue. */
  #sumOfQueues(of: (queue: { readonly depth: number; readonly waitingBytes: number }) => number): number {
    let sum = 0
    const groups = new Set<Group>()
    for (const { queue } of this.#sessions.values()) {
      sum += of(queue)
      for (const group of queue.groups) groups.add(group)
    }
    for (const group of groups) sum += of(group)
    return sum
  }

  #unsettled(): number {
    let unsettled = 0
    for (const { queue } of this.#sessions.values()) unsettled += queue.unsettled
    return unsettled
  }

  #connected(): number {
    let connected = 0
    for (const session of this.#sessions.values()) if (session.holder) connected++
    return connected
  }
}

function count(counts: Map<string, number>, key: string, by: number): void {
  const left = (counts.get(key) ?? 0) + by
  if (left > 0) counts.set(key, left)
  else counts.delete(key)
}

function keyOf(tenant: string, name: string): string {
  return `${tenant}\0${name}`
}

function limitReached(name: string, value: number): BrokerError {
  return new BrokerError('LIMIT_REACHED', `no more sessions: the limit ${name} is ${value}`)
}
