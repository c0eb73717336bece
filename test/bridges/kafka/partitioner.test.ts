import { expect, test } from 'vitest'
import { murmur2, partitionOf } from '../../../bridges/kafka/partitioner.ts'

// From Kafka's own UtilsTest.testMurmur2.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('the hash of %s is the one that Java computes', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('a negative hash still gives a partition', () => {
  expect(partitionOf(-973932308, 12)).toBe((-973932308 & 0x7fffffff) % 12)
  expect(partitionOf(-1, 3)).toBe(0x7fffffff % 3)
})
