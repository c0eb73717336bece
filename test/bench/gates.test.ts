import { expect, test } from 'vitest'
import { cases } from '../../bench/cases.ts'
import { gates, judge } from '../../bench/gates.ts'
import { summarize, verdicts } from '../../bench/report.ts'

/** Results of ours and of Mosquitto, by rounds. */
function results(benchCase: string, ours: number[], mosquitto: number[]) {
  const of = (broker: string, values: number[]) =>
    summarize({ case: benchCase, part: 'load', broker, runs: values.map(cpuUsPerMessage => ({ cpuUsPerMessage })) })
  return [of('ours', ours), of('mosquitto', mosquitto)]
}

test('every gate belongs to a case', () => {
  for (const name of gates.keys()) expect(cases.has(name), name).toBe(true)
})

test('a cost is compared with that of the same round, and the median decides', () => {
  const [met] = judge('p2p-w1', results('p2p-w1', [5, 9, 6], [10, 10, 5]))
  expect(met).toMatchObject({ verdict: 'met', value: 0.9, spread: [0.5, 1.2] })
})

test('a gate that is missed says so, with the ratio', () => {
  const judged = judge('p2p-w1', results('p2p-w1', [12, 12], [10, 10]))
  expect(judged).toMatchObject([{ verdict: 'missed', value: 1.2 }])
  expect(verdicts(judged)).toBe(
    'gate  p2p-w1  ours: cpuUsPerMessage / mosquitto  1.20 (1.20-1.20), at most 1.00: MISSED by 1.20 times',
  )
})

test('a gate that some round reached is missed within the noise', () => {
  expect(judge('p2p-w1', results('p2p-w1', [12, 12, 9], [10, 10, 10]))).toMatchObject([{ verdict: 'noise' }])
})

test('without what it is compared with, a gate has no verdict', () => {
  expect(judge('p2p-w1', results('p2p-w1', [12], []))).toEqual([])
})

test('instructions decide where all have counted them', () => {
  const of = (broker: string, instructionsPerMessage: number) =>
    summarize({ case: 'p2p-w1', part: 'load', broker, runs: [{ cpuUsPerMessage: 9, instructionsPerMessage }] })
  const [verdict] = judge('p2p-w1', [of('ours', 500), of('mosquitto', 1000)])
  expect(verdict).toMatchObject({ figure: 'instructionsPerMessage', value: 0.5 })
})
