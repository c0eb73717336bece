import { expect, test } from 'vitest'
import { describeKafka } from './kafka.ts'

describeKafka('a real Kafka', {}, kafka => {
  test('stores what its own tools write, and they read it', async () => {
    const topic = await kafka().topic(3)
    await kafka().tool('console-producer', ['--topic', topic], 'one\n')
    const read = await kafka().tool('console-consumer', ['--topic', topic, '--from-beginning', '--max-messages', '1'])
    expect(read).toContain('one')
  })
})
