import { basename, dirname } from 'node:path'
import type { Disk, DiskFile } from '../../storage-plugins/file/disk.ts'
import { Random } from './random.ts'

const sectorBytes = 512

type Write = { readonly position: number; readonly bytes: Buffer }
type FileChange = Write | { readonly truncate: number }

/** A file's bytes as programs see them, and as they would be after a loss of power. */
class Inode {
  live = Buffer.alloc(0)
  durable = Buffer.alloc(0)
  /** What happened since the last sync. */
  changes: FileChange[] = []

  apply(change: FileChange): void {
    this.live = applied(this.live, change)
    this.changes.push(change)
  }

  sync(): void {
    this.durable = Buffer.from(this.live)
    this.changes = []
  }
}

type EntryChange = { readonly remove?: string; readonly name?: string; readonly inode?: Inode }

class Directory {
  live = new Map<string, Inode>()
  durable = new Map<string, Inode>()
  changes: EntryChange[] = []

  apply(change: EntryChange): void {
    enter(this.live, change)
    this.changes.push(change)
  }
}

export type Operation =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'unlink'
  | 'link'
  | 'sync-directory'

/**
 * A disk in memory. At a crash everything not synced, in files and in directories, is lost, kept, torn or reordered,
 * as the seed decides. It runs out of room and fails on demand.
 */
