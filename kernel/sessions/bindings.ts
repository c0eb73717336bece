import { permits } from '../access/index.ts'
import { BrokerError } from '../contract/errors.ts'
import type { BindRequest, Bound } from '../contract/session.ts'
import type { Change } from '../contract/table.ts'
import { limitReached } from '../limit-reached.ts'
import { Group } from '../queues/group.ts'
import { RoutedFilter } from '../routing/router.ts'
import { checkFilter } from '../routing/topic.ts'
import type { Tenant } from '../tenant.ts'
import { bindingKey } from './binding-list.ts'
import type { ClientSession } from './client-session.ts'
import { put, remove, rowKey } from './session-rows.ts'
import type { SessionHost, Sessions } from './sessions.ts'

/** Most filters have none. */
const none: readonly Group[] = []

/** What a binding takes, by rule of thumb. */
const bindingBytes = 400

/** Binds filters to sessions' queues: checked, stored, and only then effective. */
export class Bindings {
  readonly #sessions: Sessions
  readonly #host: SessionHost
  /** Of all tenants. */
  #total = 0

  constructor(sessions: Sessions, host: SessionHost) {
    this.#sessions = sessions
    this.#host = host
    host.counters.gauge('bindings', () => this.#total)
    host.queues.memory.also(() => this.#total * bindingBytes)
    host.counters.gauge('bindings_shared', () => this.#shared())
  }

  async bind(
    session: ClientSession,
    requests: readonly BindRequest[],
    bound: (results: readonly Bound[]) => void,
  ): Promise<void> {
    const changes: Change[] = []
    let added = 0
    const prepared = requests.map(request => {
      const one = this.#prepare(session, request, changes, added)
      if (one instanceof RoutedFilter && !session.bindings.has(bindingKey(one.filter, one.options.group))) added++
      return one
    })
    const groups = this.#groupsOf(session.tenant, prepared)
    for (const group of groups) group.preparing++
    try {
      if (changes.length > 0) await this.#store(session, requests, prepared, changes)
      if (!this.#isLive(session)) return this.#freeUnused(session, requests)
      const results = prepared.map(one => (one instanceof RoutedFilter ? this.#activate(session, one) : refused(one)))
      if (this.#host.queues.traces.running > 0) this.#traceBound(session, requests, results)
      bound(results)
    } finally {
      for (const group of groups) group.preparing--
      for (const group of groups) this.dropUnused(session.tenant, group)
    }
  }

  #traceBound({ queue }: ClientSession, requests: readonly BindRequest[], results: readonly Bound[]): void {
    for (const [i, { error }] of results.entries()) {
      const request = requests[i] as BindRequest
      const { guarantee, group } = request.options
      this.#host.queues.traces.notice({
        event: error ? 'refused' : 'bound',
        subject: queue.principal,
        topic: request.filter,
        guarantee,
        reason: error?.code,
        detail: { binding: true, ...(group !== undefined && { group }) },
      })
    }
  }

  async #store(
    session: ClientSession,
    requests: readonly BindRequest[],
    prepared: readonly (RoutedFilter | BrokerError)[],
    changes: readonly Change[],
  ): Promise<void> {
    const rows = prepared.flatMap(one => (one instanceof RoutedFilter ? [rowOf(session, one)] : []))
    session.storing = [...session.storing, ...rows]
    try {
      await this.#sessions.write([this.#sessions.nextNumber, ...changes])
    } catch (error) {
      this.#freeUnused(session, requests)
      for (const one of prepared) if (one instanceof RoutedFilter) this.#forgetGroup(session.tenant, one, changes)
      throw error
    } finally {
      session.storing = session.storing.filter(row => !rows.includes(row))
    }
  }

  /** A group whose row was refused is not stored. */
  #forgetGroup(tenant: Tenant, binding: RoutedFilter, changes: readonly Change[]): void {
    for (const group of this.#groupOf(tenant, binding)) {
      const row = rowKey.group(tenant.name, group.name, group.filter)
      if (!changes.some(({ key }) => key === row)) continue
      group.id = 0
      tenant.router.changed()
    }
  }

  #groupsOf(tenant: Tenant, prepared: readonly (RoutedFilter | BrokerError)[]): readonly Group[] {
    if (!prepared.some(one => one instanceof RoutedFilter && one.options.group !== undefined)) return none
    return prepared.flatMap(one => (one instanceof RoutedFilter ? this.#groupOf(tenant, one) : none))
  }

  #groupOf({ groups }: Tenant, { filter, options }: RoutedFilter): readonly Group[] {
    const group = options.group === undefined ? undefined : groups.get(bindingKey(filter, options.group))
    return group ? [group] : none
  }

  /** A group that has no member, and will have none, keeps nothing for anybody. */
  dropUnused(tenant: Tenant, group: Group): void {
    const key = bindingKey(group.filter, group.name)
    if (!group.empty || group.preparing > 0 || tenant.groups.get(key) !== group) return
    group.end()
    tenant.groups.delete(key)
    tenant.router.removeGroup(group)
    if (group.id === 0) return
    // When this row cannot be removed now, the next start finds the group without a member.
    this.#sessions.write([remove(rowKey.group(tenant.name, group.name, group.filter))]).catch(() => {})
  }

  async unbind(
    session: ClientSession,
    filters: readonly { filter: string; group?: string | undefined }[],
    ended: (existed: readonly boolean[]) => void,
  ): Promise<void> {
    const changes: Change[] = []
    for (const { filter, group } of filters) {
      if (!session.stored || !session.bindings.has(bindingKey(filter, group))) continue
      changes.push(remove(rowKey.binding(session.tenant.name, session.name, group, filter)))
    }
    if (changes.length > 0) await this.#sessions.write(changes)
    if (!this.#isLive(session)) return
    if (this.#host.queues.traces.running > 0) this.#traceUnbound(session, filters)
    ended(
      filters.map(({ filter, group }) => {
        const binding = session.bindings.get(bindingKey(filter, group))
        const left = binding && this.#deactivate(session, binding)
        if (left) this.dropUnused(session.tenant, left)
        return binding !== undefined
      }),
    )
  }

  #traceUnbound({ queue }: ClientSession, filters: readonly { filter: string }[]): void {
    for (const { filter: topic } of filters)
      this.#host.queues.traces.notice({ event: 'unbound', subject: queue.principal, topic })
  }

  /** All bindings of a session that ends. */
  end(session: ClientSession, changes: Change[]): void {
    // What is being stored just now must not be found by the next session of this id.
    for (const row of session.storing) changes.push(remove(row))
    for (const binding of session.bindings.values()) {
      if (session.stored) changes.push(remove(rowOf(session, binding)))
      const left = this.#deactivate(session, binding)
      if (left) this.dropUnused(session.tenant, left)
    }
  }

  /** Puts a binding that a restart found into effect. */
  restore(session: ClientSession, filter: string, options: RoutedFilter['options'], id: number): void {
    if (options.exclusive) session.tenant.exclusive.set(filter, session.queue)
    session.nextBindingId = Math.max(session.nextBindingId, id + 1)
    this.#activate(session, new RoutedFilter(filter, options, id, session.queue))
  }

  restoreGroup(tenant: Tenant, name: string, filter: string, queueId: number): Group {
    const group = new Group(this.#host.queues, name, filter, queueId)
    tenant.groups.set(`${name}\0${filter}`, group)
    tenant.router.addGroup(group)
    return group
  }

  /** `added`: new bindings that the same call has prepared already. */
  #prepare(session: ClientSession, request: BindRequest, changes: Change[], added: number): RoutedFilter | BrokerError {
    const { filter, options } = request
    try {
      this.#check(session, request, added)
    } catch (error) {
      if (error instanceof BrokerError) return error
      throw error
    }
    if (options.exclusive) session.tenant.exclusive.set(filter, session.queue)
    const id = session.bindings.get(bindingKey(filter, options.group))?.id ?? session.nextBindingId++
    const binding = new RoutedFilter(filter, options, id, session.queue)
    if (options.group !== undefined) this.#prepareGroup(session, options.group, filter, changes)
    if (session.stored) changes.push(put(rowOf(session, binding), { id, options }))
    return binding
  }

  #check(session: ClientSession, { filter, options }: BindRequest, added: number): void {
    const { limits } = this.#host
    checkFilter(filter, limits)
    if (!permits(session.queue.principal, 'subscribe', filter)) {
      throw new BrokerError('NOT_AUTHORIZED', `session "${session.id}" may not subscribe to "${filter}"`)
    }
    if (!session.bindings.has(bindingKey(filter, options.group))) {
      checkLimit('sessionBindings', session.bindings.size + added, limits.sessionBindings)
      checkLimit('bindings', this.#total + added, limits.bindings)
      checkLimit('tenantBindings', session.tenant.bindings + added, limits.tenantBindings)
    }
    const owner = options.exclusive ? session.tenant.exclusive.get(filter) : undefined
    if (owner && owner !== session.queue) {
      throw new BrokerError('BINDING_TAKEN', `"${filter}" is held exclusively by another session`)
    }
  }

  /** A group is stored as soon as one of its members is. */
  #prepareGroup(session: ClientSession, name: string, filter: string, changes: Change[]): void {
    const { tenant } = session
    const group = tenant.groups.get(`${name}\0${filter}`) ?? this.restoreGroup(tenant, name, filter, 0)
    if (session.queue.id === 0 || group.id !== 0) return
    group.id = this.#sessions.number()
    tenant.router.changed()
    changes.push(put(rowKey.group(tenant.name, name, filter), { queueId: group.id }))
  }

  #activate(session: ClientSession, binding: RoutedFilter): Bound {
    const { filter, options } = binding
    const key = bindingKey(filter, options.group)
    const before = session.bindings.get(key)
    const { router, groups } = session.tenant
    if (options.group === undefined) {
      router.bind(binding)
      if (before) router.unbind(before)
    } else {
      const group = groups.get(key) ?? this.restoreGroup(session.tenant, options.group, filter, 0)
      group.join(session.queue, binding)
    }
    session.bindings.set(binding)
    if (!before) {
      this.#total++
      session.tenant.bindings++
    }
    if (before?.options.exclusive && !options.exclusive) session.tenant.exclusive.delete(filter)
    return { binding, existed: before !== undefined, error: undefined }
  }

  /** Returns the group that it left. */
  #deactivate(session: ClientSession, binding: RoutedFilter): Group | undefined {
    const { filter, options } = binding
    const { router, groups, exclusive } = session.tenant
    const key = bindingKey(filter, options.group)
    session.bindings.delete(key)
    this.#total--
    session.tenant.bindings--
    if (options.exclusive && exclusive.get(filter) === session.queue) exclusive.delete(filter)
    if (options.group === undefined) {
      router.unbind(binding)
      session.queue.endReplay(binding)
      return undefined
    }
    const group = groups.get(key)
    group?.leave(session.queue)
    return group
  }

  /** Exclusive filters that were claimed for bindings that did not come about. */
  #freeUnused(session: ClientSession, requests: readonly BindRequest[]): void {
    const { exclusive } = session.tenant
    for (const { filter, options } of requests) {
      const unused = options.exclusive && !session.bindings.get(bindingKey(filter, options.group))?.options.exclusive
      if (unused && exclusive.get(filter) === session.queue) exclusive.delete(filter)
    }
  }

  #isLive(session: ClientSession): boolean {
    return this.#sessions.get(session.tenant.name, session.name) === session
  }

  #shared(): number {
    let shared = 0
    for (const { bindings } of this.#sessions.all()) {
      for (const { options } of bindings.values()) if (options.group !== undefined) shared++
    }
    return shared
  }
}

function rowOf({ tenant, name }: ClientSession, { filter, options }: RoutedFilter): string {
  return rowKey.binding(tenant.name, name, options.group, filter)
}

function checkLimit(name: string, bindings: number, limit: number): void {
  if (limit > 0 && bindings >= limit) {
    throw limitReached('bindings', name, limit)
  }
}

function refused(error: BrokerError): Bound {
  return { binding: undefined, existed: false, error }
}
