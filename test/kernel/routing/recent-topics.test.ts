import { expect, test } from 'vitest'
import { RecentTopics } from '../../../kernel/routing/recent-topics.ts'

test('the topics that came last come back as they were, oldest first, and each as often as it came', () => {
  const recent = new RecentTopics()
  expect([...recent]).toEqual([])
  const topics = ['a', 'ü/€/😀', '/', 'a', 'x'.repeat(256)]
  for (const topic of topics) recent.add(topic)
  expect([...recent]).toEqual(topics)
})

test('a topic that is longer than what is remembered leaves no trace', () => {
  const recent = new RecentTopics()
  recent.add('x'.repeat(257))
  expect([...recent]).toEqual([])
})

test('when the ring is full the oldest make room, and none comes back in part', () => {
  const recent = new RecentTopics()
  const topicOf = (n: number) => `${n}/${'y'.repeat(n % 100)}`
  const count = 100_000
  for (let n = 0; n < count; n++) recent.add(topicOf(n))
  const remembered = [...recent]
  expect(remembered.length).toBeGreaterThan(10_000)
  expect(remembered.length).toBeLessThan(count)
  expect(remembered).toEqual(
    Array.from({ length: remembered.length }, (_, i) => topicOf(count - remembered.length + i)),
  )
})
