import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pagesOf, root, rootPages, titleOf } from './.vitepress/repository-pages.ts'

/** Pages of the site that are not pages of `docs/`. Their links are those of the root of the repository. */
export default {
  paths() {
    const decisions = pagesOf('decisions').map(page => `- [${titleOf(page)}](${page})`)
    return [
      ...Object.entries(rootPages).map(([file, page]) => ({
        params: { page },
        content: readFileSync(path.join(root, file), 'utf8'),
      })),
      {
        params: { page: 'decisions' },
        content: `# Decisions\n\nWhy things are as they are, where it may surprise.\n\n${decisions.join('\n')}\n`,
      },
    ]
  },
}
