import { defineConfig } from 'vitepress'
import { RepositoryLinks } from './repository-links.ts'
import { pagesOf, titleOf } from './repository-pages.ts'

const links = new RepositoryLinks()

const folders = [
  { text: 'Guides', folder: 'guides' },
  { text: 'Reference', folder: 'reference' },
  { text: 'Decisions', folder: 'decisions' },
]

/** The pages of `docs/` as a site: `npm run docs`. A link that leads nowhere fails the build. */
export default defineConfig({
  title: 'RobustMQ',
  description: 'A messaging broker in TypeScript',
  lang: 'en',
  ignoreDeadLinks: 'localhostLinks',
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Guides', link: '/guides/listeners' },
      { text: 'Reference', link: '/reference/configuration' },
      { text: 'Architecture', link: '/architecture' },
    ],
    sidebar: [
      {
        text: 'RobustMQ',
        items: [
          { text: 'One minute', link: '/' },
          { text: 'Architecture', link: '/architecture' },
          { text: 'Security', link: '/security' },
        ],
      },
      ...folders.map(({ text, folder }) => ({
        text,
        collapsed: folder === 'decisions',
        items: pagesOf(folder).map(page => ({ text: titleOf(page), link: `/${page.slice('docs/'.length, -3)}` })),
      })),
    ],
    outline: [2, 3],
  },
  markdown: {
    // Pages are written for readers of the repository: `<name>` is no element of a page.
    html: false,
    languageAlias: { haproxy: 'nginx' },
    config(md) {
      md.core.ruler.before('normalize', 'comments', state => {
        state.src = state.src.replace(/^<!--[\s\S]*?-->\n/gm, '')
      })
      md.core.ruler.push('repository-links', state => links.mend(state.tokens, state.env.relativePath))
    },
  },
  buildEnd: ({ outDir }) => links.copySources(outDir),
})
