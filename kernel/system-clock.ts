import type { Clock } from './contract/clock.ts'

/** Node's own limit. */
const longestTimerMs = 0x7fff_ffff

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, work) {
    if (delayMs > longestTimerMs) return inParts(delayMs, work)
    const timer = setTimeout(work, delayMs).unref()
    return () => clearTimeout(timer)
  },
}

/** Node would take a time that is longer for none. */
function inParts(delayMs: number, work: () => void): () => void {
  let timer = set(delayMs)
  return () => clearTimeout(timer)

  function set(ms: number): NodeJS.Timeout {
    const part = Math.min(ms, longestTimerMs)
    const next = () => {
      if (part === ms) work()
      else timer = set(ms - part)
    }
    return setTimeout(next, part).unref()
  }
}
