import { expect, test } from 'vitest'
import { headBytesOf } from '../../../bridges/pulsar/client/entry.ts'
import { fullTopicName } from '../../../bridges/pulsar/client/topic-name.ts'
import { groupByTopic, type Item } from '../../../bridges/pulsar/egress/item.ts'
import { PulsarSink } from '../../../bridges/pulsar/egress/sink.ts'
import { clusterAt, forever } from './support/client-host.ts'
import { FakeBroker } from './support/fake-broker.ts'

const options = { batches: 'mixed', compression: 'none', hash: 'java', spread: 'key' } as const

function itemTo(topic: string): Item {
  const value = Buffer.from('value')
  return { topic: fullTopicName(topic), value, bytes: headBytesOf({ value }) + value.length, partition: undefined }
}

test('what was taken when a stop cuts it short is told, and need not come again', async () => {
  let silent: number | undefined
  const stop = new AbortController()
  await using broker = await FakeBroker.start({
    producer: ({ topic, producerId, requestId = 0 }, peer) => {
      if (topic === fullTopicName('silent')) silent = producerId
      peer.send('producerSuccess', { requestId, producerName: `p-${producerId}` })
    },
    send: ({ producerId = 0, sequenceId = 0 }, peer) => {
      if (producerId !== silent) peer.send('sendReceipt', { producerId, sequenceId })
    },
  })
  using cluster = clusterAt(broker.url)
  const sink = new PulsarSink(cluster, { press: () => itemTo('unused') }, options)
  const cut = sink.send([itemTo('answers'), itemTo('silent'), itemTo('answers')], stop.signal)
  // Both have their batch by then, and one its receipt.
  await sink.send([itemTo('later')], forever)
  stop.abort(new Error('the bridge stops'))
  await expect(cut).rejects.toMatchObject({ message: 'the bridge stops', wants: 'repeat', taken: [0, 2] })
})

test('items go to their topics, each in its order', () => {
  const items = ['a', 'a', 'b', 'a', 'c', 'b'].map(itemTo)
  expect([...groupByTopic(items)]).toEqual([
    [fullTopicName('a'), [0, 1, 3]],
    [fullTopicName('b'), [2, 5]],
    [fullTopicName('c'), [4]],
  ])
})
