import { Reader, readRecordsBatches } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Compression } from '../../../../bridges/kafka/wire/compression.ts'
import { compress, compressions, decompress, hasZstd } from '../../../../bridges/kafka/wire/compression.ts'
import {
  batchOverheadBytes,
  CorruptBatch,
  encodeHeaders,
  encodeRecords,
  readBatches,
  readRecords,
  sealBatch,
} from '../../../../bridges/kafka/wire/record-batch.ts'

interface Plain {
  readonly key: Buffer | undefined
  readonly value: Buffer | undefined
  readonly headers: readonly (readonly [string, Buffer])[]
  readonly timestamp: number
}

const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))
const plain: fc.Arbitrary<Plain> = fc.record({
  key: fc.option(bytes, { nil: undefined }),
  value: fc.option(bytes, { nil: undefined }),
  headers: fc.array(fc.tuple(fc.string(), bytes), { maxLength: 4 }),
  timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
})
/** All of it in one turn. */
const unhurried = { rest: () => undefined }
const usable = compressions.filter(one => one !== 'zstd' || hasZstd)

async function batchOf(records: readonly Plain[], compression: Compression): Promise<Buffer> {
  const encoded = records.map(({ key, value, headers, timestamp }) => ({
    ...{ key, value, timestamp },
    headers: encodeHeaders(headers.map(([name, content]) => [Buffer.from(name), content])),
  }))
  const whole = await encodeRecords(encoded, unhurried)
  const squeezed = await compress(whole.subarray(batchOverheadBytes), compression)
  const batch = Buffer.concat([whole.subarray(0, batchOverheadBytes), squeezed])
  sealBatch(batch, { records: encoded, compression: compressions.indexOf(compression), sequence: undefined })
  return batch
}

test.each(usable)('what is written with compression %s is what is read', async compression => {
  await fc.assert(
    fc.asyncProperty(fc.array(plain, { minLength: 1, maxLength: 20 }), async records => {
      const [stored] = readBatches(await batchOf(records, compression))
      const read = readRecords(stored!, await decompress(stored!.encoded, stored!.compression))
      expect(read.map(({ offset, ...rest }) => rest)).toEqual(records)
      expect(read.map(({ offset }) => offset)).toEqual(records.map((_, index) => BigInt(index)))
    }),
    { numRuns: 50 },
  )
})

test("a batch is the one that the driver's own reader reads", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plain, { minLength: 1, maxLength: 20 }), async records => {
      const [batch] = readRecordsBatches(Reader.from(await batchOf(records, 'none')))
      const read = batch!.records.map(record => ({
        key: record.key ?? undefined,
        value: record.value ?? undefined,
        headers: record.headers.map(([name, content]) => [String(name), content]),
        timestamp: Number(batch!.firstTimestamp + record.timestampDelta),
      }))
      expect(read).toEqual(records)
    }),
    { numRuns: 100 },
  )
})

test('a spoilt batch is refused, wherever the spoilt byte is', async () => {
  const batch = await batchOf([{ key: undefined, value: Buffer.from('value'), headers: [], timestamp: 1 }], 'none')
  for (let at = 16; at < batch.length; at++) {
    const spoilt = Buffer.from(batch)
    spoilt[at]! ^= 0x10
    expect(() => readBatches(spoilt), `byte ${at}`).toThrow(CorruptBatch)
  }
})

test('a batch that is cut off at the end of an answer is left for the next', async () => {
  const batch = await batchOf([{ key: undefined, value: Buffer.from('value'), headers: [], timestamp: 1 }], 'none')
  const two = Buffer.concat([batch, batch])
  for (let length = batch.length; length < two.length; length++) {
    expect(readBatches(two.subarray(0, length))).toHaveLength(1)
  }
  expect(readBatches(two)).toHaveLength(2)
})
