import type { Answer } from './request.ts'

/** What an answer means for what was sent. */
export type Verdict =
  | { readonly kind: 'taken' }
  | { readonly kind: 'repeat' | 'mend'; readonly why: string; readonly afterMs?: number | undefined }
  | { readonly kind: 'poison'; readonly why: string }

/** Statuses that pass by themselves, below 500. */
const passing: ReadonlySet<number> = new Set([408, 425, 429])
/** Statuses that are about us and not about a message. */
const ours: ReadonlySet<number> = new Set([401, 403, 407])
/** Statuses that are about where it was sent to: of a fixed URL they are nobody's message's fault. */
const place: ReadonlySet<number> = new Set([404, 405, 410, 501])

export function judge(answer: Answer, options: { readonly fixed: boolean; readonly nowMs: number }): Verdict {
  const { status, location } = answer
  const why = `the server answered ${status}`
  if (status >= 200 && status < 300) return { kind: 'taken' }
  if (status >= 300 && status < 400) return { kind: 'mend', why: `${why}: redirected to ${location ?? 'nowhere'}` }
  if (ours.has(status)) return { kind: 'mend', why: `${why}: correct the headers or the secret of the connection` }
  if (place.has(status) && options.fixed) return { kind: 'mend', why: `${why}: correct the URL or the method` }
  if (status >= 500 || passing.has(status)) return { kind: 'repeat', why, afterMs: pauseOf(answer, options.nowMs) }
  return { kind: 'poison', why }
}

/** Retry-After: seconds, or a date. (RFC 9110, 10.2.3) */
function pauseOf({ retryAfter }: Answer, nowMs: number): number | undefined {
  if (retryAfter === undefined) return undefined
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1_000
  const at = Date.parse(retryAfter)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
