import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { realDisk } from '../../storage-plugins/file/real-disk.ts'

async function folder(): Promise<{ at: string } & AsyncDisposable> {
  const at = await mkdtemp(path.join(tmpdir(), 'disk-'))
  return { at, [Symbol.asyncDispose]: () => rm(at, { recursive: true, force: true }) }
}

test('a directory is made with its parents, once or again', async () => {
  await using temporary = await folder()
  const deep = path.join(temporary.at, 'a', 'b', 'c')
  await realDisk.makeDirectory(deep)
  await realDisk.makeDirectory(deep)
  expect((await stat(deep)).isDirectory()).toBe(true)
})

test('where no directory can be made, the attempt ends with an error', async () => {
  await using temporary = await folder()
  const file = path.join(temporary.at, 'file')
  await writeFile(file, '')
  await expect(realDisk.makeDirectory(path.join(file, 'below'))).rejects.toThrow('ENOTDIR')
})

// Elsewhere there is no file system that says so.
test.runIf(process.platform === 'linux')(
  'a place that cannot be, such as /proc/nope, is refused, not tried for ever',
  async () => {
    await expect(realDisk.makeDirectory('/proc/nope/data')).rejects.toThrow('ENOENT')
  },
)