export class SimulatedDisk implements Disk {
  /** Bytes that fit on it. */
  capacity = Number.POSITIVE_INFINITY
  /** Asked before each operation: an error code to fail it with. */
  fault: (operation: Operation, path: string) => string | undefined = () => undefined
  /** The disk dies during the operation after this many; what that operation does may or may not have happened. */
  operationsLeft = Number.POSITIVE_INFINITY
  /** Resolves when it died. */
  readonly died: Promise<void>
  operations = 0
  /** How long an operation takes, asked before its effect and after it. Now at once, now a turn: files overtake each other. */
  latency: (when: 'before' | 'after') => Promise<void> | undefined = when =>
    when === 'before' && this.#random.chance(0.3) ? new Promise(resolve => setImmediate(resolve)) : undefined
  readonly #random: Random
  #directories = new Map<string, Directory>()
  /** From then on no operation ever ends. */
  dead = false
  #die: () => void = () => {}

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.died = new Promise(resolve => {
      this.#die = resolve
    })
  }

  /**
   * The process ends: the disk that the next start finds. This one is dead. 'power': what was not synced is lost, kept,
   * torn or reordered; 'process': what was written is there.
   */
  crash(loss: 'power' | 'process' = 'power'): SimulatedDisk {
    this.kill()
    if (loss === 'process') return this.#restarted()
    const after = new SimulatedDisk(this.#random.integer(0, 2 ** 31))
    const survivors = new Map<Inode, Inode>()
    for (const [path, directory] of this.#directories) {
      const found = new Directory()
      for (const change of this.#surviving(directory.changes)) enter(directory.durable, change)
      for (const [name, inode] of directory.durable) {
        const survivor = survivors.get(inode) ?? this.#survivor(inode)
        survivors.set(inode, survivor)
        found.durable.set(name, survivor)
      }
      found.live = new Map(found.durable)
      after.#directories.set(path, found)
    }
    return after
  }

  #restarted(): SimulatedDisk {
    const after = new SimulatedDisk(this.#random.integer(0, 2 ** 31))
    after.#directories = this.#directories
    return after
  }

  kill(): void {
    this.dead = true
    this.#die()
  }

  /** A file's live bytes, for tests to look at and to damage. */
  bytes(path: string): Buffer {
    return this.#inode(path).live
  }

  /** Puts other bytes in a file's place, for tests that damage its length. */
  replace(path: string, bytes: Uint8Array): void {
    const inode = this.#inode(path)
    inode.live = Buffer.from(bytes)
    inode.sync()
  }

  /** Names of files and directories. */
  names(directory: string): string[] {
    const below = [...this.#directories.keys()].filter(path => path !== directory && dirname(path) === directory)
    return [...(this.#directories.get(directory)?.live.keys() ?? []), ...below.map(path => basename(path))].sort()
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    await this.#begin('open', path, () => {
      if (mode !== 'create') return
      const directory = this.#directory(dirname(path))
      const inode = directory.live.get(basename(path))
      if (inode !== undefined) inode.apply({ truncate: 0 })
      else directory.apply({ name: basename(path), inode: new Inode() })
    })
    const inode = this.#inode(path)
    return {
      size: async () => inode.live.byteLength,
      read: async (target, position) => {
        await this.#begin('read', path)
        return inode.live.copy(target, 0, position)
      },
      write: (bytes, position) => this.#write(path, inode, bytes, position),
      truncate: size => this.#begin('truncate', path, () => inode.apply({ truncate: size })),
      sync: () => this.#begin('sync', path, () => inode.sync(), false),
      close: async () => {},
    }
  }

  rename(from: string, to: string): Promise<void> {
    return this.#begin('rename', from, () => {
      const inode = this.#inode(from)
      this.#directory(dirname(to)).apply({ remove: basename(from), name: basename(to), inode })
    })
  }

  unlink(path: string): Promise<void> {
    return this.#begin('unlink', path, () => {
      this.#inode(path)
      this.#directory(dirname(path)).apply({ remove: basename(path) })
    })
  }

  link(from: string, to: string): Promise<void> {
    return this.#begin('link', from, () => {
      this.#directory(dirname(to)).apply({ name: basename(to), inode: this.#inode(from) })
    })
  }

  mark(): number {
    return this.#random.integer(0, 2 ** 32 - 1)
  }

  watch(): () => void {
    return () => {}
  }

  async list(directory: string): Promise<string[]> {
    return this.names(directory)
  }

  async makeDirectory(path: string): Promise<void> {
    if (!this.#directories.has(path)) this.#directories.set(path, new Directory())
  }

  syncDirectory(path: string): Promise<void> {
    const sync = () => {
      const directory = this.#directory(path)
      directory.durable = new Map(directory.live)
      directory.changes = []
    }
    return this.#begin('sync-directory', path, sync, false)
  }

  async freeBytes(): Promise<number> {
    return Math.max(0, this.capacity - this.used)
  }

  async lock(): Promise<() => Promise<void>> {
    return async () => {}
  }

  async #write(path: string, inode: Inode, bytes: Uint8Array, position: number): Promise<void> {
    // Copied when the operation takes effect: a caller that reuses its buffer too early is to be found out.
    let full = false
    await this.#begin('write', path, () => {
      const growth = Math.max(0, position + bytes.byteLength - inode.live.byteLength)
      const lacking = Math.max(0, this.used + growth - this.capacity)
      full = lacking > 0
      const written = Buffer.from(bytes.subarray(0, Math.max(0, bytes.byteLength - lacking)))
      if (written.byteLength > 0) inode.apply({ position, bytes: written })
    })
    if (full) throw failure('ENOSPC')
  }

  /** One operation. `takesPart`: whether dying in the middle of it may leave its effect behind. */
  async #begin(operation: Operation, path: string, effect: () => void = () => {}, takesPart = true): Promise<void> {
    if (this.dead) return new Promise(() => {})
    const before = this.latency('before')
    if (before) await before
    if (this.dead) return new Promise(() => {})
    if (this.operationsLeft-- <= 0) {
      if (takesPart && this.#random.chance(0.5)) effect()
      this.kill()
      return new Promise(() => {})
    }
    this.operations++
    const code = this.fault(operation, path)
    if (code !== undefined) throw failure(code)
    effect()
    await this.latency('after')
  }

  /** Bytes of all its files. */
  get used(): number {
    let bytes = 0
    for (const directory of this.#directories.values()) {
      for (const inode of directory.live.values()) bytes += inode.live.byteLength
    }
    return bytes
  }

  #directory(path: string): Directory {
    const directory = this.#directories.get(path)
    if (directory === undefined) throw failure('ENOENT')
    return directory
  }

  #inode(path: string): Inode {
    const inode = this.#directory(dirname(path)).live.get(basename(path))
    if (inode === undefined) throw failure('ENOENT')
    return inode
  }

  #survivor(inode: Inode): Inode {
    const survivor = new Inode()
    let bytes = inode.durable
    for (const change of this.#surviving(inode.changes)) {
      if ('truncate' in change) bytes = applied(bytes, change)
      else for (const part of this.#torn(change)) bytes = applied(bytes, part)
    }
    // The length of a file may reach the disk without its bytes.
    if (bytes.byteLength < inode.live.byteLength && this.#random.chance(0.3)) {
      bytes = applied(bytes, { truncate: inode.live.byteLength })
    }
    survivor.live = bytes
    survivor.durable = Buffer.from(bytes)
    return survivor
  }

  /** Of changes that were not synced: all, none, those up to a point, or any of them. */
  #surviving<Change>(changes: readonly Change[]): readonly Change[] {
    const fate = this.#random.integer(0, 3)
    if (fate === 0) return []
    if (fate === 1) return changes
    if (fate === 2) return changes.slice(0, this.#random.integer(0, changes.length))
    return changes.filter(() => this.#random.chance(0.5))
  }

  /** What arrives of one write: all of it, a prefix, or any of its sectors. */
  #torn(write: Write): readonly Write[] {
    const fate = this.#random.integer(0, 2)
    if (fate === 0) return [write]
    if (fate === 1)
      return [
        { position: write.position, bytes: write.bytes.subarray(0, this.#random.integer(0, write.bytes.byteLength)) },
      ]
    const sectors: Write[] = []
    for (let at = 0; at < write.bytes.byteLength; ) {
      const end = Math.min(write.bytes.byteLength, at + sectorBytes - ((write.position + at) % sectorBytes))
      if (this.#random.chance(0.7))
        sectors.push({ position: write.position + at, bytes: write.bytes.subarray(at, end) })
      at = end
    }
    return sectors
  }
}

function applied(bytes: Buffer, change: FileChange): Buffer<ArrayBuffer> {
  const size =
    'truncate' in change ? change.truncate : Math.max(bytes.byteLength, change.position + change.bytes.byteLength)
  const result = Buffer.alloc(size)
  bytes.copy(result, 0, 0, Math.min(size, bytes.byteLength))
  if ('bytes' in change) change.bytes.copy(result, change.position)
  return result
}

function enter(entries: Map<string, Inode>, change: EntryChange): void {
  if (change.remove !== undefined) entries.delete(change.remove)
  if (change.name !== undefined && change.inode !== undefined) entries.set(change.name, change.inode)
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code })
}
