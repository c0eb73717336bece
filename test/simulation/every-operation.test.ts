import { expect, test } from 'vitest'
import { tell } from './story.ts'
import { failure } from './tally.ts'

const seed = 7
/** Into the work, well behind the start: files are made, rolled and replaced by then. */
const operations = 200

test(`what was promised is kept when the process ends within any one of the first ${operations} operations of the disk`, async () => {
  for (let deathAt = 1; deathAt <= operations; deathAt++) {
    const outcome = await tell(seed, { deathAt })
    if (outcome.broken.length > 0) throw new Error(`at operation ${deathAt}, ${failure(outcome)}`)
    // That one, and the orderly end of the story.
    expect(outcome.deaths).toBe(2)
  }
}, 300_000)
