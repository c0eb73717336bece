import { availableParallelism } from 'node:os'

/** One link and one process each; more cores than this no owner keeps busy. */
export const mostWorkers = 64

/** `--workers`: a number, or 'auto': one core is the owner's. Undefined: it is neither. */
export function workerCount(text: string, cores = availableParallelism()): number | undefined {
  if (text === 'auto') return Math.max(1, Math.min(mostWorkers, cores - 1))
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0
  return count >= 1 && count <= mostWorkers ? count : undefined
}
