import { deserialize, serialize } from 'node:v8'
import { BrokerError, type ErrorCode, errorCodes, isBrokerError } from '../contract/errors.ts'
import type { Outcome } from './bus.ts'

/** The body of a question, or its answer, as bytes: whatever can be cloned. */
export function encodeBody(body: unknown): Uint8Array {
  return serialize(body)
}

/** `bytes` must be the caller's own: what is read may be views of them. */
export function decodeBody(bytes: Uint8Array): unknown {
  return deserialize(bytes)
}

export function encodeOutcome(outcome: Outcome): Uint8Array {
  if (!('error' in outcome)) return serialize({ value: outcome.value })
  const { error } = outcome
  return serialize({ code: isBrokerError(error) ? error.code : undefined, message: error.message })
}

export function decodeOutcome(bytes: Uint8Array): Outcome {
  const body = deserialize(bytes) as { value?: unknown; code?: ErrorCode; message?: string }
  return body.message === undefined ? { value: body.value } : { error: errorOf(body.code, body.message) }
}

/** An error that came across, as it was thrown there. */
export function errorOf(code: string | undefined, message: string): Error {
  return code !== undefined && Object.hasOwn(errorCodes, code)
    ? new BrokerError(code as ErrorCode, message)
    : new Error(message)
}
