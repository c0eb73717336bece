import { join } from 'node:path'
import { BrokerError } from '../../kernel/plugin.ts'
import type { Disk } from './disk.ts'
import { formatNumber } from './frame.ts'
import { full, isFull } from './health.ts'
import { readText, writeText } from './text-file.ts'

const formatFile = 'format'

/**
 * Makes a data directory if need be, locks it and checks its format. Resolves to the release of the lock.
 * @throws BrokerError STORAGE_LOCKED, STORAGE_FORMAT, STORAGE_FULL.
 */
export async function openDirectory(disk: Disk, directory: string): Promise<() => Promise<void>> {
  await disk.makeDirectory(directory)
  const release = await disk.lock(directory)
  try {
    if (!(await hasFormat(disk, directory))) await writeFormat(disk, directory)
    return release
  } catch (error) {
    await release()
    throw isFull(error) ? full(directory, error) : error
  }
}

/**
 * Locks a data directory that is there already, for a look at it; makes nothing. Resolves to the release of the lock.
 * @throws BrokerError STORAGE_LOCKED, STORAGE_FORMAT.
 */
export async function lockDirectory(disk: Disk, directory: string): Promise<() => Promise<void>> {
  if ((await disk.list(directory)).length === 0) {
    throw new BrokerError('STORAGE_FORMAT', `${directory} is no data directory: it is missing or empty`)
  }
  const release = await disk.lock(directory)
  try {
    await expectFormat(disk, directory)
    return release
  } catch (error) {
    await release()
    throw error
  }
}

/** @throws BrokerError STORAGE_FORMAT: there is no data here, or not of our format. */
export async function expectFormat(disk: Disk, directory: string): Promise<void> {
  if (!(await hasFormat(disk, directory))) throw noFormat(directory)
}

/** Says which format the data of a directory is of. */
export async function writeFormat(disk: Disk, directory: string): Promise<void> {
  const path = join(directory, formatFile)
  await writeText(disk, `${path}.tmp`, `${formatNumber}\n`, { sync: true })
  await disk.rename(`${path}.tmp`, path)
  await disk.syncDirectory(directory)
}

/** False for a directory without any data. @throws BrokerError STORAGE_FORMAT: the data is not of our format. */
async function hasFormat(disk: Disk, directory: string): Promise<boolean> {
  const names = await disk.list(directory)
  if (!names.includes(formatFile)) {
    if (names.some(name => name.startsWith('log-') || name.startsWith('table-'))) throw noFormat(directory)
    return false
  }
  const found = await readText(disk, join(directory, formatFile))
  const number = /^(\d+)\n$/.exec(found)?.[1]
  if (Number(number) === formatNumber) return true
  const said = found.trim().slice(0, 20)
  const mend =
    Number(number) > formatNumber
      ? 'a newer version wrote it; use that one, or restore a snapshot that this version made'
      : Number(number) >= 1
        ? 'use the version that wrote it, or another directory; no release ever wrote it'
        : `if that file was damaged, write ${formatNumber} into it and run "robust-server data check"`
  const message = `data directory ${directory} is of format "${said}", this version reads format ${formatNumber}`
  throw new BrokerError('STORAGE_FORMAT', `${message}: ${mend}`)
}

function noFormat(directory: string): BrokerError {
  return new BrokerError(
    'STORAGE_FORMAT',
    `data directory ${directory} has no file "${formatFile}"; if it was lost, write ${formatNumber} into a new one`,
  )
}
