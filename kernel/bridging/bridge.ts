import type { BridgeConnection, BridgeSink, BridgeSource, Rung } from '../contract/bridge.ts'
import type { Clock } from '../contract/clock.ts'
import type { Message } from '../contract/message.ts'
import type { Counters, Events, Logger } from '../contract/observe.ts'
import type { Session } from '../contract/session.ts'
import type { Space } from '../contract/space.ts'
import type { Alarms } from '../observe/alarms.ts'
import { BoundFilter, MatchedVia } from '../queues/bound-filter.ts'
import type { Queue } from '../queues/queue.ts'
import type { DropReason, QueueHost } from '../queues/queue-host.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { systemPrincipal } from '../space.ts'
import type { Spool } from '../spool/spool.ts'
import { BridgeCounts, type BridgeDrop } from './bridge-counts.ts'
import type { BridgeOptions, EgressOptions, IngressOptions } from './bridge-options.ts'
import { BridgeStanding, type BridgeState } from './bridge-state.ts'
import { DeadLetters, recordOf } from './dead-letters.ts'
import { Egress } from './egress.ts'
import { Ingress } from './ingress.ts'
import { climbLadder, failedRung, targetOf } from './ladder.ts'
import { Lag, type LagView } from './lag.ts'
import type { Marks } from './marks.ts'
import { messageOfRecord } from './message-scope.ts'
import { within } from './pause.ts'

/** What bridges need of the kernel. */
export interface BridgeParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly counters: Counters
  readonly events: Events
  readonly node: string
  readonly alarms: Pick<Alarms, 'raise' | 'clear'>
  readonly sessions: Sessions
  readonly spool: Spool | undefined
  readonly marks: Marks
  space(tenant: string, guest?: string): Space
}

/** How a bridge is, for whoever looks after it. */
export interface BridgeView {
  readonly name: string
  readonly direction: 'egress' | 'ingress'
  readonly connection: string
  readonly type: string
  readonly state: BridgeState
  /** Why it is not running. */
  readonly detail: string | undefined
  /** Since when it is in this state, ms since the epoch. */
  readonly since: number
  readonly lag: LagView
  readonly sent: number
  readonly received: number
  readonly rejected: number
  readonly retried: number
  readonly filtered: number
  readonly looped: number
  readonly dropped: number
  readonly deadLetters: number
}

/** The plugin's side of one bridge. */
export interface BridgeEnds {
  readonly type: string
  readonly connection: BridgeConnection<never, never, never>
  /** Made anew for each start: one that was closed sends no more. @throws BrokerError CONFIG_INVALID */
  sink?(): BridgeSink
  source?(): BridgeSource
}

/** What a plugin may take to close what it has open. */
const closeMs = 1_000

export const queueName = (bridge: string): string => `$bridge ${bridge}`
export const deadName = (bridge: string): string => `$dlq ${bridge}`

/** For messages that go to this bridge alone, whatever its filters are. */
const again = new MatchedVia([new BoundFilter('', { guarantee: 1, raise: true }, 0)], false)

/** One bridge: its queue, its dead letters, and while it runs its egress or ingress. */
export class Bridge {
  readonly options: BridgeOptions
  readonly counts: BridgeCounts
  readonly standing: BridgeStanding
  readonly deadLetters: DeadLetters
  readonly #lag: Lag
  readonly #parts: BridgeParts
  readonly #ends: BridgeEnds
  readonly #hop: string
  readonly #sessions: Session[] = []
  #running: Egress | Ingress | undefined
  #end: BridgeSink | BridgeSource | undefined

