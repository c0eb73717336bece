import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** JSON that only the server's user may read, replaced whole: after a crash it is the old one or the new one. */
export async function writePrivate(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(value, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  const folder = await open(dirname(path))
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Undefined: there is no such file. @throws when it is not JSON */
export async function readPrivate(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
