import { expect } from 'vitest'
import { collectGarbage } from '../support/garbage.ts'
import type { Random } from '../support/random.ts'
import type { Version } from '../support/wire.ts'
import type { Corpus } from './corpus.ts'
import { failureDirectory, keepFailure } from './corpus.ts'
import { ScriptGrammar } from './grammar.ts'
import { type Carrier, nameOf, print, type Script } from './script.ts'
import { Stage } from './stage.ts'
import { Watchdog } from './watchdog.ts'

/** What the process may hold more at the end than after the first inputs: nothing of the clients that are gone. */
export const growthBytes = 16 * 1024 * 1024
/** Inputs until every path has run that compiles or fills something once. */
const warmUp = 20

export interface Budget {
  readonly seconds: number | undefined
  /** Without a time. */
  readonly rounds: number
}

/** Plays scripts, changed and new, until the budget is used up. Says what it did; throws at the first that fails. */
export class Run implements AsyncDisposable {
  readonly #stages = new Map<Script['storage'], Stage>()
  readonly #watchdog = new Watchdog(failureDirectory)
  readonly #grammar: ScriptGrammar
  readonly #random: Random
  readonly #corpus: Corpus
  readonly #seen: Set<string>
  /** Of the last script, in words. */
  behaviour: readonly string[] = []

  /** `seen`: how the broker was seen to behave; what is new makes an input worth keeping. */
  constructor(random: Random, corpus: Corpus, seen: Set<string>) {
    this.#random = random
    this.#grammar = new ScriptGrammar(random)
    this.#corpus = corpus
    this.#seen = seen
  }

  async over(level: Version, carrier: Carrier, { seconds, rounds }: Budget): Promise<string> {
    for (const storage of ['memory', 'file'] as const) await this.#stageOf(storage)
    for (let i = 0; i < warmUp; i++) await this.play(this.#next(level, carrier))
    const before = holdings()
    const end = performance.now() + (seconds ?? 0) * 1_000
    let inputs = 0
    let found = 0
    while (seconds === undefined ? inputs < rounds : performance.now() < end) {
      const script = this.#next(level, carrier)
      if (await this.play(script)) {
        this.#corpus.add(script)
        found++
      }
      inputs++
    }
    const after = holdings()
    expect(after.resources).toEqual(before.resources)
    expect(after.heapBytes - before.heapBytes).toBeLessThan(growthBytes)
    return `${inputs} inputs, ${found} with something new, ${this.#seen.size} ways to behave seen`
  }

  /** Plays one, and says whether the broker behaved as it never did before. @throws what failed, and how to play it again */
  async play(script: Script): Promise<boolean> {
    const text = print(script)
    const stage = await this.#stageOf(script.storage)
    try {
      this.behaviour = await this.#watchdog.over(text, () => stage.play(script))
      const before = this.#seen.size
      for (const one of this.behaviour) this.#seen.add(one)
      return this.#seen.size > before
    } catch (error) {
      throw new Error(keepFailure(nameOf(script), text, error), { cause: error })
    }
  }

  async #stageOf(storage: Script['storage']): Promise<Stage> {
    const stage = this.#stages.get(storage) ?? (await Stage.open(storage))
    this.#stages.set(storage, stage)
    return stage
  }

  #next(level: Version, carrier: Carrier): Script {
    const known = this.#corpus.of(carrier)
    if (known.length === 0 || this.#random.chance(0.25)) return this.#grammar.make(level, carrier)
    const script = known[this.#random.integer(0, known.length - 1)] as Script
    return this.#grammar.mutate({ ...script, level: this.#random.chance(0.7) ? level : script.level }, known)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watchdog[Symbol.asyncDispose]()
    for (const stage of this.#stages.values()) await stage[Symbol.asyncDispose]()
  }
}

function holdings(): { resources: Record<string, number>; heapBytes: number } {
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) {
    if (/TCP|TLS|Pipe/.test(name)) resources[name] = (resources[name] ?? 0) + 1
  }
  collectGarbage()
  return { resources, heapBytes: process.memoryUsage().heapUsed }
}
