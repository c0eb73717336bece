import type { Binding } from '../contract/queue.ts'
import type { ConnectionInfo } from '../contract/session.ts'
import { type ClientSession, protocolOf } from '../sessions/client-session.ts'
import type { SessionView } from './views.ts'

/** Looks up what it is asked for, when it is asked: a list looks at many sessions and shows few. */
export class SeenSession implements SessionView {
  readonly #session: ClientSession

  constructor(session: ClientSession) {
    this.#session = session
  }

  get tenant(): string {
    return this.#session.tenant.name
  }

  get protocol(): string {
    return protocolOf(this.#session.name)
  }

  get clientId(): string {
    return this.#session.id
  }

  get user(): string | undefined {
    return this.#session.queue.principal?.user
  }

  get address(): string | undefined {
    return this.#session.queue.principal?.address
  }

  get connected(): boolean {
    return this.#session.holder !== undefined
  }

  get connection(): ConnectionInfo | undefined {
    return this.#session.holder?.inspect()
  }

  get endedAt(): number | undefined {
    return this.#session.endedAt
  }

  get expiresAfterMs(): number {
    return this.#session.expiresAfterMs
  }

  get bindings(): number {
    return this.#session.bindings.size
  }

  get depth(): number {
    return this.#session.queue.depth
  }

  get unsettled(): number {
    return this.#session.queue.unsettled
  }

  get waitingBytes(): number {
    return this.#session.queue.waitingBytes
  }

  get willTopic(): string | undefined {
    return this.#session.will?.message.topic
  }

  get filters(): Iterable<Binding> {
    return this.#session.bindings.values()
  }
}
