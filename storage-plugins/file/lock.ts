import { randomUUID } from 'node:crypto'
import { link, readFile, realpath, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BrokerError } from '../../kernel/plugin.ts'
import { errorCode } from './disk.ts'

/** Directories this process holds: a process id alone cannot tell two brokers in one process apart. */
const held = new Set<string>()

/**
 * Takes a directory for this process by a file named `lock`. What a dead process left behind is taken over.
 * Resolves to the release. @throws BrokerError STORAGE_LOCKED, with the process id that holds it.
 */
export async function lock(directory: string): Promise<() => Promise<void>> {
  const real = await realpath(directory)
  if (held.has(real)) throw locked(directory, process.pid)
  held.add(real)
  try {
    await take(join(real, 'lock'), directory)
  } catch (error) {
    held.delete(real)
    throw error
  }
  return async () => {
    await unlink(join(real, 'lock')).catch(() => {})
    held.delete(real)
  }
}

async function take(path: string, directory: string): Promise<void> {
  const own = `${process.pid} ${await identity(process.pid)}\n`
  for (;;) {
    try {
      await writeFile(path, own, { flag: 'wx', mode: 0o600 })
      return
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
    const found = await readFile(path, 'utf8').catch(() => undefined)
    if (found === undefined) continue
    if (await alive(found)) throw locked(directory, Number.parseInt(found, 10))
    // Moved aside, not removed: of two processes that found the same stale lock, only one can move it.
    const aside = `${path}.stale-${randomUUID()}`
    await rename(path, aside).catch(() => {})
    // Another process may have been quicker with both steps; then this is its lock, and it gets it back.
    const moved = await readFile(aside, 'utf8').catch(() => found)
    if (moved !== found) await link(aside, path).catch(() => {})
    await unlink(aside).catch(() => {})
  }
}

/** Whether the process that wrote a lock still runs. Ids are reused, so its time of birth counts where it can be had. */
async function alive(content: string): Promise<boolean> {
  const [id = '', born = ''] = content.trim().split(' ')
  const pid = Number.parseInt(id, 10)
  // In a container every broker is process 1: an own id in a lock we do not hold is a dead predecessor's.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false
  }
  return born === '' || born === (await identity(pid))
}

/** Boot and start time of a process, on Linux; elsewhere nothing. */
async function identity(pid: number): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // Field 22; the second one, the name in parentheses, may itself hold spaces.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${boot.trim()}:${started}`
  } catch {
    return ''
  }
}

function locked(directory: string, pid: number): BrokerError {
  return new BrokerError(
    'STORAGE_LOCKED',
    `data directory ${directory} is held by process ${pid}; stop it, or give this broker another directory`,
  )
}
