import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.join(import.meta.dirname, '../..')

/** Pages of the site that stand at the root of the repository. */
export const rootPages: Readonly<Record<string, string>> = {
  'README.md': 'index',
  'ARCHITECTURE.md': 'architecture',
  'SECURITY.md': 'security',
}

/** The pages of a folder of `docs/`, from the root; those that the README lists first, in its order. */
export function pagesOf(folder: string): string[] {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
  const place = (page: string): number => (readme.includes(`(${page})`) ? readme.indexOf(`(${page})`) : readme.length)
  const names = readdirSync(path.join(root, 'docs', folder)).filter(name => name.endsWith('.md'))
  const pages = names.sort().map(name => `docs/${folder}/${name}`)
  return pages.sort((a, b) => place(a) - place(b))
}

export function titleOf(page: string): string {
  return /^# (.*)$/m.exec(readFileSync(path.join(root, page), 'utf8'))?.[1] ?? page
}
