import { totalmem } from 'node:os'
import type { Clock } from '../contract/clock.ts'

/** What alarms look at: percentages in use. An embedder whose limits are others' brings its own. */
export interface AlarmProbes {
  /** Of the memory limit, or of the machine where there is none. */
  memory(): number
  /** Of one core, since the last look; undefined when no time has passed. */
  cpu(): number | undefined
  /** Undefined when the storage has no known limit. */
  disk(): Promise<number | undefined>
}

/** This process on this machine. `memoryBytes`: its limit, 0 for none. `usage`: of the storage. */
export function systemProbes(
  clock: Clock,
  memoryBytes: number,
  usage: () => Promise<{ usedBytes: number; freeBytes?: number }>,
): AlarmProbes {
  let cpu = process.cpuUsage()
  let lookedAt = clock.now()
  return {
    memory: () => (process.memoryUsage.rss() / (memoryBytes || totalmem())) * 100,
    cpu: () => {
      const now = clock.now()
      const { user, system } = process.cpuUsage(cpu)
      const wallMs = now - lookedAt
      if (wallMs <= 0) return undefined
      cpu = process.cpuUsage()
      lookedAt = now
      return ((user + system) / 1_000 / wallMs) * 100
    },
    disk: async () => {
      const { usedBytes, freeBytes } = await usage()
      return freeBytes === undefined ? undefined : (usedBytes / (usedBytes + freeBytes)) * 100
    },
  }
}
