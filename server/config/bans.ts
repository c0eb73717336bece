import { z } from 'zod'
import { type Ban, type BanKind, banFault } from '../../kernel/access/index.ts'
import { moment, text } from './leaves.ts'

/** Which key names which kind of ban. */
const kinds = {
  clientId: 'client-id',
  clientIdPattern: 'client-id-pattern',
  user: 'user',
  userPattern: 'user-pattern',
  address: 'address',
  addressBlock: 'address-block',
} as const satisfies Record<string, BanKind>

const keys = Object.keys(kinds) as (keyof typeof kinds)[]

export function bans() {
  return z.array(ban()).prefault([])
}

export type ConfiguredBan = z.infer<ReturnType<typeof ban>>

function ban() {
  return z
    .strictObject({
      clientId: text().optional().describe('This client id.'),
      clientIdPattern: text().optional().describe('Client ids like this: `*` is any run of characters, `?` any one.'),
      user: text().optional().describe('This user.'),
      userPattern: text().optional().describe('Users like this.'),
      address: text().optional().describe('This address.'),
      addressBlock: text().optional().describe('Addresses of this CIDR block.'),
      tenant: text()
        .min(1)
        .optional()
        .describe('Only clients of this tenant, once they have logged in. Default: of every tenant.'),
      until: moment().optional().describe('When it ends. Default: never.'),
      reason: text().max(1_000).optional().describe('For those who read the configuration.'),
    })
    .superRefine((given, context) => {
      const named = keys.filter(key => given[key] !== undefined)
      const [key] = named
      if (named.length !== 1 || key === undefined) {
        context.addIssue({ code: 'custom', message: `expected exactly one of ${keys.join(', ')}` })
        return
      }
      const fault = banFault({ kind: kinds[key], value: given[key] ?? '', tenant: given.tenant })
      if (fault !== undefined)
        context.addIssue({ code: 'custom', path: [key], message: `expected what a ban can name: ${fault}` })
    })
}

/** As the kernel wants it. */
export function toBan(given: ConfiguredBan): Ban {
  const [key = 'clientId'] = keys.filter(candidate => given[candidate] !== undefined)
  const until = given.until === undefined ? undefined : Date.parse(given.until)
  return { kind: kinds[key], value: given[key] ?? '', tenant: given.tenant, until, reason: given.reason }
}
