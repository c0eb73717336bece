import type { Scope } from '../../../../kernel/plugin.ts'

/** A scope with as much as a test says. */
export function scopeOf(fields: Partial<Scope> & { text?: string }): Scope {
  const { text = '', ...given } = fields
  const payload = given.payload ?? Buffer.from(text)
  return {
    topic: 'factory/7/telemetry',
    payload,
    headers: [],
    key: undefined,
    clientid: undefined,
    username: undefined,
    qos: 1,
    retain: false,
    timestamp: 1_000,
    id: 'n-1',
    node: 'n',
    contentType: undefined,
    correlationId: undefined,
    replyTo: undefined,
    expiresAt: undefined,
    via: 'n/b',
    json: () => {
      try {
        return JSON.parse(Buffer.from(payload).toString())
      } catch {
        return undefined
      }
    },
    ...given,
  }
}
