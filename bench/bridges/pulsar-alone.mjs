// What our client reaches without a broker of ours; each message has a key.
import { Cluster } from '../../dist/bridges/pulsar/client/cluster.js'
import { Producer } from '../../dist/bridges/pulsar/client/producer.js'
import { readServiceUrl } from '../../dist/bridges/pulsar/client/settings.js'
import { fullTopicName } from '../../dist/bridges/pulsar/client/topic-name.js'
import { measureAlone } from './alone.mjs'

const { url, topic, bytes, ...load } = JSON.parse(process.argv[2] ?? '{}')

const clock = {
  now: () => Date.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
}
const settings = { ...readServiceUrl(url), connectMs: 5_000, requestMs: 30_000 }
const cluster = new Cluster(settings, { clock, version: 'bench' })
const producer = await Producer.open(cluster, fullTopicName(topic), 'none', undefined, new AbortController().signal)
const value = Buffer.alloc(bytes, 'x')
await producer.send([{ value }])
await measureAlone(load, numbers => {
  cluster.pace.begin()
  return producer.send(numbers.map(n => ({ key: `c${n % 50}`, value })))
})
cluster.close()
