import { retainedTopics, watcherId } from './cast.ts'
import { bySerial, checkDeliveries } from './check-deliveries.ts'
import { checkGroups } from './check-groups.ts'
import { checkRetained } from './check-retained.ts'
import { checkWills } from './check-wills.ts'
import type { History } from './history.ts'

/** All that was promised. Says what is broken. */
export function check(history: History): string[] {
  const watched = history.incarnations.find(({ client }) => client === watcherId)
  return [
    ...checkDeliveries(history),
    ...checkGroups(history),
    ...checkRetained(history, retainedTopics),
    ...checkWills(history, bySerial(watched?.deliveries ?? [])),
  ]
}
