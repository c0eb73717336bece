import type { Authenticator, AuthHost, AuthPlugin, Credentials, Identity } from '../../kernel/plugin.ts'
import { readAcl } from '../../kernel/plugin.ts'
import type { JwtOptions } from './options.ts'
import { jwtOptions } from './options.ts'
import type { TokenKeys } from './token-verifier.ts'
import { openKeys, verifyToken } from './token-verifier.ts'

export type { JwtOptions } from './options.ts'

/** Longer ones are refused unread. */
export const maxTokenLength = 16_384

/**
 * JSON Web Tokens as logins. The user is whom the token names, whatever user name the client sends beside it. What does
 * not look like a token is left to the next authenticator. The connection ends when the token does.
 */
export const jwt: AuthPlugin<JwtOptions> = {
  kind: 'auth',
  name: 'jwt',
  api: 1,
  options: jwtOptions,
  async open(host, options) {
    const url = options.jwksUrl === undefined ? undefined : new URL(options.jwksUrl, 'invalid:')
    if (url?.protocol === 'http:') {
      host.logger.warn(
        { host: url.host },
        'signing keys come over plain http: whoever can change them can log in as anybody',
      )
    }
    return new JwtAuthenticator(host, options, await openKeys(options))
  },
}

class JwtAuthenticator implements Authenticator {
  readonly #host: AuthHost
  readonly #options: JwtOptions
  #keys: TokenKeys

  constructor(host: AuthHost, options: JwtOptions, keys: TokenKeys) {
    this.#host = host
    this.#options = options
    this.#keys = keys
  }

  async authenticate(credentials: Credentials): Promise<Identity | 'unknown' | 'denied'> {
    const token = this.#options.from === 'user' ? credentials.user : asText(credentials.password)
    if (token === undefined || !looksLikeToken(token)) return 'unknown'
    if (token.length > maxTokenLength) return this.#refuse('too long')
    const outcome = await verifyToken(token, this.#keys, this.#options, this.#host.clock.now())
    return outcome.claims === undefined ? this.#refuse(outcome.reason) : this.#identity(outcome.claims)
  }

  /** Reads key files again; a key set from an address is renewed on its own. */
  async reload(): Promise<void> {
    this.#keys = await openKeys(this.#options)
  }

  inspect(): Record<string, unknown> {
    return { algorithms: this.#keys.algorithms }
  }

  async close(): Promise<void> {}

  #identity(claims: Readonly<Record<string, unknown>>): Identity | 'denied' {
    const { userClaim = 'sub', tenantClaim, superuserClaim, aclClaim = 'acl' } = this.#options
    const user = claimOf(claims, userClaim)
    if (!isName(user)) return this.#refuse(`claim ${userClaim}`)
    const tenant = tenantClaim === undefined ? undefined : claimOf(claims, tenantClaim)
    if (tenantClaim !== undefined && !isName(tenant)) return this.#refuse(`claim ${tenantClaim}`)
    const acl = claimOf(claims, aclClaim)
    const rules = acl === undefined ? undefined : readAcl(acl)
    if (acl !== undefined && rules === undefined) return this.#refuse(`claim ${aclClaim}`)
    const { exp } = claims
    return {
      user,
      superuser: superuserClaim !== undefined && claimOf(claims, superuserClaim) === true,
      ...(isName(tenant) ? { tenant } : {}),
      ...(rules === undefined ? {} : { rules }),
      ...(typeof exp === 'number' ? { expiresAt: exp * 1_000 + (this.#options.clockTolerance ?? 0) } : {}),
    }
  }

  #refuse(reason: string): 'denied' {
    // At debug, and without the token: a client chooses how often this is written.
    this.#host.logger.debug({ reason }, 'token refused')
    return 'denied'
  }
}

/** Only the claims themselves, never what an object inherits: a claim may be called "constructor". */
function claimOf(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 1_024 && !/[\p{Cc}\p{Cs}]/u.test(value)
}

/** Three parts of base64url, the first of which begins an object ('{"' is eyJ or, with a blank, eyA and the like). */
function looksLikeToken(text: string): boolean {
  return /^e[\w-]*\.[\w-]*\.[\w-]*$/.test(text)
}

function asText(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
