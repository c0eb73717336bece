import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Compiles `bench` as its commands do. One test at a time does, and who comes later finds it done and writes nothing. */
export async function compileBench(): Promise<void> {
  await mkdir(`${root}/bench/dist`, { recursive: true })
  const compile = ['bench/dist', 'node_modules/.bin/tsc', '-p', 'bench/tsconfig.json']
  await promisify(execFile)('flock', compile, { cwd: root }).catch((error: { stdout?: string; message: string }) => {
    throw new Error(`bench/ does not compile:\n${error.stdout || error.message}`)
  })
}
