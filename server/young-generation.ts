import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** MiB of each of its two halves. V8 begins with 1. */
const sizes = {
  /** What clients have in flight fits into it, and it into the processor's cache. */
  clients: 2,
  /** What waits for a far side's answer is copied less often than in 2, for 28 MiB more: as much as V8 would let it grow to. */
  bridges: 16,
} as const

/** Survivors made at a time, and how often at most: a tenth of that is enough, in about 10 ms. */
const stepObjects = 2_000
const mostSteps = 300

export type Use = keyof typeof sizes

let sizeMiB = 1

/** What a process does by its configuration. */
export function useOf({ bridges }: { readonly bridges: Readonly<Record<string, object>> }): Use {
  return Object.values(bridges).some(bridge => 'egress' in bridge) ? 'bridges' : 'clients'
}

/**
 * Gives V8's young generation at once what suits what this process does, and keeps that of others from growing to 16 MiB, twice,
 * which are never given back (docs/decisions/young-generation.md). It grows when much of it survives a collection, so
 * that is what it is made to see.
 */
export function growYoungGeneration(use: Use): void {
  const growth = sizes[use] / sizeMiB
  if (growth <= 1) return
  sizeMiB = sizes[use]
  setFlagsFromString(`--semi-space-growth-factor=${growth}`)
  const enoughBytes = 2 * sizeMiB * 1_048_576
  const survivors: object[] = []
  for (let step = 0; step < mostSteps && youngBytes() < enoughBytes; step++) {
    for (let i = 0; i < stepObjects; i++) survivors.push({ i })
  }
  setFlagsFromString('--semi-space-growth-factor=1')
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? Infinity
}
