import { basename, dirname } from 'node:path'
import { Batch } from './batch.ts'
import type { Problem } from './check.ts'
import { report } from './check.ts'
import { copyFile, copyRange } from './copy.ts'
import { lockDirectory } from './directory.ts'
import type { Disk, DiskFile } from './disk.ts'
import { frameHeaderBytes, sealFrame, segmentHeaderBytes, writeSegmentHeader } from './frame.ts'
import { realDisk } from './real-disk.ts'
import { encodeEnd, endBytes } from './row.ts'
import { snapshotPath, writeSnapshot } from './snapshot.ts'
import type { DirectorySurvey, FileSurvey } from './survey.ts'
import { survey } from './survey.ts'
import { createSegment } from './tail.ts'

export interface RepairReport {
  /** What was mended, each with what is lost. Problems that a start mends by itself are left to it. */
  readonly repaired: readonly Problem[]
  /** Copies of the files as they were before. */
  readonly copies: readonly string[]
}

/**
 * Makes a damaged directory usable again: bad frames give way to holes, which readers step over, so that every record
 * that can be read keeps its offset. Each file is copied to `<name>.damaged-<n>` before it is changed.
 * @throws BrokerError STORAGE_LOCKED: a broker runs on it. STORAGE_FORMAT: another version's.
 */
export async function repair(directory: string, disk: Disk = realDisk): Promise<RepairReport> {
  const release = await lockDirectory(disk, directory)
  try {
    const surveys = await survey(disk, directory)
    const repaired = report(directory, surveys).problems.filter(problem => problem.severity === 'damage')
    const copies: string[] = []
    for (const each of surveys) {
      await repairSegments(disk, each, copies)
      if (each.kind === 'table') await repairSnapshot(disk, each, copies)
    }
    return { repaired, copies }
  } finally {
    await release()
  }
}

async function repairSegments(disk: Disk, { segments, snapshot, directory }: DirectorySurvey, copies: string[]) {
  // A table's journal must reach its snapshot.
  const revision = snapshot?.number ?? 0
  for (const [index, segment] of segments.entries()) {
    const following = segments[index + 1]?.first
    const until = following ?? (revision > segment.next ? revision : undefined)
    const short = until !== undefined && segment.next < until
    const broken = segment.gaps.some(gap => gap.resume !== undefined || following !== undefined)
    const headless = segment.header === 'bad' && !(following === undefined && segment.size <= segmentHeaderBytes)
    if (short || broken || headless) await rewrite(disk, segment, until, copies)
  }
  if (segments.length === 0 && revision > 0) {
    const { file } = await createSegment({ disk, directory }, revision)
    await file.close()
  }
}

async function repairSnapshot(disk: Disk, { segments, snapshot, directory }: DirectorySurvey, copies: string[]) {
  const first = segments[0]?.first ?? 0
  if (snapshot === undefined) {
    if (first > 0) await writeSnapshot(disk, directory, { revision: first, rows: [] })
    return
  }
  if (snapshot.gaps.length > 0 || snapshot.header === 'bad') await rewrite(disk, snapshot, undefined, copies)
  if (snapshot.number >= first) return
  await keepCopy(disk, snapshot.path, copies)
  await disk.rename(snapshot.path, snapshotPath(directory, first))
  await disk.syncDirectory(directory)
}

/** Writes the good frames of a file to a new one, with holes for the others up to offset `until`, and puts it in its place. */
async function rewrite(disk: Disk, survey: FileSurvey, until: number | undefined, copies: string[]): Promise<void> {
  const { path, first, runs, gaps } = survey
  await keepCopy(disk, path, copies)
  const mark = survey.mark ?? disk.mark()
  const source = await disk.open(path, 'read')
  const target = await disk.open(`${path}.tmp`, 'create')
  try {
    await target.write(writeSegmentHeader({ first, mark }), 0)
    let at = segmentHeaderBytes
    // Runs and gaps take turns; a gap may come first.
    const pieces = [...runs.map(run => ({ run, gap: undefined })), ...gaps.map(gap => ({ run: undefined, gap }))]
    pieces.sort((a, b) => (a.run ?? a.gap).position - (b.run ?? b.gap).position)
    for (const { run, gap } of pieces) {
      if (run !== undefined) at = await copyRange(source, target, run, at)
      else if (gap.resume !== undefined) at = await writeHole(target, at, mark, gap.next, gap.resume)
    }
    if (until !== undefined && survey.next < until) at = await writeHole(target, at, mark, survey.next, until)
    const torn = survey.mark === undefined || gaps.at(-1)?.resume === undefined
    if (path.endsWith('.snapshot') && torn) await writeEnd(target, at, mark, survey.next)
    await target.sync()
  } finally {
    await source.close()
    await target.close()
  }
  await disk.rename(`${path}.tmp`, path)
  await disk.syncDirectory(dirname(path))
}

async function keepCopy(disk: Disk, path: string, copies: string[]): Promise<void> {
  const names = await disk.list(dirname(path))
  let n = 1
  while (names.includes(`${basename(path)}.damaged-${n}`)) n++
  const copy = `${path}.damaged-${n}`
  await copyFile(disk, path, copy)
  await disk.syncDirectory(dirname(path))
  copies.push(copy)
}

async function writeHole(file: DiskFile, at: number, mark: number, from: number, to: number): Promise<number> {
  const frame = Buffer.alloc(frameHeaderBytes)
  sealFrame(frame, mark, from, to - from)
  await file.write(frame, at)
  return at + frame.byteLength
}

async function writeEnd(file: DiskFile, at: number, mark: number, next: number): Promise<void> {
  const batch = new Batch(next, undefined)
  const start = batch.reserve(endBytes)
  encodeEnd(next, batch.frame, start)
  const frame = batch.frame.subarray(0, batch.used)
  sealFrame(frame, mark, next, 1)
  await file.write(frame, at)
}
