import type { z } from 'zod'
import type { Catalogue } from '../catalogue.ts'
import { describedSchema } from './json-schema.ts'
import { type Shape, shapeOf } from './shape.ts'
import { formatBytes, formatDuration } from './units.ts'

const head = `# Configuration

Generated from the schema by \`robust-server config reference\`; do not edit by hand.

\`robust-server\` reads \`robustmq.yaml\` from the current folder, or the file named by \`--config\`. Every key has a default.
Durations are written \`30s\`, \`1h30m\`, \`250ms\`; sizes \`64KB\`, \`1GB\` (one KB is 1,024 bytes). Paths are relative to the
configuration's folder.

- **Environment**: \`ROBUSTMQ__LOG__LEVEL=debug\` sets \`log.level\`: two underscores descend, case and single underscores do not
  matter. Lists take an index (\`ROBUSTMQ__ACCESS__RULES__0__EFFECT=deny\`) or JSON, as does every section.
- **Secrets**: \`\${env:NAME}\` and \`\${file:path}\` inside any text stand for an environment variable or a file's contents;
  neither is ever printed. \`$\${env:\` is a literal \`\${env:\`.
- **Check**: \`robust-server config check\` reports every mistake at once, with its place; \`config show\` prints the effective value
  of each key and where it came from; \`config schema\` prints a JSON Schema for editors.
- **Plugins of others**: \`plugins\` names their modules. Options of a protocol stand under \`protocols.<name>\`, those of storage and
  authenticators beside \`type\`, as ours do. \`config reference\` and \`config schema\` tell them too, when your configuration names them.
- **Order**: defaults, then the file, then the environment, then flags.
- **Reload**: SIGHUP reads it again and applies users, rules and bans of \`access\`, connections and bridges, options of protocols, certificates and \`log.level\`;
  for other changes the log says that they need a restart.
`

/** \`docs/reference/configuration.md\`: every key, its values, its default and what it is for. */
export async function configReference(catalogue: Catalogue): Promise<string> {
  const { shape } = await describedSchema(catalogue, 'reference')
  const sections = Object.entries(shape).map(([key, schema]) => topLevel(key, schema))
  return `${head}\n${sections.join('\n')}`
}

function topLevel(key: string, schema: z.ZodType): string {
  const rows: string[] = []
  addRows(rows, key, schema)
  const table = ['| key | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
  return `## ${key}\n\n${table}\n`
}

function addRows(rows: string[], path: string, schema: z.ZodType): void {
  const shape = shapeOf(schema)
  const { description = '', required } = shape.about
  const fallback = shape.about.default
  const standard = fallback !== undefined ? code(written(shape, fallback)) : required ? 'required' : ''
  if (description !== '') rows.push(row(path, kindOf(shape), standard, description))
  if (shape.kind === 'section')
    for (const [key, field] of Object.entries(shape.fields)) addRows(rows, `${path}.${key}`, field)
  else if (shape.kind === 'map') addInner(rows, `${path}.<name>`, shape.of)
  else if (shape.kind === 'list') addInner(rows, `${path}[]`, shape.of)
  else if (shape.kind === 'choice')
    for (const [type, option] of shape.options) {
      const inner = shapeOf(option)
      if (inner.kind !== 'section') continue
      for (const [key, field] of Object.entries(inner.fields))
        if (key !== shape.on) addRows(rows, `${path}.${key} (${shape.on}: ${type})`, field)
    }
}

/** Elements: only what has parts of its own needs rows. */
function addInner(rows: string[], path: string, schema: z.ZodType): void {
  const { kind } = shapeOf(schema)
  if (kind === 'section' || kind === 'map' || kind === 'list' || kind === 'choice') addRows(rows, path, schema)
}

function kindOf(shape: Shape): string {
  if (shape.about.unit === 'duration') return 'duration'
  if (shape.about.unit === 'bytes') return 'size'
  if (shape.kind === 'choice') return [...shape.options.keys()].map(name => code(`${shape.on}: ${name}`)).join(', ')
  if (shape.kind === 'list') return `list of ${kindOf(shapeOf(shape.of))}`
  if (shape.kind === 'map') return `a ${kindOf(shapeOf(shape.of))} for each name`
  if (shape.kind === 'boolean') return '`true`, `false`'
  if (shape.kind === 'text' && shape.choices) return shape.choices.map(code).join(', ')
  if (shape.about.file) return 'path'
  if (shape.about.language) return shape.about.language
  return shape.about.secret ? 'text, secret' : shape.kind
}

function written({ about }: Shape, value: unknown): unknown {
  if (typeof value !== 'number') return value
  return about.unit === 'duration' ? formatDuration(value) : about.unit === 'bytes' ? formatBytes(value) : value
}

function row(...cells: string[]): string {
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}
