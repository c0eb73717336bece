import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogue } from '../../server/catalogue.ts'
import { loadConfig } from '../../server/config/index.ts'
import { testFolder } from '../server/support/config.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/guides/bridges-kafka.md'), 'utf8')
const snippets = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text!)

test.each(snippets)('a configuration of the guide is correct:\n%s', async text => {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'robustmq.yaml'), text)
  await loadConfig({ catalogue, cwd, environment: { KAFKA_PASSWORD: 'secret' } })
})

test('wrong options are refused where they stand', async () => {
  expect(snippets.length).toBe(3)
  const cwd = testFolder()
  const wrong = snippets[0]!.replace('compression: lz4', 'compression: rar').replace('scram-sha-512', 'md5')
  writeFileSync(join(cwd, 'robustmq.yaml'), wrong)
  const loaded = loadConfig({ catalogue, cwd, environment: { KAFKA_PASSWORD: 'secret' } })
  await expect(loaded).rejects.toThrow(
    /robustmq.yaml:17:46 .*compression: expected one of none, gzip, snappy, lz4.*"rar"/,
  )
  await expect(loaded).rejects.toThrow(/robustmq.yaml:6:24 .*mechanism: expected one of plain, .*"md5"/)
})
