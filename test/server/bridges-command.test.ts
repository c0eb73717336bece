import { expect, test, vi } from 'vitest'
import { run } from '../../server/cli.ts'
import { TestWebServer } from '../bridges/http/web-server.ts'
import { testFolder } from './support/config.ts'

/** What a command prints, and how it ends. */
async function output(...args: string[]): Promise<{ code: number; text: string }> {
  let text = ''
  const spies = ([process.stdout, process.stderr] as const).map(stream =>
    vi.spyOn(stream, 'write').mockImplementation(chunk => {
      text += String(chunk)
      return true
    }),
  )
  try {
    return { code: await run(args), text }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

function configured(url: string): string {
  const folder = testFolder({
    'robustmq.yaml': `connections: { hook: { type: http, url: "${url}", secret: hush-hush } }
bridges: { telemetry: { egress: [a/#, b], to: { connection: hook } } }
`,
  })
  return `${folder}/robustmq.yaml`
}

test('bridges list tells what is configured', async () => {
  const { code, text } = await output('bridges', 'list', '--config', configured('http://127.0.0.1:1/'))
  expect(text).toBe('telemetry  egress  hook (http)  a/# b\n')
  expect(code).toBe(0)
})

test('bridges test climbs the ladder without a broker, and ends with 1 at the rung that fails', async () => {
  await using server = await TestWebServer.start()
  const file = configured(server.url)
  const good = await output('bridges', 'test', 'telemetry', '--config', file)
  expect(good.text).toMatch(/^telemetry: egress hook \(http\)\n {2}ok +TCP +\d+ ms {2}127.0.0.1 port \d+\n {2}ok +HTTP/)
  expect(good.code).toBe(0)
  server.answer = () => 401
  const refused = await output('bridges', 'test', '--config', file)
  expect(refused.text).toMatch(
    / {2}FAILED +HTTP +\d+ ms {2}HEAD was answered with 401\n +correct "headers" or "secret"/,
  )
  expect(refused.text).not.toContain('hush-hush')
  expect(refused.code).toBe(1)
})

test('a bridge that is not configured is told with those that are', async () => {
  const { code, text } = await output('bridges', 'test', 'nothing', '--config', configured('http://127.0.0.1:1/'))
  expect(text).toContain('there is no bridge "nothing"; known are telemetry')
  expect(code).toBe(1)
})
