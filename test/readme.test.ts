import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { catalogue } from '../server/catalogue.ts'
import { ConfigError, loadConfig } from '../server/config/index.ts'
import { testFolder } from './server/support/config.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

function snippet(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(readme)?.[1]
  if (found === undefined) throw new Error(`the README has no ${language} snippet`)
  return found
}

test('the configuration in the README is correct but for the certificates it names', async () => {
  const folder = testFolder()
  writeFileSync(join(folder, 'robustmq.yaml'), snippet('yaml'))
  const refusal = await loadConfig({ catalogue, cwd: folder, environment: { KEY_PASSPHRASE: 'x' } }).catch(
    error => error,
  )
  expect(refusal).toBeInstanceOf(ConfigError)
  expect((refusal as ConfigError).problems.map(({ path }) => path)).toEqual(['tls.cert', 'tls.key'])
})

test('the program in the README embeds a broker', async () => {
  // The same lines on a free port, with the package's names resolved to the sources.
  const program = snippet('js')
    .replace("'robustmq'", JSON.stringify(join(root, 'kernel/index.ts')))
    .replace("'robustmq/mqtt'", JSON.stringify(join(root, 'protocols/mqtt/index.ts')))
    .replace('port: 1883', 'port: 0')
    .replace(
      'await broker.close()',
      'export const ports = broker.listeners.map(({ port }) => port)\nawait broker.close()',
    )
  const path = join(testFolder(), 'embed.mjs')
  writeFileSync(path, program)
  const { ports } = (await import(/* @vite-ignore */ path)) as { ports: number[] }
  expect(ports[0]).toBeGreaterThan(0)
})

test('every file and folder that the README names is there', async () => {
  const { existsSync } = await import('node:fs')
  const links = [...readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, path]) => path ?? '')
  const folders = [...readme.matchAll(/^([a-z-]+)\/ {2,}/gm)].map(([, path]) => path ?? '')
  expect(links.length).toBeGreaterThan(3)
  expect(folders.length).toBeGreaterThan(4)
  expect([...links, ...folders].filter(path => !existsSync(join(root, path)))).toEqual([])
})
