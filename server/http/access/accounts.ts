import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { hashPassword, verifyPassword } from '../../../auth-plugins/password/secrets.ts'
import { BrokerError } from '../../../kernel/plugin.ts'
import { readPrivate, writePrivate } from '../private-file.ts'
import { Problem } from '../problem.ts'
import { type Actor, roles } from '../route.ts'

export const maxAccounts = 1_000
export const maxApiKeys = 1_000

const base64 = z.string().regex(/^[A-Za-z0-9+/]+=*$/)
const role = z.enum(roles)

const account = z.strictObject({
  name: z.string(),
  role,
  password: z.strictObject({ n: z.int(), r: z.int(), p: z.int(), salt: base64, hash: base64 }),
})

const apiKey = z.strictObject({
  id: z.string(),
  name: z.string(),
  role,
  groups: z.array(z.string()).optional(),
  /** SHA-256 of the secret, which is 32 random bytes: nothing slower is needed. */
  hash: base64,
  createdAt: z.number(),
  createdBy: z.string(),
  expiresAt: z.number().optional(),
})

const contents = z.strictObject({ format: z.literal(1), accounts: z.array(account), keys: z.array(apiKey) })

type Contents = z.infer<typeof contents>
export type Account = Pick<z.infer<typeof account>, 'name' | 'role'>
export type ApiKey = Omit<z.infer<typeof apiKey>, 'hash'>

/** Who may use the HTTP API, in a file of the data directory: people with passwords, and API keys. Neither is a client of the broker. */
export class Accounts {
  readonly #path: string | undefined
  #contents: Contents = { format: 1, accounts: [], keys: [] }
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string | undefined) {
    this.#path = path
  }

  /** `path` undefined: nothing is kept. @throws BrokerError CONFIG_INVALID when the file is not one of ours */
  static async open(path: string | undefined): Promise<Accounts> {
    const accounts = new Accounts(path)
    if (path === undefined) return accounts
    const read = contents.safeParse(
      (await readPrivate(path).catch(error => {
        throw new BrokerError('CONFIG_INVALID', `${path} cannot be read: ${String(error)}`, { cause: error })
      })) ?? accounts.#contents,
    )
    if (!read.success) {
      const [issue] = read.error.issues
      const where = issue?.path.join('.') ?? ''
      throw new BrokerError(
        'CONFIG_INVALID',
        `${path}: ${where}: ${issue?.message ?? 'is wrong'}; mend or remove the file`,
      )
    }
    accounts.#contents = read.data
    return accounts
  }

  get accounts(): readonly Account[] {
    return this.#contents.accounts
  }

  get keys(): readonly ApiKey[] {
    return this.#contents.keys.map(({ hash: _, ...shown }) => shown)
  }

  /** Adds an account, or gives an existing one a new password and role. */
  async setAccount({ name, role }: Account, password: string): Promise<void> {
    const { n, r, p, salt, hash } = await hashPassword(Buffer.from(password))
    const kept = { n, r, p, salt: salt.toString('base64'), hash: hash.toString('base64') }
    await this.#change(now => {
      const others = now.accounts.filter(other => other.name !== name)
      if (others.length >= maxAccounts) throw new Problem('conflict', `there are ${maxAccounts} accounts already`)
      keepAnAdmin([...others, { role }])
      return { ...now, accounts: [...others, { name, role, password: kept }] }
    })
  }

  /** False: there is none of that name. */
  async removeAccount(name: string): Promise<boolean> {
    if (!this.#contents.accounts.some(account => account.name === name)) return false
    await this.#change(now => {
      const accounts = now.accounts.filter(account => account.name !== name)
      keepAnAdmin(accounts)
      return { ...now, accounts }
    })
    return true
  }

  /** In the same time whether or not the name exists. */
  async login(name: string, password: string): Promise<Account | undefined> {
    const found = this.#contents.accounts.find(account => account.name === name)
    const { n, r, p, salt, hash } = found?.password ?? decoy
    const stored = { n, r, p, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') }
    const right = await verifyPassword(Buffer.from(password), stored)
    return found && right ? found : undefined
  }

  /** The secret is told here once, and never again. */
  async addKey(given: Omit<ApiKey, 'id'>): Promise<{ key: ApiKey; secret: string }> {
    const id = randomBytes(6).toString('hex')
    const secret = randomBytes(32).toString('base64url')
    const key = { id, ...given }
    await this.#change(now => {
      if (now.keys.length >= maxApiKeys) throw new Problem('conflict', `there are ${maxApiKeys} API keys already`)
      return { ...now, keys: [...now.keys, { ...key, hash: hashOf(secret).toString('base64') }] }
    })
    return { key, secret: `rmq_${id}_${secret}` }
  }

  /** False: there is none of that id. */
  async removeKey(id: string): Promise<boolean> {
    if (!this.#contents.keys.some(key => key.id === id)) return false
    await this.#change(now => ({ ...now, keys: now.keys.filter(key => key.id !== id) }))
    return true
  }

  /** Who an API key is; undefined: nobody, or not any more. */
  actorOf(key: string, now: number): Actor | undefined {
    const [, id, secret] = /^rmq_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(key) ?? []
    const found = this.#contents.keys.find(known => known.id === id)
    if (!found || secret === undefined) return undefined
    if (!timingSafeEqual(hashOf(secret), Buffer.from(found.hash, 'base64'))) return undefined
    if (found.expiresAt !== undefined && found.expiresAt <= now) return undefined
    return { name: `key ${found.name}`, role: found.role, via: 'key', groups: found.groups, id: found.id }
  }

  /** One change after the other, effective when it is on the disk. */
  #change(change: (now: Contents) => Contents): Promise<void> {
    const done = this.#writing.then(async () => {
      const next = change(this.#contents)
      if (this.#path !== undefined) {
        await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
        await writePrivate(this.#path, next)
      }
      this.#contents = next
    })
    this.#writing = done.catch(() => {})
    return done
  }
}

/** Whoever removes the last administrator locks everybody out. */
function keepAnAdmin(accounts: readonly { role: string }[]): void {
  if (accounts.length > 0 && !accounts.some(({ role }) => role === 'admin'))
    throw new Problem('conflict', 'the last admin must stay; make another account an admin first')
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

const decoy = {
  n: 16_384,
  r: 8,
  p: 1,
  salt: randomBytes(16).toString('base64'),
  hash: randomBytes(32).toString('base64'),
}
