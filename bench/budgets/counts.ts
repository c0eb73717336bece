/** Work of the broker's process that does not depend on time: the same on a slow machine and on a busy one. */
export interface Counts {
  /** System calls that read, and that write: mostly those of sockets. */
  readonly reads: number
  readonly writes: number
  readonly writtenBytes: number
  /** Allocated, whether or not it lived on. */
  readonly heapBytes: number
  readonly bufferBytes: number
  readonly promises: number
}

export type CountName = keyof Counts

/** What the probe in the broker's process is asked. */
export type ProbeRequest = 'collect' | 'read' | 'watch promises' | 'stop watching'

/** What it answers: totals since the start, to be subtracted. */
export interface ProbeReading extends Counts {
  /** Collections: the heap's growth tells what was allocated only when there were none. */
  readonly collections: number
}
