/** What one check found. */
export interface Finding {
  readonly check: string
  readonly verdict: 'good' | 'warning' | 'bad'
  readonly found: string
  /** What to do about it; empty where nothing is to be done. */
  readonly mend: string
}

export const good = (check: string, found: string): Finding => ({ check, verdict: 'good', found, mend: '' })
export const warning = (check: string, found: string, mend: string): Finding => ({
  check,
  verdict: 'warning',
  found,
  mend,
})
export const bad = (check: string, found: string, mend: string): Finding => ({ check, verdict: 'bad', found, mend })
