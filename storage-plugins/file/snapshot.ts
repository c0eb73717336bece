import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Row } from '../../kernel/plugin.ts'
import { Batch } from './batch.ts'
import type { Disk, DiskFile } from './disk.ts'
import { sealFrame, segmentHeaderBytes, writeSegmentHeader } from './frame.ts'
import { segmentHeaderOf } from './recovery.ts'
import { decodeRow, encodeEnd, encodeRow, endBytes, rowBytes } from './row.ts'
import { scanFrames } from './scan.ts'
import type { Found } from './segment.ts'
import { corrupt, Segment } from './segment.ts'

/** A snapshot's frames are about this large, so that writing one never holds up the event loop for long. */
const frameBytes = 262_144
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
  options: { revision: number; rows: Iterable<Row>; sync: boolean },
): Promise<number> {
  const { revision, rows, sync } = options
  const path = snapshotPath(directory, revision)
  const file = await disk.open(`${path}.tmp`, 'create')
  let position = segmentHeaderBytes
  try {
    const mark = randomBytes(4).readUInt32LE()
    await file.write(writeSegmentHeader({ first: 0, mark }), 0)
    let batch = new Batch(0, undefined)
    const flush = async () => {
      const frame = batch.frame.subarray(0, batch.used)
      sealFrame(frame, mark, batch.first, batch.records)
      await file.write(frame, position)
      position += frame.byteLength
      batch = new Batch(batch.next, batch.frame)
    }
    for (const row of rows) {
      const bytes = rowBytes(row)
      if (batch.records > 0 && batch.used + bytes > frameBytes) await flush()
      const at = batch.reserve(bytes)
      encodeRow(row, batch.frame, at)
    }
    const at = batch.reserve(endBytes)
    encodeEnd(batch.next - 1, batch.frame, at)
    await flush()
    if (sync) await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(`${path}.tmp`, path)
  if (sync) await disk.syncDirectory(directory)
  return position
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
