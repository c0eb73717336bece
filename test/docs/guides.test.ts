import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readAnswer } from '../../auth-plugins/http/answer.ts'
import { silentLogger } from '../../kernel/observe/silent-logger.ts'
import { readAcl } from '../../kernel/plugin.ts'
import { catalogue } from '../../server/catalogue.ts'
import { kernelOptions, type LoadedConfig, loadConfig } from '../../server/config/index.ts'
import { missingTool } from '../interop/toolchain.ts'
import { testFolder } from '../server/support/config.ts'
import { command, portOf, ServerProcess } from '../server/support/robust-server.ts'
import { startBroker } from '../support/broker.ts'
import { build } from '../support/build.ts'
import { testWith } from '../support/skipping.ts'
import { Story } from './story.ts'

const guides = join(import.meta.dirname, '../../docs/guides')

interface Section {
  readonly title: string
  readonly snippets: readonly Snippet[]
}

interface Snippet {
  readonly language: string
  readonly text: string
}

function sectionsOf(guide: string): Section[] {
  return readFileSync(join(guides, guide), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map(section => ({
      title: section.slice(0, section.indexOf('\n')),
      snippets: [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => {
        return { language, text }
      }),
    }))
}

function textsOf({ snippets }: Section, language: string): string[] {
  return snippets.filter(snippet => snippet.language === language).map(({ text }) => text)
}

const missingMosquitto = missingTool([
  { command: 'mosquitto_pub', install: 'Debian: apt-get install mosquitto-clients' },
])

async function check(yaml: string, folder: string): Promise<LoadedConfig> {
  writeFileSync(join(folder, 'robustmq.yaml'), yaml)
  return loadConfig({ catalogue, cwd: folder, environment: { JWT_SECRET: 'x'.repeat(32) } })
}

describe('listeners.md', () => {
  const sections = sectionsOf('listeners.md')
  // Certificates of a section are used by those after it, as for a reader.
  const certified = (upTo: string): string => {
    const folder = testFolder()
    for (const section of sections) {
      for (const script of textsOf(section, 'sh')) execFileSync('sh', ['-ec', script], { cwd: folder, stdio: 'pipe' })
      if (section.title === upTo) break
    }
    return folder
  }
  beforeAll(build)

  test.each(sections)('$title: the configuration is correct', async ({ title, snippets }) => {
    const folder = certified(title)
    const yaml = textsOf({ title, snippets }, 'yaml')
    expect(yaml.length).toBeGreaterThan(0)
    for (const text of yaml) await check(text, folder)
  })

  const withClients = sections.filter(({ snippets }) =>
    snippets.some(({ language }) => /^(console|js)$/.test(language)),
  )
  const clientsGetIn = async (section: Section): Promise<void> => {
    const cwd = certified(section.title)
    const [yaml = ''] = textsOf(section, 'yaml')
    writeFileSync(join(cwd, 'robustmq.yaml'), yaml)
    const { config } = await check(yaml, cwd)
    const names = Object.keys(config.listeners)
    const environment = Object.fromEntries(names.map(name => [`ROBUSTMQ__LISTENERS__${name.toUpperCase()}__PORT`, '0']))
    const server = new ServerProcess(['start'], { cwd, environment })
    const ready = await server.line('ready')
    // The ports that the snippets name are those of the section's listeners.
    const onFreePorts = (text: string): string =>
      names.reduce((done, name) => {
        return done.replaceAll(String(config.listeners[name]?.port), String(portOf(ready, name)))
      }, text)
    for (const text of textsOf(section, 'console')) {
      execFileSync('sh', ['-ec', onFreePorts(text)], { cwd, stdio: 'pipe', timeout: 60_000 })
    }
    for (const text of textsOf(section, 'js')) {
      const program = onFreePorts(text).replace("'mqtt'", JSON.stringify(import.meta.resolve('mqtt')))
      writeFileSync(join(cwd, 'client.mjs'), program)
      execFileSync(process.execPath, ['client.mjs'], { cwd, stdio: 'pipe', timeout: 60_000 })
    }
  }
  for (const section of withClients) {
    const lack = textsOf(section, 'console').length > 0 ? missingMosquitto : undefined
    testWith(lack, `${section.title}: the clients get in`, () => clientsGetIn(section))
  }
})

describe('access.md', () => {
  const sections = sectionsOf('access.md')
  beforeAll(build)

  test.each(sections)('$title: the configuration is correct, and what is told of it happens', async section => {
    const folder = testFolder({ users: '', 'api-key': 'k3y' })
    let loaded: LoadedConfig | undefined
    for (const yaml of textsOf(section, 'yaml')) loaded = await check(yaml, folder)
    for (const story of textsOf(section, 'text')) {
      if (!loaded) throw new Error('a story needs a configuration')
      const { listeners: _, storage: __, ...kernel } = kernelOptions(loaded, silentLogger)
      await using broker = await startBroker({ kernel })
      const told = new Story(broker)
      await told.tell(story)
      await told.end()
    }
  })

  test('the commands about users are those there are', async () => {
    const cwd = testFolder()
    const [script = ''] = sections.flatMap(section => textsOf(section, 'sh'))
    const lines = script.trim().split('\n')
    expect(lines).toHaveLength(3)
    for (const line of lines) {
      const [program, ...args] = line.split(' ')
      expect(program).toBe('robust-server')
      expect(await command(args, { cwd, input: 'secret' })).toMatchObject({ code: 0, stderr: '' })
    }
  })

  test('claims and answers are understood', () => {
    const json = sections.flatMap(section => textsOf(section, 'json')).map(text => JSON.parse(text) as object)
    const claims = json.filter((one): one is { acl: unknown } => 'sub' in one)
    const answers = json.filter(one => 'result' in one).map(one => readAnswer(one, 'ann'))
    expect(claims.map(({ acl }) => readAcl(acl))).toEqual([[expect.objectContaining({ effect: 'allow' })]])
    expect(answers).toEqual([expect.objectContaining({ user: 'ann', tenant: 'acme' }), 'denied', 'unknown'])
  })
})

test.each(['listeners.md', 'access.md'])('every file that %s links to is there', guide => {
  const links = [...readFileSync(join(guides, guide), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(
    ([, to]) => to,
  )
  expect(links.length).toBeGreaterThan(0)
  for (const link of links) expect(existsSync(join(guides, link ?? '')), link).toBe(true)
})
