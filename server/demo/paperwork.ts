import { randomBytes } from 'node:crypto'
import type { Logger } from '../../kernel/plugin.ts'

/** What somebody would have done in the office, through the HTTP API: it is in the audit log. */
const changes: readonly { method: string; path: string; body: object; once?: true }[] = [
  { method: 'POST', path: '/api-keys', body: { name: 'grafana', role: 'viewer', groups: ['metrics'] }, once: true },
  { method: 'PUT', path: '/users/night-shift', body: { password: randomBytes(18).toString('base64url') } },
  {
    method: 'POST',
    path: '/bans',
    body: { kind: 'address-block', value: '203.0.113.0/24', reason: 'guesses passwords' },
  },
]

/**
 * A server whose API asks everybody to log in is left alone.
 * @param again whether it was done before, in the same data directory
 */
export async function doPaperwork(url: string, again: boolean, logger: Logger): Promise<void> {
  for (const { method, path, body, once } of changes) {
    if (again && once) continue
    const refused = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).then(
      ({ ok, status }) => (ok ? undefined : `status ${status}`),
      (error: Error) => error.message,
    )
    if (refused !== undefined) {
      logger.info({ path, refused }, 'the demo could not use the HTTP API; the lists of keys and changes stay empty')
      return
    }
  }
}
