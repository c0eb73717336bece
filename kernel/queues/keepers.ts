import type { Guarantee, Message } from '../contract/message.ts'
import type { Target } from '../spool/record.ts'
import type { Holder } from '../spool/spool.ts'
import type { MatchedVia } from './bound-filter.ts'
import type { Route } from './route.ts'

/** Everybody who keeps a message in the spool. */
export interface Keepers {
  /** Of the messages they keep. */
  readonly guarantee: Guarantee
  readonly holders: readonly Holder[]
  /** How each of them does. */
  readonly targets: readonly Target[]
}

/** Of a message that is to be kept: found once for all of a route that ask for the same, unless it matters whose they are. */
export function keepersOf(route: Route, message: Message): Keepers {
  if (route.excludesOwn) return findKeepers(route, message)
  if (route.keepers?.guarantee !== message.guarantee) route.keepers = findKeepers(route, message)
  return route.keepers
}

/** Whether a durable queue keeps it: because its publisher asked for that, or because this queue does. */
export function isKept(message: Message, way: MatchedVia): boolean {
  if (way.guaranteeOf(message.guarantee) === 0) return false
  return message.durability === 'stored' || message.guarantee === 0
}

/** Its publisher asks for it to be kept. */
export function isAsked({ guarantee, durability }: Message): boolean {
  return guarantee > 0 && durability === 'stored'
}

function findKeepers({ targets: reached, groups }: Route, message: Message): Keepers {
  const { guarantee } = message
  const holders: Holder[] = []
  const targets: Target[] = []
  for (const { queue, via } of reached) {
    const way = queue.id === 0 ? undefined : queue.wants(message, via)
    if (!way || !isKept(message, way)) continue
    holders.push(queue)
    targets.push({ queueId: queue.id, guarantee: way.guaranteeOf(guarantee), via: way })
  }
  for (const group of groups) {
    if (group.id === 0 || !isAsked(message)) continue
    holders.push(group)
    targets.push({ queueId: group.id, guarantee, via: group.via })
  }
  return { guarantee, holders, targets }
}
