import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'

/** What became of a question. */
export type Outcome = { readonly value: unknown } | { readonly error: Error }

/**
 * Another process of this broker, as seen from here: workers of one machine today, nodes of a cluster later. Frames
 * arrive whole, once, and in the order in which they were begun; answers stand in the same order. Once a peer is lost it
 * says nothing more and hears nothing more: whoever comes back is another peer.
 */
export interface Peer {
  readonly name: string
  /** Nothing arrives before this is set, once. */
  serve(handler: PeerHandler): void
  /**
   * Begins a frame, which ends where the next one begins or with the turn; all of a turn leave together. The kind is the
   * handler's business.
   */
  begin(kind: number): FrameWriter
  /** Has the handler's `leaving` called at the end of this turn, whether or not a frame is begun. */
  mark(): void
  /** Asks; `answered` is called in the order of frames, so that what it says holds for all that come behind it. */
  ask(kind: number, body: unknown, answered: (outcome: Outcome) => void): void
  /** Asks, for those whom that order does not concern. */
  request(kind: number, body: unknown): Promise<unknown>
  /** True while more is pending than a peer that keeps up would leave: give it nothing more until `drained`. */
  slow(): boolean
  /** Bytes that wait to be taken. */
  readonly pendingBytes: number
  /** Sends what is pending, then ends; this side hears no `lost`. */
  close(): Promise<void>
  /** Ends at once, as if it had been lost. */
  destroy(reason: string): void
}

/** What a peer's frames mean. What it throws loses the peer: they do not understand each other. */
export interface PeerHandler {
  /** What `body` lends is gone when the call returns. */
  frame(kind: number, body: FrameReader): void
  /** A question: `answer` is called once, or never when nobody can hear it any more. Errors cross with their code. */
  asked(kind: number, body: unknown, answer: (outcome: Outcome) => void): void
  /** Nothing is pending any more, after `slow` was true. */
  drained(): void
  /** Called once, last. Its questions have been answered with an error before. */
  lost(reason: string): void
  /** The turn's frames are about to leave; more may be begun here. */
  leaving?(): void
}
