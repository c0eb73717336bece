import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { RepositoryLinks } from '../../docs/.vitepress/repository-links.ts'
import { pagesOf, titleOf } from '../../docs/.vitepress/repository-pages.ts'
import { testFolder } from '../server/support/config.ts'

const root = join(import.meta.dirname, '../..')

test('the site builds; no link of it leads nowhere, and nothing of it comes from elsewhere', async () => {
  const site = join(testFolder(), 'site')
  // The build fails for a link to a page that is not there.
  await promisify(execFile)('npm', ['run', 'docs', '--', '--outDir', site], { cwd: root })
  const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.html'))
  const written = ['guides', 'reference', 'decisions'].flatMap(pagesOf)
  expect(written.length).toBeGreaterThan(30)
  for (const page of written) expect(pages).toContain(page.replace(/^docs\//, '').replace(/\.md$/, '.html'))
  expect(pages).toEqual(expect.arrayContaining(['index.html', 'architecture.html', 'security.html', 'decisions.html']))

  const texts = new Map(pages.map(page => [`/${page}`, readFileSync(join(site, page), 'utf8')]))
  const dead: string[] = []
  const foreign: string[] = []
  for (const [page, text] of texts) {
    for (const [, href = ''] of text.matchAll(/<a [^>]*?href="([^"]*)"/g)) {
      if (/^https?:/.test(href) || href === '#VPContent') continue
      const [path = '', anchor] = href.split('#')
      const target = path === '' ? page : path.endsWith('/') ? `${path}index.html` : path
      const there = existsSync(join(site, target))
      const id = anchor === undefined || texts.get(target)?.includes(`id="${decodeURIComponent(anchor)}"`)
      if (!there || !id) dead.push(`${page}: ${href}`)
    }
    for (const [tag] of text.matchAll(/<(?:script|link|img|iframe)[^>]*(?:src|href)="https?:[^>]*>/g)) foreign.push(tag)
  }
  expect(dead).toEqual([])
  expect(foreign).toEqual([])
}, 300_000)

test('a link to a file that is not there stops the build; one to a source shows the source', () => {
  const links = new RepositoryLinks()
  const link = (href: string) => {
    const attributes = { href }
    const token = {
      type: 'link_open',
      children: null,
      attrGet: () => attributes.href,
      attrSet: (_: string, value: string) => {
        attributes.href = value
      },
    }
    links.mend([token], 'guides/access.md')
    return attributes.href
  }
  expect(() => link('../guides/acess.md')).toThrow('a dead link in guides/access.md: ../guides/acess.md')
  expect(link('../../ARCHITECTURE.md')).toBe('/architecture')
  expect(link('listeners.md#tls')).toBe('/guides/listeners.md#tls')
  expect(link('../../Dockerfile')).toBe('/source/Dockerfile.txt')
  expect(link('https://example.org/x')).toBe('https://example.org/x')
})

test('pages stand in the order of the README, with the titles they have', () => {
  const guides = pagesOf('guides')
  expect(guides[0]).toBe('docs/guides/listeners.md')
  expect(titleOf('docs/guides/workers.md')).toBe('Several processes')
})
