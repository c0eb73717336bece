import type { Disk } from './disk.ts'

/** The whole of a small file. */
export async function readText(disk: Disk, path: string): Promise<string> {
  const opened = await disk.open(path, 'read')
  try {
    const bytes = Buffer.alloc(await opened.size())
    return bytes.toString('utf8', 0, await opened.read(bytes, 0))
  } finally {
    await opened.close()
  }
}

export async function writeText(
  disk: Disk,
  path: string,
  text: string,
  { sync }: { readonly sync: boolean },
): Promise<void> {
  const opened = await disk.open(path, 'create')
  try {
    await opened.write(Buffer.from(text), 0)
    if (sync) await opened.sync()
  } finally {
    await opened.close()
  }
}
