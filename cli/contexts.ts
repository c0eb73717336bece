import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { CommandFailure, exitCodes } from './exit-codes.ts'

/** One server, and how to speak to it. */
export interface Context {
  /** Of the HTTP API. */
  readonly url: string
  readonly key?: string
}

export interface Contexts {
  readonly current: string
  readonly contexts: Readonly<Record<string, Context>>
}

export const standardContext: Context = { url: 'http://localhost:8080' }
const standard: Contexts = { current: 'default', contexts: { default: standardContext } }

/** `$XDG_CONFIG_HOME/robustmq/contexts.json`. */
export function contextsFile(environment: NodeJS.ProcessEnv): string {
  return join(environment.XDG_CONFIG_HOME || join(homedir(), '.config'), 'robustmq', 'contexts.json')
}

/** @throws CommandFailure when the file is not one of ours */
export function readContexts(environment: NodeJS.ProcessEnv): Contexts {
  const file = contextsFile(environment)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return standard
    throw new CommandFailure(`${file} cannot be read: ${(error as Error).message}`)
  }
  const read = parse(text)
  if (!read) throw new CommandFailure(`${file} does not hold contexts`, { next: `rm ${file}` })
  return read
}

/** Only its owner may read it: it holds API keys. */
export function writeContexts(environment: NodeJS.ProcessEnv, contexts: Contexts): void {
  const file = contextsFile(environment)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** `--url` and `--api-key` come before the environment, and that before the chosen context. */
export function chooseContext(
  flags: { readonly context?: string; readonly url?: string; readonly apiKey?: string },
  environment: NodeJS.ProcessEnv,
): Context {
  const { current, contexts } = readContexts(environment)
  const name = flags.context ?? environment.ROBUSTMQ_CONTEXT ?? current
  const chosen = Object.hasOwn(contexts, name) ? contexts[name] : undefined
  if (!chosen)
    throw new CommandFailure(`there is no context "${name}"; known: ${Object.keys(contexts).join(', ')}`, {
      exitCode: exitCodes.usage,
      next: `robust-ctl context set ${name} --url http://HOST:8080`,
    })
  const key = flags.apiKey ?? environment.ROBUSTMQ_API_KEY ?? chosen.key
  return { url: flags.url ?? environment.ROBUSTMQ_URL ?? chosen.url, ...(key !== undefined && { key }) }
}

function parse(text: string): Contexts | undefined {
  try {
    const json = JSON.parse(text) as Partial<Contexts>
    if (typeof json.current !== 'string' || typeof json.contexts !== 'object' || json.contexts === null)
      return undefined
    const right = Object.values(json.contexts).every(
      ({ url, key }) => typeof url === 'string' && typeof key !== 'number',
    )
    return right ? (json as Contexts) : undefined
  } catch {
    return undefined
  }
}
