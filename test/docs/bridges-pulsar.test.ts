import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogue } from '../../server/catalogue.ts'
import { loadConfig } from '../../server/config/index.ts'
import { testFolder } from '../server/support/config.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/bridges-pulsar.md'), 'utf8')
const snippets = [...guide.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)

test.each(snippets.map((text, index) => [index + 1, text] as const))(
  'configuration %i is one that the server takes',
  async (_, text) => {
    const folder = testFolder()
    writeFileSync(join(folder, 'robustmq.yaml'), text)
    const config = await loadConfig({ catalogue, cwd: folder, environment: { PULSAR_TOKEN: 'x' } })
    expect(JSON.stringify(config)).toContain('pulsar')
  },
)

test('the guide has its configurations', () => {
  expect(snippets.length).toBe(3)
})
