import { permits } from './access/index.ts'
import type { Principal } from './contract/access.ts'
import type { Clock } from './contract/clock.ts'
import { BrokerError } from './contract/errors.ts'
import type { Message } from './contract/message.ts'
import type { Counter, Counters } from './contract/observe.ts'
import type { Limits } from './limits.ts'
import type { Memory } from './memory/memory.ts'
import type { StorageRoom } from './observe/storage-room.ts'
import type { Traces } from './observe/traces.ts'
import { isAsked, isKept, keepersOf } from './queues/keepers.ts'
import type { Route } from './queues/route.ts'
import type { Retained } from './retained/retained.ts'
import { checkTopic } from './routing/topic.ts'
import { dueWorkOwner, type Once } from './spool/record.ts'
import type { Spool } from './spool/spool.ts'
import type { Tenant } from './tenant.ts'
import { Turn } from './turn.ts'

/** The offset of what the spool does not hold. */
const notStored = -1

/** Keeps messages until their time. */
export interface Later {
  add(
    tenant: Tenant,
    principal: Principal | undefined,
    message: Message,
    once: PublishOnce | undefined,
  ): number | Promise<number>
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
  readonly #memory: Memory
  readonly #published: Counter
  readonly #unmatched: Counter
  readonly #refused: Counter
  readonly #buffersFull: Counter
  readonly #room: Pick<StorageRoom, 'watch'>
  readonly #traces: Traces
  #lastStored: { readonly commit: Promise<void>; readonly reached: number; readonly done: Promise<number> } | undefined
  #later: Later | undefined
  /** Wills that were published and are not yet forgotten: where the spool holds their numbers. */
  readonly due = new Map<number, number>()

  /** What the publishers of this moment share. */
  readonly turn: Turn

  readonly #checkTopic = (topic: string): void => checkTopic(topic, this.#limits)

  constructor(options: {
    clock: Clock
    spool: Spool | undefined
    retained: Retained
    limits: Limits
    memory: Memory
    counters: Counters
    room: Pick<StorageRoom, 'watch'>
    traces: Traces
    front: { readonly behind: boolean }
  }) {
    this.#spool = options.spool
    this.#retained = options.retained
    this.#limits = options.limits
    this.#memory = options.memory
    this.#room = options.room
    this.turn = new Turn(options.clock, options.front)
    this.#traces = options.traces
    this.#published = options.counters.counter('messages_published')
    this.#unmatched = options.counters.counter('messages_dropped', { reason: 'no-match' })
    this.#buffersFull = options.counters.counter('messages_refused', { reason: 'buffer-full' })
    this.#refused = options.counters.counter('messages_dropped', { reason: 'not-authorized' })
  }

