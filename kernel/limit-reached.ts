import { BrokerError } from './contract/errors.ts'

/** By what a limit is of, and its name: as many as there are limits. */
const refusals = new Map<string, { readonly value: number; readonly error: BrokerError }>()

/**
 * The refusal of what a limit leaves no room for; `what` in plural. The same one each time: a flood that is refused would
 * have a stack written down for each of its messages, and nobody reads those.
 */
export function limitReached(what: string, name: string, value: number): BrokerError {
  const key = `${what} ${name}`
  const known = refusals.get(key)
  if (known?.value === value) return known.error
  const error = new BrokerError('LIMIT_REACHED', `no more ${what}: the limit ${name} is ${value}`)
  refusals.set(key, { value, error })
  return error
}
