import { atMostOnce, bySerial, told } from './check-deliveries.ts'
import { coverage } from './coverage.ts'
import { type Delivery, firstArrival, type History, type Incarnation, never } from './history.ts'

/** A shared group has each message once, whoever of its members it comes to. Says what is broken. */
export function checkGroups(history: History): string[] {
  const members = history.incarnations.filter(({ requests }) =>
    requests.some(({ filter }) => filter.startsWith('$share/')),
  )
  const had = new Map<number, Delivery[]>()
  for (const { deliveries } of members) {
    for (const [serial, came] of bySerial(deliveries)) had.set(serial, [...(had.get(serial) ?? []), ...came])
  }
  const broken: string[] = []
  for (const sent of history.sent) {
    const came = had.get(sent.serial) ?? []
    const problem = atMostOnce(sent, came, { stored: true, history })
    if (problem) broken.push(`${told(sent)}, the group: ${problem}`)
    const first = firstArrival(sent)
    if (came.length > 0 || sent.acknowledgedAt === never || sent.qos === 0 || sent.delayMs > 0) continue
    // What was with a member whose session ends, ends with it. [MQTT-4.8.2-5]
    const ended = members.some(member => member.endedAt < never && heldUntil(history, member) > first)
    const anchored = members.some(
      member => member.endedAt === never && coverage(member, sent.topic, first, never).certain,
    )
    if (anchored && !ended) broken.push(`${told(sent)}, the group: acknowledged, and lost`)
  }
  return broken
}

/** Until when the broker may have taken a member for there: of a broken connection it learns late, or dies before. */
function heldUntil({ connects, deaths }: History, { client, durable, begunAt, endedAt }: Incarnation): number {
  if (durable) return endedAt
  const connect = connects.find(one => one.client === client && one.arrived?.tick === begunAt)
  const death = deaths.find(({ tick }) => tick >= begunAt)?.tick ?? never
  return Math.max(endedAt, Math.min(connect?.gone?.tick ?? never, death))
}
