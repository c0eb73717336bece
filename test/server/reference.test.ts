import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../kernel/limits.ts'
import { silentLogger } from '../../kernel/observe/silent-logger.ts'
import { catalogue } from '../../server/catalogue.ts'
import { configJsonSchema, configReference, kernelOptions, loadConfig } from '../../server/config/index.ts'

const fileAt = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

test('the reference in the repository is the one the schema generates', async () => {
  expect(readFileSync(fileAt('docs/reference/configuration.md'), 'utf8')).toBe(await configReference(catalogue))
})

test('the example configuration is correct', async () => {
  const { config } = await loadConfig({ file: fileAt('examples/robustmq.yaml'), catalogue, environment: {} })
  expect(config.limits).toMatchObject({ queueBytes: 16_777_216, sessionExpiry: 604_800_000 })
})

test('the example shows every key of the top level', async () => {
  const schema = (await configJsonSchema(catalogue)) as { properties: Record<string, unknown> }
  const text = readFileSync(fileAt('examples/robustmq.yaml'), 'utf8')
  for (const key of Object.keys(schema.properties)) expect(text).toMatch(new RegExp(`^(# )?${key}:`, 'm'))
})

test('the JSON Schema refuses unknown keys, requires none, and marks secrets', async () => {
  const schema = await configJsonSchema(catalogue)
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
  expect(schema.required).toBeUndefined()
  expect(JSON.stringify(schema)).toContain('"writeOnly":true')
  expect(JSON.stringify(schema)).not.toContain('"secret":true')
})

test('the standard configuration gives the kernel its own standard limits', async () => {
  const loaded = await loadConfig({ catalogue, environment: {}, cwd: '/' })
  expect(kernelOptions(loaded, silentLogger).limits).toEqual(defaultLimits)
})
