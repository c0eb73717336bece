import { z } from 'zod'
import type { SessionName } from '../../../kernel/operations/operations.ts'
import { defaultTenant } from '../../../kernel/tenant.ts'

/** Where a client belongs: taken in the query, because ids may be any text. */
export const placeQuery = {
  tenant: z.string().default(defaultTenant).describe('The tenant. Default: the default one.'),
  protocol: z.string().default('mqtt').describe('The protocol the client speaks.'),
}

export const clientParams = z.strictObject({ clientId: z.string().min(1).describe('The client id.') })

export function nameOf(params: { clientId: string }, query: { tenant: string; protocol: string }): SessionName {
  return { tenant: query.tenant, protocol: query.protocol, clientId: params.clientId }
}

/** A time as the API writes it: RFC 3339, UTC. */
export const time = z.iso.datetime().describe('RFC 3339.')

export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

export const guarantee = z.union([z.literal(0), z.literal(1), z.literal(2)])
