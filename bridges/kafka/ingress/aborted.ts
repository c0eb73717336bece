import type { StoredBatch } from '../wire/record-batch.ts'
import { readRecords } from '../wire/record-batch.ts'

/** The kind of a marker, after its version, in the key of its record. */
const abortMarker = 0

/** Leaves out what transactions wrote that were aborted, and the markers themselves. */
export function withoutAborted(
  batches: readonly StoredBatch[],
  aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[],
): StoredBatch[] {
  const coming = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const open = new Set<bigint>()
  return batches.filter(batch => {
    while (coming[0] !== undefined && coming[0].firstOffset <= batch.lastOffset) {
      open.add((coming.shift() as { producerId: bigint }).producerId)
    }
    if (!batch.control) return !(batch.transactional && open.has(batch.producerId))
    const key = readRecords(batch, batch.encoded)[0]?.key
    if (key !== undefined && key.length >= 4 && key.readInt16BE(2) === abortMarker) open.delete(batch.producerId)
    return false
  })
}
