import { type ConfigDocument, child, children, clone, type Section, section, type Value } from './document.ts'
import { isSecret } from './issues.ts'
import type { LoadedConfig } from './load.ts'
import type { Path } from './problem.ts'
import { mask } from './show.ts'

/** Parts of the configuration that hold entries under names of the user's choice, each changed as a whole. */
export type EntryKind = 'connections' | 'bridges'

/** One connection or bridge, as it was written. */
export interface NamedEntry {
  readonly name: string
  /** With every secret masked. */
  readonly value: Readonly<Record<string, unknown>>
  /** `file:line:column`, the file of settings, or `env NAME`. */
  readonly from: string
  /** configured: by the configuration. changed: so, with settings laid over it. added: by settings alone. */
  readonly standing: 'configured' | 'changed' | 'added'
}

export function namedEntries(loaded: LoadedConfig, kind: EntryKind): readonly NamedEntry[] {
  return children(loaded.document.root[kind]).map(([name]) => entryOf(loaded, kind, String(name)))
}

export function namedEntry(loaded: LoadedConfig, kind: EntryKind, name: string): NamedEntry | undefined {
  return child(loaded.document.root[kind], name) === undefined ? undefined : entryOf(loaded, kind, name)
}

function entryOf(loaded: LoadedConfig, kind: EntryKind, name: string): NamedEntry {
  const { document, settings } = loaded
  const from = document.nearestOrigin([kind, name]).at
  const standing = from !== settings.file ? 'configured' : settings.over.has(`${kind}.${name}`) ? 'changed' : 'added'
  return { name, value: shown(loaded, [kind, name]) as Section, from, standing }
}

function shown(loaded: LoadedConfig, path: Path): Value {
  const { document, schema } = loaded
  const value = document.get(path) ?? null
  if (Array.isArray(value)) return value.map((_, index) => shown(loaded, [...path, index]))
  if (typeof value !== 'object' || value === null)
    return isSecret(document, schema, path) ? mask : writtenAt(document, path)
  const copy = section()
  for (const [key] of children(value)) copy[key] = shown(loaded, [...path, key])
  return copy
}

/** Before ${env:...} and ${file:...} became what they stand for. */
function writtenAt(document: ConfigDocument, path: Path): Value {
  return document.origin(path)?.written ?? document.get(path) ?? null
}

/**
 * What is to stand at a path, with the secret that is there now wherever only its mask was given. `lost`: where a mask
 * was given and there is no secret.
 */
export function keepSecrets({ document, schema }: LoadedConfig, path: Path, given: Value) {
  const lost: Path[] = []
  const kept = (value: Value, at: Path): Value => {
    if (value === mask) {
      if (document.get(at) !== undefined && isSecret(document, schema, at)) return writtenAt(document, at)
      lost.push(at)
    }
    if (typeof value !== 'object' || value === null) return value
    const copy = clone(value) as Section
    for (const [step, inner] of children(value)) copy[step] = kept(inner, [...at, step])
    return copy
  }
  return { value: kept(given, path), lost }
}

/** Where something at this path or within comes from that is laid over the settings; undefined: nothing is. */
export function overriddenBy(
  { document, settings }: Pick<LoadedConfig, 'document' | 'settings'>,
  path: Path,
): string | undefined {
  const value = document.get(path)
  // Whatever is gone was replaced together with what it stood in.
  if (value === undefined) return document.nearestOrigin(path.slice(0, -1)).at
  const { at } = document.nearestOrigin(path)
  if (at !== settings.file) return at
  for (const [step] of children(value)) {
    const inner = overriddenBy({ document, settings }, [...path, step])
    if (inner !== undefined) return inner
  }
  return undefined
}
