import { BrokerError } from '../contract/errors.ts'
import type { Log } from '../contract/log.ts'
import type { Message } from '../contract/message.ts'
import type { Ledger } from './ledger.ts'
import type { RecentMessages } from './recent-messages.ts'
import { readStored } from './recovery.ts'

/** Records that one read of the log may span to bring several messages. */
const readAtOnce = 256

/** Messages by their ascending offsets, read in as few and as large steps as they allow. @throws BrokerError STORAGE_CORRUPT */
export async function loadMessages(
  offsets: readonly number[],
  log: Log,
  ledger: Ledger,
  recent: RecentMessages,
): Promise<Map<number, Message>> {
  const found = new Map<number, Message>()
  const isNear = (offset: number, place: number) => {
    const ahead = ledger.place(offset) - place
    return ahead > 0 && ahead < readAtOnce
  }
  for (let i = 0; i < offsets.length; ) {
    const offset = offsets[i] as number
    const cached = recent.get(offset)
    if (cached) {
      found.set(offset, cached)
      i++
      continue
    }
    // Neighbours in the log come with the same read.
    const place = ledger.place(offset)
    let last = i
    while (last + 1 < offsets.length && isNear(offsets[last + 1] as number, place)) last++
    const limit = { records: ledger.place(offsets[last] as number) - place + 1, bytes: 1_048_576 }
    const { offset: from, records } = await log.read(place, limit)
    const end = from + records.length
    const missing = records.length === 0 || from > place
    if (missing) throw new BrokerError('STORAGE_CORRUPT', `spool offset ${offset} is referred to but not in the log`)
    for (; i < offsets.length; i++) {
      const wanted = offsets[i] as number
      const at = ledger.place(wanted)
      if (at < from || at >= end) break
      const message = readStored(records[at - from] as Uint8Array)
      if (message) found.set(wanted, message)
    }
  }
  return found
}
