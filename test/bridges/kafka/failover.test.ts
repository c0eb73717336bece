import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Deferred } from '../../../kernel/deferred.ts'
import { describeKafka } from '../../support/services/kafka.ts'
import { openKafka, readUntil, type Sent, sendAll, template } from './support/plugin.ts'
import { type ReadRecord, readTopic } from './support/reader.ts'

/** CI: few. `npm run test:bridges-faults` sends a million through the whole server. */
const messages = 30_000
const keys = 50

describeKafka('a Kafka of three nodes that fail', { nodes: 3, faults: true }, kafka => {
  const use = { bridge: 'test' }
  const given = Array.from({ length: messages }, (_, index) => ({
    clientid: `c${index % keys}`,
    payload: String(index),
  }))

  async function leaderOf(topic: string): Promise<number> {
    const { topics } = await kafka().admin(admin => admin.fetchTopicMetadata({ topics: [topic] }))
    return topics[0]!.partitions.find(one => one.partitionId === 0)!.leader
  }

  /** Sends all of them to a new topic, and in the middle does something to who leads it; the rest waits until it `struck`. */
  async function sendThrough(
    fault: (leader: number, struck: () => void) => Promise<unknown>,
  ): Promise<{ sent: Sent; records: ReadRecord[] }> {
    const topic = await kafka().topic(3)
    const connection = await openKafka({ brokers: kafka().brokers, timeout: 2_000, connectTimeout: 1_000 })
    const sink = connection.egress!({ topic: template(topic), key: template('${clientid}') }, {}, use)
    const send = sink.send.bind(sink)
    let sends = 0
    let failing: Promise<unknown> | undefined
    const struck = new Deferred()
    sink.send = async (items, signal) => {
      if (++sends === 10) failing = leaderOf(topic).then(leader => fault(leader, struck.resolve))
      if (sends === 40) await Promise.race([struck.promise, failing])
      return send(items, signal)
    }
    try {
      const sent = await sendAll(sink, given, { batch: 500 })
      await failing
      return { sent, records: await readTopic(kafka(), topic) }
    } finally {
      await sink.close()
    }
  }

  function judge(records: readonly ReadRecord[]): { lost: number; twice: number; disordered: number } {
    const values = records.map(({ value }) => Number(value))
    const last = new Map<string | undefined, number>()
    let disordered = 0
    const seen = new Set<number>()
    for (const { key, value } of records) {
      const number = Number(value)
      if (!seen.has(number) && number < (last.get(key) ?? -1)) disordered++
      seen.add(number)
      last.set(key, Math.max(number, last.get(key) ?? -1))
    }
    return { lost: messages - seen.size, twice: values.length - seen.size, disordered }
  }

  test('the leader is killed in the middle: nothing is lost, nothing comes twice, keys stay in order', async () => {
    const { sent, records } = await sendThrough(async (leader, struck) => {
      await kafka().kill(leader)
      struck()
      await delay(100)
      await kafka().restartNode(leader)
    })
    console.log(`leader killed: ${sent.attempts} calls, failures: ${[...new Set(sent.failures)].join('; ')}`)
    expect(sent.failures.length).toBeGreaterThan(0)
    expect(judge(records)).toEqual({ lost: 0, twice: 0, disordered: 0 })
  }, 90_000)

  test('the leader hangs and comes back: nothing is lost, nothing comes twice, keys stay in order', async () => {
    const { sent, records } = await sendThrough(async (leader, struck) => {
      await kafka().kill(leader, 'STOP')
      struck()
      await delay(8_000)
      await kafka().kill(leader, 'CONT')
    })
    console.log(`leader hung: ${sent.attempts} calls, failures: ${[...new Set(sent.failures)].join('; ')}`)
    expect(sent.failures.length).toBeGreaterThan(0)
    expect(judge(records)).toEqual({ lost: 0, twice: 0, disordered: 0 })
  }, 90_000)

  test('a reader goes on when nodes are killed one after the other', async () => {
    const topic = await kafka().topic(3)
    const connection = await openKafka({ brokers: kafka().brokers, timeout: 2_000, connectTimeout: 1_000 })
    const sink = connection.egress!({ topic: template(topic), key: template('${clientid}') }, {}, use)
    const from = { topic, group: topic, from: 'earliest', sessionTimeout: 3_000, rebalanceTimeout: 5_000 } as const
    const source = connection.ingress!(from, use)
    try {
      const sending = (async () => {
        for (let at = 0; at < messages; at += 500) {
          await sendAll(sink, given.slice(at, at + 500))
          await delay(100)
        }
      })()
      const killing = (async () => {
        for (const node of [1, 2, 3]) {
          await delay(1_000)
          await kafka().kill(node)
          await kafka().restartNode(node)
        }
      })()
      const seen = new Set<string>()
      const records = await readUntil(source, all => {
        for (const { value } of all.slice(-1_000)) seen.add(Buffer.from(value).toString())
        return seen.size === messages
      })
      await Promise.all([sending, killing])
      const read = records.map(({ key, value, id }) => {
        const [, partition, offset] = id.split('/').map(Number)
        const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString()
        return { partition: partition!, offset: offset!, timestamp: 0, headers: {}, key: text(key), value: text(value) }
      })
      const { twice, ...verdict } = judge(read)
      console.log(`reader: ${twice} of ${messages} came twice`)
      expect(verdict).toEqual({ lost: 0, disordered: 0 })
    } finally {
      await sink.close()
      await source.close()
    }
  }, 120_000)
})
