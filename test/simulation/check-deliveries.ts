import { coverage } from './coverage.ts'
import { isFull } from './deadlines.ts'
import { type Delivery, firstArrival, type History, type Incarnation, never, type Sent } from './history.ts'

/** Of each session, what it had of each publish: what it must have, may have, and may not. Says what is broken. */
export function checkDeliveries(history: History): string[] {
  const broken: string[] = []
  for (const session of history.incarnations) {
    if (session.requests.some(({ filter }) => filter.startsWith('$share/'))) continue
    const had = bySerial(session.deliveries)
    for (const sent of history.sent) {
      // Without a payload it cannot be told from others.
      if (sent.clears) continue
      const problem = problemOf(history, session, sent, had.get(sent.serial) ?? [])
      if (problem) broken.push(`${told(sent)}, ${session.client}: ${problem}`)
    }
    broken.push(...outOfOrder(session, history))
  }
  return broken
}

/** A publish without effect on live subscriptions does nothing here: what is retained is read by others. */
function problemOf(history: History, session: Incarnation, sent: Sent, had: readonly Delivery[]): string | undefined {
  const first = firstArrival(sent)
  const windows = sent.transmissions.filter(({ arrivedAt }) => arrivedAt < never)
  const endOf = (end: number) => (sent.delayMs > 0 ? never : end)
  const possible = windows.some(
    ({ arrivedAt, endedAt }) =>
      session.begunAt <= endOf(endedAt) &&
      session.endedAt >= arrivedAt &&
      coverage(session, sent.topic, arrivedAt, endOf(endedAt)).possible,
  )
  if (had.length > 0 && !possible) return `it had a message that it was never subscribed to (tick ${had[0]?.at})`
  const atMost = atMostOnce(sent, had, { stored: session.durable || history.full.length === 0, history })
  if (atMost) return atMost
  const last = Math.max(...windows.map(({ endedAt }) => endOf(endedAt)))
  const whole = coverage(session, sent.topic, first, last)
  const least = whole.certain ? Math.min(sent.qos, whole.least) : 0
  for (const { qos } of had) {
    if (qos < least || qos > Math.min(sent.qos, whole.most)) return `it came at QoS ${qos}`
  }
  if (sent.acknowledgedAt === never || session.endedAt < never) return undefined
  const owed = coverage(session, sent.topic, first, sent.delayMs > 0 ? never : sent.acknowledgedAt)
  if (!owed.certain || session.begunAt > first || Math.min(sent.qos, owed.least) === 0) return undefined
  return had.length === 0 ? 'acknowledged, and lost' : undefined
}

/**
 * What is true of a message whoever had it, one session or the members of a group together. `stored`: nothing is begun for
 * them before it is stored, so what was refused was not begun.
 */
export function atMostOnce(
  sent: Sent,
  had: readonly Delivery[],
  { stored, history }: { readonly stored: boolean; readonly history: History },
): string | undefined {
  const at = (qos: number) => had.filter(delivery => delivery.qos === qos).length
  // At QoS 1 it goes out before it is stored, and may come again: a crash before it was acknowledged forgets it, and when it
  // is repeated, the subscription may have another QoS.
  const isForgotten = (delivery: Delivery) =>
    history.deaths.some(({ tick }) => {
      return tick >= delivery.at && tick < sent.acknowledgedAt && had.every(({ qos, at }) => qos < 2 || at > tick)
    })
  const atLeastOnce = had.some(delivery => delivery.qos === 1 && !isForgotten(delivery))
  const arrivals = sent.transmissions.filter(({ arrivedAt }) => arrivedAt < never).length
  // One that was delayed, and fell due when there was no room, is tried again: who has no durable session is sent each.
  const refused = had.filter(({ qos, ms }) => sent.delayMs > 0 && qos === 0 && isFull(history, ms, ms)).length
  if (at(0) - refused > arrivals) return `at QoS 0 it came ${at(0)} times, and was sent ${arrivals} times`
  if (sent.qos < 2) return undefined
  // To a session that is not stored it is sent at once: when there is no room for it, its repetition is sent as well.
  const most = stored ? 1 : arrivals
  if (at(2) + (atLeastOnce ? 1 : 0) > most) return `it came ${at(2)} times at QoS 2, ${at(1)} times at QoS 1`
  if (sent.refused && stored && at(2) > 0) return 'it was refused, and came'
  return undefined
}

/** First arrivals, of each publisher and topic, of messages that came while the session was subscribed for certain. */
function outOfOrder(session: Incarnation, history: History): string[] {
  const sent = new Map(history.sent.map(one => [one.serial, one]))
  const last = new Map<string, number>()
  const seen = new Set<number>()
  const broken: string[] = []
  for (const { serial, qos, retain } of session.deliveries) {
    const message = sent.get(serial)
    if (!message || retain || qos === 0 || message.delayMs > 0 || seen.has(serial)) continue
    seen.add(serial)
    const first = firstArrival(message)
    if (!coverage(session, message.topic, first, first).certain) continue
    if (mayHaveBeenRefused(history, message)) continue
    const line = `${message.publisher} ${message.topic}`
    const before = last.get(line) ?? 0
    if (serial < before) broken.push(`${told(message)}, ${session.client}: it came after ${before}`)
    last.set(line, Math.max(before, serial))
  }
  return broken
}

/** It came while the disk was full, and had no answer: when it was refused, it is published by its repetition only. */
function mayHaveBeenRefused({ full }: History, { transmissions, acknowledgedAt }: Sent): boolean {
  return transmissions.some(({ arrivedAt, endedAt }) => {
    if (endedAt === acknowledgedAt) return false
    return full.some(({ from, to }) => from.tick <= endedAt && (to?.tick ?? never) >= arrivedAt)
  })
}

export function bySerial(deliveries: readonly Delivery[]): Map<number, Delivery[]> {
  const had = new Map<number, Delivery[]>()
  for (const delivery of deliveries) {
    if (delivery.retain) continue
    const others = had.get(delivery.serial)
    if (others) others.push(delivery)
    else had.set(delivery.serial, [delivery])
  }
  return had
}

export function told({ serial, publisher, topic, qos }: Sent): string {
  return `message ${serial} of ${publisher} to ${topic} at QoS ${qos}`
}
