import { type History, never, type Reading, type Sent } from './history.ts'

/** A writing of a topic's retained value: it happens at some moment between its two ends, or not at all. */
interface Write {
  /** 0: nothing is retained. */
  readonly value: number
  readonly from: number
  readonly to: number
  /** It did happen. */
  readonly certain: boolean
}

/** Every reading found the last value that was acknowledged, or one that may have come after it. Says what is broken. */
export function checkRetained(history: History, topics: readonly string[]): string[] {
  const broken: string[] = []
  for (const topic of topics) {
    const writes = [{ value: 0, from: -1, to: -1, certain: true }, ...writesOf(history, topic)]
    for (const reading of history.readings) {
      const value = reading.found.get(topic) ?? 0
      const problem = problemOf(writes, reading, value)
      if (problem) broken.push(`retained ${topic}, read at tick ${reading.askedAt}: ${problem}`)
      const kept = keptBy(history, writes, reading, value)
      if (kept) writes.push(kept)
    }
  }
  return broken
}

function problemOf(writes: readonly Write[], { askedAt, doneAt }: Reading, value: number): string | undefined {
  const candidates = writes.filter(write => write.value === value && write.from <= doneAt)
  if (candidates.length === 0) return `${value} was never written`
  const newer = candidates.map(({ to }) =>
    writes.find(other => other.certain && other.from > to && other.to < askedAt && other.value !== value),
  )
  if (newer.some(other => other === undefined)) return undefined
  return `it is ${value || 'nothing'}, but ${newer[0]?.value || 'nothing'} came after it for certain`
}

/** What a start brought back is on the disk: nothing older comes back later. */
function keptBy(history: History, writes: readonly Write[], reading: Reading, value: number): Write | undefined {
  const death = history.deaths.findLast(({ tick }) => tick < reading.askedAt)
  if (!death) return undefined
  const candidates = writes.filter(write => write.value === value)
  if (candidates.some(({ to }) => to >= death.tick)) return undefined
  return { value, from: reading.askedAt, to: reading.doneAt, certain: true }
}

function writesOf(history: History, topic: string): Write[] {
  return history.sent.flatMap(sent => (sent.retain && sent.topic === topic ? windows(sent) : []))
}

/** At QoS 2 only one of the transmissions has an effect; at QoS 1 each may have one, and the acknowledged one has. */
function windows(sent: Sent): Write[] {
  const value = sent.clears ? 0 : sent.serial
  const arrived = sent.transmissions.filter(({ arrivedAt }) => arrivedAt < never)
  const acknowledged = sent.acknowledgedAt < never
  if (sent.qos === 2 && acknowledged && arrived[0]) {
    return [{ value, from: arrived[0].arrivedAt, to: sent.acknowledgedAt, certain: true }]
  }
  const answered = acknowledged ? arrived.findLast(({ arrivedAt }) => arrivedAt <= sent.acknowledgedAt) : undefined
  return arrived.map(one => {
    return { value, from: one.arrivedAt, to: one.endedAt, certain: one === answered }
  })
}
