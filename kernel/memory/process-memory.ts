import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What the process takes, as the system and V8 see it. */
export interface ProcessMemory {
  rssBytes(): number
  heapUsedBytes(): number
  /** V8 ends the process when its heap needs more. */
  readonly heapLimitBytes: number
  /** Has the garbage collected at once, which stops everything for some tens of milliseconds. */
  collect(): void
  /** From its next collection on V8 collects sooner than it would, piece by piece beside the work; or no longer so. */
  tidy(on: boolean): void
}

/** Percent by which the heap may grow until V8 collects; left to itself (0) it may wait for four times as much. */
const tidyGrowth = 50

let collectGarbage: (() => void) | undefined

export const processMemory: ProcessMemory = {
  rssBytes: () => process.memoryUsage.rss(),
  heapUsedBytes: () => getHeapStatistics().used_heap_size,
  heapLimitBytes: getHeapStatistics().heap_size_limit,
  collect: () => {
    if (!collectGarbage) {
      setFlagsFromString('--expose-gc')
      collectGarbage = runInNewContext('gc') as () => void
    }
    collectGarbage()
  },
  tidy: on => setFlagsFromString(`--heap-growing-percent=${on ? tidyGrowth : 0}`),
}
