import type { Clock } from './contract/clock.ts'

/** Node's own limit. */
const longestTimerMs = 0x7fff_ffff

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, work) {
    let timer = set(delayMs)
    return () => clearTimeout(timer)

    // A longer time is waited for in parts: Node would take it for none.
    function set(ms: number): NodeJS.Timeout {
      const part = Math.min(ms, longestTimerMs)
      const next = () => {
        if (part === ms) work()
        else timer = set(ms - part)
      }
      return setTimeout(next, part).unref()
    }
  },
}
