import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { Api } from '../server/http/api.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/http-api.md'), 'utf8')

test('every command of the guide does what it says', async () => {
  const api = await Api.start()
  await api.client({ clientId: 'meter-1' })
  const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) => text.trim().split('\n'))
  expect(commands.length).toBeGreaterThan(4)
  const { host } = new URL(api.http.url)
  for (const command of commands) {
    const asked = command.replace('localhost:8080', host).replace(/^curl/, 'curl -sS -w "\\n%{http_code}"')
    const { stdout } = await promisify(execFile)('sh', ['-c', asked], { timeout: 60_000 })
    const status = stdout.trim().split('\n').at(-1)
    expect(['200', '201', '204'], command).toContain(status)
  }
})

test('the problem that the guide shows is the one that is sent', async () => {
  const api = await Api.start()
  const [, shown = ''] = /^```json\n([\s\S]*?)^```$/m.exec(guide) ?? []
  const { body } = await api.call('POST', '/publish', { body: { topic: 'a', qos: 3 } })
  expect(body).toEqual(JSON.parse(shown))
})
