import { maxEntries } from './corpus.ts'
import { Coverage } from './coverage.ts'
import type { Run } from './run.ts'
import { print, type Script } from './script.ts'

/**
 * The fewest of these scripts, by a greedy choice, that together run, and make the broker do, what all of them do; each then without the steps that
 * it does not need for its own part.
 */
export async function distill(scripts: readonly Script[], run: Run): Promise<Script[]> {
  const coverage = new Coverage()
  const ranBy = (script: Script) => doneBy(script, run, coverage)
  const measured: { script: Script; ran: ReadonlySet<string> }[] = []
  for (const script of scripts) measured.push({ script, ran: await ranBy(script) })
  const covered = new Set<string>()
  const chosen: Script[] = []
  while (chosen.length < maxEntries) {
    let best: { script: Script; fresh: Set<string> } | undefined
    for (const { script, ran } of measured) {
      const fresh = new Set([...ran].filter(one => !covered.has(one)))
      const better = fresh.size > (best?.fresh.size ?? 0)
      const shorter = fresh.size === best?.fresh.size && print(script).length < print(best.script).length
      if (fresh.size > 0 && (better || shorter)) best = { script, fresh }
    }
    if (!best) break
    chosen.push(await shortened(best.script, best.fresh, ranBy))
    for (const one of best.fresh) covered.add(one)
  }
  coverage.close()
  return chosen
}

type RanBy = (script: Script) => Promise<ReadonlySet<string>>

/** Tries to leave out halves first, then smaller parts. */
async function shortened(script: Script, wanted: ReadonlySet<string>, ranBy: RanBy): Promise<Script> {
  let { steps } = script
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = steps.length - size; at >= 0; at -= size) {
      const fewer = steps.toSpliced(at, size)
      const ran = await ranBy({ ...script, steps: fewer })
      if ([...wanted].every(one => ran.has(one))) steps = fewer
    }
  }
  return { ...script, steps }
}

/** The blocks that it ran, and how the broker behaved. */
async function doneBy(script: Script, run: Run, coverage: Coverage): Promise<Set<string>> {
  coverage.take()
  await run.play(script)
  return new Set([...coverage.take(), ...run.behaviour])
}
