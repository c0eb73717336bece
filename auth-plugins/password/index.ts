import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Authenticator, AuthHost, AuthPlugin, Credentials, Identity } from '../../kernel/plugin.ts'
import { ScramExchange } from './scram.ts'
import type { ScryptHash } from './secrets.ts'
import { hashPassword, hmac, scramIterations, verifyPassword } from './secrets.ts'
import { Turns } from './turns.ts'
import { readUsers } from './users.ts'
import type { User, UsersFile } from './users-file.ts'

export { addUser, listUsers, removeUser } from './users.ts'
export { UsersFileError } from './users-file.ts'

export interface PasswordOptions {
  readonly file: string
  /** In ms. */
  readonly cache?: number
}

/** Passwords hashed at once. How many may wait is the chain's limit. */
export const concurrentHashes = 2
/** Good logins remembered; past it the oldest is forgotten. */
export const maxCachedLogins = 10_000

/** Users and passwords from a file; plain logins and SCRAM-SHA-256. */
export const password: AuthPlugin<PasswordOptions> = {
  kind: 'auth',
  name: 'password',
  api: 1,
  options: {
    file: { type: 'file', required: true, describe: 'The users file, kept with "robust-server user add".' },
    cache: {
      type: 'duration',
      default: 60_000,
      min: 0,
      max: 3_600_000,
      describe:
        'For how long a good login is remembered, so that a fleet that reconnects does not pay for scrypt again. ' +
        'Only a keyed digest of the password is held in memory; a reload forgets it. 0: never.',
    },
  },
  async open(host, options) {
    const file = await readUsers(options.file)
    await warnWhenReadable(host, options.file)
    return new PasswordAuthenticator(host, options, file, await hashPassword(randomBytes(16)))
  },
}

class PasswordAuthenticator implements Authenticator {
  readonly methods = ['SCRAM-SHA-256']
  readonly #host: AuthHost
  readonly #path: string
  readonly #cacheMs: number
  /** What an unknown user's password is compared with: finding out that nobody has the name takes as long. */
  readonly #nobody: ScryptHash
  readonly #turns = new Turns(concurrentHashes)
  readonly #cacheKey = randomBytes(32)
  readonly #ownDecoy = randomBytes(32)
  /** By user and digest of the password; the value is when to forget it. */
  #cache = new Map<string, number>()
  #file: UsersFile

  constructor(host: AuthHost, options: PasswordOptions, file: UsersFile, nobody: ScryptHash) {
    this.#host = host
    this.#path = options.file
    this.#cacheMs = options.cache ?? 60_000
    this.#file = file
    this.#nobody = nobody
  }

  async authenticate({ user: name, password: given }: Credentials): Promise<Identity | 'unknown' | 'denied'> {
    if (name === undefined) return 'unknown'
    const file = this.#file
    const user = file.users.get(name)
    if (given === undefined) return user === undefined ? 'unknown' : 'denied'
    const cache = this.#cache
    const key = user === undefined ? undefined : this.#cacheKeyOf(name, given)
    if (user !== undefined && key !== undefined && (cache.get(key) ?? 0) > this.#host.clock.now())
      return identityOf(user)
    const right = await this.#turns.run(() => verifyPassword(given, user?.scrypt ?? this.#nobody))
    if (user === undefined) return 'unknown'
    if (!right) return 'denied'
    // What was verified against a file that has been replaced meanwhile must not be remembered.
    if (key !== undefined && cache === this.#cache) this.#remember(key)
    return file === this.#file ? identityOf(user) : this.authenticate({ clientId: '', user: name, password: given })
  }

  exchange(method: string): ScramExchange | undefined {
    if (method !== 'SCRAM-SHA-256') return undefined
    return new ScramExchange({
      find: name => {
        const user = this.#file.users.get(name)
        if (user?.scram !== undefined) return { keys: user.scram, identity: identityOf(user) }
        const secret = this.#file.decoy ?? this.#ownDecoy
        const salt = hmac(secret, name).subarray(0, 16)
        const keys = { iterations: scramIterations, salt, storedKey: randomBytes(32), serverKey: randomBytes(32) }
        return { keys, identity: undefined }
      },
    })
  }

  async reload(): Promise<void> {
    this.#file = await readUsers(this.#path)
    this.#cache = new Map()
    await warnWhenReadable(this.#host, this.#path)
  }

  inspect(): Record<string, unknown> {
    return { file: this.#path, users: this.#file.users.size, remembered: this.#cache.size }
  }

  async close(): Promise<void> {
    this.#cache = new Map()
  }

  #cacheKeyOf(name: string, password: Uint8Array): string | undefined {
    if (this.#cacheMs <= 0) return undefined
    const digest = hmac(this.#cacheKey, Buffer.concat([Buffer.from(`${Buffer.byteLength(name)}:${name}`), password]))
    return digest.toString('base64')
  }

  #remember(key: string): void {
    const oldest = this.#cache.keys().next()
    if (this.#cache.size >= maxCachedLogins && !oldest.done) this.#cache.delete(oldest.value)
    this.#cache.set(key, this.#host.clock.now() + this.#cacheMs)
  }
}

function identityOf({ name, tenant, superuser }: User): Identity {
  return { user: name, superuser, ...(tenant === undefined ? {} : { tenant }) }
}

async function warnWhenReadable({ logger }: AuthHost, path: string): Promise<void> {
  const { mode } = await stat(path)
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  logger.warn({ file: path }, 'the users file can be read by others; run: chmod 600 on it')
}
