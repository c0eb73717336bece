import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.md': 'text/plain; charset=utf-8',
}

/** As the build writes them beside a file, the smaller one first. */
const encodings = [
  { name: 'br', ending: '.br' },
  { name: 'gzip', ending: '.gz' },
] as const

/** One file of the built dashboard. */
export interface BuiltFile {
  readonly path: string
  readonly type: string
  /** Its name holds a hash of its content, so it never changes. */
  readonly immutable: boolean
  readonly etag: string
}

/** The files of the built dashboard by their path in a URL: looked up once, read from the disk when somebody asks. */
export class BuiltFiles {
  readonly #files: ReadonlyMap<string, BuiltFile>

  constructor(folder: string) {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => name.replaceAll('\\', '/'))
    this.#files = new Map(
      names.flatMap(name => {
        const path = join(folder, name)
        const type = types[extname(name)]
        if (type === undefined || !statSync(path).isFile()) return []
        const etag = `"${createHash('sha256').update(readFileSync(path)).digest('base64url').slice(0, 16)}"`
        return [[`/${name}`, { path, type, immutable: name.startsWith('assets/'), etag }]]
      }),
    )
  }

  /** Undefined: it is not built, as in a checkout that runs from its sources. */
  static find(): BuiltFiles | undefined {
    // From dist/server/main.js, from a part of it, and from the sources.
    for (const place of ['../dashboard/', '../../dashboard/', '../../../dist/dashboard/']) {
      const folder = fileURLToPath(new URL(place, import.meta.url))
      if (existsSync(join(folder, 'index.html')) && existsSync(join(folder, 'assets'))) return new BuiltFiles(folder)
    }
    return undefined
  }

  at(path: string): BuiltFile | undefined {
    return this.#files.get(path)
  }
}

/** The bytes of a file in the best encoding that is taken. */
export async function encoded(
  { path }: BuiltFile,
  accepted: string,
): Promise<{ readonly bytes: Buffer; readonly encoding: string | undefined }> {
  for (const { name, ending } of encodings) {
    if (!new RegExp(`\\b${name}\\b(?!\\s*;\\s*q=0(?:\\.0*)?(?:,|$))`).test(accepted) || !existsSync(path + ending))
      continue
    return { bytes: await readFile(path + ending), encoding: name }
  }
  return { bytes: await readFile(path), encoding: undefined }
}
