import { crc32 } from 'node:zlib'

/*
 * segment  = segment-header frame*
 * segment-header (24 bytes, little-endian)
 *   0 signature "RMQ1" · 4 format u32 · 8 first offset u64 · 16 mark u32 · 20 CRC-32 of bytes 0..20
 * frame    = frame-header body       one per group commit: all of it is there, or none of it is
 * frame-header (24 bytes)
 *   0 mark u32 · 4 body bytes u32 · 8 first offset u64 · 16 record count u32 · 20 CRC-32 of bytes 0..20 and the body
 * body     = (length u32, bytes)*    empty with a count above 0: a hole, records given up by a repair or a compaction
 *
 * The mark is random and different in each segment, so that no payload can pass for a frame.
 */
export const segmentHeaderBytes = 24
export const frameHeaderBytes = 24
export const recordHeaderBytes = 4
export const formatNumber = 2

const signature = 0x31514d52

export interface SegmentHeader {
  readonly first: number
  readonly mark: number
}

export interface FrameHeader {
  readonly bodyBytes: number
  readonly first: number
  readonly count: number
  readonly crc: number
}

export function writeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  bytes.writeUInt32LE(signature, 0)
  bytes.writeUInt32LE(formatNumber, 4)
  bytes.writeBigUInt64LE(BigInt(header.first), 8)
  bytes.writeUInt32LE(header.mark, 16)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20)
  return bytes
}

/** Undefined when the bytes are not a whole header of ours. */
export function readSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.byteLength < segmentHeaderBytes || bytes.readUInt32LE(0) !== signature) return undefined
  if (bytes.readUInt32LE(20) !== crc32(bytes.subarray(0, 20)) || bytes.readUInt32LE(4) !== formatNumber)
    return undefined
  return { first: readOffset(bytes, 8), mark: bytes.readUInt32LE(16) }
}

/** Fills in the header before a body that begins at byte 24 of `frame`. */
export function sealFrame(frame: Buffer, mark: number, first: number, count: number): void {
  frame.writeUInt32LE(mark, 0)
  frame.writeUInt32LE(frame.byteLength - frameHeaderBytes, 4)
  frame.writeUInt32LE(first % 2 ** 32, 8)
  frame.writeUInt32LE(Math.floor(first / 2 ** 32), 12)
  frame.writeUInt32LE(count, 16)
  frame.writeUInt32LE(crc32(frame.subarray(frameHeaderBytes), crc32(frame.subarray(0, 20))), 20)
}

/** The header at `at`, or undefined when the mark is not there or the numbers cannot be. `bytes` must reach past it. */
export function readFrameHeader(bytes: Buffer, at: number, mark: number): FrameHeader | undefined {
  if (bytes.readUInt32LE(at) !== mark) return undefined
  const header = {
    bodyBytes: bytes.readUInt32LE(at + 4),
    first: readOffset(bytes, at + 8),
    count: bytes.readUInt32LE(at + 16),
    crc: bytes.readUInt32LE(at + 20),
  }
  if (!Number.isSafeInteger(header.first + header.count)) return undefined
  return header
}

/** The CRC of a frame header, with which that of its body begins. */
export function headerCrc(bytes: Buffer, at: number): number {
  return crc32(bytes.subarray(at, at + 20))
}

export { crc32 }

function readOffset(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
}
