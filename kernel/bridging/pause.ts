import type { Clock } from '../contract/clock.ts'

/** Resolves after the time, or when the signal is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end)
    signal.addEventListener('abort', end, { once: true })
  })
}

/** True when the work came to its end, however, within the time. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController()
  const done = work.then(
    () => true,
    () => true,
  )
  const result = await Promise.race([done, pause(clock, ms, over.signal).then(() => false)])
  over.abort()
  return result
}
