import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const
export type Mechanism = (typeof mechanisms)[number]

export interface Login {
  readonly mechanism: Mechanism
  readonly username: string
  readonly password: string
  /** Asked for at each login. */
  token(): Promise<string>
}

/** The other side refused the login, or is not who it says it is. No message of it holds a secret. */
export class LoginRefused extends Error {}

/** Fewer are too easy to guess from a recorded login; RFC 7677. */
const minIterations = 4096
/** As many keep a thread busy for seconds. */
const maxIterations = 10_000_000

/** Sends bytes to the broker and gives its answer. */
export type Say = (bytes: Buffer) => Promise<Buffer>

/** @throws LoginRefused, and what `say` throws */
export async function logIn(login: Login, say: Say): Promise<void> {
  switch (login.mechanism) {
    case 'plain':
      await say(Buffer.from(`\0${login.username}\0${login.password}`))
      return
    case 'oauthbearer':
      return bearer(await login.token(), say)
    case 'scram-sha-256':
      return scram('sha256', 32, login, say)
    case 'scram-sha-512':
      return scram('sha512', 64, login, say)
  }
}

/** RFC 7628. A refusal is an answer with JSON in it, which a byte 1 has to follow. */
async function bearer(token: string, say: Say): Promise<void> {
  const answer = await say(Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`))
  if (answer.length === 0) return
  await say(Buffer.from([1])).catch(() => {})
  const status = /"status"\s*:\s*"([\w-]{1,40})"/.exec(answer.toString())?.[1] ?? 'unknown'
  throw new LoginRefused(`the broker refused the token: ${status}`)
}

/** RFC 5802, without channel binding. */
async function scram(hash: string, keyBytes: number, { username, password }: Login, say: Say): Promise<void> {
  const nonce = randomBytes(18).toString('base64')
  const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C')
  const first = `n=${name},r=${nonce}`
  const challenge = (await say(Buffer.from(`n,,${first}`))).toString()
  const given = fieldsOf(challenge)
  const whole = given.get('r') ?? ''
  const salt = Buffer.from(given.get('s') ?? '', 'base64')
  const iterations = Number(given.get('i'))
  if (!whole.startsWith(nonce) || salt.length === 0) throw new LoginRefused("the broker's SCRAM challenge is not one")
  if (!(iterations >= minIterations && iterations <= maxIterations)) {
    throw new LoginRefused(`the broker asks for ${iterations} SCRAM iterations; ${minIterations} is the least`)
  }
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest()
  const salted = await promisify(pbkdf2)(password, salt, iterations, keyBytes, hash)
  const clientKey = hmac(salted, 'Client Key')
  const last = `c=biws,r=${whole}`
  const exchanged = `${first},${challenge},${last}`
  const signature = hmac(createHash(hash).update(clientKey).digest(), exchanged)
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64')
  const verdict = fieldsOf((await say(Buffer.from(`${last},p=${proof}`))).toString())
  const expected = hmac(hmac(salted, 'Server Key'), exchanged)
  const shown = Buffer.from(verdict.get('v') ?? '', 'base64')
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) {
    throw new LoginRefused('the broker does not prove that it knows the password')
  }
}

function fieldsOf(text: string): Map<string, string> {
  return new Map(text.split(',').map(part => [part.slice(0, 1), part.slice(2)]))
}
