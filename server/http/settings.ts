import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toValue } from '../config/document.ts'
import {
  ConfigError,
  formatPath,
  isChangeable,
  keepSecrets,
  type LoadedConfig,
  overriddenBy,
  type Path,
  type Settings,
  settingsFormat,
} from '../config/index.ts'
import type { House } from './house.ts'
import { writePrivate } from './private-file.ts'
import { type FieldFault, Problem } from './problem.ts'

/** Values by path; undefined takes a change back. */
export type Changes = Readonly<Record<string, unknown>>

export interface ChangeOptions {
  /** Where in the body of the call stands what is wrong; undefined: it stands elsewhere in the configuration. */
  readonly pointerOf?: (path: Path) => string | undefined
}

/** Changes under way, one after the other: each begins from what the one before left. */
const turns = new WeakMap<House, Promise<unknown>>()

/**
 * Changes keys of the configuration while the server runs, and keeps that through restarts in a file of its own. Checked
 * as a whole, then written, then effective. @throws Problem with every mistake
 */
export function changeSettings(house: House, changes: Changes, options: ChangeOptions = {}): Promise<void> {
  const done = (turns.get(house) ?? Promise.resolve()).catch(() => {}).then(() => change(house, changes, options))
  turns.set(house, done)
  return done
}

/** The configuration as these changes would make it. Nothing is changed. @throws Problem with every mistake */
export async function configWith(house: House, changes: Changes, options: ChangeOptions = {}): Promise<LoadedConfig> {
  return (await checked(house, changes, options)).loaded
}

async function change(house: House, changes: Changes, options: ChangeOptions): Promise<void> {
  const { settings, config } = house.server.current
  if (config.storage.type === 'memory')
    throw new Problem(
      'conflict',
      'with storage.type memory there is no place that keeps settings; change the configuration itself',
    )
  const { next } = await checked(house, changes, options)
  await mkdir(dirname(settings.file), { recursive: true, mode: 0o700 })
  await write(settings.file, next)
  const reloaded = await house.reload()
  if (reloaded.applied) return
  // What a plugin refuses only when it gets it must not keep the next start from happening.
  await write(settings.file, settings.values)
  await house.reload()
  throw reloaded.error
}

function write(file: string, values: Settings): Promise<void> {
  return writePrivate(file, { format: settingsFormat, values: Object.fromEntries(values) })
}

interface Checked {
  readonly next: Settings
  readonly loaded: LoadedConfig
}

interface Fault {
  readonly path: Path
  readonly message: string
}

async function checked(house: House, changes: Changes, options: ChangeOptions): Promise<Checked> {
  const { current } = house.server
  const next = new Map(current.settings.values)
  const faults: Fault[] = []
  for (const [key, given] of Object.entries(changes)) {
    const path = key.split('.')
    const value = given === undefined ? undefined : toValue(given)
    if (!isChangeable(key))
      faults.push({ path, message: 'it cannot change while the server runs; change the configuration and restart' })
    else if (given === undefined) next.delete(key)
    else if (value === undefined) faults.push({ path, message: 'it nests too deep' })
    else {
      const kept = keepSecrets(current, path, value)
      for (const at of kept.lost)
        faults.push({ path: at, message: 'it is masked, and there is no secret here to keep' })
      next.set(key, kept.value)
    }
  }
  if (faults.length > 0) throw wrong(faults, options)
  const loaded = await house.check(next).catch(error => {
    if (!(error instanceof ConfigError)) throw error
    throw wrong(
      error.problems.map(({ steps, message }) => ({ path: steps, message })),
      options,
    )
  })
  for (const key of Object.keys(changes)) {
    const over = changes[key] === undefined ? undefined : overriddenBy(loaded, key.split('.'))
    if (over !== undefined)
      throw new Problem('conflict', `${key} is set by ${over}, which comes before what is set here`)
  }
  return { next, loaded }
}

function wrong(faults: readonly Fault[], { pointerOf = path => `/${formatPath(path)}` }: ChangeOptions): Problem {
  const errors = faults.map(({ path, message }): FieldFault => {
    const pointer = pointerOf(path)
    return pointer === undefined
      ? { in: 'body', pointer: '', message: `${formatPath(path)}: ${message}` }
      : { in: 'body', pointer, message }
  })
  return new Problem(
    'invalid-request',
    faults.map(({ path, message }) => `${formatPath(path)}: ${message}`).join('; '),
    {
      errors,
    },
  )
}
