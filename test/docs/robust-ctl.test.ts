import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { Ctl } from '../cli/robust-ctl.ts'
import { Api } from '../server/http/api.ts'
import { build } from '../support/build.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/robust-ctl.md'), 'utf8')

beforeAll(build)

test('every command of the guide works', { timeout: 120_000 }, async () => {
  const api = await Api.start()
  const folder = await mkdtemp(join(tmpdir(), 'ctl-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  // A web server that is there: the API itself.
  await writeFile(join(folder, 'hook.yaml'), `type: http\nurl: ${api.http.url}\n`)
  await writeFile(join(folder, 'alarms.yaml'), 'egress: alarm/#\nto: { connection: hook }\n')
  const ctl = new Ctl({ XDG_CONFIG_HOME: folder, ROBUSTMQ_URL: api.http.url })
  const commands = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) => text.trim().split('\n'))
  expect(commands.length).toBeGreaterThan(10)
  for (const command of commands) {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
    const { code, stderr } = await ctl.run(
      words.slice(1).map(word => (word.endsWith('.yaml') ? join(folder, word) : word)),
    )
    expect([command, code, stderr]).toEqual([command, 0, ''])
  }
})
