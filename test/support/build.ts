import { execFile } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The program as users run it. */
export const serverProgram = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url))

/** Builds `dist`, so that a test never runs an old program. Call it in `beforeAll`. */
export async function build(): Promise<void> {
  if (process.env.ROBUSTMQ_BUILT === 'yes' || upToDate()) return
  // What users get: under NODE_ENV=test, as tests run, the dashboard would be built with React for developers.
  const env = { ...process.env, NODE_ENV: 'production' }
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: root, env }).catch(
    (error: { stdout?: string; message: string }) => {
      throw new Error(`the build failed:\n${error.stdout || error.message}`)
    },
  )
}

/** Building anew would pull the files from under a test run beside this one. */
function upToDate(): boolean {
  if (!existsSync(serverProgram)) return false
  const builtAt = statSync(serverProgram).mtimeMs
  return sources.every(source => newest(join(root, source)) < builtAt)
}

const sources = [
  'kernel',
  'protocols',
  'storage-plugins',
  'auth-plugins',
  'bridges',
  'server',
  'cli',
  'dashboard',
  'bundle.js',
  'package.json',
]

function newest(path: string): number {
  const about = statSync(path)
  const { mtimeMs } = about
  if (about.isFile()) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map(name => newest(join(path, name))))
}

/** As a global setup of vitest: built once, before all tests. A build that fails fails the tests that call `build`, no others. */
export default async function setup(): Promise<void> {
  await build().then(
    () => {
      process.env.ROBUSTMQ_BUILT = 'yes'
    },
    () => {},
  )
}
