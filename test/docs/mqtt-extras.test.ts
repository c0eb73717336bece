import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger } from '../../kernel/observe/silent-logger.ts'
import { catalogue } from '../../server/catalogue.ts'
import { kernelOptions, loadConfig } from '../../server/config/index.ts'
import { testFolder } from '../server/support/config.ts'
import { startBroker, type TestBroker } from '../support/broker.ts'
import { Story } from './story.ts'

const guides = join(import.meta.dirname, '../../docs/guides')
const guide = readFileSync(join(guides, 'mqtt-extras.md'), 'utf8')

interface Section {
  readonly title: string
  readonly snippets: readonly { readonly language: string; readonly text: string }[]
}

const sections: readonly Section[] = guide
  .split(/^## /m)
  .slice(1)
  .map(section => ({
    title: section.slice(0, section.indexOf('\n')),
    snippets: [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
      language,
      text,
    })),
  }))

test.each(sections)('$title: the example is what happens', async ({ snippets }) => {
  expect(snippets.map(({ language }) => language)).toContain('text')
  await using broker = await configured(snippets.find(({ language }) => language === 'yaml')?.text ?? '')
  const story = new Story(broker)
  for (const { language, text } of snippets) {
    if (language === 'text') await story.tell(text)
    else if (language === 'js') await run(text, broker)
    else if (language === 'json') expectLike(story.lastEvent, text)
    else expect(language).toBe('yaml')
  }
  await story.end()
})

test('every file that the guide links to is there', () => {
  const links = [...guide.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? '')
  expect(links.length).toBeGreaterThan(0)
  for (const link of links) expect(() => readFileSync(join(guides, link))).not.toThrow()
})

/**
 * The broker that `robust-server` would make of this configuration, in memory, with its time in our hands, on a machine
 * whose memory is nearly full.
 */
async function configured(yaml: string): Promise<TestBroker> {
  const folder = testFolder({ 'robustmq.yaml': yaml })
  const loaded = await loadConfig({ catalogue, cwd: folder, environment: {} })
  const { listeners: _, storage: __, ...kernel } = kernelOptions(loaded, silentLogger)
  const probes = { memory: () => 90, cpu: () => 1 }
  return startBroker({ time: 'manual', kernel: { ...kernel, alarms: { ...kernel.alarms, probes } } })
}

async function run(text: string, broker: TestBroker): Promise<void> {
  const AsyncFunction = (async () => {}).constructor as new (...text: string[]) => (broker: unknown) => Promise<void>
  await new AsyncFunction('broker', text)(broker.kernel)
}

/** The same fields, and the same values but for ports and times. */
function expectLike(event: Record<string, unknown>, text: string): void {
  const shown = JSON.parse(text) as Record<string, unknown>
  expect(Object.keys(event)).toEqual(Object.keys(shown))
  const { port: _, at: __, ...values } = shown
  expect(event).toMatchObject(values)
}
