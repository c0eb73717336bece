import type { ScramKeys, ScryptHash } from './secrets.ts'

/** One user of the file. */
export interface User {
  readonly name: string
  readonly scrypt: ScryptHash
  /** undefined: this user cannot log in by SCRAM-SHA-256. */
  readonly scram: ScramKeys | undefined
  readonly tenant: string | undefined
  readonly superuser: boolean
}

export interface UsersFile {
  readonly users: ReadonlyMap<string, User>
  /** Makes the salts shown for users who do not exist; undefined: the file has none. */
  readonly decoy: Buffer | undefined
}

export const maxFileBytes = 268_435_456
export const maxUsers = 1_000_000

/** The comment that a new file begins with: the grammar of the lines below it. */
export const header = `# Users, one a line. Change it with "robust-server user", or by hand and reload.
#
#   user:$scrypt$N$r$p$salt$hash[:$scram-sha-256$iterations$salt$StoredKey$ServerKey][:tenant=name][:superuser]
#
# In names "%", ":", "#", "!", blanks and control characters are written as %XX of their UTF-8 bytes. Salts, hashes and
# keys are base64. The part after $scram-sha-256 lets the user log in by challenge and response.
# "!decoy" holds a secret that makes up salts for users who do not exist, so that nobody can find out who does.
`

/** What is wrong with a users file, and where. */
export class UsersFileError extends Error {
  constructor(path: string, line: number, fault: string) {
    super(`${path}:${line}: ${fault}`)
    this.name = 'UsersFileError'
  }
}

/**
 * Reads the whole file or nothing: no malformed line is skipped, so none makes a user or hides one.
 * @throws UsersFileError naming file, line and the mend.
 */
export function parseUsers(text: string, path: string): UsersFile {
  const users = new Map<string, User>()
  const lineOf = new Map<string, number>()
  let decoy: Buffer | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line.trim() === '' || line.startsWith('#')) continue
    const wrong = (fault: string): UsersFileError => new UsersFileError(path, index + 1, fault)
    if (line.startsWith('!')) {
      const secret = line.startsWith('!decoy ') ? base64(line.slice(7), 32, 32) : undefined
      if (secret === undefined) throw wrong('is not "!decoy <32 bytes in base64>"; remove the line to mend it')
      decoy = secret
      continue
    }
    const user = parseLine(line, wrong)
    const earlier = lineOf.get(user.name)
    if (earlier !== undefined) throw wrong(`names the user of line ${earlier} again; remove one of the two`)
    if (users.size >= maxUsers) throw wrong(`is user ${maxUsers + 1}; at most ${maxUsers} are taken`)
    lineOf.set(user.name, index + 1)
    users.set(user.name, user)
  }
  return { users, decoy }
}

/** The user's line, without its end. */
export function formatUser(user: User): string {
  const { n, r, p, salt, hash } = user.scrypt
  const fields = [encodeName(user.name), ['', 'scrypt', n, r, p, encode(salt), encode(hash)].join('$')]
  if (user.scram !== undefined) {
    const { iterations, salt, storedKey, serverKey } = user.scram
    fields.push(['', 'scram-sha-256', iterations, encode(salt), encode(storedKey), encode(serverKey)].join('$'))
  }
  if (user.tenant !== undefined) fields.push(`tenant=${encodeName(user.tenant)}`)
  if (user.superuser) fields.push('superuser')
  return fields.join(':')
}

/** The name that a line begins with, as it is written; undefined for a comment or a blank line. */
export function lineName(line: string): string | undefined {
  return line.trim() === '' || /^[#!]/.test(line) ? undefined : line.slice(0, line.indexOf(':'))
}

export function encodeName(name: string): string {
  return name.replace(/[%:#!\s\p{Cc}]/gu, character =>
    [...Buffer.from(character)].map(byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

function parseLine(line: string, wrong: (fault: string) => Error): User {
  const [written = '', password, ...rest] = line.split(':')
  if (password === undefined) throw wrong('has no ":" after the user name; add the user again with "user add"')
  const name = decodeName(written)
  if (name === undefined || name === '') {
    throw wrong('has an empty or wrongly written user name; write "%", ":" and blanks as %25, %3A and %20')
  }
  const scrypt = parseScrypt(password)
  if (scrypt === undefined) {
    throw wrong('has no valid $scrypt$N$r$p$salt$hash after the user name; set the password again with "user add"')
  }
  let scram: ScramKeys | undefined
  let tenant: string | undefined
  let superuser = false
  for (const field of rest) {
    if (field.startsWith('$scram-sha-256$') && scram === undefined) {
      scram = parseScram(field)
      if (scram === undefined) throw wrong('has malformed SCRAM keys; set the password again with "user add"')
    } else if (field.startsWith('tenant=') && tenant === undefined) {
      tenant = decodeName(field.slice(7))
      if (tenant === undefined || tenant === '')
        throw wrong('has an empty or wrongly written tenant; write "tenant=name"')
    } else if (field === 'superuser' && !superuser) {
      superuser = true
    } else {
      // The field itself may be a secret in the wrong place, so it is not quoted.
      throw wrong(
        'has a field that is none of "$scram-sha-256$..", "tenant=..", "superuser", or has one twice; remove it',
      )
    }
  }
  return { name, scrypt, scram, tenant, superuser }
}

function parseScrypt(text: string): ScryptHash | undefined {
  const [empty, scheme, n, r, p, salt, hash, ...more] = text.split('$')
  if (empty !== '' || scheme !== 'scrypt' || more.length > 0) return undefined
  const cost = { n: whole(n, 2, 1 << 20), r: whole(r, 1, 32), p: whole(p, 1, 16) }
  const bytes = { salt: base64(salt, 8, 64), hash: base64(hash, 32, 64) }
  if (cost.n === undefined || cost.r === undefined || cost.p === undefined) return undefined
  // A power of two, and at most 256 MiB: one login must not take the memory of all.
  if ((cost.n & (cost.n - 1)) !== 0 || cost.n * cost.r > 1 << 21) return undefined
  if (bytes.salt === undefined || bytes.hash === undefined) return undefined
  return { n: cost.n, r: cost.r, p: cost.p, salt: bytes.salt, hash: bytes.hash }
}

function parseScram(text: string): ScramKeys | undefined {
  const [, , count, salt64, stored64, server64, ...more] = text.split('$')
  const iterations = whole(count, 4_096, 10_000_000)
  const salt = base64(salt64, 8, 64)
  const storedKey = base64(stored64, 32, 32)
  const serverKey = base64(server64, 32, 32)
  if (more.length > 0 || iterations === undefined) return undefined
  if (salt === undefined || storedKey === undefined || serverKey === undefined) return undefined
  return { iterations, salt, storedKey, serverKey }
}

function whole(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^[1-9]\d{0,8}$/.test(text)) return undefined
  const value = Number(text)
  return value >= least && value <= most ? value : undefined
}

/** Strict: what does not encode back to the same text was cut or mistyped. */
function base64(text: string | undefined, least: number, most: number): Buffer | undefined {
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= least && bytes.length <= most && encode(bytes) === text ? bytes : undefined
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64')
}

/** Only names as `encodeName` writes them: two lines for one user cannot hide behind two spellings. */
function decodeName(text: string): string | undefined {
  try {
    const name = decodeURIComponent(text)
    return encodeName(name) === text ? name : undefined
  } catch {
    return undefined
  }
}
