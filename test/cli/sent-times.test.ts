import { expect, test } from 'vitest'
import { SentTimes } from '../../cli/bench/load/sent-times.ts'

/** As a publisher gives them. */
const after = (packetId: number) => (packetId % 65_535) + 1

test.each([1, 63, 64, 1_000, 65_535])(
  'with %i under way every identifier finds its own time, round and round',
  window => {
    const times = new SentTimes()
    const wrong: number[] = []
    let sent = 0
    let newest = 0
    let oldest = 0
    for (let acknowledged = 0; acknowledged < 150_000; acknowledged++) {
      for (; sent < acknowledged + window; sent++) {
        newest = after(newest)
        times.put(newest, sent)
      }
      oldest = after(oldest)
      if (times.take(oldest) !== acknowledged) wrong.push(acknowledged)
    }
    expect(wrong).toEqual([])
  },
)

test('what comes back in another order finds its own time, too', () => {
  const times = new SentTimes()
  for (let packetId = 1; packetId <= 200; packetId++) times.put(packetId, packetId * 10)
  for (const packetId of [200, 3, 100, 1, 2]) expect(times.take(packetId)).toBe(packetId * 10)
})
