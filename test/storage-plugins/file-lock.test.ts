import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isBrokerError } from '../../kernel/plugin.ts'
import { check } from '../../storage-plugins/file/check.ts'
import { file } from '../../storage-plugins/file/index.ts'
import { testUnless } from '../support/skipping.ts'
import { quietHost } from '../support/storage-host.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'storage-'))
})

afterEach(() => rm(directory, { recursive: true }))

const open = () => file.open(quietHost(), { directory })
const locked = (error: unknown) => isBrokerError(error, 'STORAGE_LOCKED')

test('a directory serves one storage at a time, and the error names the process that has it', async () => {
  const storage = await open()
  await expect(open()).rejects.toSatisfy(locked)
  await expect(open()).rejects.toThrow(`held by process ${process.pid}`)
  await expect(check(directory)).rejects.toSatisfy(locked)
  await storage.close()
  await (await open()).close()
  expect(await readdir(directory)).toEqual(['format'])
})

test('the lock of another live process holds, whatever way the directory is spelled', async () => {
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  try {
    await once(other, 'spawn')
    await writeFile(join(directory, 'lock'), `${other.pid}\n`)
    await expect(file.open(quietHost(), { directory: `${directory}/.` })).rejects.toThrow(
      `held by process ${other.pid}`,
    )
  } finally {
    other.stdin.end()
    await once(other, 'exit')
  }
  await (await open()).close()
})

test('the lock of a dead process is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  await writeFile(join(directory, 'lock'), `${pid} whenever\n`)
  const storage = await open()
  expect(await readFile(join(directory, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} `))
  await storage.close()
})

const linux = process.platform === 'linux'
testUnless(
  linux ? undefined : 'only /proc tells when a process was born',
  'a process id that was given to another process since does not hold a lock',
  async () => {
    await writeFile(join(directory, 'lock'), `${process.ppid} boot:1\n`)
    await (await open()).close()
  },
)

test('in a container, where every broker has the same process id, the own id of an earlier life does not hold a lock', async () => {
  await writeFile(join(directory, 'lock'), `${process.pid} boot:1\n`)
  await (await open()).close()
})

test('of many that find a stale lock at once, one gets it', async () => {
  await writeFile(join(directory, 'lock'), '999999999 boot:1\n')
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, open))
  const opened = outcomes.filter(outcome => outcome.status === 'fulfilled')
  expect(opened).toHaveLength(1)
  for (const outcome of opened) await outcome.value.close()
})
