import { join } from 'node:path'
import type { ReadLimit } from '../../kernel/plugin.ts'
import { BrokerError } from '../../kernel/plugin.ts'
import type { DiskFile } from './disk.ts'
import { frameHeaderBytes, readFrameHeader, recordHeaderBytes, segmentHeaderBytes } from './frame.ts'
import { PositionIndex } from './position-index.ts'

const smallestReadBytes = 4_096
const largestReadBytes = 1 << 20

/** One file of frames: what is known of it in memory. Only what is durable counts here. */
export class Segment {
  readonly path: string
  readonly first: number
  readonly mark: number
  readonly index: PositionIndex
  /** The end of its last durable frame. */
  bytes = segmentHeaderBytes
  /** The offset after its last durable record. */
  next: number

  constructor(path: string, first: number, mark: number) {
    this.path = path
    this.first = first
    this.mark = mark
    this.next = first
    this.index = new PositionIndex(first)
  }

  /**
   * Reads records from an offset on into `found`, until the limit or the segment's end. The records share the buffers
   * they were read into. Returns the offset of the first one: later than `from` when there is a hole, at which it stops.
   */
  async read(file: DiskFile, from: number, limit: ReadLimit, found: Found): Promise<void> {
    // Both only grow; what is written meanwhile is for the next call.
    const { bytes: end, next } = this
    if (from >= next) return
    let { offset, position, frameEnd } = this.index.find(from)
    let want = this.#estimate(from - offset, limit, found.bytes)
    while (offset < next) {
      const chunk = Buffer.allocUnsafeSlow(Math.max(0, Math.min(want, end - position)))
      if ((await file.read(chunk, position)) < chunk.byteLength) throw this.#broken(position)
      let at = 0
      while (offset < next) {
        if (position + at === frameEnd) {
          want = frameHeaderBytes
          if (at + want > chunk.byteLength) break
          const header = readFrameHeader(chunk, at, this.mark)
          if (header === undefined || header.first !== offset) throw this.#broken(position + at)
          at += frameHeaderBytes
          frameEnd = position + at + header.bodyBytes
          if (header.bodyBytes === 0) {
            if (found.records.length > 0) return
            offset += header.count
          }
          continue
        }
        want = recordHeaderBytes
        if (at + want > chunk.byteLength) break
        const length = chunk.readUInt32LE(at)
        if (position + at + recordHeaderBytes + length > frameEnd) throw this.#broken(position + at)
        if (offset >= from) {
          want += length
          if (at + want > chunk.byteLength) break
          if (found.records.length === 0) found.offset = offset
          found.records.push(chunk.subarray(at + recordHeaderBytes, at + want))
          found.bytes += length
          if (found.records.length >= limit.records || found.bytes >= limit.bytes) return
        }
        at += recordHeaderBytes + length
        offset++
      }
      position += at
      want = Math.max(want, this.#estimate(0, limit, found.bytes))
    }
  }

  /** Bytes to read for what is asked, were all records of average size. */
  #estimate(skipped: number, limit: ReadLimit, foundBytes: number): number {
    const average = (this.bytes - segmentHeaderBytes) / Math.max(1, this.next - this.first)
    const asked = Math.min(limit.bytes - foundBytes, limit.records * average) + skipped * average
    return Math.min(Math.max(smallestReadBytes, Math.ceil(1.25 * asked)), largestReadBytes)
  }

  #broken(position: number): BrokerError {
    return corrupt(this.path, position, 'what was written here cannot be read back')
  }
}

export interface Found {
  offset: number
  bytes: number
  readonly records: Uint8Array[]
}

const namePattern = /^(\d{16})\.log$/

export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, '0')}.log`)
}

/** The first offset that a file's name promises; undefined when it is no segment's name. */
export function segmentFirst(name: string): number | undefined {
  const digits = namePattern.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export function corrupt(path: string, position: number, reason: string): BrokerError {
  return new BrokerError(
    'STORAGE_CORRUPT',
    `${path} is damaged at byte ${position}: ${reason}. Nothing was changed. ` +
      '"robust-server data check" lists the damage; "robust-server data repair" keeps a copy and saves what can be read',
  )
}