  constructor(options: BridgeOptions, ends: BridgeEnds, parts: BridgeParts) {
    const { name, tenant, onReject } = options
    this.options = options
    this.#ends = ends
    this.#parts = parts
    this.#hop = `${parts.node}/${name}#${parts.marks.identity}`
    this.counts = new BridgeCounts(parts.counters, name)
    this.standing = new BridgeStanding(name, { ...parts, find: () => failedRung(this.test()) })
    const space = parts.space(tenant)
    this.deadLetters = new DeadLetters(
      {
        clock: parts.clock,
        bridge: name,
        hop: this.#hop,
        topic: onReject.dlq,
        publish: message => space.publish(message),
        again: message => this.#again(message),
      },
      () => this.#queue(deadName(name)),
    )
    this.#lag = new Lag(parts, () => this.#queue(queueName(name)))
    this.#show()
  }

  /** Opens its sessions, and runs unless somebody paused it. */
  async open(): Promise<void> {
    const { name, tenant, direction, onReject } = this.options
    await this.#openSession(deadName(name), [onReject.dlq], tenant, 'disk')
    if (direction === 'egress') {
      const { filters, buffer } = this.options as EgressOptions
      await this.#openSession(queueName(name), filters, tenant, buffer.store)
    }
    if (this.#parts.marks.isPaused(name)) this.standing.paused()
    else this.#run()
  }

  async pause(): Promise<void> {
    await this.#parts.marks.setPaused(this.options.name, true)
    await this.#rest()
    this.standing.paused()
  }

  async resume(): Promise<void> {
    await this.#parts.marks.setPaused(this.options.name, false)
    if (!this.#running) this.#run()
  }

  /** Stops without losing anything; its queue goes on where it is durable. */
  async close(): Promise<void> {
    await this.#rest()
    for (const session of this.#sessions.splice(0)) await session.end({ will: 'discard' })
    this.standing.end()
  }

  test(signal?: AbortSignal): AsyncIterable<Rung> {
    return climbLadder(this.#ends.connection, targetOf(this.options), this.#parts.clock, signal)
  }

  view(): BridgeView {
    const { counts, standing, options } = this
    const { name, direction, connection } = options
    const { state, detail, since } = standing
    return {
      ...{ name, direction, connection, type: this.#ends.type, state, detail, since, lag: this.#lag.view() },
      sent: counts.sent.value,
      received: counts.received.value,
      rejected: counts.rejected.value,
      retried: counts.retried.value,
      filtered: counts.filtered.value,
      looped: counts.looped.value,
      dropped: counts.dropped,
      deadLetters: this.deadLetters.length,
    }
  }

  #run(): void {
    this.standing.starting()
    try {
      this.#running = this.options.direction === 'egress' ? this.#egress(this.options) : this.#ingress(this.options)
    } catch (error) {
      this.standing.failed(error instanceof Error ? error.message : String(error))
    }
  }

  #egress(options: EgressOptions): Egress {
    const { clock, logger, node, spool } = this.#parts
    const sink = this.#ends.sink?.()
    const queue = this.#queue(queueName(options.name))
    if (!sink || !queue) throw new Error('this bridge has nowhere to send to')
    this.#end = sink
    const egress = new Egress(
      {
        ...{ clock, logger, node, counts: this.counts, standing: this.standing, hop: this.#hop },
        committed: async offset => {
          if (!spool?.isDurable(offset)) await spool?.commit.catch(() => {})
        },
        bury: (message, why) => this.deadLetters.bury(message, why),
      },
      options,
      sink,
    )
    egress.start((receiver, credit) => queue.consume(receiver, credit))
    return egress
  }

  #ingress(options: IngressOptions): Ingress {
    const { clock, logger, node } = this.#parts
    const source = this.#ends.source?.()
    if (!source) throw new Error('this bridge has nothing to read from')
    this.#end = source
    const ingress = new Ingress(
      {
        ...{ clock, logger, node, counts: this.counts, standing: this.standing, hop: this.#hop },
        // A record from far away may name any topic, but none of the broker's own.
        space: this.#parts.space(options.tenant, `bridge ${options.name}`),
        bury: (record, why) => this.deadLetters.bury(messageOfRecord(record, clock.now()), why, record.key),
      },
      options,
      source,
    )
    ingress.start()
    return ingress
  }

  async #rest(): Promise<void> {
    const [running, end] = [this.#running, this.#end]
    this.#running = undefined
    this.#end = undefined
    await running?.stop()
    if (end) await within(this.#parts.clock, closeMs, end.close())
  }

  async #again(message: Message): Promise<void> {
    const { name, direction } = this.options
    if (direction === 'egress') {
      this.#queue(queueName(name))?.add(message, again)
      await this.#parts.spool?.commit
      return
    }
    if (!(this.#running instanceof Ingress)) throw new Error(`bridge "${name}" is paused; resume it first`)
    await this.#running.publishAgain(recordOf(message, 'dead letter'))
  }

  #queue(name: string): Queue | undefined {
    return this.#parts.sessions.get(this.options.tenant, name)?.queue
  }

  async #openSession(
    name: string,
    filters: readonly string[],
    tenant: string,
    store: 'disk' | 'memory',
  ): Promise<void> {
    const { sessions, logger } = this.#parts
    const expiresAfterMs = store === 'disk' ? Number.POSITIVE_INFINITY : 0
    const session = await sessions.open(systemPrincipal(tenant), name, {
      clean: store === 'memory',
      expiresAfterMs,
      taken: () => logger.error({ bridge: this.options.name }, 'the queue of a bridge was taken away'),
    })
    this.#sessions.push(session)
    const bound = sessions.get(tenant, name)?.bindings
    const old = bound ? [...bound.values()].map(({ filter }) => filter).filter(filter => !filters.includes(filter)) : []
    const requests = filters.map(filter => ({ filter, options: { guarantee: 1, raise: true } as const }))
    let refused: Error | undefined
    await session.bind(requests, results => {
      refused = results.find(({ error }) => error !== undefined)?.error
    })
    if (refused) throw refused
    // Afterwards, so that nothing falls between an old filter and a new one.
    if (old.length > 0)
      await session.unbind(
        old.map(filter => ({ filter })),
        () => {},
      )
  }

  #show(): void {
    const { counters } = this.#parts
    const bridge = this.options.name
    const gauge = (name: string, read: () => number) => counters.gauge(`bridge_${name}`, read, { bridge })
    gauge('lag_messages', () => this.#lag.view().messages)
    gauge('lag_bytes', () => this.#lag.view().bytes)
    gauge('lag_age_seconds', () => this.#lag.view().ageMs / 1_000)
    gauge('dead_letters', () => this.deadLetters.length)
    gauge('up', () => (this.standing.state === 'running' ? 1 : 0))
    gauge('paused', () => (this.standing.state === 'paused' ? 1 : 0))
  }
}

/** The queues of one bridge: with limits of its own, told of what they drop, never slow consumers. */
export function queuesOf(
  options: BridgeOptions,
  queues: QueueHost,
  dropped: (reason: BridgeDrop, messages: number) => void,
): ReadonlyMap<string, QueueHost> {
  const told = (reason: DropReason, messages: number): void => dropped(dropOf(reason), messages)
  const dead = queues.variant({
    limits: { queueMessages: 0, queueBytes: options.onReject.max },
    overflow: 'drop-oldest',
    dropped: told,
  })
  if (options.direction === 'ingress') return new Map([[deadName(options.name), dead]])
  const { max, maxMessages, onFull } = options.buffer
  const own = queues.variant({
    limits: { queueMessages: maxMessages, queueBytes: max },
    overflow: onFull === 'block' ? 'refuse' : onFull,
    dropped: told,
  })
  return new Map([
    [deadName(options.name), dead],
    [queueName(options.name), own],
  ])
}

function dropOf(reason: DropReason): BridgeDrop {
  if (reason === 'queue-full') return 'buffer-full'
  if (reason === 'memory-full') return 'memory-full'
  return reason === 'session-ended' ? 'removed' : 'other'
}
