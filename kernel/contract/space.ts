import type { Principal } from './access.ts'
import type { Message } from './message.ts'
import type { Session, SessionOptions } from './session.ts'

/** What a principal can reach: its tenant, behind its permissions. There is no way around it. */
export interface Space {
  readonly principal: Principal
  /**
   * Matches once and hands the message to every target. Returns how many queues it reached when all is done, or a
   * promise when something durable is being stored: it resolves after the group commit.
   * @throws BrokerError TOPIC_INVALID, NOT_AUTHORIZED, LIMIT_REACHED at once; the promise rejects with STORAGE_FULL or
   * STORAGE_FAILED, and then the publisher must not be told that the message was taken.
   */
  publish(message: Message): number | Promise<void>
  /**
   * Counts a message that arrived against the publish rates; returns for how many ms the connection should not be
   * read, 0 when it is within them.
   */
  throttle(bytes: number): number
  /**
   * Opens or resumes the session of that id, which is the protocol's own within the tenant, and takes it from the
   * connection that holds it. Resolves when the change is durable.
   * @throws BrokerError LIMIT_REACHED, SESSION_TAKEN when yet another connection was quicker.
   */
  session(id: string, options: SessionOptions): Promise<Session>
  /** Retained messages of topics that match and may be received, lazily. */
  retained(filter: string): Iterable<Message>
}
