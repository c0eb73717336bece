import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileBridge } from '../../examples/file-bridge/index.ts'
import { Message } from '../../kernel/index.ts'
import { catalogue } from '../../server/catalogue.ts'
import { loadConfig } from '../../server/config/index.ts'
import { testFolder } from '../server/support/config.ts'
import { startBroker } from '../support/broker.ts'

const root = join(import.meta.dirname, '../..')
const textOf = (guide: string): string => readFileSync(join(root, 'docs/guides', guide), 'utf8')
const fences = (guide: string) =>
  [...textOf(guide).matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm)].map(([, language, file = '', text = '']) => {
    return { language, file, text }
  })

const configurations = fences('bridges.md').filter(({ language }) => language === 'yaml')

test.each(configurations.map(({ text }, index) => [index + 1, text] as const))(
  'configuration %i of the guide is one that the server takes',
  async (_, text) => {
    const folder = testFolder()
    writeFileSync(join(folder, 'robustmq.yaml'), text)
    const environment = { HOOK_SECRET: 'x', CLOUD_PASSWORD: 'y' }
    const { config } = await loadConfig({ catalogue, cwd: folder, environment })
    expect(Object.keys(config.bridges).length).toBeGreaterThan(0)
  },
)

test('the guide has its configurations', () => {
  expect(configurations.length).toBe(2)
})

test('every snippet for plugin writers stands in its file word for word', () => {
  const snippets = fences('bridge-plugin.md').filter(({ language }) => language === 'ts')
  expect(snippets.length).toBe(4)
  for (const { file, text } of snippets) expect(readFileSync(join(root, file), 'utf8')).toContain(text)
})

test.each(['bridges.md', 'bridge-plugin.md'])('every file that %s names is there', guide => {
  const named = [...textOf(guide).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, file = '']) => file)
  expect(named.length).toBeGreaterThan(2)
  for (const file of named) expect(existsSync(join(root, 'docs/guides', file)), file).toBe(true)
})

test('the example of the guide adds lines to a file, and tells when it may not', async () => {
  const file = join(testFolder(), 'lines')
  const bridging = {
    connections: { lines: { plugin: fileBridge as never, options: { file } } },
    bridges: { b: { egress: 'in/#', to: { connection: 'lines' } } },
  }
  await using broker = await startBroker({ kernel: { bridging } })
  for (const payload of ['1', 'two']) {
    await broker.kernel.space().publish(new Message({ topic: 'in/x', payload: Buffer.from(payload), guarantee: 1 }))
  }
  await expect.poll(() => broker.kernel.bridges.get('b')?.sent).toBe(2)
  expect(readFileSync(file, 'utf8')).toBe('{"topic":"in/x","payload":1}\n{"topic":"in/x","payload":"two"}\n')
  const nowhere = {
    ...bridging,
    connections: { lines: { plugin: fileBridge as never, options: { file: '/nowhere/x' } } },
  }
  await broker.kernel.reloadBridges(nowhere)
  await expect.poll(() => broker.kernel.bridges.get('b')?.detail).toContain('let the server write there')
})
