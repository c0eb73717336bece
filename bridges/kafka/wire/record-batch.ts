import type { Pace } from '../../../kernel/plugin.ts'
import { checksum } from './driver.ts'

type Bytes = Uint8Array | undefined

/** A record before it has a place in a batch. */
export interface RecordParts {
  readonly key: Bytes
  readonly value: Bytes
  /** As `encodeHeaders` makes them: many records share theirs. */
  readonly headers: Uint8Array
  readonly timestamp: number
}

/** Attributes and the deltas of time and offset, beside the body: at most. */
const maxRecordOverheadBytes = 5 + 1 + 10 + 5
/** The head of a batch. */
export const batchOverheadBytes = 61
/** Written without asking whether others wait. */
const recordsPerPiece = 64
const lengthAt = 8
const magicAt = 16
const checksumAt = 17
const attributesAt = 21
const none = Buffer.alloc(0)

/** headers => count VARINT, (name, value) */
export function encodeHeaders(headers: readonly (readonly [name: Uint8Array, value: Uint8Array])[]): Buffer {
  let bytes = varintBytes(headers.length)
  for (const [name, value] of headers) bytes += sizeOf(name) + sizeOf(value)
  const encoded = Buffer.allocUnsafe(bytes)
  let at = writeVarint(encoded, 0, headers.length)
  for (const [name, value] of headers) at = writeBytes(encoded, writeBytes(encoded, at, name), value)
  return encoded
}

/** What a record takes in a batch, at most. */
export const recordBytes = (record: RecordParts): number => bodyBytes(record) + maxRecordOverheadBytes

function bodyBytes({ key, value, headers }: RecordParts): number {
  return sizeOf(key) + sizeOf(value) + headers.length
}

/** Leaves room for the head of the batch, which `sealBatch` fills in. */
export async function encodeRecords(records: readonly RecordParts[], pace: Pick<Pace, 'rest'>): Promise<Buffer> {
  let bytes = batchOverheadBytes
  for (const record of records) bytes += recordBytes(record)
  const batch = Buffer.allocUnsafe(bytes)
  let at = batchOverheadBytes
  for (let from = 0; from < records.length; from += recordsPerPiece) {
    const to = Math.min(from + recordsPerPiece, records.length)
    at = writeRecords(batch, at, records, from, to)
    const rest = pace.rest(to - from)
    if (rest) await rest
  }
  return batch.subarray(0, at)
}

/**
 * record => length VARINT, attributes INT8, timestamp delta VARLONG, offset delta VARINT, key, value, headers
 *   key, value => length VARINT, bytes; a length of -1 is null
 */
function writeRecords(batch: Buffer, start: number, records: readonly RecordParts[], from: number, to: number): number {
  const first = records[0]?.timestamp ?? 0
  let at = start
  for (let index = from; index < to; index++) {
    const record = records[index] as RecordParts
    const delta = record.timestamp - first
    at = writeVarint(batch, at, 1 + varintBytes(delta) + varintBytes(index) + bodyBytes(record))
    batch[at++] = 0
    at = writeVarlong(batch, at, delta)
    at = writeVarint(batch, at, index)
    at = writeBytes(batch, at, record.key)
    at = writeBytes(batch, at, record.value)
    batch.set(record.headers, at)
    at += record.headers.length
  }
  return at
}

/** Numbers by which the broker knows a repeated batch; `first` is that of its first record. */
export interface Sequence {
  readonly producerId: bigint
  readonly epoch: number
  readonly first: number
}

export interface BatchHead {
  readonly records: readonly RecordParts[]
  /** Place in `compressions`. */
  readonly compression: number
  readonly sequence: Sequence | undefined
}

/**
 * batch => base offset INT64, length INT32, leader epoch INT32, magic INT8 = 2, CRC-32C UINT32 of what follows,
 *   attributes INT16, last offset delta INT32, base and maximum timestamp INT64, producer id INT64, producer epoch INT16,
 *   base sequence INT32, count INT32, records
 */
export function sealBatch(batch: Buffer, { records, compression, sequence }: BatchHead): void {
  const first = records[0]?.timestamp ?? 0
  let last = first
  for (const { timestamp } of records) if (timestamp > last) last = timestamp
  batch.fill(0, 0, lengthAt)
  batch.writeInt32BE(batch.length - lengthAt - 4, lengthAt)
  batch.writeInt32BE(-1, 12)
  batch[magicAt] = 2
  batch.writeInt16BE(compression, attributesAt)
  batch.writeInt32BE(records.length - 1, 23)
  batch.writeBigInt64BE(BigInt(first), 27)
  batch.writeBigInt64BE(BigInt(last), 35)
  batch.writeBigInt64BE(sequence?.producerId ?? -1n, 43)
  batch.writeInt16BE(sequence?.epoch ?? -1, 51)
  batch.writeInt32BE(sequence?.first ?? -1, 53)
  batch.writeInt32BE(records.length, 57)
  batch.writeUInt32BE(checksum(batch.subarray(attributesAt)), checksumAt)
}

