import type { Counters } from '../contract/observe.ts'
import type { Group } from '../queues/group.ts'
import type { QueueHost } from '../queues/queue-host.ts'
import type { ClientSession } from './client-session.ts'
import { isInternal } from './client-session.ts'

/** What a session takes, by rule of thumb. */
const sessionBytes = 1024

/** Counts sessions and what their queues hold, whenever somebody asks. */
export function showSessions(
  { counters, queues }: { readonly counters: Counters; readonly queues: QueueHost },
  sessions: ReadonlyMap<string, ClientSession>,
  counts: { readonly ofClients: number },
): void {
  queues.memory.also(() => sessions.size * sessionBytes)
  const count = (of: (session: ClientSession) => number) => () => {
    let sum = 0
    for (const session of sessions.values()) sum += of(session)
    return sum
  }
  // A message counts once a queue, those of groups included.
  const countQueues = (of: (queue: { readonly depth: number; readonly waitingBytes: number }) => number) => () => {
    const groups = new Set<Group>()
    let sum = count(({ queue }) => {
      for (const group of queue.groups) groups.add(group)
      return of(queue)
    })()
    for (const group of groups) sum += of(group)
    return sum
  }
  counters.gauge('sessions', () => counts.ofClients)
  counters.gauge(
    'sessions_connected',
    count(({ name, holder }) => (holder && !isInternal(name) ? 1 : 0)),
  )
  counters.gauge(
    'queued_messages',
    countQueues(({ depth }) => depth),
  )
  counters.gauge(
    'queued_message_bytes',
    countQueues(({ waitingBytes }) => waitingBytes),
  )
  counters.gauge(
    'unsettled_messages',
    count(({ queue }) => queue.unsettled),
  )
}

/** For each consumer that owes an answer, what it has been owing the longest. */
export function* oldestUnsettled(
  sessions: Iterable<ClientSession>,
): Iterable<{ clientId: string; topic: string; publishedAt: number }> {
  for (const { id, name, queue } of sessions) {
    const message = queue.oldestUnsettled
    if (message && !isInternal(name)) yield { clientId: id, topic: message.topic, publishedAt: message.publishedAt }
  }
}
