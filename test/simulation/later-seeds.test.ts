import { test } from 'vitest'
import { lives } from './lives.ts'

// A file of its own, for another core.
const [firstSeed, seeds] = [1_001, 1_000]

test(
  `what was promised is kept through ${seeds} simulated lives from seed ${firstSeed} on [hostile 39]`,
  async () => console.log(await lives({ firstSeed, seeds })),
  60_000 + seeds * 1_000,
)
