import type { StorageHost } from '../../kernel/plugin.ts'
import { ManualClock } from './clock.ts'

/** A host that keeps what a storage plugin tells it. */
export interface QuietHost extends StorageHost {
  readonly warnings: { fields: object; message: string }[]
  readonly failures: Error[]
}

export function quietHost(): QuietHost {
  const warnings: { fields: object; message: string }[] = []
  const failures: Error[] = []
  const ignore = () => {}
  const keep = (fields: object, message: string) => {
    warnings.push({ fields, message })
  }
  return {
    clock: new ManualClock(),
    logger: { debug: ignore, info: ignore, warn: keep, error: keep },
    failed: error => failures.push(error),
    warnings,
    failures,
  }
}
