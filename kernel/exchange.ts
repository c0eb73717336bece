import type { Principal } from './contract/access.ts'
import { BrokerError } from './contract/errors.ts'
import type { Message } from './contract/message.ts'
import type { Counter, Counters } from './contract/observe.ts'
import type { Limits } from './limits.ts'
import type { StorageRoom } from './observe/storage-room.ts'
import { leastOf } from './queues/delivery.ts'
import type { Retained } from './retained/retained.ts'
import type { Route } from './routing/router.ts'
import { checkTopic } from './routing/topic.ts'
import type { Once, Target } from './spool/record.ts'
import type { Holder, Spool } from './spool/spool.ts'
import type { Tenant } from './tenant.ts'

/** The owner of the numbers of due work (wills, delayed messages) in the spool. */
export const dueWorkOwner = 1

/** Keeps messages until their time. */
export interface Later {
  add(tenant: Tenant, principal: Principal | undefined, message: Message): number | Promise<void>
}

/** A publish under an identifier; told where the spool holds it. */
export interface PublishOnce extends Once {
  held(offset: number): void
}

/**
 * The one way in: a message is checked, matched once, stored once for all queues that keep it, and handed to every
 * queue in the same turn.
 */
export class Exchange {
  readonly #spool: Spool | undefined
  readonly #retained: Retained
  readonly #limits: Limits
  readonly #published: Counter
  readonly #unmatched: Counter
  readonly #refused: Counter

  readonly #room: Pick<StorageRoom, 'watch'>
  #lastCommit: Promise<void> | undefined
  #later: Later | undefined
  /** Due work that was published and is not yet crossed off: where the spool holds its numbers. */
  readonly due = new Map<number, number>()

  readonly #checkTopic = (topic: string): void => checkTopic(topic, this.#limits)

  constructor(options: {
    spool: Spool | undefined
    retained: Retained
    limits: Limits
    counters: Counters
    room: Pick<StorageRoom, 'watch'>
  }) {
    this.#spool = options.spool
    this.#retained = options.retained
    this.#limits = options.limits
    this.#room = options.room
    this.#published = options.counters.counter('messages_published')
    this.#unmatched = options.counters.counter('messages_dropped', { reason: 'no-match' })
    this.#refused = options.counters.counter('messages_dropped', { reason: 'not-authorized' })
  }

  /** May this principal publish this? Undefined: the broker itself, which may. @throws BrokerError NOT_AUTHORIZED */
  check(principal: Principal | undefined, message: Message): void {
    if (principal?.may('publish', message.topic) === false) {
      throw new BrokerError('NOT_AUTHORIZED', `client "${principal.clientId}" may not publish to "${message.topic}"`)
    }
  }

  /** The one way in for whoever has rights to ask about. See `Space.publish`. */
  publishFor(
    principal: Principal | undefined,
    tenant: Tenant,
    message: Message,
    once?: PublishOnce,
  ): number | Promise<void> {
    this.check(principal, message)
    return message.deliverAt === undefined
      ? this.publish(tenant, message, once)
      : this.#delay(this.#later as Later, principal, tenant, message, once)
  }

  /** Where messages for a later time go; it publishes them through this exchange, so it comes after it. */
  set later(later: Later) {
    this.#later = later
  }

  #delay(
    later: Later,
    principal: Principal | undefined,
    tenant: Tenant,
    message: Message,
    once: PublishOnce | undefined,
  ): number | Promise<void> {
    this.#checkTopic(message.topic)
    const added = later.add(tenant, principal, message)
    if (!once || !this.#spool) return added
    once.held(this.#spool.hold(once))
    return Promise.all([added, this.#spool.commit]).then(nothing)
  }

  /**
   * Publishes what has become due, if its publisher still may. The number is held in the same commit, until `dueDone`:
   * a crash before its row is gone does not publish it again.
   */
  async publishDue(principal: Principal | undefined, tenant: Tenant, message: Message, dueId: number): Promise<void> {
    if (principal?.may('publish', message.topic) === false) {
      this.#refused.value++
      return
    }
    const once = { owner: dueWorkOwner, id: dueId, held: (offset: number) => this.due.set(dueId, offset) }
    await this.publish(tenant, message, dueId === 0 ? undefined : once)
  }

  /** The row of due work is gone. */
  dueDone(dueId: number): void {
    const heldAt = this.due.get(dueId)
    if (heldAt === undefined) return
    this.due.delete(dueId)
    this.#spool?.release({ owner: dueWorkOwner, id: dueId }, heldAt)
  }

  restoreDue(published: ReadonlyMap<number, number>): void {
    for (const [dueId, heldAt] of published) this.due.set(dueId, heldAt)
  }

  /** Matches, stores and hands out, without asking for rights. */
  publish(tenant: Tenant, message: Message, once?: PublishOnce): number | Promise<void> {
    const route = tenant.router.route(message.topic, this.#checkTopic)
    this.#published.value++
    const retaining = message.retain ? this.#retain(tenant, message) : undefined
    const commit = this.#spool ? this.#store(this.#spool, route, message, once) : undefined
    const offset = commit?.offset ?? -1
    let reached = 0
    for (const { queue, via } of route.targets) {
      const way = queue.wants(message, via)
      if (!way) continue
      const stored = queue.id !== 0 && leastOf(message.guarantee, way.guarantee) > 0
      queue.offer(message, way, stored ? offset : -1)
      reached++
    }
    for (const group of route.groups) group.offer(message, group.id === 0 ? -1 : offset)
    reached += route.groups.length
    // Status topics are published whether or not somebody reads them.
    if (reached === 0 && !message.topic.startsWith('$')) this.#unmatched.value++
    if (!retaining) return commit?.done ?? reached
    return commit ? Promise.all([retaining, commit.done]).then(nothing) : retaining.then(nothing)
  }

  /** A full disk is an alarm until something is stored again; one look a commit, not a message. */
  #watched(commit: Promise<void>): Promise<void> {
    if (commit === this.#lastCommit) return commit
    this.#lastCommit = commit
    this.#room.watch(commit)
    return commit
  }

  #retain(tenant: Tenant, message: Message): Promise<unknown> | undefined {
    this.#retained.check(tenant.name, message)
    return this.#retained.store(tenant.name, message)
  }

  /** One append for all that keep it; nothing when none does and no identifier is to be held. */
  #store(
    spool: Spool,
    route: Route,
    message: Message,
    once: PublishOnce | undefined,
  ): { offset: number; done: Promise<void> } | undefined {
    if (message.guarantee === 0 || message.durability === 'none' || !(route.stores || once)) return undefined
    const holders: Holder[] = []
    const targets: Target[] = []
    for (const { queue, via } of route.targets) {
      const way = queue.id === 0 ? undefined : queue.wants(message, via)
      const guarantee = way ? leastOf(message.guarantee, way.guarantee) : 0
      if (!way || guarantee === 0) continue
      holders.push(queue)
      targets.push({ queueId: queue.id, guarantee, via: way })
    }
    for (const group of route.groups) {
      if (group.id === 0) continue
      holders.push(group)
      targets.push({ queueId: group.id, guarantee: message.guarantee, via: group.via })
    }
    if (targets.length === 0 && !once) return undefined
    const offset = targets.length > 0 ? spool.append(message, holders, targets, once) : spool.hold(once as Once)
    once?.held(offset)
    return { offset, done: this.#watched(spool.commit) }
  }
}

function nothing(): void {}
