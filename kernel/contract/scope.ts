import type { Header } from './message.ts'

/**
 * What templates and conditions look into: a message of ours on its way out, or a record of a far side on its way in.
 * What one of the two does not know is undefined.
 */
export interface Scope {
  readonly topic: string
  /** Kept: it may be held for as long as the scope. */
  readonly payload: Uint8Array
  /** Ordered and repeatable. */
  readonly headers: readonly Header[]
  /** The record's own key. */
  readonly key: Uint8Array | string | undefined
  /** Who published it. */
  readonly clientid: string | undefined
  readonly username: string | undefined
  readonly qos: number | undefined
  readonly retain: boolean | undefined
  /** When it was published, ms since the epoch. */
  readonly timestamp: number
  /** The same whenever this message is sent again, also after a restart. */
  readonly id: string
  readonly node: string
  readonly contentType: string | undefined
  readonly correlationId: Uint8Array | undefined
  readonly replyTo: string | undefined
  /** No longer of use after this time: ms since the epoch. */
  readonly expiresAt: number | undefined
  /** The way it came and this bridge: a far side that can keep it gets it as the header `robustmq-via`. */
  readonly via: string
  /** The payload as JSON, parsed once; undefined when it is not JSON. */
  json(): unknown
}

/** The header of every bridged message that names the bridges it went through, so that none sends it twice. */
export const viaHeader = 'robustmq-via'

/** The same in every copy of this file: a plugin's package may bring its own. */
const brand = Symbol.for('robustmq.Rejected')

/** Why one message can never be sent as it is: it becomes a dead letter. */
export class Rejected {
  /** A word of capital letters, such as PATH_MISSING. */
  readonly code: string
  /** In words, without the payload. */
  readonly reason: string
  readonly [brand] = true

  constructor(code: string, reason: string) {
    this.code = code
    this.reason = reason
  }
}

export function isRejected(value: unknown): value is Rejected {
  return typeof value === 'object' && value !== null && (value as { readonly [brand]?: true })[brand] === true
}

/** What an option of type `template` becomes: text with `${paths}`. */
export interface Template {
  /** As it was written. */
  readonly source: string
  /** Its text, when there is no path in it. */
  readonly constant: string | undefined
  /** Bytes when it is a path to bytes and nothing else; undefined when an optional path (`${x?}`) leads nowhere. */
  render(scope: Scope): Uint8Array | string | undefined | Rejected
  /** The same, as text. */
  text(scope: Scope): string | undefined | Rejected
}

/** What an option of type `document` becomes: a map or list of templates, which is sent as JSON, or one template. */
export interface DocumentTemplate {
  /** True: it makes JSON. False: bytes as they are. */
  readonly json: boolean
  render(scope: Scope): Uint8Array | undefined | Rejected
}

/** What an option of type `condition` becomes. */
export interface Condition {
  readonly source: string
  holds(scope: Scope): boolean
}
