import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** V8 begins with 1 MiB, twice; the first growth is to four times that. */
const growth = 4
const enoughBytes = 2 * growth * 1_048_576

/**
 * Lets V8's young generation grow once, to 4 MiB twice, and not to 16: what is in flight fits into 4, 16 fall out of the
 * processor's cache and are never given back (docs/decisions/young-generation.md).
 */
export function limitYoungGeneration(): void {
  setFlagsFromString(`--semi-space-growth-factor=${growth}`)
  const observer = new PerformanceObserver(() => {
    if (youngBytes() < enoughBytes) return
    observer.disconnect()
    setFlagsFromString('--semi-space-growth-factor=1')
  })
  observer.observe({ entryTypes: ['gc'] })
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? enoughBytes
}
