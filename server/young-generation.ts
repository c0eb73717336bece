import { setFlagsFromString } from 'node:v8'

/**
 * Keeps V8's young generation at its first size, 1 MiB twice. It would grow to 16 MiB twice while clients connect, and
 * never shrink: with 10,000 idle clients that was a sixth of the memory. What a message needs is garbage within its
 * turn, so collecting more often costs nothing that could be measured (docs/decisions/young-generation.md).
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
