import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from '../../../kernel/plugin.ts'

/** Entries that can be listed; older ones are in the files. */
const listedEntries = 5_000
const maxFileBytes = 10_485_760
/** `audit.log`, and so many older ones. */
const olderFiles = 4

export interface AuditEntry {
  /** Grows by one with each. */
  readonly id: number
  /** ms since the epoch. */
  readonly at: number
  readonly actor: string
  readonly via: string
  readonly address: string
  /** What was done, as the route's summary says. */
  readonly action: string
  readonly path: string
  readonly status: number
}

/** Who changed what through the API. Bodies are not kept: they may hold secrets. */
export class AuditLog {
  readonly #path: string | undefined
  readonly #logger: Logger
  readonly #entries: AuditEntry[]
  #next: number
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string | undefined, logger: Logger, entries: AuditEntry[]) {
    this.#path = path
    this.#logger = logger
    this.#entries = entries
    this.#next = (entries.at(-1)?.id ?? 0) + 1
  }

  /**
   * With the newest that earlier processes wrote. `path` undefined: it is only listed, and lost with the process.
   * A file that cannot be read keeps nobody from being heard: it is told, and written further.
   */
  static async open(path: string | undefined, logger: Logger): Promise<AuditLog> {
    if (path === undefined) return new AuditLog(path, logger, [])
    const entries = await written(path).catch(error => {
      logger.error({ error: String(error), path }, 'the audit log cannot be read')
      return []
    })
    return new AuditLog(path, logger, entries)
  }

  get entries(): readonly AuditEntry[] {
    return this.#entries
  }

  add(entry: Omit<AuditEntry, 'id'>): void {
    const whole = { id: this.#next++, ...entry }
    this.#entries.push(whole)
    if (this.#entries.length > listedEntries) this.#entries.splice(0, this.#entries.length - listedEntries)
    const path = this.#path
    if (path === undefined) return
    this.#writing = this.#writing
      .then(() => write(path, `${JSON.stringify(whole)}\n`))
      .catch(error => this.#logger.error({ error: String(error), path }, 'the audit log cannot be written'))
  }

  /** Resolves when everything added before is written. */
  flushed(): Promise<void> {
    return this.#writing
  }
}

/** The newest entries of the file and the one before it, oldest first. A line that the end of a process cut short is ended, and no entry. */
async function written(path: string): Promise<AuditEntry[]> {
  const [older, newer] = [await textOf(`${path}.1`), await textOf(path)]
  if (newer !== '' && !newer.endsWith('\n')) await appendFile(path, '\n')
  const lines = `${older}${newer}`.split('\n').filter(Boolean).slice(-listedEntries)
  return lines.flatMap(line => {
    try {
      return [JSON.parse(line) as AuditEntry]
    } catch {
      return []
    }
  })
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

async function write(path: string, line: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const size = await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
  if (size >= maxFileBytes) await rotate(path)
  await appendFile(path, line, { mode: 0o600 })
}

async function rotate(path: string): Promise<void> {
  for (let number = olderFiles - 1; number > 0; number--)
    await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(() => {})
  await rename(path, `${path}.1`)
}
