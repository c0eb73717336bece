import { readFileSync, writeFileSync } from 'node:fs'
import type { CountName, Counts } from './counts.ts'

/** What is allowed beyond the budget: a share of it, and a little for counts near 0, such as a pool's slab more. */
const tolerance = 0.05
const slack: Counts = {
  reads: 0.001,
  writes: 0.001,
  writtenBytes: 1,
  heapBytes: 8,
  bufferBytes: 64,
  promises: 0.002,
}

/** By the major version of Node, then by shape. */
type BudgetFile = Record<string, Record<string, Counts>>

/** The stored budgets of this version of Node. */
export class Budgets {
  readonly #file: string
  readonly #all: BudgetFile
  readonly #node = process.versions.node.split('.')[0] ?? ''

  constructor(file: string) {
    this.#file = file
    this.#all = JSON.parse(readFileSync(file, 'utf8'))
  }

  /** Whether there are any for this Node: another one's compiler allocates differently. */
  get known(): boolean {
    return this.#all[this.#node] !== undefined
  }

  /** A sentence for each count that is above its budget. */
  excesses(shape: string, counts: Counts): string[] {
    const budget = this.#all[this.#node]?.[shape]
    if (budget === undefined) return [`there is no budget for "${shape}" on Node ${this.#node}`]
    return (Object.keys(slack) as CountName[])
      .filter(name => counts[name] > budget[name] * (1 + tolerance) + slack[name])
      .map(name => `${shape}: ${name} per message ${counts[name].toFixed(3)}, budget ${budget[name].toFixed(3)}`)
  }

  store(shape: string, counts: Counts): void {
    const rounded = Object.entries(counts).map(([name, count]) => [name, Math.round(count * 10_000) / 10_000])
    this.#all[this.#node] = { ...this.#all[this.#node], [shape]: Object.fromEntries(rounded) }
    writeFileSync(this.#file, `${JSON.stringify(this.#all, null, 2)}\n`)
  }
}
