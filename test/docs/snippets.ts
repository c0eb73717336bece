import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** A fenced block of a page. */
export interface Snippet {
  readonly line: number
  /** 'sh', 'yaml', ...; '' where it does not say. */
  readonly language: string
  readonly text: string
}

/** The pages that people read. */
export function pages(): string[] {
  // Not in .vitepress, where a build of the site writes meanwhile, nor a page of the site's own that only holds others.
  const folders = readdirSync(join(root, 'docs'), { withFileTypes: true }).filter(
    entry => entry.isDirectory() && !['.vitepress', 'dist', 'node_modules'].includes(entry.name),
  )
  const inside = folders.flatMap(({ name }) =>
    readdirSync(join(root, 'docs', name), { recursive: true, encoding: 'utf8' }).map(file => `${name}/${file}`),
  )
  const ours = [...readdirSync(join(root, 'docs')), ...inside].filter(
    name => name.endsWith('.md') && name !== '[page].md',
  )
  return ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', ...ours.map(name => `docs/${name}`).sort()]
}

export function snippetsOf(page: string, language?: string): Snippet[] {
  const text = readFileSync(join(root, page), 'utf8')
  const found = [...text.matchAll(/^ *```(\w*)[^\n]*\n([\s\S]*?)^ *```$/gm)].map(match => ({
    line: text.slice(0, match.index).split('\n').length,
    language: match[1] ?? '',
    text: match[2] ?? '',
  }))
  return language === undefined ? found : found.filter(one => one.language === language)
}

/** The one block of a language that holds a text. @throws Error where there is none, or several */
export function snippetWith(page: string, language: string, part: string): string {
  const found = snippetsOf(page, language).filter(({ text }) => text.includes(part))
  const [only] = found
  if (found.length !== 1 || !only) throw new Error(`${page} has ${found.length} ${language} snippets with "${part}"`)
  return only.text
}

/** The lines of a script; what ends with a backslash goes on in the next. */
export function commandsOf(script: string): string[] {
  return script.replaceAll('\\\n', ' ').trim().split('\n')
}
