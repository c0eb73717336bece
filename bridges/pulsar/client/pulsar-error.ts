import { type ServerError, serverErrors } from './grammar.ts'

/**
 * What to do about a failure: `repeat` it as it is (the broker restarts, a topic moves), `reject` this message or topic
 * (no repeat will do), or `mend` the configuration or the far side first.
 */
export type Wants = 'repeat' | 'reject' | 'mend'

/** What went wrong between us and a broker; the broker's own errors keep their names. */
const ours = {
  CONNECT_FAILED: 'repeat',
  HOST_UNKNOWN: 'mend',
  TLS_FAILED: 'mend',
  CLOSED: 'repeat',
  TIMEOUT: 'repeat',
  PROTOCOL: 'repeat',
  REDIRECTS: 'repeat',
  TOO_LARGE: 'reject',
  UNREADABLE: 'reject',
  UNSUPPORTED: 'mend',
} as const satisfies Readonly<Record<string, Wants>>

const theirs: Readonly<Record<ServerError, Wants>> = {
  UnknownError: 'repeat',
  MetadataError: 'repeat',
  PersistenceError: 'repeat',
  AuthenticationError: 'mend',
  AuthorizationError: 'reject',
  // Another consumer holds the subscription: it may go, but somebody should know.
  ConsumerBusy: 'mend',
  ServiceNotReady: 'repeat',
  ProducerBlockedQuotaExceededError: 'repeat',
  ProducerBlockedQuotaExceededException: 'repeat',
  ChecksumError: 'repeat',
  UnsupportedVersionError: 'mend',
  TopicNotFound: 'reject',
  SubscriptionNotFound: 'mend',
  ConsumerNotFound: 'repeat',
  TooManyRequests: 'repeat',
  TopicTerminatedError: 'reject',
  ProducerBusy: 'repeat',
  InvalidTopicName: 'reject',
  IncompatibleSchema: 'reject',
  ConsumerAssignError: 'repeat',
  TransactionCoordinatorNotFound: 'repeat',
  InvalidTxnStatus: 'repeat',
  NotAllowedError: 'reject',
  TransactionConflict: 'repeat',
  TransactionNotFound: 'repeat',
  // Somebody took the producer's place: a new one is made.
  ProducerFenced: 'repeat',
}

export type PulsarErrorCode = keyof typeof ours | ServerError

export class PulsarError extends Error {
  readonly code: PulsarErrorCode
  readonly wants: Wants

  constructor(code: PulsarErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PulsarError'
    this.code = code
    this.wants = code in ours ? ours[code as keyof typeof ours] : theirs[code as ServerError]
  }
}

/** A broker's answer as an error. Its text is cut to one line: some brokers send whole stack traces. */
export function serverError(number: number | undefined, message: string | undefined, what: string): PulsarError {
  const name = serverErrors[number ?? 0] ?? 'UnknownError'
  const [line = ''] = (message ?? '').split('\n')
  return new PulsarError(name, `${what}: ${name}${line === '' ? '' : `, ${line.slice(0, maxTextLength)}`}`)
}

const maxTextLength = 300

/** Anything thrown, as one of ours. */
export function asPulsarError(error: unknown): PulsarError {
  if (error instanceof PulsarError) return error
  return new PulsarError('CLOSED', error instanceof Error ? error.message : String(error), { cause: error })
}
