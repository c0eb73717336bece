import { Memory } from '../../../kernel/memory/memory.ts'
import type { ProcessMemory } from '../../../kernel/memory/process-memory.ts'
import { CounterSet } from '../../../kernel/observe/counters.ts'
import type { Clock, Counters } from '../../../kernel/plugin.ts'

/** A process that takes what the test says. */
export class TestProcess implements ProcessMemory {
  rss = 0
  heap = 0
  heapLimitBytes = Number.POSITIVE_INFINITY
  /** What a collection would free. */
  garbage = 0
  collections = 0
  tidied = false

  rssBytes(): number {
    return this.rss
  }

  collect(): void {
    this.rss -= this.garbage
    this.garbage = 0
    this.collections++
  }

  tidy(on: boolean): void {
    this.tidied = on
  }

  heapUsedBytes(): number {
    return this.heap
  }
}

/** An account whose budget is known to the byte; 0: no limit. */
export function memoryOf(options: {
  readonly budgetBytes?: number
  readonly queuedBytes?: number
  readonly clock: Clock
  readonly counters?: Counters
  readonly process?: TestProcess
}): Memory {
  const { budgetBytes = 0, queuedBytes = 0, clock, counters = new CounterSet(), process = new TestProcess() } = options
  // Of what the process may take, seven tenths are accounted.
  return new Memory({ limitBytes: Math.round(budgetBytes / 0.7), queuedBytes, clock, counters, process })
}
