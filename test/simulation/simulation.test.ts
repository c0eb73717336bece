import { test } from 'vitest'
import { lives } from './lives.ts'

const forever = process.env.FOREVER !== undefined
const firstSeed = Number(process.env.SEED ?? 1)
const seeds = forever ? Number.POSITIVE_INFINITY : Number(process.env.SEEDS ?? 1_000)
const traced = process.env.TRACE !== undefined

test(
  `what was promised is kept through ${seeds} simulated lives from seed ${firstSeed} on [hostile 39]`,
  async () => console.log(await lives({ firstSeed, seeds, traced })),
  forever ? 0 : 60_000 + seeds * 1_000,
)
