import { tell } from './story.ts'
import { failure, Tally } from './tally.ts'

export interface Lives {
  readonly firstSeed: number
  /** Infinity: until it is stopped. */
  readonly seeds: number
  /** Prints the story of each. */
  readonly traced?: boolean
}

const progressEvery = 100

/** One life after the other. Says what was in them. @throws with the first seed that breaks a promise, and how to see it again. */
export async function lives({ firstSeed, seeds, traced = false }: Lives): Promise<string> {
  const tally = new Tally()
  const options = traced ? { onTrace: (line: string) => console.log(line) } : {}
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const outcome = await tell(seed, options)
    tally.add(outcome)
    if (outcome.broken.length > 0) throw new Error(failure(outcome))
    if (seeds === Number.POSITIVE_INFINITY && tally.lives % progressEvery === 0)
      console.log(`to seed ${seed}: ${tally.line}`)
  }
  return `seeds ${firstSeed} to ${firstSeed + seeds - 1}: ${tally.line}`
}
