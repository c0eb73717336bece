import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The repository's own text files: path from the root, with '/', to content. */
export type Sources = ReadonlyMap<string, string>

const root = path.join(import.meta.dirname, '../..')
const folders = [
  ...['kernel', 'protocols', 'storage-plugins', 'auth-plugins', 'bridges', 'server', 'cli', 'dashboard'],
  ...['bench', 'examples', 'test'],
]
const notOurs = new Set(['node_modules', 'dist', 'target', '__pycache__'])

export function readSources(): Sources {
  const found = new Map<string, string>()
  const visit = (folder: string) => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const at = `${folder}/${entry.name}`
      if (entry.isDirectory() && !notOurs.has(entry.name)) visit(at)
      else if (/\.(tsx?|mjs|js)$/.test(entry.name)) found.set(at, readFileSync(path.join(root, at), 'utf8'))
    }
  }
  const present = new Set(readdirSync(root))
  for (const folder of folders) if (present.has(folder)) visit(folder)
  return found
}

export interface Import {
  readonly line: number
  /** As written: './queue.ts', 'node:fs', 'ws'. */
  readonly specifier: string
  /** `import type`: nothing is left of it at run time. */
  readonly typeOnly: boolean
  /** The imported file from the root, for a relative import. */
  readonly file: string | undefined
  /** The package of a bare import: 'zod' for 'zod/v4/core'. */
  readonly package: string | undefined
}

/** Static and dynamic imports and re-exports of a file, types included. */
export function importsOf(file: string, source: string): Import[] {
  const found: Import[] = []
  const pattern =
    /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*'([^']+)'|\bimport\('([^']+)'\)|\brequire(?:\.resolve)?\('([^']+)'\)/gm
  for (const match of withoutComments(source).matchAll(pattern)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? ''
    const line = source.slice(0, match.index).split('\n').length
    const relative = specifier.startsWith('.')
    const bare = !relative && !specifier.startsWith('node:')
    found.push({
      line,
      specifier,
      typeOnly: /^(import|export) type\b/.test(match[0]),
      file: relative ? path.posix.join(path.posix.dirname(file), specifier) : undefined,
      package: bare ? /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[0] : undefined,
    })
  }
  return found
}

/** Comments become blanks of the same length, so that places stay true. Good enough for code that biome has formatted. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, comment => comment.replace(/[^\n]/g, ' '))
}
