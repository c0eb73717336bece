import type { Change, Row } from '../../kernel/plugin.ts'

/*
 * write    = change*                             one record of a table's journal
 * change   = kind u8, key length u32, key, [value length u32, value]     kind 1: set, 0: removed
 * snapshot = (row record)* end-record            records of a snapshot file
 * row      = 1 u8, revision f64, key length u32, key, value
 * end      = 0 u8, number of rows f64
 */
const set = 1
const removed = 0
const changeHeadBytes = 5

export function writeBytes(changes: readonly Change[]): number {
  let bytes = 0
  for (const { key, value } of changes) {
    bytes += changeHeadBytes + Buffer.byteLength(key)
    if (value !== undefined) bytes += 4 + value.byteLength
  }
  return bytes
}

export function encodeWrite(changes: readonly Change[], into: Buffer, start: number): void {
  let at = start
  for (const { key, value } of changes) {
    into[at] = value === undefined ? removed : set
    const keyBytes = into.write(key, at + changeHeadBytes, 'utf8')
    into.writeUInt32LE(keyBytes, at + 1)
    at += changeHeadBytes + keyBytes
    if (value === undefined) continue
    into.writeUInt32LE(value.byteLength, at)
    into.set(value, at + 4)
    at += 4 + value.byteLength
  }
}

/** Values are views of the record. @throws RangeError when the bytes are no write. */
export function decodeWrite(record: Uint8Array): Change[] {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength)
  const changes: Change[] = []
  let at = 0
  while (at < bytes.byteLength) {
    const kind = bytes[at]
    const valueAt = at + changeHeadBytes + bytes.readUInt32LE(at + 1)
    const key = bytes.toString('utf8', at + changeHeadBytes, valueAt)
    at = valueAt
    if (kind === removed) {
      changes.push({ key, value: undefined })
      continue
    }
    const end = valueAt + 4 + bytes.readUInt32LE(valueAt)
    if (kind !== set || end > bytes.byteLength) throw new RangeError('not a table write')
    changes.push({ key, value: bytes.subarray(valueAt + 4, end) })
    at = end
  }
  return changes
}

export function rowBytes(row: Row): number {
  return 13 + Buffer.byteLength(row.key) + row.value.byteLength
}

export function encodeRow(row: Row, into: Buffer, at: number): void {
  into[at] = set
  into.writeDoubleLE(row.revision, at + 1)
  const keyBytes = into.write(row.key, at + 13, 'utf8')
  into.writeUInt32LE(keyBytes, at + 9)
  into.set(row.value, at + 13 + keyBytes)
}

export const endBytes = 9

export function encodeEnd(rows: number, into: Buffer, at: number): void {
  into[at] = removed
  into.writeDoubleLE(rows, at + 1)
}

/** A row, whose value is a view of the record, or the number of rows that the end record states. */
export function decodeRow(record: Uint8Array): Row | number {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength)
  if (bytes[0] === removed) return bytes.readDoubleLE(1)
  const valueAt = 13 + bytes.readUInt32LE(9)
  return {
    key: bytes.toString('utf8', 13, valueAt),
    value: bytes.subarray(valueAt),
    revision: bytes.readDoubleLE(1),
  }
}
