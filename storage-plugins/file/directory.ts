import { join } from 'node:path'
import { BrokerError } from '../../kernel/plugin.ts'
import type { Disk } from './disk.ts'
import { formatNumber } from './frame.ts'
import { full, isFull } from './health.ts'

const formatFile = 'format'

/**
 * Makes a data directory if need be, locks it and checks its format. Resolves to the release of the lock.
 * @throws BrokerError STORAGE_LOCKED, STORAGE_FORMAT, STORAGE_FULL.
 */
export async function openDirectory(disk: Disk, directory: string, sync: boolean): Promise<() => Promise<void>> {
  await disk.makeDirectory(directory)
  const release = await disk.lock(directory)
  try {
    await checkFormat(disk, directory, sync)
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
    if (!(await hasFormat(disk, directory))) throw noFormat(directory)
    return release
  } catch (error) {
    await release()
    throw error
  }
}

async function checkFormat(disk: Disk, directory: string, sync: boolean): Promise<void> {
  if (await hasFormat(disk, directory)) return
  const path = join(directory, formatFile)
  await writeText(disk, `${path}.tmp`, `${formatNumber}\n`, sync)
  await disk.rename(`${path}.tmp`, path)
  if (sync) await disk.syncDirectory(directory)
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
  throw new BrokerError(
    'STORAGE_FORMAT',
    `data directory ${directory} is of format "${found.trim().slice(0, 20)}", this version reads format ${formatNumber}: ` +
      'use the version that wrote it, or another directory',
  )
}

function noFormat(directory: string): BrokerError {
  return new BrokerError(
    'STORAGE_FORMAT',
    `data directory ${directory} has no file "${formatFile}"; if it was lost, write ${formatNumber} into a new one`,
  )
}

async function readText(disk: Disk, path: string): Promise<string> {
  const opened = await disk.open(path, 'read')
  try {
    const bytes = Buffer.alloc(Math.min(64, await opened.size()))
    return bytes.toString('latin1', 0, await opened.read(bytes, 0))
  } finally {
    await opened.close()
  }
}

async function writeText(disk: Disk, path: string, text: string, sync: boolean): Promise<void> {
  const opened = await disk.open(path, 'create')
  try {
    await opened.write(Buffer.from(text), 0)
    if (sync) await opened.sync()
  } finally {
    await opened.close()
  }
}
