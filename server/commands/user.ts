import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { addUser, listUsers, removeUser } from '../../auth-plugins/password/index.ts'
import { BrokerError } from '../../kernel/plugin.ts'
import { catalogue } from '../catalogue.ts'
import { type ConfigSources, loadConfig, type UsersFile, usersFile } from '../config/index.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'

export interface UserTarget extends Omit<ConfigSources, 'catalogue' | 'environment' | 'file'> {
  readonly config?: string | undefined
  /** The users file itself; else the one the configuration names. */
  readonly file?: string | undefined
}

export interface NewUserOptions {
  readonly tenant?: string | undefined
  readonly superuser?: boolean | undefined
  readonly scram: boolean
}

/** The password comes from the terminal or from standard input, never from the command line, which others can see. */
export async function addUserCommand(name: string, target: UserTarget, options: NewUserOptions): Promise<ExitCode> {
  const { path, asked } = await fileOf(target)
  const password = await readPassword()
  if (password === undefined) throw new BrokerError('CONFIG_INVALID', 'the two passwords differ; nothing was changed')
  mkdirSync(dirname(path), { recursive: true })
  const { tenant, superuser, scram } = options
  const done = await refusalsAsErrors(() =>
    addUser(path, {
      name,
      password,
      scram,
      superuser: superuser ?? false,
      ...(tenant === undefined ? {} : { tenant }),
    }),
  )
  process.stdout.write(`${done === 'added' ? 'added' : 'set the password of'} ${name} in ${path}; ${hints[asked]}\n`)
  return exitCodes.ok
}

export async function removeUserCommand(name: string, target: UserTarget): Promise<ExitCode> {
  const { path, asked } = await fileOf(target)
  const removed = await refusalsAsErrors(() => removeUser(path, name))
  if (!removed) throw new BrokerError('CONFIG_INVALID', `there is no user "${name}" in ${path}`)
  process.stdout.write(`removed ${name} from ${path}; ${hints[asked]}\n`)
  return exitCodes.ok
}

export async function listUsersCommand(target: UserTarget): Promise<ExitCode> {
  const { path } = await fileOf(target)
  for (const { name, tenant, superuser, scram } of await refusalsAsErrors(() => listUsers(path))) {
    const marks = [tenant && `tenant ${tenant}`, superuser && 'superuser', scram || 'no SCRAM'].filter(
      mark => typeof mark === 'string',
    )
    process.stdout.write(`${name}${marks.length > 0 ? `  (${marks.join(', ')})` : ''}\n`)
  }
  return exitCodes.ok
}

async function fileOf({ file, config, ...sources }: UserTarget): Promise<UsersFile> {
  if (file !== undefined) return { path: resolve(file), asked: 'after-reload' }
  return usersFile(await loadConfig({ ...sources, file: config, catalogue, environment: process.env }))
}

const hints = {
  'after-reload': 'a running server reads it again after SIGHUP: kill -HUP <pid>',
  'after-restart': 'the server asks this file from its next start on',
  'after-reload-if-found':
    'a server that was started with this file reads it again after SIGHUP: kill -HUP <pid>; one that was started before there was any user asks it from its next start on',
  never: 'no server asks this file, because access.authenticators names others',
} as const

/** What the users file refuses is no bug of ours: its message says what to do. */
async function refusalsAsErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError) throw error
    throw new BrokerError('CONFIG_INVALID', error.message, { cause: error })
  }
}

/** From a terminal: asked twice, without echo; undefined when the answers differ. Else: the first line of standard input. */
async function readPassword(): Promise<string | undefined> {
  if (process.stdin.isTTY !== true) return (await firstLine()) ?? ''
  const first = await askHidden('Password: ')
  return (await askHidden('Again: ')) === first ? first : undefined
}

async function firstLine(): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) {
    lines.close()
    process.stdin.destroy()
    return line
  }
  return undefined
}

function askHidden(question: string): Promise<string> {
  process.stderr.write(question)
  // Terminal mode without an output stream: nothing is echoed.
  const lines = createInterface({ input: process.stdin, terminal: true })
  return new Promise((answered, cancelled) => {
    lines.once('SIGINT', () => {
      lines.close()
      process.stderr.write('\n')
      cancelled(new BrokerError('CLOSED', 'cancelled; nothing was changed'))
    })
    lines.once('line', line => {
      lines.close()
      process.stderr.write('\n')
      answered(line)
    })
  })
}
