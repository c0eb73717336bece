import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { defaultLimits } from '../../kernel/limits.ts'
import { silentLogger } from '../../kernel/observe/silent-logger.ts'
import { catalogue } from '../../server/catalogue.ts'
import { configJsonSchema, configReference, kernelOptions, loadConfig } from '../../server/config/index.ts'
import { metricsReference } from '../../server/http/metrics/reference.ts'
import { apiReference } from '../../server/http/reference.ts'
import { routes } from '../../server/http/routes.ts'

const fileAt = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

test('the reference in the repository is the one the schema generates', async () => {
  expect(readFileSync(fileAt('docs/reference/configuration.md'), 'utf8')).toBe(await configReference(catalogue))
})

test('the reference of the HTTP API in the repository is the one its routes generate', () => {
  expect(readFileSync(fileAt('docs/reference/http-api.md'), 'utf8')).toBe(apiReference(routes))
})

test('the reference of the numbers in the repository is the one their table and this Node generate', async () => {
  expect(readFileSync(fileAt('docs/reference/metrics.md'), 'utf8')).toBe(await metricsReference())
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

test('the standard configuration gives the kernel its own standard limits, and of memory a part of what there is', async () => {
  const loaded = await loadConfig({ catalogue, environment: {}, cwd: '/' })
  const { memoryBytes, ...limits } = kernelOptions(loaded, silentLogger).limits ?? {}
  expect({ ...limits, memoryBytes: 0 }).toEqual(defaultLimits)
  expect(memoryBytes).toBeGreaterThan(100_000_000)
  expect(memoryBytes).toBeLessThanOrEqual(totalmem() * 0.6)
})
