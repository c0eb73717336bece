import type { Clock } from '../../../kernel/index.ts'
import { systemClock } from '../../../kernel/system-clock.ts'

/** By this clock each look takes longer than one request may look for its page. */
export function hurriedClock(): Clock {
  let ahead = 0
  return {
    ...systemClock,
    now: () => {
      ahead += 100
      return systemClock.now() + ahead
    },
  }
}
