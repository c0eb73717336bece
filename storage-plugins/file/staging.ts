import { join, relative } from 'node:path'
import type { Disk } from './disk.ts'
import type { FileCut } from './file-cut.ts'
import { formatNumber } from './frame.ts'
import { readText, writeText } from './text-file.ts'

/*
 * How a program copies the data of a running broker. All names are in the data directory, with an id of its own choice:
 *   snapshot-<id>.request    made by the program, empty: the broker may begin
 *   snapshot-<id>-<n>        made by the broker: second names of its files, so that none can go meanwhile
 *   snapshot-<id>.manifest   made by the broker, last: which file each of them is, and how much of it counts
 *   snapshot-<id>.failed     made by the broker instead: why not
 * The program removes all of them when it has copied them; the next start removes what it left.
 */
const prefix = 'snapshot-'
const requestPattern = /^snapshot-([0-9a-f]{16})\.request$/

export interface Manifest {
  readonly format: number
  /** By number; `name` is a path below the data directory. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
}

export function requestPath(directory: string, id: string): string {
  return join(directory, `${prefix}${id}.request`)
}

export function stagedPath(directory: string, id: string, n: number): string {
  return join(directory, `${prefix}${id}-${n}`)
}

/** The ids of those who ask. */
export async function requests(disk: Disk, directory: string): Promise<string[]> {
  return (await disk.list(directory)).flatMap(name => requestPattern.exec(name)?.[1] ?? [])
}

/** Gives files their second names, and says so. They must not be removed meanwhile. */
export async function stage(disk: Disk, directory: string, id: string, files: readonly FileCut[]): Promise<void> {
  for (const [n, { path }] of files.entries()) await disk.link(path, stagedPath(directory, id, n))
  const manifest: Manifest = {
    format: formatNumber,
    files: files.map(({ path, bytes }) => ({ name: relative(directory, path), bytes })),
  }
  await say(disk, directory, `${prefix}${id}.manifest`, JSON.stringify(manifest))
}

/** Tells the program why there is nothing to copy. */
export async function refuse(disk: Disk, directory: string, id: string, reason: string): Promise<void> {
  await say(disk, directory, `${prefix}${id}.failed`, reason)
}

/** The answer to a request: what to copy, or why there is nothing; undefined while there is none. */
export async function answer(disk: Disk, directory: string, id: string): Promise<Manifest | string | undefined> {
  const names = await disk.list(directory)
  if (names.includes(`${prefix}${id}.failed`)) return readText(disk, join(directory, `${prefix}${id}.failed`))
  if (!names.includes(`${prefix}${id}.manifest`)) return undefined
  return JSON.parse(await readText(disk, join(directory, `${prefix}${id}.manifest`))) as Manifest
}

/** Removes what belongs to a request, or to all of them. Data never has such a name. */
export async function unstage(disk: Disk, directory: string, id = ''): Promise<void> {
  for (const name of await disk.list(directory)) {
    if (name.startsWith(`${prefix}${id}`)) await disk.unlink(join(directory, name)).catch(() => {})
  }
}

/** Whoever sees the name sees all of the text. Nothing of it needs to outlive a crash. */
async function say(disk: Disk, directory: string, name: string, text: string): Promise<void> {
  const path = join(directory, name)
  await writeText(disk, `${path}.tmp`, text, { sync: false })
  await disk.rename(`${path}.tmp`, path)
}
