import type { CountName, Counts, ProbeReading } from './counts.ts'
import { type LapShape, Laps } from './laps.ts'
import type { ProbedBroker } from './probed-broker.ts'

/** Until every function was compiled and every shape of object seen. */
const warmUpLaps = 3
/** The least of them counts: what happens besides, such as a timer, only adds. */
const measuredLaps = 7
const promiseLaps = 2

/** What the broker does for one delivered message of this shape. */
export async function measure(broker: ProbedBroker, shape: LapShape): Promise<Counts> {
  const laps = await Laps.connect(shape, broker.port)
  try {
    for (let lap = 0; lap < warmUpLaps; lap += 1) await laps.run()
    const counts: Counts[] = []
    for (let lap = 0; lap < measuredLaps; lap += 1) {
      const before = await broker.ask('collect')
      await laps.run()
      const after = await broker.ask('read')
      if (after.collections === before.collections) counts.push(difference(before, after, laps.messages))
    }
    if (counts.length === 0) throw new Error('every lap was interrupted by a garbage collection: laps are too long')
    const promises: number[] = []
    for (let lap = 0; lap < promiseLaps; lap += 1) {
      const before = await broker.ask('watch promises')
      await laps.run()
      const after = await broker.ask('stop watching')
      promises.push((after.promises - before.promises) / laps.messages)
    }
    return { ...least(counts), promises: Math.min(...promises) }
  } finally {
    laps.end()
  }
}

const names: readonly CountName[] = ['reads', 'writes', 'writtenBytes', 'heapBytes', 'bufferBytes', 'promises']

function difference(before: ProbeReading, after: ProbeReading, messages: number): Counts {
  return each(name => Math.max(after[name] - before[name], 0) / messages)
}

function least(counts: readonly Counts[]): Counts {
  return each(name => Math.min(...counts.map(count => count[name])))
}

function each(of: (name: CountName) => number): Counts {
  return Object.fromEntries(names.map(name => [name, of(name)])) as unknown as Counts
}
