import type { Principal } from './access.ts'
import type { Message } from './message.ts'
import type { Session, SessionOptions } from './session.ts'

/** What a principal can reach: its tenant, behind its permissions. There is no way around it. */
export interface Space {
  readonly principal: Principal
  /**
   * Matches once and hands the message to every target. Returns how many queues it reached when all is done, or a
   * promise of that when it is being stored, or handed out by another process; those that wait for the same may share it.
   * Of a message that nobody acknowledges (guarantee 0) the number is not to be relied on.
   * @throws BrokerError TOPIC_INVALID, NOT_AUTHORIZED, LIMIT_REACHED at once, or by the promise; it also rejects with
   * STORAGE_FULL or STORAGE_FAILED. Then the publisher must not be told that the message was taken.
   */
  publish(message: Message): number | Promise<number>
  /**
   * To be asked after each publish, refused ones included: counts it against the publish rates and the memory limit.
   * A promise: read nothing more of this publisher until it resolves. It always does, within a second where memory is
   * short, so that a client whose answers would free some is heard.
   */
  throttle(bytes: number): Promise<void> | undefined
  /**
   * Resolves when what was published here so far has been handed out; undefined: it has been, as where one process does
   * all. For a protocol's word by which a client makes sure: a ping.
   */
  fence(): Promise<void> | undefined
  /**
   * Opens or resumes the session of that id, which is the protocol's own within the tenant, and takes it from the
   * connection that holds it. Resolves when the change is durable.
   * @throws BrokerError LIMIT_REACHED, SESSION_TAKEN when yet another connection was quicker.
   */
  session(id: string, options: SessionOptions): Promise<Session>
}
