import type { OptionsSpec } from '../../kernel/plugin.ts'

export interface JwtOptions {
  readonly secret?: string
  readonly secretEncoding?: 'utf8' | 'base64'
  readonly publicKey?: string
  readonly jwksFile?: string
  readonly jwksUrl?: string
  readonly algorithms?: readonly string[]
  readonly from?: 'password' | 'user'
  readonly issuer?: string
  readonly audience?: string
  readonly userClaim?: string
  readonly tenantClaim?: string
  readonly superuserClaim?: string
  readonly aclClaim?: string
  /** In ms. */
  readonly clockTolerance?: number
  readonly requireExpiry?: boolean
}

export const jwtOptions: OptionsSpec = {
  secret: { type: 'string', secret: true, describe: 'Shared secret for HS256, HS384, HS512; at least 32 bytes.' },
  secretEncoding: {
    type: 'string',
    choices: ['utf8', 'base64'],
    default: 'utf8',
    describe: 'How the secret is written.',
  },
  publicKey: { type: 'file', describe: 'PEM public key for RS, PS, ES or EdDSA signatures.' },
  jwksFile: { type: 'file', describe: 'JSON Web Key Set in a file.' },
  jwksUrl: {
    type: 'string',
    secret: true,
    describe: 'Address of a JSON Web Key Set; kept for ten minutes, and read again for new keys.',
  },
  algorithms: {
    type: 'list',
    of: { type: 'string', describe: 'An algorithm, such as RS256.' },
    describe: 'Algorithms that are taken. Default: all that fit the key; no others can be named.',
  },
  from: {
    type: 'string',
    choices: ['password', 'user'],
    default: 'password',
    describe: 'Which field of the login holds the token.',
  },
  issuer: { type: 'string', describe: 'The iss claim that tokens must have.' },
  audience: { type: 'string', describe: 'The aud claim that tokens must have.' },
  userClaim: {
    type: 'string',
    default: 'sub',
    describe: 'The claim that names the user; a token without it is refused.',
  },
  tenantClaim: {
    type: 'string',
    describe: 'The claim that names the tenant; when set, a token without it is refused.',
  },
  superuserClaim: {
    type: 'string',
    describe: 'The claim that makes a superuser when it is true. Default: none, so that no token can make one.',
  },
  aclClaim: { type: 'string', default: 'acl', describe: 'The claim with a list of {permission, action, topic}.' },
  clockTolerance: {
    type: 'duration',
    default: 0,
    min: 0,
    max: 300_000,
    describe: 'How far the clocks of issuer and broker may differ.',
  },
  requireExpiry: { type: 'boolean', default: true, describe: 'Refuses tokens without an exp claim.' },
}
