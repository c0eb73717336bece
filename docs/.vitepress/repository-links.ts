import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { root, rootPages } from './repository-pages.ts'

interface Token {
  readonly type: string
  readonly children: readonly Token[] | null
  attrGet(name: string): string | null
  attrSet(name: string, value: string): void
}

/** Links as they are in the repository, made to lead to the same place in the site. */
export class RepositoryLinks {
  /** Files that pages link to and that are no pages: they become part of the site, as text. */
  readonly #sources = new Set<string>()

  /** @throws Error for a link to a file that is not there */
  mend(tokens: readonly Token[], page: string): void {
    for (const token of tokens) {
      if (token.children) this.mend(token.children, page)
      const name = token.type === 'link_open' ? 'href' : token.type === 'image' ? 'src' : undefined
      const target = name && token.attrGet(name)
      if (!name || !target || /^([a-z]+:|#|\/)/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const found = this.#find(path.posix.join(folderOf(page), decodeURI(file)), `${page}: ${target}`)
      const href = token.type === 'image' ? `./${path.posix.relative(path.posix.dirname(page), found)}` : found
      token.attrSet(name, anchor === undefined ? href : `${href}#${anchor}`)
    }
  }

  copySources(site: string): void {
    for (const file of this.#sources) {
      const copy = path.join(site, sourcePage(file))
      mkdirSync(path.dirname(copy), { recursive: true })
      cpSync(path.join(root, file), copy)
    }
  }

  #find(file: string, link: string): string {
    if (!existsSync(path.join(root, file))) throw new Error(`a dead link in ${link}`)
    if (/^docs\/images\//.test(file)) return file.slice('docs/'.length)
    if (file.replace(/\/$/, '') === 'docs/decisions') return '/decisions'
    const page = rootPages[file]
    if (page !== undefined) return page === 'index' ? '/' : `/${page}`
    if (file.startsWith('docs/') && file.endsWith('.md')) return file.slice('docs'.length)
    if (statSync(path.join(root, file)).isDirectory()) throw new Error(`a link to a folder in ${link}`)
    this.#sources.add(file)
    return `/${sourcePage(file)}`
  }
}

/** What a link of a page is relative to, in the repository. */
function folderOf(page: string): string {
  return page.includes('/') ? path.posix.join('docs', path.posix.dirname(page)) : ''
}

/** Browsers show it, whatever its kind. */
function sourcePage(file: string): string {
  return `source/${file}.txt`
}
