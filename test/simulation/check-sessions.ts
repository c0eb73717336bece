import { latestAfter } from './deadlines.ts'
import { type ConnectRecord, type History, type Incarnation, never } from './history.ts'

/** Whether a CONNACK may say what it says of the session. Undefined: it may. */
export function sessionProblem(
  history: History,
  connect: ConnectRecord,
  known: Incarnation | undefined,
  present: boolean,
): string | undefined {
  const { client, clean } = connect
  if (clean) return present ? `${client} began anew, and found a session` : undefined
  const earlier = history.connects.filter(other => other.client === client && other !== connect && other.arrived)
  const last = earlier.findLast(({ admitted }) => admitted)
  if (!last || !known) {
    return present && earlier.length === 0 ? `${client} never connected, and found a session` : undefined
  }
  const since = earlier.slice(earlier.indexOf(last) + 1)
  if (last.expiresMs === 0) {
    return present && since.length === 0 ? `${client} found a session that ended with its connection` : undefined
  }
  const maybeEnded = since.some(attempt => attempt.clean)
  if (!present) {
    const endedMs = last.gone?.ms ?? never
    const mayBeOver = maybeEnded || (connect.admitted?.ms ?? 0) >= endedMs + last.expiresMs
    return mayBeOver
      ? undefined
      : `the session of ${client} is lost: it outlives its connection by ${last.expiresMs} ms, which ended at ${endedMs}`
  }
  // An attempt that was not answered may have found the session, and left it later.
  const leftMs = Math.max(...[last, ...since].map(({ gone }) => gone?.ms ?? never))
  const over = (connect.arrived?.ms ?? 0) > latestAfter(history, leftMs, last.expiresMs)
  return over
    ? `the session of ${client} has expired: it outlives its connection by ${last.expiresMs} ms, which ended at ${leftMs}`
    : undefined
}
