import type { Disk, DiskFile } from './disk.ts'

interface Entry {
  readonly file: Promise<DiskFile>
  users: number
  /** Called when the last user is gone and the file is to be closed. */
  onIdle: (() => void) | undefined
}

/** Files open for reading: a few stay open, so that a backlog of a thousand segments does not take a thousand handles. */
export class OpenFiles {
  readonly #disk: Disk
  readonly #limit: number
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>()

  constructor(disk: Disk, limit = 8) {
    this.#disk = disk
    this.#limit = limit
  }

  async use<T>(path: string, work: (file: DiskFile) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(path) ?? { file: this.#disk.open(path, 'read'), users: 0, onIdle: undefined }
    this.#entries.delete(path)
    this.#entries.set(path, entry)
    entry.users++
    try {
      return await work(await entry.file)
    } catch (error) {
      // A file that could not be opened is opened anew by the next reader.
      if (this.#entries.get(path) === entry && !(await opened(entry))) this.#entries.delete(path)
      throw error
    } finally {
      entry.users--
      if (entry.users === 0) entry.onIdle?.()
      await this.#evict()
    }
  }

  /** Closes a file once nobody reads it. New readers must not come. */
  async drop(path: string): Promise<void> {
    const entry = this.#entries.get(path)
    if (entry === undefined) return
    if (entry.users > 0) {
      await new Promise<void>(resolve => {
        entry.onIdle = resolve
      })
    }
    this.#entries.delete(path)
    await close(entry)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map(path => this.drop(path)))
  }

  async #evict(): Promise<void> {
    if (this.#entries.size <= this.#limit) return
    for (const [path, entry] of this.#entries) {
      if (entry.users > 0) continue
      this.#entries.delete(path)
      await close(entry)
      return
    }
  }
}

async function opened(entry: Entry): Promise<boolean> {
  return entry.file.then(
    () => true,
    () => false,
  )
}

async function close(entry: Entry): Promise<void> {
  if (await opened(entry)) await (await entry.file).close()
}
