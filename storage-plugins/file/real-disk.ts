import { randomBytes } from 'node:crypto'
import { watch } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { link, mkdir, open, readdir, rename, statfs, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { errorCode } from './disk.ts'
import { lock } from './lock.ts'

const flags = { read: 'r', write: 'r+', create: 'w+' } as const

/** The operating system's files. All work happens on libuv's threads, none on the event loop. */
export const realDisk: Disk = {
  open: async (path, mode) => new RealFile(await open(path, flags[mode], 0o600)),
  rename,
  unlink,
  link,
  list: async directory => {
    try {
      return await readdir(directory)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return []
      throw error
    }
  },
  makeDirectory: async path => {
    await makeDirectory(resolve(path))
  },
  syncDirectory,
  freeBytes: async path => {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  },
  mark: () => randomBytes(4).readUInt32LE(),
  watch: (directory, added) => {
    try {
      const watcher = watch(directory, { persistent: false }, added)
      watcher.on('error', () => watcher.close())
      return () => watcher.close()
    } catch {
      // Where the system has no such service, or no more of it, nobody is called back.
      return () => {}
    }
  },
  lock,
}

/** Not by Node's own recursive call: that never ends where a parent says there is no such place, as /proc does. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const code = errorCode(error)
    if (code === 'EEXIST') return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    await makeDirectory(parent)
    await mkdir(path, { mode: 0o700 })
  }
  await syncDirectory(dirname(path))
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no such thing: its directory entries are journalled.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

class RealFile implements DiskFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0
    while (done < target.byteLength) {
      const { bytesRead } = await this.#handle.read(target, done, target.byteLength - done, position + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0
    while (done < bytes.byteLength) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.byteLength - done, position + done)
      done += bytesWritten
    }
  }

  truncate(bytes: number): Promise<void> {
    return this.#handle.truncate(bytes)
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
