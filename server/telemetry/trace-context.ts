import type { Message } from '../../kernel/plugin.ts'

/** What a publisher sent along: W3C Trace Context, of version 00. */
export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  /** Bit 0: the publisher records it. */
  readonly flags: number
}

const header = 'traceparent'
const form = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/

/** Undefined: there is none, or it is none. */
export function traceContextOf({ headers }: Message): TraceContext | undefined {
  for (const [name, value] of headers) {
    if (name !== header) continue
    const [, traceId, spanId, flags] = form.exec(value) ?? []
    return traceId && spanId && flags ? { traceId, spanId, flags: Number.parseInt(flags, 16) } : undefined
  }
  return undefined
}
