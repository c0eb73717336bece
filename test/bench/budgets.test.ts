import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { Budgets } from '../../bench/budgets/budget.ts'
import type { Counts } from '../../bench/budgets/counts.ts'
import { lapShapes } from '../../bench/budgets/laps.ts'
import { measure } from '../../bench/budgets/measure.ts'
import { ProbedBroker } from '../../bench/budgets/probed-broker.ts'
import { compileBench } from '../support/bench.ts'
import { build, serverProgram } from '../support/build.ts'
import { describeUnless, noProc, testUnless } from '../support/skipping.ts'

const at = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url))
const budgets = new Budgets(at('bench/budgets/budgets.json'))
const probe = at('bench/dist/bench/budgets/probe.js')
const storing = process.env.BUDGETS === 'store'

const mend = `If the work is worth its price, store new budgets and say in the commit what was bought:
  BUDGETS=store npx vitest run test/bench/budgets.test.ts`

const noBudgets = budgets.known
  ? undefined
  : `no budgets for Node ${process.versions.node}, whose compiler allocates differently`

describeUnless(noProc ?? (storing ? undefined : noBudgets), 'what one message costs, counted and not timed', () => {
  beforeAll(async () => {
    await build()
    await compileBench()
  })

  test.each([...lapShapes])('stays within the budget: %s', { timeout: 60_000 }, async (name, shape) => {
    await using broker = await ProbedBroker.start(serverProgram, probe)
    const counts = await measure(broker, shape)
    if (storing) budgets.store(name, counts)
    const excesses = budgets.excesses(name, counts)
    expect(excesses, `${excesses.join('\n')}\n${mend}`).toEqual([])
  })
})

describe('the gate itself', () => {
  const counts: Counts = {
    reads: 1,
    writes: 1,
    writtenBytes: 90,

    heapBytes: 500,
    bufferBytes: 0,
    promises: 0,
  }

  test('takes a shape without a budget for one that is above it', () => {
    expect(budgets.excesses('no such shape', counts).join()).toContain('no budget')
  })

  testUnless(noBudgets, 'names each count that is more than 5 % above its budget', () => {
    const [shape = ''] = lapShapes.keys()
    const huge = Object.fromEntries(Object.keys(counts).map(name => [name, 1e9])) as unknown as Counts
    expect(budgets.excesses(shape, huge)).toHaveLength(Object.keys(counts).length)
  })
})
