import { randomBytes } from 'node:crypto'
import { dirname, join, relative } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { BrokerError, isBrokerError } from '../../kernel/plugin.ts'
import type { CheckReport } from './check.ts'
import { check } from './check.ts'
import { copyFile } from './copy.ts'
import { expectFormat, lockDirectory, writeFormat } from './directory.ts'
import type { Disk } from './disk.ts'
import { filesAtRest } from './file-cut.ts'
import { realDisk } from './real-disk.ts'
import { answer, requestPath, stagedPath, unstage } from './staging.ts'
import { writeText } from './text-file.ts'

export interface BackupReport {
  readonly files: number
  readonly bytes: number
  /** What reading all of it back found. */
  readonly check: CheckReport
}

interface Piece {
  readonly from: string
  /** A path below the data directory. */
  readonly name: string
  readonly bytes: number
}

/** How long a running broker gets to answer: it has to look for a second name for each of its files. */
const patienceMs = 30_000
const askAgainMs = 20

/**
 * Copies the data of a broker, running or not, to a directory that does not exist or is empty; what was acknowledged
 * before the call is in it. All files are as they were at one moment. The copy is a data directory like any other.
 * @throws BrokerError STORAGE_FORMAT, STORAGE_FULL; CONFIG_INVALID: the target is not empty; STORAGE_LOCKED: the broker
 * that runs on it does not answer.
 */
export async function backup(directory: string, target: string, disk: Disk = realDisk): Promise<BackupReport> {
  const release = await lockDirectory(disk, directory).catch(error => {
    if (isBrokerError(error, 'STORAGE_LOCKED')) return undefined
    throw error
  })
  if (release === undefined) return backupRunning(directory, target, disk)
  try {
    return await copy(await piecesOf(disk, directory), target, disk)
  } finally {
    await release()
  }
}

/**
 * Copies a backup to a directory that does not exist or is empty.
 * @throws BrokerError STORAGE_FORMAT; CONFIG_INVALID: the target is not empty, or the source is no backup.
 */
export async function restore(source: string, target: string, disk: Disk = realDisk): Promise<BackupReport> {
  await expectFormat(disk, source)
  if ((await disk.list(source)).includes('lock')) {
    const message = `${source} is in use by a broker, or was when that broker died: it is no snapshot`
    throw new BrokerError('CONFIG_INVALID', `${message}; take one with "robust-server data snapshot"`)
  }
  return copy(await piecesOf(disk, source), target, disk)
}

async function backupRunning(directory: string, target: string, disk: Disk): Promise<BackupReport> {
  await expectEmpty(disk, target)
  const id = randomBytes(8).toString('hex')
  try {
    await writeText(disk, requestPath(directory, id), '', { sync: false })
    const manifest = await answered(directory, id, disk)
    const pieces = manifest.files.map((file, n) => ({ ...file, from: stagedPath(directory, id, n) }))
    return await copy(pieces, target, disk)
  } finally {
    await unstage(disk, directory, id)
  }
}

async function answered(directory: string, id: string, disk: Disk) {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += askAgainMs) {
    const found = await answer(disk, directory, id)
    if (typeof found === 'string') throw new BrokerError('STORAGE_FAILED', `the broker cannot be copied: ${found}`)
    if (found !== undefined) return found
    await pause(askAgainMs)
  }
  throw new BrokerError(
    'STORAGE_LOCKED',
    `the broker that runs on ${directory} does not answer within ${patienceMs / 1_000} s; stop it and try again`,
  )
}

/** What of a directory that no broker runs on is data. */
async function piecesOf(disk: Disk, directory: string): Promise<Piece[]> {
  const files = await filesAtRest(disk, directory)
  return files.map(({ path, bytes }) => ({ from: path, name: relative(directory, path), bytes }))
}

/** The format comes last: without it no broker starts on what is half a copy. */
async function copy(pieces: readonly Piece[], target: string, disk: Disk): Promise<BackupReport> {
  await disk.makeDirectory(target)
  const release = await disk.lock(target)
  let bytes = 0
  try {
    await expectEmpty(disk, target)
    for (const piece of pieces) {
      const to = join(target, piece.name)
      await disk.makeDirectory(dirname(to))
      bytes += await copyFile(disk, piece.from, to, piece.bytes)
    }
    for (const part of new Set(pieces.map(({ name }) => dirname(name)))) await disk.syncDirectory(join(target, part))
    await writeFormat(disk, target)
  } finally {
    await release()
  }
  return { files: pieces.length, bytes, check: await check(target, disk) }
}

async function expectEmpty(disk: Disk, target: string): Promise<void> {
  if ((await disk.list(target)).every(name => name === 'lock')) return
  throw new BrokerError('CONFIG_INVALID', `${target} is not empty; name a directory that is, or that is not there`)
}
