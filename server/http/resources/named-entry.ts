import { z } from 'zod'
import {
  bridgeNames,
  type EntryKind,
  type LoadedConfig,
  type NamedEntry,
  namedEntry,
  type Path,
} from '../../config/index.ts'
import type { House } from '../house.ts'
import { Problem } from '../problem.ts'
import { type ChangeOptions, changeSettings } from '../settings.ts'

/** What an entry is sent as. */
export const givenEntry = z.record(z.string(), z.unknown())

/** What every answer about an entry says. */
export const entryFields = {
  name: z.string(),
  from: z.string().describe('A place in a file, an environment variable, or the file of settings.'),
  standing: z
    .enum(['configured', 'changed', 'added'])
    .describe(
      'configured: by the configuration. changed: so, and changed while the server ran. added: while the server ran; only such can be removed.',
    ),
  config: z.record(z.string(), z.unknown()).describe('As in the configuration; secrets are masked.'),
}

export const named = z.strictObject({ name: z.string() })
export const newlyNamed = z.strictObject({ name: bridgeNames })

export function showEntry({ value, ...entry }: NamedEntry) {
  return { ...entry, config: value }
}

/** @throws Problem when there is none of that name */
export function entryCalled({ server }: House, kind: EntryKind, name: string): NamedEntry {
  const entry = namedEntry(server.current, kind, name)
  if (entry === undefined) throw new Problem('not-found', `there is no ${nouns[kind]} "${name}"`)
  return entry
}

const nouns = { connections: 'connection', bridges: 'bridge' } as const

/** Makes an entry or replaces it; a mask in it stands for the secret that is there. @throws Problem */
export async function putEntry(house: House, kind: EntryKind, name: string, value: object): Promise<NamedEntry> {
  await changeSettings(house, { [`${kind}.${name}`]: value }, { pointerOf: withinEntry(kind, name) })
  return entryCalled(house, kind, name)
}

/** Mistakes are told where they stand in the entry. */
export function withinEntry(kind: EntryKind, name: string): NonNullable<ChangeOptions['pointerOf']> {
  return ([first, second, ...inner]: Path) =>
    first === kind && second === name
      ? inner.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
      : undefined
}

/** @throws Problem for what the configuration defines */
export async function removeEntry(house: House, kind: EntryKind, name: string): Promise<void> {
  const { standing, from } = entryCalled(house, kind, name)
  if (standing !== 'added')
    throw new Problem('conflict', definedElsewhere(house.server.current, kind, { name, from, standing }))
  await changeSettings(house, { [`${kind}.${name}`]: undefined })
}

function definedElsewhere(
  { file }: LoadedConfig,
  kind: EntryKind,
  { name, from, standing }: Pick<NamedEntry, 'name' | 'from' | 'standing'>,
): string {
  const noun = nouns[kind]
  if (standing === 'configured') return `${noun} "${name}" is defined at ${from}; change that to remove it`
  return `${noun} "${name}" is defined in ${file ?? 'the configuration'}, too; change that file to remove it, or take back what was changed here: DELETE /config/${kind}.${name}`
}
