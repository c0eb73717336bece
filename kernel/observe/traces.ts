import { filterFault } from '../access/index.ts'
import type { Principal } from '../contract/access.ts'
import type { Clock } from '../contract/clock.ts'
import { BrokerError, isBrokerError } from '../contract/errors.ts'
import type { Message } from '../contract/message.ts'
import type { Events } from '../contract/observe.ts'
import { isCidr } from '../net/cidr.ts'
import { type Noticed, Trace, type TraceOptions, type TraceState } from './trace.ts'

/** Traces kept, running or not. */
export const maxTraces = 16
/** How long one records at most. */
export const maxTraceMs = 3_600_000
/** The detail of an event that is longer, as JSON, is left out. */
const maxDetailLength = 4_096

/** What the kernel tells better itself. */
const toldElsewhere = new Set(['client.subscribed', 'client.unsubscribed', 'session.detached'])

/** What an operator does with traces. */
export type TracesApi = Pick<Traces, 'start' | 'stop' | 'remove' | 'get' | 'list' | 'watch'>

/**
 * Records what happens to clients and topics that an operator chose, for a while. Whoever notices something asks
 * `running` first: that is all it costs while nobody traces.
 */
export class Traces {
  /** Traces that record now, and others that watch. */
  running = 0
  /** Called when the first begins to record, and when none does any more. */
  switched: ((on: boolean) => void) | undefined
  readonly #clock: Clock
  readonly #events: Events
  readonly #traces = new Map<string, { readonly trace: Trace; readonly cancel: () => void }>()
  readonly #watchers = new Set<(noticed: Noticed) => void>()
  #unsubscribe: (() => void) | undefined

  constructor(clock: Clock, events: Events) {
    this.#clock = clock
    this.#events = events
  }

  /** @throws BrokerError CONFIG_INVALID, FILTER_INVALID, CONFLICT, LIMIT_REACHED */
  start(options: TraceOptions): Trace {
    this.#check(options)
    const { name } = options
    const trace = new Trace(options, this.#clock.now())
    const cancel = this.#clock.after(options.durationMs, () => this.#end(trace, 'over'))
    this.#traces.set(name, { trace, cancel })
    this.#begun()
    return trace
  }

  /** Calls `watcher` with all that is noticed, until the returned function is called. */
  watch(watcher: (noticed: Noticed) => void): () => void {
    this.#watchers.add(watcher)
    this.#begun()
    return () => {
      if (this.#watchers.delete(watcher)) this.#ended()
    }
  }

  /** Ends it; what it recorded stays. False: there is none of that name. */
  stop(name: string): boolean {
    const found = this.#traces.get(name)
    if (found) this.#end(found.trace, 'stopped')
    return found !== undefined
  }

  /** Ends and forgets it. False: there is none of that name. */
  remove(name: string): boolean {
    return this.stop(name) && this.#traces.delete(name)
  }

  get(name: string): Trace | undefined {
    return this.#traces.get(name)?.trace
  }

  list(): readonly Trace[] {
    return [...this.#traces.values()].map(({ trace }) => trace)
  }

  /** Bytes that entries take. */
  get bytes(): number {
    let bytes = 0
    for (const { trace } of this.#traces.values()) bytes += trace.bytes
    return bytes
  }

  close(): void {
    for (const { trace } of this.#traces.values()) this.#end(trace, 'stopped')
  }

  /** To be called only while one is `running`. */
  notice(noticed: Noticed): void {
    const at = this.#clock.now()
    for (const watcher of this.#watchers) watcher(noticed)
    for (const { trace } of this.#traces.values()) {
      if (trace.state !== 'running') continue
      trace.take(noticed, at)
      if (trace.full) this.#end(trace, 'full')
    }
  }

  /** A publish, and what becomes of it. */
  publish(
    subject: Principal | undefined,
    message: Message,
    work: () => number | Promise<number>,
  ): number | Promise<number> {
    const told = (event: string, more: Pick<Noticed, 'reason' | 'detail'>) => {
      if (this.running > 0) this.notice({ event, subject, message, ...more })
    }
    const failed = (error: unknown) => told('refused', { reason: isBrokerError(error) ? error.code : String(error) })
    // Where nobody is acknowledged anything there is nothing more to tell.
    const done = (reached: number) => {
      if (message.guarantee > 0) told('acknowledged', { detail: { reached } })
    }
    const { retain, deliverAt } = message
    told('published', { detail: { retain, ...(deliverAt !== undefined && { deliverAt }) } })
    try {
      const published = work()
      if (typeof published === 'number') done(published)
      else published.then(done, failed)
      return published
    } catch (error) {
      failed(error)
      throw error
    }
  }

  #event(event: string, { clientId, tenant, address, reason, ...detail }: Readonly<Record<string, unknown>>): void {
    if (toldElsewhere.has(event) || typeof clientId !== 'string') return
    const subject = { clientId, tenant: String(tenant), address: typeof address === 'string' ? address : '' }
    const fits = JSON.stringify(detail).length <= maxDetailLength
    this.notice({
      event: event.slice(event.indexOf('.') + 1),
      subject,
      reason: typeof reason === 'string' ? reason : undefined,
      detail: fits ? detail : undefined,
    })
  }

  #check({ name, filter, address, durationMs }: TraceOptions): void {
    const fault = filter === undefined ? undefined : filterFault(filter)
    if (fault) throw new BrokerError('FILTER_INVALID', `filter "${filter}" ${fault}`)
    if (address !== undefined && !isCidr(address))
      throw new BrokerError('CONFIG_INVALID', `"${address}" is no address and no block of addresses`)
    if (!(durationMs > 0 && durationMs <= maxTraceMs))
      throw new BrokerError('CONFIG_INVALID', `a trace records for at most ${maxTraceMs / 60_000} minutes`)
    if (this.#traces.has(name)) throw new BrokerError('CONFLICT', `there is a trace "${name}" already; delete it first`)
    if (this.#traces.size >= maxTraces)
      throw new BrokerError('LIMIT_REACHED', `there are ${maxTraces} traces already; delete one`)
  }

  #end(trace: Trace, state: Exclude<TraceState, 'running'>): void {
    if (trace.state !== 'running') return
    trace.state = state
    trace.endedAt = this.#clock.now()
    this.#traces.get(trace.options.name)?.cancel()
    this.#ended()
  }

  #begun(): void {
    if (this.running++ > 0) return
    this.#unsubscribe = this.#events.on('*', (detail, event) => this.#event(event, detail))
    this.switched?.(true)
  }

  #ended(): void {
    if (--this.running > 0) return
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.switched?.(false)
  }
}
