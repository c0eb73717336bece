import type { DiskFile } from './disk.ts'
import { crc32, frameHeaderBytes, headerCrc, readFrameHeader, recordHeaderBytes } from './frame.ts'
import { PositionIndex } from './position-index.ts'
import { Window } from './window.ts'

export interface Extent {
  /** Bytes of the file that count. */
  readonly size: number
  readonly mark: number
  /** Where the first frame begins, and the offset it must have. */
  readonly position: number
  readonly next: number
}

/** Why the bytes at a position are not the frame that should be there. */
export interface Fault {
  readonly position: number
  readonly reason: string
}

export interface Scan {
  /** The end of the last good frame, and the offset after it. */
  readonly end: number
  readonly next: number
  readonly fault: Fault | undefined
}

/**
 * Checks frames one after the other until the end or the first fault, one window of the file in memory at a time,
 * and enters the good ones into `index`.
 */
export async function scanFrames(file: DiskFile, extent: Extent, index: PositionIndex): Promise<Scan> {
  const window = new Window(file, extent.size)
  let { position, next } = extent
  for (;;) {
    if (position === extent.size) return { end: position, next, fault: undefined }
    const frame = await scanFrame(window, extent, position, next, index)
    if ('reason' in frame) return { end: position, next, fault: { position, reason: frame.reason } }
    position = frame.end
    next += frame.count
  }
}

/** Finds the first good frame at or after a position, of an offset of at least `next`: proof that more was written. */
export async function findFrame(
  file: DiskFile,
  extent: Extent,
): Promise<{ position: number; first: number } | undefined> {
  const window = new Window(file, extent.size)
  const pattern = Buffer.alloc(4)
  pattern.writeUInt32LE(extent.mark)
  let position = extent.position
  while (position + frameHeaderBytes <= extent.size) {
    const at = await window.reach(position, frameHeaderBytes)
    const found = window.buffer.subarray(0, window.length).indexOf(pattern, at)
    if (found === -1) {
      // The mark may lie across the end of the window.
      position = Math.max(position + 1, window.position + window.length - 3)
      continue
    }
    position = window.position + found
    if (position + frameHeaderBytes > extent.size) return undefined
    const header = readFrameHeader(window.buffer, await window.reach(position, frameHeaderBytes), extent.mark)
    if (header !== undefined && header.first >= extent.next) {
      const frame = await scanFrame(window, extent, position, header.first, new PositionIndex(header.first))
      if (!('reason' in frame)) return { position, first: header.first }
    }
    position++
  }
  return undefined
}

async function scanFrame(
  window: Window,
  extent: Extent,
  start: number,
  next: number,
  index: PositionIndex,
): Promise<{ end: number; count: number } | { reason: string }> {
  if (start + frameHeaderBytes > extent.size) return { reason: 'a frame header is cut short' }
  const at = await window.reach(start, frameHeaderBytes)
  const header = readFrameHeader(window.buffer, at, extent.mark)
  if (header === undefined) return { reason: 'no frame begins here' }
  const end = start + frameHeaderBytes + header.bodyBytes
  if (end > extent.size) return { reason: 'a frame is cut short, or its length is wrong' }
  let crc = headerCrc(window.buffer, at)
  const places: number[] = []
  let dueAt = start >= index.dueAt ? start + frameHeaderBytes : Math.max(index.dueAt, start + frameHeaderBytes + 1)
  let position = start + frameHeaderBytes
  let recordAt = position
  let count = 0
  while (position < end) {
    await window.reach(position, Math.min(recordHeaderBytes, end - position))
    const reached = Math.min(window.position + window.length, end)
    while (recordAt + recordHeaderBytes <= reached) {
      if (recordAt >= dueAt) {
        places.push(next + count, recordAt)
        dueAt = recordAt + PositionIndex.intervalBytes
      }
      recordAt += recordHeaderBytes + window.buffer.readUInt32LE(recordAt - window.position)
      count++
    }
    // A length that lies across the end of the window is read with the next one.
    const upTo = recordAt < reached && reached < end ? recordAt : reached
    crc = crc32(window.buffer.subarray(position - window.position, upTo - window.position), crc)
    position = upTo
  }
  if (crc !== header.crc) return { reason: 'the checksum of a frame does not match' }
  if (header.first !== next) return { reason: `a frame begins with offset ${header.first}, not ${next}` }
  const hole = header.bodyBytes === 0
  if (!hole && (recordAt !== end || count !== header.count)) return { reason: 'a frame does not hold its records' }
  if (start >= index.dueAt) index.add(next, start, start)
  for (let i = 0; i < places.length; i += 2) index.add(places[i] ?? 0, places[i + 1] ?? 0, end)
  return { end, count: header.count }
}
