import type { Logger } from '../../kernel/plugin.ts'
import type { Disk } from './disk.ts'
import type { Health } from './health.ts'

export interface JournalOptions {
  readonly disk: Disk
  readonly directory: string
  readonly segmentBytes: number
  /** What one group commit takes at most; a single append may be larger, being all or nothing. */
  readonly batchBytes: number
  readonly health: Health
  readonly logger: Logger
  /** Called for each group commit before its appends resolve. */
  readonly onDurable?: (first: number, records: number) => void
  /** Called when all appends that wait are about to be rejected. */
  readonly onRefused?: () => void
}
