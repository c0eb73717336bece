import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import { BrokerError } from '../../kernel/plugin.ts'
import type { JwtOptions } from './options.ts'

/** A set of some hundred keys; a larger answer is not a key set. */
export const maxKeySetBytes = 1_048_576
const keySetTimeoutMs = 5_000
/** An unknown key id makes the set be fetched again, at most once in this time: tokens cannot hammer its server. */
const keySetCooldownMs = 30_000
const keySetMaxAgeMs = 600_000

const hmacAlgorithms = ['HS256', 'HS384', 'HS512']
const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const curveAlgorithms: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}
const keySetAlgorithms = [...rsaAlgorithms, ...Object.values(curveAlgorithms), 'EdDSA', 'Ed25519']

/** A key, and the only algorithms it is ever used with: a token's header chooses among them, never beyond. */
export interface TokenKeys {
  readonly key: JWTVerifyGetKey
  readonly algorithms: readonly string[]
}

/**
 * Opens the one source of keys that the options name.
 * @throws BrokerError CONFIG_INVALID naming the option, what is wrong and the mend.
 */
export async function openKeys(options: JwtOptions): Promise<TokenKeys> {
  const sources = (['secret', 'publicKey', 'jwksFile', 'jwksUrl'] as const).filter(name => options[name] !== undefined)
  if (sources.length !== 1) {
    throw invalid(`give exactly one of secret, publicKey, jwksFile, jwksUrl; given: ${sources.join(', ') || 'none'}`)
  }
  const { key, algorithms } = await openSource(options)
  const wanted = options.algorithms
  if (wanted === undefined) return { key, algorithms }
  const impossible = wanted.filter(name => !algorithms.includes(name))
  if (impossible.length > 0 || wanted.length === 0) {
    throw invalid(`algorithms [${wanted.join(', ')}] do not fit the key, which takes ${algorithms.join(', ')}`)
  }
  return { key, algorithms: wanted }
}

/**
 * The claims of a token that is valid at `now`; undefined, with a reason for the log, when it is not. Rejects only when
 * the keys could not be had.
 */
export async function verifyToken(
  token: string,
  keys: TokenKeys,
  options: JwtOptions,
  now: number,
): Promise<{ claims: JWTPayload } | { claims: undefined; reason: string }> {
  try {
    const { payload } = await jwtVerify(token, keys.key, {
      algorithms: [...keys.algorithms],
      currentDate: new Date(now),
      clockTolerance: (options.clockTolerance ?? 0) / 1_000,
      requiredClaims: options.requireExpiry === false ? [] : ['exp'],
      ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
      ...(options.audience === undefined ? {} : { audience: options.audience }),
    })
    return { claims: payload }
  } catch (error) {
    if (!isTokenFault(error)) throw error
    return { claims: undefined, reason: error.code }
  }
}

function isTokenFault(error: unknown): error is errors.JOSEError {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false
  // The bare class is what jose throws for an answer of the key server that is not 200, or no JSON.
  return error instanceof errors.JOSEError && error.constructor !== errors.JOSEError
}

async function openSource(options: JwtOptions): Promise<TokenKeys> {
  if (options.secret !== undefined) return secretKeys(options.secret, options.secretEncoding ?? 'utf8')
  if (options.publicKey !== undefined) return pemKeys(options.publicKey)
  if (options.jwksFile !== undefined) return fileKeys(options.jwksFile)
  return urlKeys(options.jwksUrl ?? '')
}

function secretKeys(secret: string, encoding: 'utf8' | 'base64'): TokenKeys {
  const bytes = Buffer.from(secret, encoding)
  // RFC 7518, section 3.2: a key as long as the hash; with a shorter one the longer hashes are not offered.
  const algorithms = hmacAlgorithms.filter(name => bytes.length * 8 >= Number(name.slice(2)))
  if (algorithms.length === 0) {
    throw invalid(`secret has ${bytes.length} bytes, HS256 needs at least 32; make one with "openssl rand -base64 32"`)
  }
  return { key: async () => bytes, algorithms }
}

async function pemKeys(path: string): Promise<TokenKeys> {
  const pem = await readFile(path, 'utf8')
  if (pem.includes('PRIVATE KEY')) throw invalid(`publicKey: ${path} holds a private key; give the public one`)
  let key: ReturnType<typeof createPublicKey>
  try {
    key = createPublicKey(pem)
  } catch (error) {
    throw invalid(`publicKey: ${path} is not a PEM public key`, error)
  }
  const algorithms = algorithmsOf(key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve)
  if (algorithms.length === 0) throw invalid(`publicKey: ${path} is of a kind that tokens are not signed with`)
  return { key: async () => key, algorithms }
}

function algorithmsOf(type: string | undefined, curve: string | undefined): readonly string[] {
  if (type === 'rsa') return rsaAlgorithms
  if (type === 'ed25519') return ['EdDSA', 'Ed25519']
  const algorithm = type === 'ec' && curve !== undefined ? curveAlgorithms[curve] : undefined
  return algorithm === undefined ? [] : [algorithm]
}

async function fileKeys(path: string): Promise<TokenKeys> {
  const text = await readFile(path, 'utf8')
  try {
    return { key: createLocalJWKSet(JSON.parse(text) as JSONWebKeySet), algorithms: keySetAlgorithms }
  } catch (error) {
    throw invalid(`jwksFile: ${path} is not a JSON Web Key Set`, error)
  }
}

function urlKeys(text: string): TokenKeys {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalid('jwksUrl is not an http or https address')
  // fetch would refuse it at the first login, and quote it.
  if (url.username !== '' || url.password !== '') {
    throw invalid('jwksUrl holds a user or a password, which no key set needs; take it out')
  }
  const key = createRemoteJWKSet(url, {
    timeoutDuration: keySetTimeoutMs,
    cooldownDuration: keySetCooldownMs,
    cacheMaxAge: keySetMaxAgeMs,
    [customFetch]: boundedFetch,
  })
  return { key, algorithms: keySetAlgorithms }
}

/** fetch, with an end: an answer past the limit is an error, not memory. */
async function boundedFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > maxKeySetBytes) throw new Error(`the key set is larger than ${maxKeySetBytes} bytes`)
    chunks.push(chunk)
  }
  return new Response(response.status === 200 ? Buffer.concat(chunks) : null, { status: response.status })
}

function invalid(fault: string, cause?: unknown): BrokerError {
  return new BrokerError('CONFIG_INVALID', `plugin "jwt": ${fault}`, { cause })
}