  /** @throws BrokerError NOT_AUTHORIZED */
  #check(principal: Principal | undefined, { topic }: Message): void {
    if (permits(principal, 'publish', topic)) return
    throw new BrokerError('NOT_AUTHORIZED', `client "${principal?.clientId}" may not publish to "${topic}"`)
  }

  /** The one way in for whoever has rights to ask about. See `Space.publish`. */
  publishFor(
    principal: Principal | undefined,
    tenant: Tenant,
    message: Message,
    once?: PublishOnce,
  ): number | Promise<number> {
    if (this.#traces.running === 0) return this.#take(principal, tenant, message, once)
    return this.#traced(principal, tenant, message, once)
  }

  /** Not where it is asked for: the room of its closure would be made for every message, traced or not. */
  #traced(
    principal: Principal | undefined,
    tenant: Tenant,
    message: Message,
    once: PublishOnce | undefined,
  ): number | Promise<number> {
    return this.#traces.publish(principal, message, () => this.#take(principal, tenant, message, once))
  }

  #take(
    principal: Principal | undefined,
    tenant: Tenant,
    message: Message,
    once: PublishOnce | undefined,
  ): number | Promise<number> {
    this.#check(principal, message)
    if (principal?.user !== undefined) message.user = principal.user
    this.#memory.pressing = undefined
    return message.deliverAt === undefined
      ? this.#publish(tenant, message, { once, due: false })
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
  ): number | Promise<number> {
    this.#checkTopic(message.topic)
    this.turn.spend(1)
    const added = later.add(tenant, principal, message, once)
    // For the alarm of a full disk.
    if (this.#spool) void this.#storedBy(this.#spool.commit, 1)
    return added
  }

  /**
   * Publishes what has become due, before it returns, if its publisher still may. The number of a will, unless it is 0,
   * is held in the same commit until `dueDone`: a crash before its row is gone does not publish it again.
   */
  async publishDue(principal: Principal | undefined, tenant: Tenant, message: Message, dueId = 0): Promise<void> {
    const permitted = permits(principal, 'publish', message.topic)
    if (this.#traces.running > 0) {
      const [event, reason] = permitted ? ['published', undefined] : ['dropped', 'not-authorized']
      this.#traces.notice({ event, subject: principal, message, reason, detail: { due: true } })
    }
    if (!permitted) {
      this.#refused.value++
      return
    }
    if (principal?.user !== undefined) message.user = principal.user
    const once = { owner: dueWorkOwner, id: dueId, held: (offset: number) => this.due.set(dueId, offset) }
    try {
      await this.#publish(tenant, message, { once: dueId === 0 ? undefined : once, due: true })
    } catch (error) {
      // Held by what was refused, it is held nowhere: written again by a relocation, it would name a will that never came.
      this.due.delete(dueId)
      throw error
    }
  }

  /** No row names the will of this number any more. */
  dueDone(dueId: number): void {
    const heldAt = this.due.get(dueId)
    if (heldAt === undefined) return
    this.due.delete(dueId)
    this.#spool?.release({ owner: dueWorkOwner, id: dueId }, heldAt)
  }

  restoreDue(published: ReadonlyMap<number, number>): void {
    for (const [dueId, heldAt] of published) this.due.set(dueId, heldAt)
  }

  /** Matches, stores and hands out, without asking for rights. `due`: its end comes in the same commit. */
  #publish(
    tenant: Tenant,
    message: Message,
    { once, due }: { once: PublishOnce | undefined; due: boolean },
  ): number | Promise<number> {
    const route = tenant.router.route(message.topic, this.#checkTopic)
    if (route.refusing.length > 0) this.#checkRoom(route, message)
    const retaining = message.retain ? this.#retained.store(tenant.name, message) : undefined
    this.#published.value++
    const spool = this.#spool
    const offset = spool ? this.#store(spool, route, message, once) : notStored
    const commit = offset === notStored ? undefined : spool?.commit
    // What the spool knows to be done, by this commit or by the end of what was due, is never done again: what is retained
    // of it has to be stored by then.
    const ends = commit ? once !== undefined || due : due && !once
    if (retaining && ends) spool?.after(retaining)
    let reached = 0
    for (const { queue, via } of route.targets) {
      const way = queue.wants(message, via)
      if (!way) continue
      queue.offer(message, way, queue.id !== 0 && isKept(message, way) ? offset : notStored)
      reached++
    }
    const grouped = isAsked(message) ? offset : notStored
    for (const group of route.groups) group.offer(message, group.id === 0 ? notStored : grouped)
    reached += route.groups.length
    this.turn.spend(reached)
    // Status topics are published whether or not somebody reads them.
    if (reached === 0 && !message.topic.startsWith('$')) this.#nobodyWants(message)
    const stored = commit ? this.#storedBy(commit, reached) : undefined
    return retaining ? whenRetained(retaining, stored, reached) : (stored ?? reached)
  }

  #nobodyWants(message: Message): void {
    this.#unmatched.value++
    if (this.#traces.running > 0)
      this.#traces.notice({ event: 'dropped', subject: undefined, message, reason: 'no-match' })
  }

  #checkRoom({ refusing }: Route, message: Message): void {
    for (const { queue } of refusing) {
      if (!queue.full(message)) continue
      this.#buffersFull.value++
      const why = `"${message.topic}" must be kept for a bridge whose buffer is full; publish it again later`
      throw new BrokerError('LIMIT_REACHED', why)
    }
  }

  /** How many it reached, once that is durable. One promise for all of a commit that reached as many: most do. */
  #storedBy(commit: Promise<void>, reached: number): Promise<number> {
    const last = this.#lastStored
    if (last?.commit === commit && last.reached === reached) return last.done
    const done = commit.then(() => reached)
    // Whoever does not wait for it does not hear of its failure; the alarm does.
    done.catch(() => {})
    // A full disk is an alarm until something is stored again; one look a commit, not a message.
    if (last?.commit !== commit) this.#room.watch(commit)
    this.#lastStored = { commit, reached, done }
    return done
  }

  /** One append for all that keep it: its offset. None where none does and no identifier is to be held. */
  #store(spool: Spool, route: Route, message: Message, once: PublishOnce | undefined): number {
    if (!(route.stores || once)) return notStored
    if (!isAsked(message) && !(route.raises && message.guarantee === 0)) return notStored
    const { holders, targets } = keepersOf(route, message)
    if (targets.length === 0 && !once) return notStored
    const offset = targets.length > 0 ? spool.append(message, holders, targets, once) : spool.hold(once as Once)
    once?.held(offset)
    return offset
  }
}

/** Not where it is asked for: the room of its closures would be made for every message, retained or not. */
function whenRetained(
  retaining: Promise<unknown>,
  stored: Promise<number> | undefined,
  reached: number,
): Promise<number> {
  return (stored ? Promise.all([stored, retaining]) : retaining).then(() => reached)
}
