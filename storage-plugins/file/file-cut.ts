import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { segmentFirst } from './segment.ts'
import { snapshotPath, snapshotRevisions } from './snapshot.ts'

/** A file as far as it counts: what comes after these bytes was not durable when they were counted. */
export interface FileCut {
  readonly path: string
  readonly bytes: number
}

/** What is data in a directory, except in logs and tables that are open. */
export async function filesAtRest(
  disk: Disk,
  directory: string,
  open: (part: string) => boolean = () => false,
): Promise<FileCut[]> {
  const files: FileCut[] = []
  for (const part of await disk.list(directory)) {
    if (!/^(log|table)-[a-z0-9-]+$/.test(part) || open(part)) continue
    const path = join(directory, part)
    const paths = (await disk.list(path)).filter(name => segmentFirst(name) !== undefined).map(name => join(path, name))
    const newest = (await snapshotRevisions(disk, path)).at(-1)
    if (newest !== undefined) paths.push(snapshotPath(path, newest))
    for (const each of paths) files.push({ path: each, bytes: await sizeOf(disk, each) })
  }
  return files
}

async function sizeOf(disk: Disk, path: string): Promise<number> {
  const file = await disk.open(path, 'read')
  try {
    return await file.size()
  } finally {
    await file.close()
  }
}
