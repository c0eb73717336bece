import { BrokerError } from '../../kernel/plugin.ts'
import { errorCode } from './disk.ts'

/**
 * Whether the disk can still be trusted. After a failed fsync nobody knows what is on it, and trying again would lie:
 * the first failure is final for the whole directory, until a restart reads back what is there.
 */
export class Health {
  readonly #onFailed: (error: Error) => void
  #failure: BrokerError | undefined

  constructor(onFailed: (error: Error) => void) {
    this.#onFailed = onFailed
  }

  get failure(): BrokerError | undefined {
    return this.#failure
  }

  fail(path: string, cause: unknown): BrokerError {
    if (this.#failure !== undefined) return this.#failure
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.#failure = new BrokerError(
      'STORAGE_FAILED',
      `${path} could not be written or synced (${reason}); what was acknowledged is kept, nothing more is taken: ` +
        'check the disk and restart the broker',
      { cause },
    )
    this.#onFailed(this.#failure)
    return this.#failure
  }
}

/** No room, as against a broken disk: it may come back. */
export function isFull(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

export function full(path: string, cause: unknown): BrokerError {
  return new BrokerError('STORAGE_FULL', `no room to write ${path}; free some space, the broker goes on by itself`, {
    cause,
  })
}

/** A read that the disk refused. What is already coded is passed on. */
export function unreadable(path: string, cause: unknown): BrokerError {
  if (cause instanceof BrokerError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new BrokerError('STORAGE_FAILED', `${path} could not be read (${reason}); check the disk`, { cause })
}
