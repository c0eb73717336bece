import { parseAddress, parseBlock } from '../net/cidr.ts'
import { maxPatternLength } from './glob.ts'

export const banKinds = ['client-id', 'client-id-pattern', 'user', 'user-pattern', 'address', 'address-block'] as const

export type BanKind = (typeof banKinds)[number]

export interface Ban {
  readonly kind: BanKind
  /** A name, a pattern with `*` and `?`, an address, or a CIDR block. */
  readonly value: string
  /** Only clients of this tenant, which is known once they have proved who they are; undefined: of every tenant. */
  readonly tenant?: string | undefined
  /** Ends then, ms since the epoch; undefined: never. */
  readonly until?: number | undefined
  readonly reason?: string | undefined
}

export const maxBanBytes = 65_535
export const maxTenantBytes = 1_024

/** The same for both spellings of one address. */
export function keyOf({ kind, value, tenant }: Pick<Ban, 'kind' | 'value' | 'tenant'>): string {
  const bytes = kind === 'address' ? parseAddress(value) : undefined
  const key = `${kind}:${bytes === undefined ? value : hex(bytes)}`
  // No kind begins like this, and no tenant's name has U+0000 in it: two bans never share a key.
  return tenant === undefined ? key : `@${tenant}\0${key}`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function isPattern(kind: BanKind): kind is 'client-id-pattern' | 'user-pattern' {
  return kind === 'client-id-pattern' || kind === 'user-pattern'
}

/** What makes this ban impossible; undefined when nothing does. */
export function banFault({ kind, value, tenant, until, reason }: Ban): string | undefined {
  if (!banKinds.includes(kind)) return `its kind is ${JSON.stringify(kind)}; write one of ${banKinds.join(', ')}`
  if (typeof value !== 'string' || value === '') return 'its value is empty'
  if (Buffer.byteLength(value) > maxBanBytes || /\p{Cs}/u.test(value))
    return 'its value is too long or not valid Unicode'
  if (isPattern(kind) && value.length > maxPatternLength) return `its pattern is longer than ${maxPatternLength}`
  if (kind === 'address' && parseAddress(value) === undefined) return `${JSON.stringify(value)} is not an IP address`
  if (kind === 'address-block' && parseBlock(value) === undefined) return `${JSON.stringify(value)} is not a CIDR block`
  if (tenant !== undefined && !isTenant(tenant)) return 'its tenant is not a name'
  if (until !== undefined && !Number.isFinite(until)) return 'its end is not a time'
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > 1_000)) return 'its reason is too long'
  return undefined
}

function isTenant(name: unknown): boolean {
  return typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= maxTenantBytes && !name.includes('\0')
}
