import type { Message } from '../contract/message.ts'
import type { Consumer, Receiver } from '../contract/queue.ts'
import type { BindRequest, Bound, ConnectionInfo, Session, SessionOptions } from '../contract/session.ts'
import { BoundFilter } from '../queues/bound-filter.ts'
import type { ClientSession, SessionHolder } from './client-session.ts'
import type { Sessions } from './sessions.ts'

/** A connection's hold on a session. After a takeover it can do nothing more to it. */
export class SessionHold implements Session, SessionHolder {
  readonly resumed: boolean
  readonly #sessions: Sessions
  readonly #session: ClientSession
  readonly #taken: SessionOptions['taken']
  readonly #inspect: SessionOptions['inspect']
  #consumer: (Consumer & { close(): void }) | undefined

  constructor(
    sessions: Sessions,
    session: ClientSession,
    resumed: boolean,
    { taken, inspect }: Pick<SessionOptions, 'taken' | 'inspect'>,
  ) {
    this.resumed = resumed
    this.#sessions = sessions
    this.#session = session
    this.#taken = taken
    this.#inspect = inspect
  }

  get id(): string {
    return this.#session.id
  }

  take(reason: 'taken-over' | 'kicked'): void {
    this.#consumer?.close()
    this.#consumer = undefined
    this.#taken(reason)
  }

  /** The session outlives its connection. */
  get lasts(): boolean {
    return this.#session.expiresAfterMs > 0
  }

  /** Identifiers of publishes that were taken and not released. */
  get notes(): Iterable<number> {
    return this.#session.queue.notes
  }

  get heldIds(): Iterable<number> {
    return this.#session.held?.keys() ?? []
  }

  inspect(): ConnectionInfo | undefined {
    return this.#inspect?.()
  }

  bind(requests: readonly BindRequest[], bound: (results: readonly Bound[]) => void): Promise<void> {
    if (this.#lost) return Promise.resolve()
    return this.#sessions.bindings.bind(this.#session, requests, results => {
      if (this.#lost) return
      bound(results)
      for (const [i, result] of results.entries()) this.#replay(requests[i], result)
    })
  }

  unbind(
    filters: readonly { filter: string; group?: string | undefined }[],
    ended: (existed: readonly boolean[]) => void,
  ): Promise<void> {
    if (this.#lost) return Promise.resolve()
    return this.#sessions.bindings.unbind(this.#session, filters, existed => {
      if (!this.#lost) ended(existed)
    })
  }

  #replay(request: BindRequest | undefined, { binding, existed }: Bound): void {
    const wanted = request?.replay === 'always' || (request?.replay === 'if-new' && !existed)
    if (!wanted || this.#lost || !(binding instanceof BoundFilter)) return
    const retained = this.#sessions.host.retained.match(this.#session.tenant.name, binding.filter)
    this.#session.queue.replay(retained, binding)
  }

  consume(receiver: Receiver, credit: number): Consumer {
    if (this.#lost) throw new Error('a lost session has no consumer')
    this.#consumer = this.#session.queue.consume(receiver, credit)
    return this.#consumer
  }

  publishOnce(message: Message, id: number): number | Promise<number> | undefined {
    const session = this.#session
    const held = (session.held ??= new Map())
    if (this.#lost || held.has(id)) return undefined
    const { spool } = this.#sessions.host.queues
    const stored = session.queue.id !== 0 && spool !== undefined
    const once = { owner: session.queue.id, id, held: (offset: number) => held.set(id, offset) }
    const { publish } = this.#sessions.host
    // A refusal throws: the identifier is held only by what was taken.
    const published = publish(session.queue.principal, session.tenant, message, stored ? once : undefined)
    if (!stored) held.set(id, -1)
    if (typeof published !== 'number') published.catch(() => held.delete(id))
    return published
  }

  holds(id: number): boolean {
    return this.#session.held?.has(id) === true
  }

  release(id: number): Promise<void> | undefined {
    if (this.#lost) return undefined
    const { held, queue } = this.#session
    const { spool } = this.#sessions.host.queues
    const offset = held?.get(id)
    held?.delete(id)
    if (!spool || queue.id === 0) return undefined
    // An earlier connection released it, and may not have lasted until that was durable.
    if (offset === undefined) return spool.released
    spool.release({ owner: queue.id, id }, offset)
    return spool.commit
  }

  async end(options: { will: 'publish' | 'discard'; expiresAfterMs?: number | undefined }): Promise<void> {
    if (this.#lost) return
    this.#consumer?.close()
    this.#consumer = undefined
    await this.#sessions.end(this.#session, this, options)
  }

  get #lost(): boolean {
    return this.#session.holder !== this
  }
}
