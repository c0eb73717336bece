import { permits } from '../access/index.ts'
import type { Principal } from '../contract/access.ts'
import { BrokerError, isBrokerError } from '../contract/errors.ts'
import { Message } from '../contract/message.ts'
import type { Will } from '../contract/session.ts'
import type { ClientSession } from './client-session.ts'
import { sessionRow } from './session-rows.ts'
import type { SessionHost, Sessions } from './sessions.ts'

/** How long a will that a full disk refused waits until it is tried again. */
export const retryAfterMs = 5_000

/** A will that may not be published now is not kept for later either. @throws BrokerError NOT_AUTHORIZED */
export function checkWill(principal: Principal, will: Will | undefined): void {
  if (!will || permits(principal, 'publish', will.message.topic)) return
  const { clientId } = principal
  throw new BrokerError('NOT_AUTHORIZED', `client "${clientId}" may not publish its will to "${will.message.topic}"`)
}

/**
 * Publishes wills, each once. Its message and its number go into one commit of the spool, then a row of the session that
 * does not name it any more is written; only then the number is forgotten. A crash between two steps repeats nothing.
 */
export class Wills {
  readonly #sessions: Sessions
  readonly #host: SessionHost

  constructor(sessions: Sessions, host: SessionHost) {
    this.#sessions = sessions
    this.#host = host
  }

  /** Publishes the will of a session that goes on. @throws BrokerError STORAGE_FULL: it is tried again by itself. */
  async fire(session: ClientSession): Promise<void> {
    const { willId } = session
    try {
      await this.publish(session)
    } catch (error) {
      if (isBrokerError(error, 'STORAGE_FULL') && !session.holder && session.will) {
        const at = this.#host.clock.now() + retryAfterMs
        // Refused already, by every connection that came and found no room, it waits once.
        session.willDue?.cancel()
        session.willDue = this.#host.schedule.at(at, () => this.#sessions.fireWill(session))
      }
      throw error
    }
    // The row of a session that is over is its end's to remove.
    if (!this.#sessions.has(session)) return
    if (session.stored) await this.#sessions.write([sessionRow(session)])
    this.#host.dueDone(willId)
  }

  /** Resolves when it is stored. @throws BrokerError STORAGE_FULL, STORAGE_FAILED: the session has its will still. */
  async publish(session: ClientSession): Promise<void> {
    const { will, willId } = session
    if (!will) return
    session.will = undefined
    try {
      await this.#host.publishDue(session.queue.principal, session.tenant, this.#message(session, will), willId)
    } catch (error) {
      const { willId: now } = session
      if (isBrokerError(error, 'STORAGE_FULL') || isBrokerError(error, 'STORAGE_FAILED')) {
        if (now === willId) session.will = will
        throw error
      }
      this.#host.logger.error({ topic: will.message.topic, error: String(error) }, 'a will was given up')
    }
  }

  #message(session: ClientSession, will: Will): Message {
    const now = this.#host.clock.now()
    return new Message({
      ...will.message,
      from: session.id,
      publishedAt: now,
      ...(will.expiresAfterMs !== undefined && { expiresAt: now + will.expiresAfterMs }),
    })
  }
}
