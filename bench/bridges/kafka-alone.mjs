// What the driver's own producer reaches, without a broker of ours.
import { Producer } from '@platformatic/kafka'
import { measureAlone } from './alone.mjs'

const { brokers, topic, bytes, ...load } = JSON.parse(process.argv[2] ?? '{}')

const producer = new Producer({ clientId: 'alone', bootstrapBrokers: brokers, idempotent: false, acks: -1, retries: 0 })
const value = Buffer.alloc(bytes, 'x')
await producer.send({ acks: -1, messages: [{ topic, value }] })
await measureAlone(load, numbers =>
  producer.send({ acks: -1, messages: numbers.map(n => ({ topic, key: Buffer.from(`c${n % 50}`), value })) }),
)
await producer.close(true)
