/**
 * Every error the broker throws on purpose, by code. A plugin maps codes onto its protocol's own (reason code, reply
 * code), so a code is a promise: add, never rename.
 */
export const errorCodes = {
  TOPIC_INVALID: 'a topic name breaks the grammar',
  FILTER_INVALID: 'a topic filter breaks the grammar',
  NOT_AUTHORIZED: 'the principal may not do this',
  BANNED: 'the client is on the blacklist',
  BINDING_TAKEN: 'an exclusive binding is held by another session',
  LIMIT_REACHED: 'a named limit is reached',
  RATE_EXCEEDED: 'more connects a second than are taken; later ones will be',
  STORAGE_FULL: 'the disk has no room; what was acknowledged is kept, new durable work is refused',
  STORAGE_FAILED: 'the disk failed a write or an fsync; the broker must stop and be restarted',
  STORAGE_CORRUPT: 'a data file fails its checksum before its end',
  STORAGE_FORMAT: 'a data file is of a format this version does not read',
  STORAGE_LOCKED: 'another process holds the data directory',
  CONFLICT: 'a compare-and-set found another revision',
  CONFIG_INVALID: 'the configuration is wrong',
  LISTEN_FAILED: 'a listener could not be opened',
  PLUGIN_INVALID: 'a plugin breaks its contract',
  SESSION_TAKEN: 'another connection took the session over',
  CLOSED: 'the broker, session or store is closed',
} as const

export type ErrorCode = keyof typeof errorCodes

/** The same in every copy of this file: a plugin's package may bring its own. */
const brand = Symbol.for('robustmq.BrokerError')

/** An operating error: expected, coded, with what happened and what to do about it in its message. */
export class BrokerError extends Error {
  readonly code: ErrorCode
  readonly [brand] = true

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BrokerError'
    this.code = code
  }
}

/** True when `error` is a BrokerError, of the given code if one is named. */
export function isBrokerError(error: unknown, code?: ErrorCode): error is BrokerError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false
  return code === undefined || (error as BrokerError).code === code
}
