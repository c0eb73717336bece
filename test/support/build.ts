import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The program as users run it. */
export const serverProgram = fileURLToPath(new URL('../../dist/server/main.js', import.meta.url))

/** Compiles the sources to `dist`, so that a test never runs an old program. Call it in `beforeAll`. */
export async function build(): Promise<void> {
  if (process.env.ROBUSTMQ_BUILT === 'yes' && existsSync(serverProgram)) return
  const tsc = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url))
  await promisify(execFile)(tsc, ['-p', 'tsconfig.build.json'], { cwd: root }).catch(
    (error: { stdout?: string; message: string }) => {
      throw new Error(`the build failed:\n${error.stdout ?? error.message}`)
    },
  )
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
