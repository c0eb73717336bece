import type { Identity } from '../../kernel/plugin.ts'
import { readAcl } from '../../kernel/plugin.ts'

/**
 * Who the client is by the back end's answer; undefined when any part of it is not understood: a denial that cannot be
 * read must not become a login.
 */
export function readAnswer(answer: unknown, user: string | undefined): Identity | 'unknown' | 'denied' | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined
  const fields = new Map<string, unknown>(Object.entries(answer))
  const result = fields.get('result')
  if (result === 'deny') return 'denied'
  if (result === 'ignore') return 'unknown'
  if (result !== 'allow') return undefined
  const superuser = fields.get('superuser') ?? false
  const tenant = fields.get('tenant') ?? undefined
  const acl = fields.get('acl') ?? undefined
  const expiresAt = fields.get('expiresAt') ?? undefined
  const rules = acl === undefined ? undefined : readAcl(acl)
  if (typeof superuser !== 'boolean') return undefined
  if (tenant !== undefined && (typeof tenant !== 'string' || tenant === '')) return undefined
  if (acl !== undefined && rules === undefined) return undefined
  if (expiresAt !== undefined && (typeof expiresAt !== 'number' || !Number.isFinite(expiresAt))) return undefined
  return {
    user,
    superuser,
    ...(tenant === undefined ? {} : { tenant }),
    ...(rules === undefined ? {} : { rules }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}
