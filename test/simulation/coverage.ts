import type { Incarnation, Qos, Request } from './history.ts'

/** What is known of a session's subscriptions during a time. */
export interface Coverage {
  /** Some filter matches, whatever became of requests that were not acknowledged. */
  readonly certain: boolean
  readonly possible: boolean
  /** What is granted, at least and at most. */
  readonly least: Qos
  readonly most: Qos
}

export function coverage({ requests }: Incarnation, topic: string, from: number, to: number): Coverage {
  let certain = false
  let possible = false
  let least: Qos = 0
  let most: Qos = 0
  for (const filter of new Set(requests.map(request => request.filter))) {
    if (!matches(filter, topic)) continue
    const states = statesOf(
      requests.filter(request => request.filter === filter),
      from,
      to,
    )
    const granted = states.flatMap(qos => (qos === undefined ? [] : [qos]))
    if (granted.length === 0) continue
    possible = true
    most = Math.max(most, ...granted) as Qos
    if (granted.length < states.length) continue
    certain = true
    least = Math.max(least, Math.min(...granted)) as Qos
  }
  return { certain, possible, least, most }
}

/** Every state that one filter may have been in between two ticks; undefined: not subscribed. */
function statesOf(requests: readonly Request[], from: number, to: number): (Qos | undefined)[] {
  const settled = requests.findLastIndex(({ sureAt }) => sureAt < from)
  const base = settled === -1 ? undefined : requests[settled]?.qos
  return [base, ...requests.slice(settled + 1).flatMap(({ askedAt, qos }) => (askedAt <= to ? [qos] : []))]
}

/** Filters of shared subscriptions match what their part after the group matches. */
export function matches(filter: string, topic: string): boolean {
  const plain = filter.startsWith('$share/') ? filter.split('/').slice(2) : filter.split('/')
  const levels = topic.split('/')
  for (const [i, level] of plain.entries()) {
    if (level === '#') return true
    if (i >= levels.length || (level !== '+' && level !== levels[i])) return false
  }
  return plain.length === levels.length
}
