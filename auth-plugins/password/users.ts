import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { chown, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { saslprep } from './saslprep.ts'
import { deriveScramKeys, hashPassword } from './secrets.ts'
import type { UsersFile } from './users-file.ts'
import { encodeName, formatUser, header, lineName, maxFileBytes, parseUsers } from './users-file.ts'

export interface NewUser {
  readonly name: string
  readonly password: string
  /** Default: true. False keeps only the scrypt hash, which is the harder one to guess from a stolen file. */
  readonly scram?: boolean
  readonly tenant?: string
  readonly superuser?: boolean
}

/** Reads and checks the file. @throws UsersFileError, or the file system's error, which names the path. */
export async function readUsers(path: string): Promise<UsersFile> {
  const { size } = await stat(path)
  if (size > maxFileBytes) throw new Error(`${path} has ${size} bytes, at most ${maxFileBytes} are read`)
  return parseUsers(decode(await readFile(path), path), path)
}

/**
 * Adds the user, or sets the password of an existing one; comments and other lines stay as they are. Makes the file,
 * with mode 0600, when there is none. The running server sees it at its next reload. One command at a time: of two at
 * once, the later one wins.
 * @throws UsersFileError when the file is malformed: it is mended first, or the mistake would be buried.
 */
export async function addUser(path: string, user: NewUser): Promise<'added' | 'replaced'> {
  if (user.name === '' || Buffer.byteLength(user.name) > 65_535) throw new Error('a user name has 1 to 65,535 bytes')
  if (/[\p{Cc}\p{Cs}]/u.test(user.name)) throw new Error('a user name has no control characters')
  if (user.password === '') throw new Error('an empty password protects nothing; choose another')
  if (user.scram !== false && saslprep(user.name) !== user.name) {
    throw new Error(
      'the user name has characters that SCRAM changes or does not allow; choose another, or leave SCRAM out',
    )
  }
  const scram = user.scram === false ? undefined : await deriveScramKeys(user.password)
  if (scram === undefined && user.scram !== false) {
    throw new Error('the password has characters that SCRAM does not allow; choose another, or leave SCRAM out')
  }
  const line = formatUser({
    name: user.name,
    scrypt: await hashPassword(Buffer.from(user.password)),
    scram,
    tenant: user.tenant,
    superuser: user.superuser ?? false,
  })
  const lines = await readLines(path)
  const at = lines.findIndex(other => lineName(other) === encodeName(user.name))
  if (at < 0) lines.push(line)
  else lines[at] = line
  await replaceFile(path, `${lines.join('\n')}\n`)
  return at < 0 ? 'added' : 'replaced'
}

/** False when there is no such user. */
export async function removeUser(path: string, name: string): Promise<boolean> {
  const lines = await readLines(path)
  const kept = lines.filter(line => lineName(line) !== encodeName(name))
  if (kept.length === lines.length) return false
  await replaceFile(path, `${kept.join('\n')}\n`)
  return true
}

/** Every user, without secrets, in the order of the file. */
export async function listUsers(
  path: string,
): Promise<{ name: string; tenant: string | undefined; superuser: boolean; scram: boolean }[]> {
  const { users } = await readUsers(path)
  return [...users.values()].map(({ name, tenant, superuser, scram }) => ({
    name,
    tenant,
    superuser,
    scram: scram !== undefined,
  }))
}

async function readLines(path: string): Promise<string[]> {
  let text: string
  try {
    text = decode(await readFile(path), path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    text = `${header}!decoy ${randomBytes(32).toString('base64')}\n`
  }
  parseUsers(text, path)
  return text.replace(/\n+$/, '').split('\n')
}

/** All or nothing, through power loss too: a new file takes the old one's name when it is on the disk. */
async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
  const owner = await stat(target).catch(() => undefined)
  try {
    await synced(await open(temporary, 'wx', 0o600), file => file.writeFile(text))
    // Run as root, the command must not take the file away from the server's own user.
    if (owner !== undefined) await chown(temporary, owner.uid, owner.gid).catch(() => {})
    await rename(temporary, target)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  if (process.platform !== 'win32') await synced(await open(dirname(target), 'r'), async () => {})
}

async function synced(file: FileHandle, write: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write(file)
    await file.sync()
  } finally {
    await file.close()
  }
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error(`${path} is not UTF-8 text; save it as UTF-8`)
  }
}
