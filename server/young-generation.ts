import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** V8 begins with 1 MiB, twice; one growth doubles it. */
const growth = 2
const enoughBytes = 2 * growth * 1_048_576

/** Survivors made at a time, and how often at most: a tenth of that is enough, in about 5 ms. */
const stepObjects = 2_000
const mostSteps = 100

/**
 * Gives V8's young generation 2 MiB, twice, at once, and keeps it from growing to 16: what is in flight fits into 2, while
 * 16 fall out of the processor's cache and are never given back (docs/decisions/young-generation.md). It grows when
 * much of it survives a collection, so that is what it is made to see.
 */
export function sizeYoungGeneration(): void {
  setFlagsFromString(`--semi-space-growth-factor=${growth}`)
  const survivors: object[] = []
  for (let step = 0; step < mostSteps && youngBytes() < enoughBytes; step++) {
    for (let i = 0; i < stepObjects; i++) survivors.push({ i })
  }
  setFlagsFromString('--semi-space-growth-factor=1')
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? enoughBytes
}
