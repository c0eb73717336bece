/** Counts the writes of a table; grows by one with each successful `write`. */
export type Revision = number

export type Change =
  | { readonly key: string; readonly value: Uint8Array }
  | { readonly key: string; readonly value: undefined }

/** A write happens only if every key named here is in the named state: its revision, or undefined for "absent". */
export type Expectation = { readonly key: string; readonly revision: Revision | undefined }

export interface Row {
  readonly key: string
  readonly value: Uint8Array
  /** The write that last set this row. */
  readonly revision: Revision
}

/** Rows ordered by the UTF-8 bytes of their keys. A key is any string of at most 131,072 UTF-8 bytes without lone surrogates. */
export interface Table {
  readonly size: number
  get(key: string): Promise<Row | undefined>
  /** Rows with `from` <= key < `to`, in order; `to` undefined: to the end. Streams: the whole table is never copied at once. */
  range(from: string, to?: string): AsyncIterable<Row>
  /**
   * Applies all changes or none, in call order among writes, and resolves when durable. A later `get` sees a write from
   * the moment it resolved. The bytes may be reused by the caller as soon as the call returned.
   * @throws BrokerError CONFLICT: an expectation does not hold. STORAGE_FULL, STORAGE_FAILED: as for a log.
   */
  write(changes: readonly Change[], expect?: readonly Expectation[]): Promise<Revision>
}
