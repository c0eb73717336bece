import type { Unsettled } from './delivery.ts'
import type { Group } from './group.ts'
import type { Queue } from './queue.ts'

/** What a consumer left unsettled: what stays in its queue, and what goes back to the groups it came from. */
export function parted(
  queue: Queue,
  unsettled: Iterable<Unsettled>,
): { readonly stay: readonly Unsettled[]; readonly groups: ReadonlyMap<Group, readonly Unsettled[]> } {
  const stay: Unsettled[] = []
  const groups = new Map<Group, Unsettled[]>()
  for (const delivery of unsettled) {
    const { home } = delivery
    if (!home || delivery.guarantee === 2 || (queue.persistent && !home.hasOther(queue))) {
      stay.push(delivery)
      continue
    }
    const back = groups.get(home)
    if (back) back.push(delivery)
    else groups.set(home, [delivery])
  }
  return { stay, groups }
}
