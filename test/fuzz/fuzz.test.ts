import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { describeUnless } from '../support/skipping.ts'
import type { Version } from '../support/wire.ts'
import { changed } from './bytes.ts'
import { Corpus, corpusFiles, failureDirectory, keepFailure, maxEntries, storeCorpus } from './corpus.ts'
import { distill } from './distill.ts'
import { parsers } from './parsers.ts'
import { Run } from './run.ts'
import { type Carrier, carriers, maxSteps, nameOf, parse, print } from './script.ts'
import { Watchdog } from './watchdog.ts'

/** For all tests together; without it, a few inputs each. A shell that counts its own seconds by this name begins at 0. */
const seconds = process.env.SECONDS === undefined ? undefined : Number(process.env.SECONDS) || 180
const seed = Number(process.env.SEED ?? (seconds === undefined ? 1 : Date.now() % 1_000_000))
/** A file of failures/ or of the corpus, to be played alone. */
const replayed = process.env.REPLAY
/** Puts what was found, distilled, in the place of the corpus. */
const growing = process.env.CORPUS === 'grow'

const levels = [3, 4, 5] as const
const wires = carriers.flatMap(carrier => levels.map(level => [carrier, level] as [Carrier, Version]))
const readers = Object.entries(parsers)
const share = seconds === undefined ? undefined : seconds / (wires.length + readers.length / 2)
const timeout = 2 ** 31 - 1

if (replayed !== undefined) {
  test(`${replayed} is played without a fault`, { timeout }, async () => {
    const text = readFileSync(replayed, 'utf8')
    const [, name, hex] = /^parser (.*)\n([0-9a-f]*)$/m.exec(text) ?? []
    if (name !== undefined) {
      await using parser = await (parsers[name] as (typeof parsers)[string])()
      await parser.read(Buffer.from(hex as string, 'hex'))
      return
    }
    await using run = new Run(new Random(seed), new Corpus(), new Set())
    for (let again = Number(process.env.TIMES ?? 1); again > 0; again--) await run.play(parse(text))
  })
}

const onlyReplayed = replayed === undefined ? undefined : 'with REPLAY only the input that it names is played'

describeUnless(onlyReplayed, `inputs of seed ${seed}`, () => {
  const corpus = Corpus.read()
  const seen = new Set<string>()
  const thrown: unknown[] = []
  const caught = (error: unknown) => void thrown.push(error)
  beforeAll(() => {
    if (seconds !== undefined)
      console.log(`SEED=${seed} SECONDS=${seconds}: ${corpus.all.length} scripts in the corpus\n`)
    process.on('uncaughtException', caught)
    process.on('unhandledRejection', caught)
  })
  afterAll(() => {
    process.off('uncaughtException', caught)
    process.off('unhandledRejection', caught)
  })

  test('each script of the corpus is played without a fault, and is there once', { timeout }, async () => {
    const files = corpusFiles()
    expect(files.length).toBeLessThanOrEqual(maxEntries)
    for (const [name, script] of files) {
      expect([name, script.steps.length <= maxSteps]).toEqual([`${nameOf(script)}.txt`, true])
    }
    await using run = new Run(new Random(seed), corpus, seen)
    for (const [, script] of files) await run.play(script)
  })

  test.each(wires)(
    'two clients over %s at level %i, one sends and one listens: nothing is thrown, hangs or stays, and others lose nothing',
    { timeout },
    async (carrier, level) => {
      await using run = new Run(
        new Random(seed * 31 + wires.findIndex(([c, l]) => c === carrier && l === level)),
        corpus,
        seen,
      )
      const done = await run.over(level, carrier, { seconds: share, rounds: 10 })
      if (seconds !== undefined) console.log(`     ${done}\n`)
    },
  )

  test.each(readers)(
    '%s that is damaged is refused in order, and throws nothing else',
    { timeout },
    async (name, open) => {
      await using parser = await open()
      await using watchdog = new Watchdog(failureDirectory)
      const random = new Random(seed)
      const known = [...parser.seeds]
      const end = performance.now() + ((share ?? 0) / 2) * 1_000
      let inputs = 0
      for (; share === undefined ? inputs < 100 : performance.now() < end; inputs++) {
        let bytes = known[random.integer(0, known.length - 1)] as Buffer
        for (let left = random.integer(1, 5); left > 0; left--)
          bytes = changed(random, bytes, random.chance(0.5) ? parser.words : undefined)
        bytes = bytes.subarray(0, 65_536)
        const text = `parser ${name}\n${bytes.toString('hex')}\n`
        try {
          const outcome = await watchdog.over(text, () => parser.read(bytes))
          if (!seen.has(`${name}: ${outcome}`) && known.length < 500) known.push(bytes)
          seen.add(`${name}: ${outcome}`)
        } catch (error) {
          throw new Error(keepFailure(`parser-${seed}-${inputs}`, text, error), { cause: error })
        }
      }
      if (seconds !== undefined) console.log(`     ${inputs} inputs, ${known.length} kept\n`)
    },
  )

  test('nothing was thrown past anybody', () => {
    expect(thrown).toEqual([])
  })

  // No test of the broker: it changes the repository for who asks for it.
  if (growing) {
    test('the corpus is what of all that was found is needed', { timeout }, async () => {
      await using run = new Run(new Random(seed), corpus, seen)
      const kept = await distill(corpus.all, run)
      storeCorpus(kept)
      console.log(
        `${kept.length} of ${corpus.all.length} scripts are kept, ${kept.map(print).join('').length} characters\n`,
      )
    })
  }
})
