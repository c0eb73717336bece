import type { Tally } from './floods.ts'
import type { Look } from './probed-server.ts'

/** Where everything is that was published: what was owed, and what became of it. */
export interface Balance {
  readonly received: number
  readonly sent: number
  /** Deliveries that were owed: a publish to nobody counts as one that was dropped. */
  readonly owed: number
  readonly accounted: number
  readonly delivered: number
  readonly waiting: number
  readonly refused: number
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>
}

/** Exact when nothing is on its way any more. Publishes that were refused are owed to nobody, and counted as such. */
export function balanceOf({ numbers }: Look, tallies: readonly Tally[]): Balance {
  const of = (name: string): number => numbers[name] ?? 0
  const dropped: Record<string, number> = {}
  let lost = 0
  for (const [name, value] of Object.entries(numbers)) {
    const [, reason] = /^messages_dropped (.*)$/.exec(name) ?? []
    if (reason === undefined || value === 0) continue
    dropped[reason] = value
    lost += value
  }
  const refused = of('mqtt_publishes_dropped')
  const delivered = of('messages_delivered')
  const waiting = of('queued_messages') - of('unsettled_messages') + of('delayed_messages')
  return {
    received: of('mqtt_publishes_received'),
    sent: tallies.reduce((sum, { sent }) => sum + sent, 0),
    // What can be refused has one receiver, or none.
    owed: tallies.reduce((sum, { sent, fanOut }) => sum + sent * fanOut, 0) - refused,
    accounted: delivered + lost + waiting,
    delivered,
    waiting,
    refused,
    dropped,
  }
}
