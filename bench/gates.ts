import type { Figures } from './load.ts'
import type { Result } from './report.ts'

/** What a figure of ours has to reach in a case. */
export interface Gate {
  readonly figure: string
  /** Exactly one of the two. */
  readonly most?: number
  readonly least?: number
  /** The figure as it is, or divided by Mosquitto's of the same round, or by our own of the case's base. */
  readonly of: 'itself' | 'mosquitto' | 'base'
}

export interface Verdict extends Gate {
  readonly case: string
  readonly value: number
  /** The values of the rounds, least and most. */
  readonly spread: readonly [least: number, most: number]
  /** noise: the median missed it, at least one round reached it. */
  readonly verdict: 'met' | 'noise' | 'missed'
}

const cost = (most: number, figure = 'cpuUsPerMessage'): Gate[] => [{ figure, most, of: 'mosquitto' }]
const flat = (most: number): Gate[] => [{ figure: 'cpuUsPerMessage', most, of: 'base' }]
const itself = (figure: string, limit: Pick<Gate, 'most' | 'least'>): Gate => ({ figure, ...limit, of: 'itself' })

const retained = [...cost(0.8, 'storeCpuUsPerMessage'), ...cost(0.6, 'deliverCpuUsPerMessage')]
const offline = [...cost(0.8, 'enqueueCpuUsPerMessage'), ...cost(0.8, 'drainCpuUsPerMessage')]
const connecting = [itself('cpuUsPerConnection', { most: 60 }), itself('connectionsPerS', { least: 15_000 })]

export const gates: ReadonlyMap<string, readonly Gate[]> = new Map<string, readonly Gate[]>([
  ['p2p-q0', cost(0.2)],
  ['p2p-1k', cost(0.25)],
  ['p2p-w1', cost(1)],
  ['p2p-q1', cost(0.35)],
  ['p2p-q1-v5', cost(0.35)],
  ['p2p-q2', cost(0.3)],
  ['fanin', cost(0.2)],
  ['fanout', cost(0.25)],
  ['fanout-q1', cost(0.35)],
  ['wild', cost(0.35)],
  ['shared', cost(0.45)],
  ['p2p-rate', [...cost(1.3), { figure: 'latencyP99Us', most: 1.5, of: 'mosquitto' }]],
  ['retained', retained],
  ['retained-warm', retained],
  ['offline', offline],
  ['offline-warm', offline],
  ['conn', [itself('bytesPerConnection', { most: 6144 }), ...connecting]],
  // Its memory is that of earlier connections.
  ['conn-warm', connecting],
  ['durable-q1', [itself('deliveredPerS', { least: 150_000 })]],
  ['durable-slow', [itself('deliveredPerS', { least: 60_000 })]],
  ['durable-rate', [itself('latencyP99Us', { most: 5000 })]],
  ['flat-connections-q0', flat(1.15)],
  ['flat-connections-w1', flat(1.15)],
  ['flat-filters', flat(1.3)],
  [
    'subscriptions',
    [
      itself('bytesPerSubscription', { most: 400 }),
      itself('subscribedPerS', { least: 200_000 }),
      itself('unsubscribedPerS', { least: 200_000 }),
    ],
  ],
  ['queued', [itself('bytesPerMessage', { most: 350 })]],
  ['queued-1000', [itself('bytesPerMessage', { most: 350 })]],
  ['queued-durable', [itself('bytesPerMessage', { most: 32 })]],
  ['fairness', [itself('latencyP99Us', { most: 20_000 })]],
  ['fairness-frozen', [itself('latencyP99Us', { most: 20_000 })]],
])

/** Judges what was measured of `ours`; a gate whose comparison was not measured has no verdict. */
export function judge(benchCase: string, results: readonly Result[]): Verdict[] {
  const of = (broker: string, part: Result['part']): readonly Figures[] =>
    results.find(result => result.broker === broker && result.part === part)?.runs ?? []
  const ours = of('ours', 'load')
  return (gates.get(benchCase) ?? []).flatMap(gate => {
    const others = gate.of === 'itself' ? [] : gate.of === 'base' ? of('ours', 'base') : of('mosquitto', 'load')
    const figure = counted(gate.figure, [...ours, ...others])
    const pairs = ours.map((run, round) => [run[figure], gate.of === 'itself' ? 1 : others[round]?.[figure]] as const)
    const values = pairs
      .map(([one, other]) => (one ?? Number.NaN) / (other ?? Number.NaN))
      .filter(Number.isFinite)
      .sort((a, b) => a - b)
    const [least, most] = [values.at(0), values.at(-1)]
    if (least === undefined || most === undefined) return []
    const value = median(values)
    const reached = (one: number): boolean => one <= (gate.most ?? one) && one >= (gate.least ?? one)
    const verdict = reached(value) ? 'met' : values.some(reached) ? 'noise' : 'missed'
    return [{ ...gate, figure, case: benchCase, value, spread: [least, most], verdict }]
  })
}

/** Instructions in place of CPU time where all runs have counted them: they do not depend on what else the machine does. */
function counted(figure: string, runs: readonly Figures[]): string {
  const instructions = figure.replace('CpuUs', 'Instructions').replace('cpuUs', 'instructions')
  return runs.every(run => run[instructions] !== undefined) ? instructions : figure
}

export function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  if (sorted.length === 0) return Number.NaN
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
