/**
 * Everything the file plugin asks of an operating system, and nothing more: tests put a disk behind it that loses,
 * tears and reorders what was not synced. Errors are the system's own, with its `code`.
 */
export interface Disk {
  /** 'create' makes the file or empties it; the others want it to exist. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>
  /** Replaces `to` if it exists, in one step. */
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** A second name for a file. */
  link(from: string, to: string): Promise<void>
  /** Names in a directory; empty when there is no such directory. */
  list(directory: string): Promise<string[]>
  /** Makes a directory and those above it, durably. Nothing happens when it is there. */
  makeDirectory(path: string): Promise<void>
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>
  freeBytes(path: string): Promise<number>
  /** 32 bits that nobody can foretell: the mark of a new file. */
  mark(): number
  /** Calls back whenever something was added to a directory; returns how to end that. */
  watch(directory: string, added: () => void): () => void
  /**
   * Takes a directory for this process; resolves to its release.
   * @throws BrokerError STORAGE_LOCKED: another live process holds it.
   */
  lock(directory: string): Promise<() => Promise<void>>
}

export interface DiskFile {
  size(): Promise<number>
  /** Fills `target` from `position` on; returns fewer bytes only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>
  /** Writes all of the bytes; on an error some of them may be written. */
  write(bytes: Uint8Array, position: number): Promise<void>
  truncate(bytes: number): Promise<void>
  /** Resolves when all that was written, and the size, would survive a loss of power. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** The system's error code (ENOSPC, EIO, ...), if it is one of its errors. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
