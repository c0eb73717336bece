import { isFull, latestAfter, settledAfterMs } from './deadlines.ts'
import { type ConnectRecord, type Delivery, type History, never } from './history.ts'

type Owed = 'once' | 'not' | 'perhaps'

/** Each will came once when it was due, and not at all when it was not. `had`: what one who missed nothing was given. */
export function checkWills(history: History, had: ReadonlyMap<number, readonly Delivery[]>): string[] {
  const broken: string[] = []
  for (const connect of history.connects) {
    const { will } = connect
    if (!will) continue
    const came = had.get(will.serial) ?? []
    const owed = owedOf(history, connect)
    const name = `will ${will.serial} of ${connect.client} at QoS ${will.qos}`
    if (came.length > 0 && owed === 'not') broken.push(`${name}: it was not due, and came`)
    if (came.length === 0 && owed === 'once') broken.push(`${name}: it was due, and never came`)
    if (will.qos === 2 && came.length > 1) broken.push(`${name}: it came ${came.length} times`)
  }
  return broken
}

function owedOf(history: History, connect: ConnectRecord): Owed {
  const { admitted, discarded, gone, will, expiresMs } = connect
  if (!connect.arrived) return 'not'
  if (!admitted || !will) return 'perhaps'
  const later = history.connects.filter(
    other => other.client === connect.client && other.arrived && other.arrived.tick > (connect.arrived?.tick ?? never),
  )
  const next = later[0]
  const death = history.deaths.find(({ tick }) => tick >= admitted.tick)
  if (discarded && discarded.tick <= (next?.arrived?.tick ?? never) && discarded.tick <= (gone?.tick ?? never)) {
    const soon = death && death.ms < discarded.ms + settledAfterMs
    return soon || (death && isFull(history, discarded.ms, death.ms)) ? 'perhaps' : 'not'
  }
  const dueAtOnce = will.delayMs === 0 || expiresMs === 0
  // It is taken over before the broker knew that it was gone.
  if (next?.arrived && next.arrived.tick <= (gone?.tick ?? never)) {
    if (!next.admitted) return 'perhaps'
    return dueAtOnce || next.clean ? 'once' : 'not'
  }
  if (!gone) return 'not'
  if (dueAtOnce) return 'once'
  const waitMs = Math.min(will.delayMs, expiresMs)
  const earliest = gone.ms + waitMs
  const latest = latestAfter(history, gone.ms, waitMs)
  if (!next?.arrived || next.arrived.ms > latest) return 'once'
  if (!next.admitted || next.admitted.ms >= earliest) return 'perhaps'
  return next.clean ? 'once' : 'not'
}
