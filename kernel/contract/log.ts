export interface ReadLimit {
  /** At most this many records. */
  readonly records: number
  /** Stops after the record that reaches this many bytes; at least one record is returned. */
  readonly bytes: number
}

/** An append-only sequence of records. Offsets count records, start at 0, and are never used for another record. */
export interface Log {
  /** The offset of the oldest record kept. */
  readonly first: number
  /** The offset the next record will get. Counts only what is durable. */
  readonly next: number
  /**
   * Appends the records in order, contiguously, and resolves to the first one's offset when all of them are durable
   * (fsync-ed by group commit, or replicated). All or nothing: when it rejects, none of them is in the log and `next`
   * is unchanged. The bytes may be reused by the caller as soon as the call returned.
   * @throws BrokerError STORAGE_FULL: no room; the log goes on and a later append may succeed. STORAGE_FAILED: never again.
   */
  append(records: readonly Uint8Array[]): Promise<number>
  /** Records from offset `from` on, oldest first; empty at the end. Reading before `first` starts at `first`. */
  read(from: number, limit: ReadLimit): Promise<{ readonly offset: number; readonly records: readonly Uint8Array[] }>
  /** Forgets records before the offset; may keep more of them than asked, until a whole segment is free. */
  trim(before: number): Promise<void>
}
