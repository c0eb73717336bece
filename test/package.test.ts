import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { version } from '../kernel/version.ts'
import { testFolder } from './server/support/config.ts'
import { build } from './support/build.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
  exports: Record<string, unknown>
}

/** Packs the package and installs it into a new project, as a user would; returns the project's folder. */
async function installed(): Promise<string> {
  const folder = testFolder({ 'package.json': '{"type": "module"}' })
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: root,
  })
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--silent']
  await run('npm', ['install', ...flags, join(folder, stdout.trim())], { cwd: folder })
  return folder
}

beforeAll(build)

test('the version that the program tells is that of the package', () => {
  expect(version).toBe(manifest.version)
})

test('the package, packed and installed, runs what the README embeds, and the server', async () => {
  const folder = await installed()
  const snippet = /^```js\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? ''
  expect(snippet).toContain("from 'robustmq/mqtt'")
  const program = `${snippet.replace('port: 1883', 'port: 0').replace('await broker.close()', '')}
console.log(JSON.stringify(broker.listeners))
await broker.close()
`
  writeFileSync(join(folder, 'embed.js'), program)
  const embedded = await run(process.execPath, ['embed.js'], { cwd: folder })
  expect(JSON.parse(embedded.stdout)).toMatchObject([{ name: 'tcp', protocol: 'mqtt', port: expect.any(Number) }])
  const served = await run(join(folder, 'node_modules/.bin/robust-server'), ['version'], { cwd: folder })
  expect(served.stdout).toBe(`${version}\n`)

  const doors = Object.keys(manifest.exports).filter(door => door !== './package.json')
  expect(doors.length).toBeGreaterThanOrEqual(8)
  const names = doors.map(door => `robustmq${door.slice(1)}`)
  const listing = names.map(name => `console.log(Object.keys(await import('${name}')).length)`).join('\n')
  writeFileSync(join(folder, 'doors.js'), listing)
  const opened = await run(process.execPath, ['doors.js'], { cwd: folder })
  for (const [i, count] of opened.stdout.trim().split('\n').entries())
    expect(Number(count), names[i]).toBeGreaterThan(0)

  // The same, as a program in TypeScript sees it.
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true })
  rmSync(join(folder, 'node_modules/@types/node'), { recursive: true, force: true })
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'))
  writeFileSync(
    join(folder, 'typed.mts'),
    `${snippet}\n${names.map((name, i) => `import * as door${i} from '${name}'\nvoid door${i}`).join('\n')}\n`,
  )
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node']
  await run(join(root, 'node_modules/.bin/tsc'), [...flags, 'typed.mts'], { cwd: folder }).catch(
    (error: { stdout: string }) => expect.fail(error.stdout),
  )
}, 60_000)
