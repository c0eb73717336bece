/** Time as the broker sees it. Tests and the simulation advance it by hand; nothing else in the kernel calls Date or setTimeout. */
export interface Clock {
  /** Wall-clock time, in ms since the epoch. */
  now(): number
  /** Calls `work` once after `delayMs`; the returned function cancels it. A pending timer does not keep the process alive. */
  after(delayMs: number, work: () => void): () => void
}
