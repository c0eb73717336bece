import { join } from 'node:path'
import type { Storage } from '../../kernel/plugin.ts'
import { lockDirectory } from './directory.ts'
import type { Disk, DiskFile } from './disk.ts'
import { filesAtRest } from './file-cut.ts'
import { FrameWriter } from './frame-writer.ts'
import { Health } from './health.ts'
import { FileStorage } from './index.ts'
import type { JournalOptions } from './journal-options.ts'
import { realDisk } from './real-disk.ts'
import { recoverSegments } from './recovery.ts'
import type { Found, Segment } from './segment.ts'
import { snapshotRevisions } from './snapshot.ts'
import { createSegment } from './tail.ts'

export interface CompactReport {
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** Says which records of which log are needed; of a log that it does not name, all are. */
export type Liveness = (storage: Storage) => Promise<ReadonlyMap<string, (offset: number) => boolean>>

const readLimit = { records: 4_096, bytes: 1 << 20 }
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const still = { now: () => Date.now(), after: () => () => {} }

/**
 * Rewrites what is needed and gives the rest of the disk back, while no broker runs. Records keep their offsets; holes
 * stand for the others. File by file, oldest first, each replaced in one step: whenever it is interrupted, the data is
 * what it was, and it can be begun again.
 * @throws BrokerError STORAGE_LOCKED, STORAGE_FORMAT, STORAGE_CORRUPT: mend it first. Also what the disk itself says.
 */
export async function compact(directory: string, liveness: Liveness, disk: Disk = realDisk): Promise<CompactReport> {
  const release = await lockDirectory(disk, directory)
  try {
    const bytesBefore = await bytesOf(disk, directory)
    const live = await prepare(disk, directory, liveness)
    for (const part of await disk.list(directory)) {
      const [, kind, name = ''] = /^(log|table)-([a-z0-9-]+)$/.exec(part) ?? []
      const path = join(directory, part)
      if (kind === 'table') await forgetJournal(disk, path)
      const isLive = live.get(name)
      if (kind === 'log' && isLive) await compactLog(disk, path, isLive)
    }
    return { bytesBefore, bytesAfter: await bytesOf(disk, directory) }
  } finally {
    await release()
  }
}

/** Mends what a start would mend, writes a snapshot of each table, and finds what is needed of the logs. */
async function prepare(disk: Disk, directory: string, liveness: Liveness) {
  const host = { clock: still, logger: quiet, failed: () => {} }
  // The lock is ours already, and stays ours when this is closed.
  const storage = new FileStorage(disk, host, { directory }, async () => {})
  try {
    for (const part of await disk.list(directory)) {
      const name = /^table-([a-z0-9-]+)$/.exec(part)?.[1]
      if (name !== undefined) await (await storage.table(name)).snapshot()
    }
    return await liveness(storage)
  } finally {
    await storage.close()
  }
}

/** A table whose snapshot holds everything needs an empty journal only. */
async function forgetJournal(disk: Disk, directory: string): Promise<void> {
  const segments = await recoverSegments(journalOptions(disk, directory))
  const last = segments.at(-1)
  const revision = (await snapshotRevisions(disk, directory)).at(-1)
  if (last === undefined || last.next === last.first || revision !== last.next) return
  const { file } = await createSegment({ disk, directory }, last.next)
  await file.close()
  await remove(disk, directory, segments)
}

async function compactLog(disk: Disk, directory: string, isLive: (offset: number) => boolean): Promise<void> {
  const segments = await recoverSegments(journalOptions(disk, directory))
  // The last one says which offset is next.
  const firstNeeded = segments.findIndex(segment => segment === segments.at(-1) || hasLive(segment, isLive))
  await remove(disk, directory, segments.slice(0, Math.max(0, firstNeeded)))
  for (const segment of segments.slice(Math.max(0, firstNeeded))) await rewrite(disk, directory, segment, isLive)
}

function hasLive({ first, next }: Segment, isLive: (offset: number) => boolean): boolean {
  for (let offset = first; offset < next; offset++) if (isLive(offset)) return true
  return false
}

/** One by one: a removal that a crash undoes must not leave a gap behind it. */
async function remove(disk: Disk, directory: string, segments: readonly Segment[]): Promise<void> {
  for (const { path } of segments) {
    await disk.unlink(path)
    await disk.syncDirectory(directory)
  }
}

async function rewrite(disk: Disk, directory: string, segment: Segment, isLive: (offset: number) => boolean) {
  const source = await disk.open(segment.path, 'read')
  try {
    const target = await disk.open(`${segment.path}.tmp`, 'create')
    try {
      await copyLive(source, target, segment, { mark: disk.mark(), isLive })
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
  await disk.rename(`${segment.path}.tmp`, segment.path)
  await disk.syncDirectory(directory)
}

async function copyLive(
  source: DiskFile,
  target: DiskFile,
  segment: Segment,
  { mark, isLive }: { mark: number; isLive: (offset: number) => boolean },
) {
  const { first, next } = segment
  const writer = await FrameWriter.begin(target, { first, mark })
  for (let at = first; at < next; ) {
    const found: Found = { offset: at, bytes: 0, records: [] }
    await segment.read(source, at, readLimit, found)
    if (found.records.length === 0) break
    for (const [i, record] of found.records.entries()) {
      if (!isLive(found.offset + i)) continue
      await writer.skip(found.offset + i)
      if (writer.isFull(record.byteLength)) await writer.flush()
      writer.add(record.byteLength, (frame, place) => frame.set(record, place))
    }
    at = found.offset + found.records.length
  }
  await writer.skip(next)
  await writer.end()
}

function journalOptions(disk: Disk, directory: string): JournalOptions {
  const sizes = { segmentBytes: Number.POSITIVE_INFINITY, batchBytes: Number.POSITIVE_INFINITY }
  return { disk, directory, ...sizes, health: new Health(() => {}), logger: quiet }
}

async function bytesOf(disk: Disk, directory: string): Promise<number> {
  return (await filesAtRest(disk, directory)).reduce((sum, { bytes }) => sum + bytes, 0)
}
