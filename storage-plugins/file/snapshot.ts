import { join } from 'node:path'
import type { Row } from '../../kernel/plugin.ts'
import type { Disk, DiskFile } from './disk.ts'
import { segmentHeaderBytes } from './frame.ts'
import { FrameWriter } from './frame-writer.ts'
import { segmentHeaderOf } from './recovery.ts'
import { decodeRow, encodeEnd, encodeRow, endBytes, rowBytes } from './row.ts'
import { scanFrames } from './scan.ts'
import type { Found } from './segment.ts'
import { corrupt, Segment } from './segment.ts'

const namePattern = /^(\d{16})\.snapshot$/
const readLimit = { records: 4_096, bytes: 1 << 20 }

export function snapshotPath(directory: string, revision: number): string {
  return join(directory, `${String(revision).padStart(16, '0')}.snapshot`)
}

/** The revisions of a directory's snapshots, in order. */
export async function snapshotRevisions(disk: Disk, directory: string): Promise<number[]> {
  const revisions: number[] = []
  for (const name of await disk.list(directory)) {
    const digits = namePattern.exec(name)?.[1]
    if (digits !== undefined) revisions.push(Number(digits))
  }
  return revisions.sort((a, b) => a - b)
}

/**
 * Writes rows to a file beside the table's journal, under its name only when all of it is durable. Rows may change
 * meanwhile: each must be at least as new as `revision`, the journal from there on makes them alike.
 * Resolves to the file's size. Rejects with the disk's own error; nothing is left under the final name then.
 */
export async function writeSnapshot(
  disk: Disk,
  directory: string,
  options: { revision: number; rows: Iterable<Row> },
): Promise<number> {
  const { revision, rows } = options
  const path = snapshotPath(directory, revision)
  const file = await disk.open(`${path}.tmp`, 'create')
  let bytes = 0
  try {
    const writer = await FrameWriter.begin(file, { first: 0, mark: disk.mark() })
    for (const row of rows) {
      const bytes = rowBytes(row)
      if (writer.isFull(bytes)) await writer.flush()
      writer.add(bytes, (frame, at) => encodeRow(row, frame, at))
    }
    const { next } = writer
    writer.add(endBytes, (frame, at) => encodeEnd(next, frame, at))
    bytes = await writer.end()
  } finally {
    await file.close()
  }
  await disk.rename(`${path}.tmp`, path)
  await disk.syncDirectory(directory)
  return bytes
}

/** Reads a snapshot row by row. @throws BrokerError STORAGE_CORRUPT: a frame is damaged or the end is missing. */
export async function readSnapshot(disk: Disk, path: string, onRow: (row: Row) => void): Promise<number> {
  const file = await disk.open(path, 'read')
  try {
    const size = await file.size()
    await readRows(file, path, size, onRow)
    return size
  } finally {
    await file.close()
  }
}

async function readRows(file: DiskFile, path: string, size: number, onRow: (row: Row) => void): Promise<void> {
  const header = await segmentHeaderOf(file, size)
  if (header === undefined) throw corrupt(path, 0, 'the header of the file does not match')
  const segment = new Segment(path, 0, header.mark)
  const extent = { size, mark: header.mark, position: segmentHeaderBytes, next: 0 }
  const { end, next, fault } = await scanFrames(file, extent, segment.index)
  if (fault !== undefined) throw corrupt(path, fault.position, fault.reason)
  segment.bytes = end
  segment.next = next
  let offset = 0
  let ended = false
  while (offset < next) {
    const found: Found = { offset, bytes: 0, records: [] }
    await segment.read(file, offset, readLimit, found)
    if (found.records.length === 0) break
    for (const record of found.records) {
      const row = decodeRow(record)
      if (typeof row === 'number') ended = true
      else onRow(row)
    }
    offset = found.offset + found.records.length
  }
  if (!ended) throw corrupt(path, size, 'the end of the snapshot is missing')
}
