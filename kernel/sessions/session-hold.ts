import type { Message } from '../contract/message.ts'
import type { Binding, Consumer, Receiver } from '../contract/queue.ts'
import type { BindRequest, Bound, Session } from '../contract/session.ts'
import { BoundFilter } from '../queues/bound-filter.ts'
import type { ClientSession, SessionHolder } from './client-session.ts'
import type { Sessions } from './sessions.ts'

/** A connection's hold on a session. After a takeover it can do nothing more to it. */
export class SessionHold implements Session, SessionHolder {
  readonly id: string
  readonly resumed: boolean
  readonly #sessions: Sessions
  readonly #session: ClientSession
  readonly #taken: (reason: 'taken-over' | 'kicked') => void
  #consumer: (Consumer & { close(): void }) | undefined

  constructor(
    sessions: Sessions,
    session: ClientSession,
    resumed: boolean,
    taken: (reason: 'taken-over' | 'kicked') => void,
  ) {
    this.id = session.id
    this.resumed = resumed
    this.#sessions = sessions
    this.#session = session
    this.#taken = taken
  }

  get bindings(): Iterable<Binding> {
    return this.#session.bindings.values()
  }

  get held(): number {
    return this.#session.held?.size ?? 0
  }

  take(reason: 'taken-over' | 'kicked'): void {
    this.#consumer?.close()
    this.#consumer = undefined
    this.#taken(reason)
  }

  async bind(requests: readonly BindRequest[], bound: (results: readonly Bound[]) => void): Promise<void> {
    if (this.#lost) return
    await this.#sessions.bindings.bind(this.#session, requests, results => {
      if (!this.#lost) bound(results)
    })
  }

  async unbind(
    filters: readonly { filter: string; group?: string | undefined }[],
    ended: (existed: readonly boolean[]) => void,
  ): Promise<void> {
    if (this.#lost) return
    await this.#sessions.bindings.unbind(this.#session, filters, existed => {
      if (!this.#lost) ended(existed)
    })
  }

  replay(binding: Binding): void {
    if (this.#lost || !(binding instanceof BoundFilter)) return
    const retained = this.#sessions.host.retained.match(this.#session.tenant.name, binding.filter)
    this.#session.queue.replay(retained, binding)
  }

  consume(receiver: Receiver, credit: number): Consumer {
    if (this.#lost) throw new Error('a lost session has no consumer')
    this.#consumer = this.#session.queue.consume(receiver, credit)
    return this.#consumer
  }

  publishOnce(message: Message, id: number): number | Promise<void> | undefined {
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
    const offset = this.#session.held?.get(id)
    if (offset === undefined || this.#lost) return undefined
    this.#session.held?.delete(id)
    const { spool } = this.#sessions.host.queues
    if (offset === -1 || !spool) return undefined
    spool.release({ owner: this.#session.queue.id, id }, offset)
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
