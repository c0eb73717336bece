import type { z } from 'zod'
import { type ConfigDocument, child, type Value } from './document.ts'
import { isSecret } from './issues.ts'
import type { LoadedConfig } from './load.ts'
import { formatPath, type Path } from './problem.ts'
import { partOf, shapeOf } from './shape.ts'
import { formatBytes, formatDuration } from './units.ts'

/** One key of the effective configuration. */
export interface Effective {
  readonly path: string
  /** As it would be written; a secret is masked. */
  readonly value: string
  /** 'default', `file:line:column`, `env NAME`, or a flag. */
  readonly from: string
}

export const mask = '********'

/** The effective value of every key and where it came from. */
export function effectiveConfig({ config, document, schema }: LoadedConfig): Effective[] {
  const entries: Effective[] = []
  const add = (part: z.ZodType | undefined, value: unknown, path: Path): void => {
    if (isSection(value) || Array.isArray(value)) {
      const inner = Object.entries(value)
      if (inner.length === 0) entries.push(entry(part, value, path))
      const list = Array.isArray(value)
      for (const [key, next] of inner) {
        const step = list ? Number(key) : key
        add(part && partOf(part, step, list ? undefined : child(value as Value, 'type')), next, [...path, step])
      }
    } else entries.push(entry(part, value, path))
  }
  const entry = (part: z.ZodType | undefined, value: unknown, path: Path): Effective => ({
    path: formatPath(path),
    value: isSecret(document, schema, path) ? mask : written(part, value),
    from: fromOf(document, path),
  })
  for (const [key, part] of Object.entries(schema.shape)) if (config[key] !== undefined) add(part, config[key], [key])
  return entries
}

/** `config show`: a line each, in columns. */
export function formatEffective(entries: readonly Effective[]): string {
  const width = (pick: (entry: Effective) => string, most: number): number =>
    Math.min(most, Math.max(...entries.map(entry => pick(entry).length)))
  const pathWidth = width(entry => entry.path, 48)
  const valueWidth = width(entry => entry.value, 40)
  return entries
    .map(({ path, value, from }) => `${path.padEnd(pathWidth)}  ${value.padEnd(valueWidth)}  # ${from}`)
    .join('\n')
}

/** Every secret text of the configuration: what a log must never show. */
export function secretTexts({ document, schema }: LoadedConfig): ReadonlySet<string> {
  const secrets = new Set(document.secrets)
  for (const { path, text } of document.texts()) if (isSecret(document, schema, path)) secrets.add(text)
  return secrets
}

/** The own origin of the value; a default inside a written section is still a default. */
function fromOf(document: ConfigDocument, path: Path): string {
  return document.get(path) === undefined ? 'default' : (document.origin(path)?.at ?? 'default')
}

function written(part: z.ZodType | undefined, value: unknown): string {
  const unit = part && shapeOf(part).about.unit
  if (typeof value === 'number' && unit === 'duration') return formatDuration(value)
  if (typeof value === 'number' && unit === 'bytes') return formatBytes(value)
  if (typeof value === 'string' && /^[\w./-][\w./: -]*$/.test(value)) return value
  return JSON.stringify(value)
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
