import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os'

/** What figures depend on besides the broker. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly nodejs: string
  /** Before the run: others that work at the same time make figures smaller. */
  readonly load: number
}

export function machine(): Machine {
  const [first] = cpus()
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    nodejs: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}
