import { type ErrorCode, isBrokerError } from '../../kernel/plugin.ts'

/** One wrong field of a request. */
export interface FieldFault {
  readonly in: 'path' | 'query' | 'body'
  /** JSON pointer, RFC 6901. */
  readonly pointer: string
  readonly message: string
}

/** What an answer says when a call fails: RFC 9457. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly errors?: readonly FieldFault[]
}

/** Every kind of problem, by name: its status and title. A name is a promise: add, never rename. */
export const problems = {
  'invalid-request': [400, 'The request is wrong'],
  unauthenticated: [401, 'Who you are is not known'],
  forbidden: [403, 'You may not do this'],
  'not-found': [404, 'There is no such thing'],
  'method-not-allowed': [405, 'The method is not offered here'],
  conflict: [409, 'It does not fit what is there'],
  'too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'The content type is not taken'],
  'misdirected-host': [421, 'The host name is not known here'],
  'too-many-requests': [429, 'Too many requests'],
  'internal-error': [500, 'A fault of the server'],
  unavailable: [503, 'The broker is not ready'],
  'storage-full': [507, 'The disk is full'],
} as const satisfies Readonly<Record<string, readonly [number, string]>>

export type ProblemName = keyof typeof problems

/** A call that fails on purpose. */
export class Problem extends Error {
  readonly problem: ProblemName
  readonly errors: readonly FieldFault[] | undefined
  /** Seconds until another try makes sense. */
  readonly retryAfter: number | undefined

  constructor(
    problem: ProblemName,
    detail: string,
    more: { errors?: readonly FieldFault[]; retryAfter?: number } = {},
  ) {
    super(detail)
    this.problem = problem
    this.errors = more.errors
    this.retryAfter = more.retryAfter
  }

  get status(): number {
    return problems[this.problem][0]
  }

  get document(): ProblemDocument {
    const [status, title] = problems[this.problem]
    return {
      type: `urn:robustmq:problem:${this.problem}`,
      title,
      status,
      detail: this.message,
      ...(this.errors && { errors: this.errors }),
    }
  }
}

const ofCode: Partial<Record<ErrorCode, ProblemName>> = {
  TOPIC_INVALID: 'invalid-request',
  FILTER_INVALID: 'invalid-request',
  CONFIG_INVALID: 'invalid-request',
  NOT_AUTHORIZED: 'forbidden',
  BANNED: 'forbidden',
  BINDING_TAKEN: 'conflict',
  CONFLICT: 'conflict',
  LIMIT_REACHED: 'too-many-requests',
  RATE_EXCEEDED: 'too-many-requests',
  STORAGE_FULL: 'storage-full',
  CLOSED: 'unavailable',
}

/** What the client is told of any error; undefined: it is a fault of ours, to be logged and not told. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  if (isBrokerError(error)) {
    const name = ofCode[error.code]
    return name && new Problem(name, error.message)
  }
  return ofFramework(error)
}

/** Errors of the HTTP framework carry a status of their own. */
function ofFramework(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const { statusCode, message } = error
  const byStatus: Readonly<Record<string, ProblemName>> = {
    400: 'invalid-request',
    413: 'too-large',
    415: 'unsupported-media-type',
    429: 'too-many-requests',
  }
  const name = byStatus[String(statusCode)]
  return name && new Problem(name, message)
}
