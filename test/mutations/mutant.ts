import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Killer, Mutation } from './mutations.ts'

const root = path.join(import.meta.dirname, '..', '..')
const folders = [
  'auth-plugins',
  'bridges',
  'kernel',
  'protocols',
  'server',
  'storage-plugins',
  'test',
  'package.json',
  'tsconfig.json',
]
const config = `export default { test: { include: ['test/**/*.test.ts'], testTimeout: 120_000 } }\n`

/** @throws when the place of a fault is not found exactly once. */
export function mutated(source: string, { file, find, replace }: Mutation): string {
  const found = source.split(find).length - 1
  if (found !== 1) throw new Error(`${file}: ${JSON.stringify(find.slice(0, 60))} is there ${found} times, not once`)
  return source.replace(find, () => replace)
}

export function sourceOf({ file }: Mutation): Promise<string> {
  return readFile(path.join(root, file), 'utf8')
}

/** A copy of the source tree, in which faults are planted one at a time. */
export class Mutant implements AsyncDisposable {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async create(): Promise<Mutant> {
    const directory = await mkdtemp(path.join(tmpdir(), 'mutant-'))
    for (const folder of folders) await cp(path.join(root, folder), path.join(directory, folder), { recursive: true })
    await symlink(path.join(root, 'node_modules'), path.join(directory, 'node_modules'))
    await writeFile(path.join(directory, 'mutant.config.ts'), config)
    return new Mutant(directory)
  }

  /** Whether the test fails with the fault in its place. */
  async isNoticed(mutation: Mutation): Promise<boolean> {
    const place = path.join(this.#directory, mutation.file)
    const source = await readFile(place, 'utf8')
    await writeFile(place, mutated(source, mutation))
    try {
      return !(await this.passes(mutation.killer))
    } finally {
      await writeFile(place, source)
    }
  }

  passes({ file, name, env }: Killer): Promise<boolean> {
    const named = name === undefined ? [] : ['-t', name]
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
    const run = spawn(process.execPath, [vitest, 'run', '--config', 'mutant.config.ts', file, ...named], {
      cwd: this.#directory,
      env: { ...process.env, VITEST: undefined, ...env },
      stdio: 'ignore',
    })
    return new Promise((resolve, reject) => {
      run.on('error', reject)
      run.on('exit', code => resolve(code === 0))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }
}
