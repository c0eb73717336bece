import type { History } from './history.ts'

/** Longer than any commit takes: what was done before is stored by then. */
export const settledAfterMs = 2_000

/**
 * The latest time of what is due so long after a connection ended. When a crash came before that end was stored, or was
 * that end, the next start takes its own time for it.
 */
export function latestAfter(history: History, endedMs: number, delayMs: number): number {
  let latest = endedMs + delayMs
  const byCrash = history.deaths.some(({ ms }) => ms === endedMs)
  let stored = false
  for (const death of history.deaths) {
    if (death.ms < endedMs) continue
    // What was done about it is not stored yet, or found no room: the next start finds it due still.
    const undone = death.ms <= latest + settledAfterMs || isFull(history, endedMs + delayMs, death.ms)
    if (death.ms > latest && !undone) continue
    stored ||= !byCrash && death.ms > endedMs + settledAfterMs && !isFull(history, endedMs, death.ms)
    const start = history.starts.find(({ tick }) => tick > death.tick)
    if (!start) continue
    // Due while the broker was down, it happens at its start.
    latest = Math.max(latest, stored ? start.ms : start.ms + delayMs)
    // The first start that has room stores the time from which it counts.
    stored ||= !isFull(history, death.ms, start.ms)
  }
  return latest
}

/** Whether the disk was full at any time between. */
export function isFull(history: History, fromMs: number, toMs: number): boolean {
  return history.full.some(({ from, to }) => from.ms <= toMs && (to?.ms ?? Number.POSITIVE_INFINITY) >= fromMs)
}
