import zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Cluster } from '../../../bridges/pulsar/client/cluster.ts'
import { Consumer } from '../../../bridges/pulsar/client/consumer.ts'
import { Deferred } from '../../../bridges/pulsar/client/deferred.ts'
import { entryFrame } from '../../../bridges/pulsar/client/frame.ts'
import { messageMetadata } from '../../../bridges/pulsar/client/grammar.ts'
import type { Entry } from '../../../bridges/pulsar/client/incoming.ts'
import { encode, encodeCommand } from '../../../bridges/pulsar/client/protobuf.ts'
import { type BridgeSink, isRejected, type Rung } from '../../../kernel/plugin.ts'
import { PythonClient } from '../../support/services/pulsar/python-client.ts'
import { describePulsar } from '../../support/services/pulsar/start-pulsar.ts'
import { clusterAt, forever, realClock } from './support/client-host.ts'
import { openPulsar, readRecords, scopeOf } from './support/open-pulsar.ts'

const compressions = ['none', 'lz4', 'zlib', ...('zstdCompressSync' in zlib ? ['zstd'] : [])]

describePulsar('a real Pulsar', {}, server => {
  const python = () => PythonClient.start({ url: server().serviceUrl })
  const opened = () => openPulsar({ url: server().serviceUrl })
  const prepared = (sink: BridgeSink, fields: Parameters<typeof scopeOf>[0][]) =>
    fields.map(one => {
      const item = sink.prepare(scopeOf(one))
      if (isRejected(item)) throw new Error(item.reason)
      return item
    })

  describe('egress', () => {
    test.each(compressions)("compressed with %s is read by Pulsar's own client as it was sent", async compression => {
      const topic = await server().topic()
      await using reader = await python()
      await reader.subscribe(topic, 'reader')
      await using bridge = await opened()
      const to = {
        topic,
        key: '${clientid}',
        orderingKey: '${topic[1]}',
        headers: { source: '${topic}', gone: '${props.user.x?}' },
      }
      const sink = bridge.egress(to, { compression })
      const payloads = [...Array(200).keys()].map(n => Buffer.from(`message ${n} `.repeat(20)))
      payloads.push(Buffer.alloc(0), Buffer.from([0, 255, 254]))
      await sink.send(
        prepared(
          sink,
          payloads.map(payload => ({ payload })),
        ),
        forever,
      )
      const got = await reader.receive('reader', payloads.length)
      expect(got.map(({ value }) => value)).toEqual(payloads)
      expect(got[0]).toMatchObject({
        key: 'client-1',
        orderingKey: 'b',
        headers: { source: 'a/b', 'robustmq-via': 'node-1/test' },
        eventTime: 1_700_000_000_000,
      })
      expect(new Set(got.map(({ batchIndex }) => batchIndex)).size).toBe(payloads.length)
    })

    test('goes to the partition that the key has for other clients, and stays in order there', async () => {
      const topic = await server().topic(4)
      await using reader = await python()
      await reader.subscribe(topic, 'reader')
      await using bridge = await opened()
      const sink = bridge.egress({ topic, key: '${payload.key}', value: '${payload.n}' })
      const keys = ['a', 'device-17', 'ключ', '', '日本', 'x'.repeat(99)]
      const items = prepared(
        sink,
        [...Array(300).keys()].map(n => ({ payload: Buffer.from(JSON.stringify({ key: keys[n % 6], n })) })),
      )
      await sink.send(items.slice(0, 150), forever)
      await sink.send(items.slice(150), forever)
      const got = await reader.receive('reader', items.length)
      expect(got.length).toBe(items.length)
      for (const key of keys) {
        const ofKey = got.filter(one => (one.key ?? '') === key)
        expect(new Set(ofKey.map(({ topic }) => topic)).size, key).toBe(1)
        const numbers = ofKey.map(({ value }) => Number(value))
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      }
    })

    test('one key a batch where a Key_Shared subscription needs it', async () => {
      const topic = await server().topic()
      using cluster = clusterAt(server().serviceUrl)
      const entries: Entry[] = []
      const arrived = new Deferred<void>()
      const options = {
        subscription: 's',
        type: 'exclusive',
        from: 'earliest',
        maxMessages: 1000,
        maxBytes: 1e6,
      } as const
      const consumer = await Consumer.open(
        cluster,
        {
          ...{ ...options, topic, onClosed: arrived.reject },
          onEntry: entry => {
            consumer.release(entry)
            entries.push(entry)
            if (entries.flatMap(one => one.messages).length === 30) arrived.resolve()
          },
        },
        forever,
      )
      await using bridge = await opened()
      const sink = bridge.egress({ topic, key: '${payload}' }, { batches: 'by-key' })
      const payloads = [...Array(30).keys()].map(n => ({ payload: Buffer.from(`k${n % 3}`) }))
      await sink.send(prepared(sink, payloads), forever)
      await arrived.promise
      expect(entries.map(({ messages }) => new Set(messages.map(({ key }) => key)).size)).toEqual([1, 1, 1])
    })

    test('without a key, batches take turns between partitions', async () => {
      const topic = await server().topic(3)
      await using reader = await python()
      await reader.subscribe(topic, 'reader')
      await using bridge = await opened()
      const sink = bridge.egress({ topic })
      for (let n = 0; n < 3; n++) await sink.send(prepared(sink, [{}, {}]), forever)
      const partitions = (await reader.receive('reader', 6)).map(one => one.topic)
      expect(new Set(partitions).size).toBe(3)
    })

    test('a message that is too large, a topic that is none and a partition that is not there are rejected; the rest arrives', async () => {
      const topic = await server().topic(2)
      await using reader = await python()
      await reader.subscribe(topic, 'reader')
      await using bridge = await opened()
      const sink = bridge.egress({ topic: '${topic}', key: 'k' }, { partition: '${payload.p}' })
      const at = (p: number, more = '') => Buffer.from(JSON.stringify({ p, more }))
      const huge = at(0, 'x'.repeat(5_300_000))
      const good = prepared(sink, [
        { topic, payload: at(0) },
        { topic, payload: huge },
        { topic, payload: at(7) },
        { topic, payload: at(1) },
      ])
      await expect(sink.send(good, forever)).rejects.toMatchObject({
        taken: expect.arrayContaining([0, 3]),
        rejections: expect.arrayContaining([
          expect.objectContaining({ index: 1, why: expect.objectContaining({ code: 'TOO_LARGE' }) }),
          expect.objectContaining({ index: 2, why: expect.objectContaining({ code: 'INVALID_TOPIC_NAME' }) }),
        ]),
      })
      expect(sink.prepare(scopeOf({ topic: 'a/b' }))).toMatchObject({ code: 'TOPIC_INVALID' })
      expect((await reader.receive('reader', 3, 500)).length).toBe(2)
    })

    test('a namespace that does not exist is asked for again, and then rejects', async () => {
      let later = 0
      const clock = { ...realClock, now: () => Date.now() + later }
      await using bridge = await openPulsar({ url: server().serviceUrl }, { clock })
      const sink = bridge.egress({ topic: 'persistent://public/nowhere/t' })
      const items = prepared(sink, [{}])
      await expect(sink.send(items, forever)).rejects.toMatchObject({ wants: 'repeat', rejections: [] })
      later = 3_000
      await expect(sink.send(items, forever)).rejects.toMatchObject({
        rejections: [{ index: 0, why: { code: 'TOPIC_NOT_FOUND' } }],
      })
    })

    test('a topic that is unloaded in between is found again', async () => {
      const topic = await server().topic()
      await using reader = await python()
      await reader.subscribe(topic, 'reader')
      await using bridge = await opened()
      const sink = bridge.egress({ topic })
      await sink.send(prepared(sink, [{ payload: Buffer.from('before') }]), forever)
      await server().admin('PUT', `${topic.replace('://', '/')}/unload`)
      await repeated(() => sink.send(prepared(sink, [{ payload: Buffer.from('after') }]), forever))
      // What the reader had acknowledged just before the unload may come again.
      const values = new Set<string>()
      while (values.size < 2) for (const { value } of await reader.receive('reader', 1)) values.add(`${value}`)
      expect([...values]).toEqual(['before', 'after'])
    })
  })

  describe('ingress', () => {
    test.each(['none', 'lz4', 'zlib', 'snappy', ...('zstdCompressSync' in zlib ? (['zstd'] as const) : [])] as const)(
      "reads what Pulsar's own client wrote, compressed with %s, in order",
      async compression => {
        const topic = await server().topic()
        await using writer = await python()
        await using bridge = await opened()
        const source = bridge.ingress({ topic, subscription: 's', from: 'earliest' })
        const messages = [...Array(500).keys()].map(n => ({
          value: Buffer.from(`message ${n} `.repeat(9)),
          key: `k${n % 3}`,
          headers: { n: `${n}` },
          eventTime: 5,
        }))
        await writer.produce(topic, messages, { compression })
        const records = await readRecords(source, 500)
        expect(records.map(({ value }) => Buffer.from(value))).toEqual(messages.map(({ value }) => value))
        expect(records[1]).toMatchObject({ topic, key: 'k1', headers: [['n', '1']], timestamp: 5 })
        expect(new Set(records.map(({ id }) => id)).size).toBe(500)
      },
    )

    test.each(['failover', 'exclusive', 'shared', 'key_shared'])(
      'of type %s begins again after what was stored, over all partitions',
      async type => {
        const topic = await server().topic(3)
        await using writer = await python()
        await using bridge = await opened()
        const source = bridge.ingress({ topic, subscription: 's', from: 'earliest', type })
        const batch = (from: number) =>
          [...Array(60).keys()].map(n => ({ value: Buffer.from(`${from + n}`), key: `k${n % 10}` }))
        await writer.produce(topic, batch(0))
        const first = await readRecords(source, 60)
        await writer.produce(topic, batch(60), { batching: false })
        const second = await readRecords(source, 60)
        const numbers = (records: typeof first) =>
          records.map(({ value }) => Number(Buffer.from(value))).sort((a, b) => a - b)
        expect(numbers(first)).toEqual([...Array(60).keys()])
        expect(numbers(second)).toEqual([...Array(60).keys()].map(n => n + 60))
      },
    )

    test('what was not stored comes again', async () => {
      const topic = await server().topic()
      await using writer = await python()
      await using bridge = await opened()
      const source = bridge.ingress({ topic, subscription: 's', from: 'earliest' })
      await writer.produce(topic, [{ value: Buffer.from('x') }])
      for await (const { records } of source.read(forever, () => {})) {
        expect(records.length).toBe(1)
        break
      }
      const [record] = await readRecords(source, 1)
      expect(`${record?.value}`).toBe('x')
    })

    test('an exclusive subscription that somebody else holds wants to be mended', async () => {
      const topic = await server().topic()
      await using other = await python()
      await other.subscribe(topic, 's')
      await using bridge = await opened()
      await expect(
        readRecords(bridge.ingress({ topic, subscription: 's', type: 'exclusive' }), 1),
      ).rejects.toMatchObject({
        wants: 'mend',
        message: expect.stringContaining('ConsumerBusy'),
      })
    })

    test('an entry that cannot be read, such as an encrypted one, stays in the subscription, and those after it are read', async () => {
      const topic = await server().topic()
      await using writer = await python()
      const logged: string[] = []
      const logger = { debug() {}, info() {}, warn() {}, error: (_: object, message: string) => logged.push(message) }
      await using bridge = await openPulsar({ url: server().serviceUrl }, { logger })
      const source = bridge.ingress({ topic, subscription: 's', from: 'earliest' })
      await writer.produce(topic, [{ value: Buffer.from('before') }], { batching: false })
      await writeEncrypted(clusterAt(server().serviceUrl), topic)
      await writer.produce(topic, [{ value: Buffer.from('after') }], { batching: false })
      const records = await readRecords(source, 2)
      expect(records.map(({ value }) => `${value}`)).toEqual(['before', 'after'])
      expect(logged).toEqual([expect.stringContaining('a message that its producer has encrypted')])
      expect(bridge.counters.counter('bridge_unreadable').value).toBe(1)
      const stats = (await server().admin('GET', `${topic.replace('://', '/')}/stats`)) as {
        subscriptions: { s: { msgBacklog: number } }
      }
      expect(stats.subscriptions.s.msgBacklog).toBe(1)
    })
  })

  test('the ladder tells each rung, and what to mend at the one that breaks', async () => {
    const topic = await server().topic(4)
    const climbed = async (url: string, name: string) => {
      await using bridge = await openPulsar({ url })
      const target = {
        from: { topic: name, subscription: 's', type: 'failover', from: 'latest', queue: 1, queueBytes: 1024 },
      } as const
      const rungs: Rung[] = []
      for await (const rung of bridge.connection.test(target, forever)) rungs.push(rung)
      return rungs
    }
    const { port } = new URL(server().serviceUrl)
    const rungs = await climbed(`pulsar://localhost:${port}`, topic)
    expect(rungs.map(({ name, ok }) => [name, ok])).toEqual(
      ['DNS', 'TCP', 'login', 'metadata', 'topic'].map(name => [name, true]),
    )
    expect(rungs.map(({ detail }) => detail).join('\n')).toMatch(
      /Pulsar Server4.*5242880 bytes\n.* has 4 partitions\nserved by /,
    )
    const missing = await climbed(server().serviceUrl, 'persistent://public/nowhere/t')
    expect(missing.at(-1)).toMatchObject({
      name: 'metadata',
      ok: false,
      mend: expect.stringContaining('make the namespace'),
    })
  })
})

/** As the kernel does, but at once. */
async function repeated(send: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return await send()
    } catch (error) {
      if (attempt === 49) throw error
    }
  }
}

/** What a producer with encryption keys writes; no client of the tests does. */
async function writeEncrypted(cluster: Cluster, topic: string): Promise<void> {
  const connection = await cluster.ownerOf(topic, forever)
  const receipt = new Deferred<void>()
  const end = { onRefusal: (_: number, error: Error) => receipt.reject(error), onClosed: receipt.reject }
  const producerId = connection.addProducer({ ...end, onReceipt: () => receipt.resolve() })
  await connection.request('producer', { topic, producerId, userProvidedProducerName: false }, 'producerSuccess', topic)
  const metadata = encode(messageMetadata, {
    ...{ producerName: 'encrypting', sequenceId: 0, publishTime: Date.now() },
    encryptionKeys: [{ key: 'k', value: Buffer.from('v') }],
  })
  const send = encodeCommand('send', { producerId, sequenceId: 0, numMessages: 1 })
  connection.write(...entryFrame(send, metadata, Buffer.alloc(4)))
  await receipt.promise
}
