import { join } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'
import { frameHeaderBytes, segmentHeaderBytes } from './frame.ts'
import { PositionIndex } from './position-index.ts'
import { segmentFirsts, segmentHeaderOf } from './recovery.ts'
import { findFrame, scanFrames } from './scan.ts'
import { segmentPath } from './segment.ts'
import { snapshotPath, snapshotRevisions } from './snapshot.ts'

/** Bytes in a file that are no good frames. */
export interface Gap {
  readonly position: number
  readonly end: number
  readonly reason: string
  /** The first offset that is missing, and the first good one after it; undefined when nothing good follows in the file. */
  readonly next: number
  readonly resume: number | undefined
}

/** What of one file of frames is good, and what is not. */
export interface FileSurvey {
  readonly path: string
  /** A segment's first offset, a snapshot's revision: what its name says. */
  readonly number: number
  readonly size: number
  readonly header: 'good' | 'bad'
  /** The mark of its frames; undefined when neither the header nor a frame tells it. */
  readonly mark: number | undefined
  readonly runs: readonly { readonly position: number; readonly end: number }[]
  readonly gaps: readonly Gap[]
  /** Where the first frame should begin counting, and the offset after the last good one. */
  readonly first: number
  readonly next: number
}

export interface DirectorySurvey {
  readonly directory: string
  readonly name: string
  readonly kind: 'log' | 'table'
  readonly segments: readonly FileSurvey[]
  /** Of a table. Only the newest counts. */
  readonly snapshot: FileSurvey | undefined
}

/** Reads every log and table of a data directory, a window at a time, and changes nothing. */
export async function survey(disk: Disk, directory: string): Promise<DirectorySurvey[]> {
  const surveys: DirectorySurvey[] = []
  for (const entry of (await disk.list(directory)).sort()) {
    const [, kind, name] = /^(log|table)-([a-z0-9-]+)$/.exec(entry) ?? []
    if (name === undefined) continue
    const path = join(directory, entry)
    const segments: FileSurvey[] = []
    for (const first of await segmentFirsts(disk, path)) {
      segments.push(await surveyFile(disk, segmentPath(path, first), { number: first, first }))
    }
    const revision = kind === 'table' ? (await snapshotRevisions(disk, path)).at(-1) : undefined
    const snapshot =
      revision === undefined
        ? undefined
        : await surveyFile(disk, snapshotPath(path, revision), { number: revision, first: 0 })
    surveys.push({ directory: path, name, kind: kind === 'table' ? 'table' : 'log', segments, snapshot })
  }
  return surveys
}

async function surveyFile(
  disk: Disk,
  path: string,
  { number, first }: { number: number; first: number },
): Promise<FileSurvey> {
  const file = await disk.open(path, 'read')
  try {
    const size = await file.size()
    const header = await segmentHeaderOf(file, size)
    const good = header?.first === first
    const mark = good ? header.mark : await guessMark(file, size, first)
    const common = { path, number, size, first, mark, header: good ? 'good' : 'bad' } as const
    if (mark === undefined) return { ...common, runs: [], gaps: [], next: first }
    return { ...common, ...(await surveyFrames(file, size, mark, first)) }
  } finally {
    await file.close()
  }
}

/** The mark of the frame behind a damaged header, if that frame is good. */
async function guessMark(file: DiskFile, size: number, first: number): Promise<number | undefined> {
  if (size < segmentHeaderBytes + frameHeaderBytes) return undefined
  const bytes = Buffer.alloc(4)
  await file.read(bytes, segmentHeaderBytes)
  const mark = bytes.readUInt32LE(0)
  const extent = { size, mark, position: segmentHeaderBytes, next: first }
  const { end } = await scanFrames(file, extent, new PositionIndex(first))
  return end > segmentHeaderBytes ? mark : undefined
}

async function surveyFrames(file: DiskFile, size: number, mark: number, first: number) {
  const runs: { position: number; end: number }[] = []
  const gaps: Gap[] = []
  let position = segmentHeaderBytes
  let next = first
  for (;;) {
    const scan = await scanFrames(file, { size, mark, position, next }, new PositionIndex(next))
    if (scan.end > position) runs.push({ position, end: scan.end })
    next = scan.next
    if (scan.fault === undefined) return { runs, gaps, next }
    const from = scan.fault.position
    const found = await findFrame(file, { size, mark, position: from + 1, next })
    const gap = { position: from, reason: scan.fault.reason, next }
    if (found === undefined) {
      gaps.push({ ...gap, end: size, resume: undefined })
      return { runs, gaps, next }
    }
    gaps.push({ ...gap, end: found.position, resume: found.first })
    position = found.position
    next = found.first
  }
}
