import { crc32c } from './crc32c.ts'
import { PulsarError } from './pulsar-error.ts'

/** Called with a frame's content in `buffer` from `start` to `end`: `[commandSize][command]` and perhaps a payload. The bytes may be kept. */
export type FrameHandler = (buffer: Buffer, start: number, end: number) => void

const sizeBytes = 4

/**
 * Cuts what a broker sends into frames `[size u32][content]`. An incomplete frame is kept in the chunks that it came in,
 * so a length that is only announced costs nothing.
 */
export class FrameReader {
  readonly #onFrame: FrameHandler
  /** Longer frames are refused as soon as they announce themselves. */
  maxFrameBytes: number
  #chunks: Buffer[] = []
  #held = 0
  /** How many bytes the frame at hand needs, its size included. */
  #needed = sizeBytes

  constructor(maxFrameBytes: number, onFrame: FrameHandler) {
    this.maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** Takes a chunk for good. @throws PulsarError PROTOCOL, and what the handler throws. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#held += chunk.length
    if (this.#held < this.#needed) return
    const buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    let at = 0
    this.#needed = sizeBytes
    while (buffer.length - at >= sizeBytes) {
      const size = buffer.readUInt32BE(at)
      if (size > this.maxFrameBytes || size < sizeBytes) {
        throw new PulsarError(
          'PROTOCOL',
          `a frame of ${size} bytes; from ${sizeBytes} to ${this.maxFrameBytes} are taken. Is it a Pulsar broker?`,
        )
      }
      if (buffer.length - at - sizeBytes < size) {
        this.#needed = sizeBytes + size
        break
      }
      this.#onFrame(buffer, at + sizeBytes, at + sizeBytes + size)
      at += sizeBytes + size
    }
    this.#chunks = at === buffer.length ? [] : [buffer.subarray(at)]
    this.#held = buffer.length - at
  }
}

/** A command alone. */
export function commandFrame(command: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(2 * sizeBytes + command.length)
  frame.writeUInt32BE(sizeBytes + command.length, 0)
  frame.writeUInt32BE(command.length, sizeBytes)
  command.copy(frame, 2 * sizeBytes)
  return frame
}

/** Before the sum of an entry, and before what a broker may add to one. */
const checksumMagic = 0x0e01
const brokerMetadataMagic = 0x0e02

/** A frame of a command and an entry, in the pieces in which it is sent: a payload is not copied to follow its head. */
export function entryFrame(
  command: Buffer,
  metadata: Buffer,
  payload: Buffer,
): readonly [head: Buffer, payload: Buffer] {
  const magicAt = 2 * sizeBytes + command.length
  const sumAt = magicAt + 2
  const metadataAt = sumAt + sizeBytes
  const head = Buffer.allocUnsafe(metadataAt + sizeBytes + metadata.length)
  head.writeUInt32BE(head.length - sizeBytes + payload.length, 0)
  head.writeUInt32BE(command.length, sizeBytes)
  command.copy(head, 2 * sizeBytes)
  head.writeUInt16BE(checksumMagic, magicAt)
  head.writeUInt32BE(metadata.length, metadataAt)
  metadata.copy(head, metadataAt + sizeBytes)
  head.writeUInt32BE(crc32c(payload, crc32c(head.subarray(metadataAt))), sumAt)
  return [head, payload]
}

/** Where the parts of an entry lie. */
export interface EntryBounds {
  readonly metadataAt: number
  readonly payloadAt: number
}

/** The entry in `buffer` from `start` to `end`. @throws PulsarError UNREADABLE for a wrong sum or sizes. */
export function entryBounds(buffer: Buffer, start: number, end: number): EntryBounds {
  const room = (at: number, bytes: number) => {
    if (end - at < bytes) throw new PulsarError('UNREADABLE', `an entry of ${end - start} bytes ends within its head`)
  }
  let at = start
  room(at, 2)
  if (buffer.readUInt16BE(at) === brokerMetadataMagic) {
    room(at, 2 + sizeBytes)
    const size = buffer.readUInt32BE(at + 2)
    at += 2 + sizeBytes
    room(at, size + 2)
    at += size
  }
  // Producers from before the sums were introduced sent none.
  if (buffer.readUInt16BE(at) === checksumMagic) {
    room(at, 2 + sizeBytes)
    const stated = buffer.readUInt32BE(at + 2)
    at += 2 + sizeBytes
    if (crc32c(buffer.subarray(at, end)) !== stated)
      throw new PulsarError('UNREADABLE', 'an entry whose checksum is wrong')
  }
  room(at, sizeBytes)
  const metadataBytes = buffer.readUInt32BE(at)
  at += sizeBytes
  room(at, metadataBytes)
  return { metadataAt: at, payloadAt: at + metadataBytes }
}
