import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { backup } from '../../storage-plugins/file/backup.ts'
import { file } from '../../storage-plugins/file/index.ts'
import { realDisk } from '../../storage-plugins/file/real-disk.ts'
import { testUnless } from '../support/skipping.ts'
import { quietHost } from '../support/storage-host.ts'

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

const linux = process.platform === 'linux'
const windows = process.platform === 'win32'

testUnless(
  linux ? undefined : 'there is no /proc',
  'a place that cannot be, such as /proc/nope, is refused, not tried for ever',
  async () => {
    await expect(realDisk.makeDirectory('/proc/nope/data')).rejects.toThrow('ENOENT')
  },
)

const otherRights = windows ? 'Windows keeps other rights' : undefined

testUnless(otherRights, "what is stored is its owner's alone, whatever the umask says", async () => {
  await using temporary = await folder()
  const umask = process.umask(0)
  try {
    const directory = path.join(temporary.at, 'data')
    const storage = await file.open(quietHost(), { directory })
    await (await storage.log('log')).append([Buffer.from('x')])
    await (await storage.table('table')).write([{ key: 'k', value: Buffer.from('x') }])
    await storage.close()
    await backup(directory, path.join(temporary.at, 'copy'))
    const names = await readdir(temporary.at, { recursive: true, withFileTypes: true })
    const modes = await Promise.all(
      names.map(async one => [one.name, (await stat(path.join(one.parentPath, one.name))).mode & 0o777] as const),
    )
    expect(modes.length).toBeGreaterThan(8)
    expect(modes.filter(([, mode]) => mode !== 0o600 && mode !== 0o700)).toEqual([])
  } finally {
    process.umask(umask)
  }
})
