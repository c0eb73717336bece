import { createHash, createHmac, pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { saslprep } from './saslprep.ts'

/** What is kept of a password for plain logins. */
export interface ScryptHash {
  /** Cost, a power of two; memory is 128 x n x r bytes. */
  readonly n: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** What is kept of a password for SCRAM-SHA-256; RFC 5802, section 3. */
export interface ScramKeys {
  readonly iterations: number
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** 16 MiB and about 50 ms: OWASP's least for scrypt is 2^17, which a broker whose fleet reconnects at once cannot pay. */
export const scryptCost = { n: 16_384, r: 8, p: 1 } as const
/** RFC 7677 asks for at least 4,096; SCRAM shifts this work to the client. */
export const scramIterations = 15_000

export async function hashPassword(password: Uint8Array): Promise<ScryptHash> {
  const salt = randomBytes(16)
  return { ...scryptCost, salt, hash: await derive(password, { ...scryptCost, salt }, 32) }
}

/** In the thread pool, and in a time that does not depend on where the hashes differ. */
export async function verifyPassword(password: Uint8Array, stored: ScryptHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, stored, stored.hash.length), stored.hash)
}

/** Undefined when RFC 4013 does not let the password be prepared. */
export async function deriveScramKeys(
  password: string,
  salt = randomBytes(16),
  iterations = scramIterations,
): Promise<ScramKeys | undefined> {
  const prepared = saslprep(password)
  if (prepared === undefined) return undefined
  const salted = await promisify(pbkdf2)(prepared, salt, iterations, 32, 'sha256')
  const storedKey = sha256(hmac(salted, 'Client Key'))
  return { iterations, salt, storedKey, serverKey: hmac(salted, 'Server Key') }
}

export function hmac(key: Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

export function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest()
}

function derive(password: Uint8Array, cost: Omit<ScryptHash, 'hash'>, bytes: number): Promise<Buffer> {
  const { n, r, p, salt } = cost
  return new Promise((resolve, reject) => {
    const options = { N: n, r, p, maxmem: 256 * n * r + 1_048_576 }
    scrypt(password, salt, bytes, options, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}
