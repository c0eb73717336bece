import { readdirSync, readFileSync } from 'node:fs'
import { InstructionCounter } from './instruction-counter.ts'

/** Clock ticks a second in /proc, the same on every Linux that Node runs on. */
const ticksPerS = 100

export interface Reading {
  /** User and system time of the broker's processes. */
  readonly cpuUs: number
  readonly generatorCpuUs: number
  /** Undefined where the machine has no counter, as most virtual machines. */
  readonly instructions: number | undefined
}

/** Measures a broker from outside: its process and all descendants, as they are at each reading. */
export class Meter {
  readonly #pid: number
  #counter: InstructionCounter | undefined
  #cpuUs = 0
  #ownCpuUs = 0

  constructor(pid: number) {
    this.#pid = pid
  }

  async begin(): Promise<void> {
    this.#counter = new InstructionCounter(processesOf(this.#pid))
    await this.#counter.begin()
    this.#cpuUs = this.cpuUs()
    this.#ownCpuUs = ownCpuUs()
  }

  async end(): Promise<Reading> {
    const cpuUs = this.cpuUs() - this.#cpuUs
    const generatorCpuUs = ownCpuUs() - this.#ownCpuUs
    return { cpuUs, generatorCpuUs, instructions: await this.#counter?.end() }
  }

  cpuUs(): number {
    return sum(this.#pid, pid => {
      const stat = read(`/proc/${pid}/stat`)
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return ((Number(fields[11]) + Number(fields[12])) / ticksPerS) * 1e6
    })
  }

  rssBytes(): number {
    return sum(this.#pid, pid => status(pid, 'VmRSS') * 1024)
  }

  peakRssBytes(): number {
    return sum(this.#pid, pid => status(pid, 'VmHWM') * 1024)
  }
}

/** A process and all its descendants. */
function processesOf(pid: number): number[] {
  const found = [pid]
  for (let at = 0; at < found.length && at < 1000; at += 1) {
    const tasks = `/proc/${found[at]}/task`
    try {
      for (const task of readdirSync(tasks)) {
        found.push(...read(`${tasks}/${task}/children`).split(' ').filter(Boolean).map(Number))
      }
    } catch {
      // It ended meanwhile.
    }
  }
  return found
}

function ownCpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function status(pid: number, key: string): number {
  return Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
}

function read(file: string): string {
  return readFileSync(file, 'latin1')
}

function sum(root: number, of: (pid: number) => number): number {
  return processesOf(root).reduce((total, pid) => total + of(pid), 0)
}
