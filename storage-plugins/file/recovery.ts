import type { Disk, DiskFile } from './disk.ts'
import { readSegmentHeader, segmentHeaderBytes } from './frame.ts'
import type { JournalOptions } from './journal-options.ts'
import { findFrame, scanFrames } from './scan.ts'
import { corrupt, Segment, segmentFirst, segmentPath } from './segment.ts'
import { createSegment } from './tail.ts'

/**
 * Reads all segments of a directory once and checks every frame; no record stays in memory. Only the last frame of the
 * last segment may be incomplete, since no frame is begun before the one before it is synced: that one was never
 * acknowledged and is cut off. @throws BrokerError STORAGE_CORRUPT for everything else that is wrong; nothing is changed then.
 */
export async function recoverSegments(options: JournalOptions): Promise<Segment[]> {
  const { disk, directory } = options
  const firsts = await segmentFirsts(disk, directory)
  const segments: Segment[] = []
  for (const first of firsts) {
    const before = segments.at(-1)
    if (before !== undefined && before.next !== first) {
      const reason = `records ${before.next} to ${first - 1} should follow, but the next file begins with ${first}`
      throw corrupt(before.path, before.bytes, reason)
    }
    segments.push(await recoverSegment(options, first, first === firsts.at(-1)))
  }
  // What a killed process left in the system's memory is found, but would not survive a loss of power: neither may
  // anything be built on it before it would.
  if (segments.length > 0) await disk.syncDirectory(directory)
  return segments
}

/** First offsets of a directory's segments, in order. */
export async function segmentFirsts(disk: Disk, directory: string): Promise<number[]> {
  const firsts: number[] = []
  for (const name of await disk.list(directory)) {
    const first = segmentFirst(name)
    if (first !== undefined) firsts.push(first)
  }
  return firsts.sort((a, b) => a - b)
}

async function recoverSegment(options: JournalOptions, first: number, last: boolean): Promise<Segment> {
  const path = segmentPath(options.directory, first)
  const file = await options.disk.open(path, last ? 'write' : 'read')
  try {
    const size = await file.size()
    const header = await segmentHeaderOf(file, size)
    if (header?.first === first) {
      const segment = new Segment(path, first, header.mark)
      await recoverFrames(options, segment, file, size, last)
      return segment
    }
    // Frames come only after the header is durable: no more than a header means that making the file was interrupted.
    if (!last || size > segmentHeaderBytes) throw corrupt(path, 0, 'the header of the file does not match')
  } finally {
    await file.close()
  }
  options.logger.warn({ file: path }, 'a new data file was interrupted by a crash before anything was in it; made anew')
  const created = await createSegment(options, first)
  await created.file.close()
  return created.segment
}

export async function segmentHeaderOf(
  file: DiskFile,
  size: number,
): Promise<{ first: number; mark: number } | undefined> {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  if (size < segmentHeaderBytes || (await file.read(bytes, 0)) < segmentHeaderBytes) return undefined
  return readSegmentHeader(bytes)
}

async function recoverFrames(
  options: JournalOptions,
  segment: Segment,
  file: DiskFile,
  size: number,
  last: boolean,
): Promise<void> {
  const extent = { size, mark: segment.mark, position: segmentHeaderBytes, next: segment.first }
  const { end, next, fault } = await scanFrames(file, extent, segment.index)
  segment.bytes = end
  segment.next = next
  if (fault === undefined) {
    if (!last) segment.index.shrink()
    else await file.sync()
    return
  }
  const later = last ? await findFrame(file, { ...extent, position: fault.position + 1, next }) : undefined
  if (!last || later !== undefined) throw corrupt(segment.path, fault.position, fault.reason)
  options.logger.warn(
    { file: segment.path, at: end, bytes: size - end, reason: fault.reason },
    'the last write was interrupted by a crash and never acknowledged; cut off',
  )
  await file.truncate(end)
  await file.sync()
}