export interface StoredRecord {
  readonly offset: bigint
  readonly timestamp: number
  readonly key: Buffer | undefined
  readonly value: Buffer | undefined
  readonly headers: readonly (readonly [name: string, value: Buffer])[]
}

export interface StoredBatch {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly compression: number
  /** A marker of a transaction: no messages. */
  readonly control: boolean
  readonly transactional: boolean
  readonly producerId: bigint
  readonly firstTimestamp: number
  /** One time for the whole batch, set by the broker. */
  readonly appendTime: number | undefined
  readonly count: number
  readonly encoded: Buffer
}

/** A part of a log that contradicts itself; reading it again may help when it was spoilt on its way. */
export class CorruptBatch extends Error {}

/** The whole batches of a fetched part of a log; the last one may have been cut off. @throws CorruptBatch */
export function readBatches(bytes: Buffer): StoredBatch[] {
  const batches: StoredBatch[] = []
  for (let at = 0; at + batchOverheadBytes <= bytes.length; ) {
    const end = at + lengthAt + 4 + bytes.readInt32BE(at + lengthAt)
    if (end > bytes.length) break
    batches.push(readBatch(bytes.subarray(at, end)))
    at = end
  }
  return batches
}

function readBatch(batch: Buffer): StoredBatch {
  const firstOffset = batch.readBigInt64BE(0)
  const magic = batch[magicAt]
  if (magic !== 2) throw new CorruptBatch(`the batch at offset ${firstOffset} is of format ${magic}; 2 is read`)
  if (batch.length < batchOverheadBytes || checksum(batch.subarray(attributesAt)) !== batch.readUInt32BE(checksumAt)) {
    throw new CorruptBatch(`the batch at offset ${firstOffset} fails its checksum`)
  }
  const attributes = batch.readInt16BE(attributesAt)
  const byBroker = (attributes & 8) !== 0
  return {
    firstOffset,
    lastOffset: firstOffset + BigInt(batch.readInt32BE(23)),
    compression: attributes & 7,
    transactional: (attributes & 16) !== 0,
    control: (attributes & 32) !== 0,
    producerId: batch.readBigInt64BE(43),
    firstTimestamp: Number(batch.readBigInt64BE(27)),
    appendTime: byBroker ? Number(batch.readBigInt64BE(35)) : undefined,
    count: batch.readInt32BE(57),
    encoded: batch.subarray(batchOverheadBytes),
  }
}

/** The records of a batch, whose bytes are already decompressed. They are views of it. @throws CorruptBatch */
export function readRecords(batch: StoredBatch, encoded: Buffer): StoredRecord[] {
  const reader = new RecordReader(encoded)
  const records: StoredRecord[] = []
  for (let index = 0; index < batch.count; index++) {
    const length = reader.varint()
    const end = reader.at + length
    if (length < 0 || end > encoded.length) throw new CorruptBatch(`record ${index} at ${batch.firstOffset} is cut off`)
    reader.at += 1
    const timestamp = batch.appendTime ?? batch.firstTimestamp + reader.varint()
    if (batch.appendTime !== undefined) reader.varint()
    const offset = batch.firstOffset + BigInt(reader.varint())
    const key = reader.bytes()
    const value = reader.bytes()
    const headers = Array.from({ length: reader.varint() }, () => {
      const name = (reader.bytes() ?? none).toString()
      return [name, reader.bytes() ?? none] as const
    })
    if (reader.at !== end) throw new CorruptBatch(`record ${index} at ${batch.firstOffset} does not fit its length`)
    records.push({ offset, timestamp, key, value, headers })
  }
  return records
}

class RecordReader {
  at = 0
  readonly #buffer: Buffer

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  /** Zigzag, up to 64 bits; what a number holds exactly. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      const byte = this.#buffer[this.at++]
      if (byte === undefined) break
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      scale *= 128
    }
    throw new CorruptBatch('a number of a record is cut off')
  }

  bytes(): Buffer | undefined {
    const length = this.varint()
    if (length < 0) return undefined
    if (this.at + length > this.#buffer.length) throw new CorruptBatch('a field of a record is cut off')
    return this.#buffer.subarray(this.at, (this.at += length))
  }
}

/** As `writeBytes` writes it. */
function sizeOf(bytes: Bytes): number {
  return bytes === undefined ? 1 : varintBytes(bytes.length) + bytes.length
}

function writeBytes(target: Buffer, at: number, bytes: Bytes): number {
  if (bytes === undefined) return writeVarint(target, at, -1)
  const from = writeVarint(target, at, bytes.length)
  target.set(bytes, from)
  return from + bytes.length
}

/** Zigzag of 32 bits. */
function writeVarint(target: Buffer, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let to = at
  while (rest > 0x7f) {
    target[to++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[to++] = rest
  return to
}

/** Zigzag of 64 bits, of what a number holds exactly. */
function writeVarlong(target: Buffer, at: number, value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  let to = at
  while (rest > 0x7f) {
    target[to++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  target[to++] = rest
  return to
}

function varintBytes(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  let bytes = 1
  while (rest > 0x7f) {
    rest = Math.floor(rest / 128)
    bytes++
  }
  return bytes
}
