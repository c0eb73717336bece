import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { bad, type Finding, good, warning } from './finding.ts'

const leastFiles = 65_536
const leastFreeBytes = 1_073_741_824
const slowFsyncMs = 20

/** What this machine gives a broker. */
export function machineFindings(data: string): Finding[] {
  return [nodeVersion(), fileLimit(), ...disk(data)]
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fits = major > 20 || (major === 20 && minor >= 19)
  return fits ? good('Node.js', process.version) : bad('Node.js', process.version, 'install Node.js 20.19 or newer')
}

function fileLimit(): Finding {
  const check = 'open files'
  let text: string
  try {
    text = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return warning(check, 'unknown on this system', 'compare "ulimit -n" with the clients you expect')
  }
  const limit = /^Max open files\s+(\S+)/m.exec(text)?.[1] ?? ''
  if (limit === 'unlimited' || Number(limit) >= leastFiles) return good(check, limit)
  return warning(
    check,
    `${limit}: about as many clients`,
    'LimitNOFILE=1048576 in the systemd unit, or "ulimit -n 1048576"',
  )
}

function disk(data: string): Finding[] {
  try {
    const { bavail, bsize } = statfsSync(data)
    const free = bavail * bsize
    const shown = `${(free / 1_073_741_824).toFixed(1)} GiB free`
    const space =
      free < leastFreeBytes
        ? bad('disk space', shown, 'free some, or move the data directory')
        : good('disk space', shown)
    const ms = fsyncMs(data)
    const text = `${ms.toFixed(2)} ms`
    const mend = 'a disk with a power-safe cache; every durable message waits for an fsync'
    return [space, ms > slowFsyncMs ? warning('fsync', text, mend) : good('fsync', text)]
  } catch (error) {
    return [bad('disk', (error as Error).message, 'name the data directory with --data')]
  }
}

/** The median of a few writes of 4 KiB. */
function fsyncMs(data: string): number {
  const folder = mkdtempSync(join(data, '.doctor-'))
  try {
    const file = openSync(join(folder, 'probe'), 'w')
    const times: number[] = []
    for (let i = 0; i < 9; i++) {
      const start = performance.now()
      writeSync(file, Buffer.alloc(4_096, i))
      fsyncSync(file)
      times.push(performance.now() - start)
    }
    closeSync(file)
    return times.sort((a, b) => a - b)[4] ?? 0
  } finally {
    rmSync(folder, { recursive: true })
  }
}
