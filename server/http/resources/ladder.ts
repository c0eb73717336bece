import { z } from 'zod'
import type { Rung } from '../../../kernel/plugin.ts'

export const rung = z.strictObject({
  name: z.string(),
  ms: z.number(),
  ok: z.boolean(),
  detail: z.string(),
  mend: z.string().optional(),
})

/** How long a test of a bridge may take. */
const testTimeoutMs = 60_000

/** All rungs up to the first that fails. */
export async function climbed(ladder: (signal: AbortSignal) => AsyncIterable<Rung>): Promise<z.output<typeof rung>[]> {
  const rungs: z.output<typeof rung>[] = []
  for await (const { name, ms, ok, detail, mend } of ladder(AbortSignal.timeout(testTimeoutMs)))
    rungs.push({ name, ms, ok, detail, ...(mend !== undefined && { mend }) })
  return rungs
}
